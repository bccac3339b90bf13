/** `kassa start` as a newcomer meets it: one command, the whole shop, a receipt. */
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { runningProgram } from "../../host/cli/home";
import { startProgram } from "../../host/cli/spawn";
import { endOf, reportIn, runKassa, start, startOnce, until } from "../e2e/start-command";

const test = suite<{ home: string }>("kassa start");

test.before(context => {
  context.home = mkdtempSync(join(tmpdir(), "kassa-start-"));
});
test.after(({ home }) => rmSync(home, { recursive: true, force: true }));

test("a busy port is named with its variable, and nothing is started", async ({ home }) => {
  const holder = createServer();
  await new Promise<void>(resolve => holder.listen(0, "127.0.0.1", resolve));
  const port = String((holder.address() as { port: number }).port);
  const { ended, said } = start(home, ["--lang", "en"], { KASSA_REGISTER_PORT: port });
  assert.is(await ended, 3);
  assert.match(said().stderr, new RegExp(`PORT_BUSY: .*${port}[\\s\\S]*KASSA_REGISTER_PORT`));
  await new Promise(resolve => holder.close(resolve));
});

/** What a second start could spoil: announcements, sockets, the operator's store. */
const filesOf = (home: string): object =>
  Object.fromEntries(
    ["run", "ofd"].flatMap(folder =>
      readdirSync(join(home, folder)).map(name => [name, lstatSync(join(home, folder, name)).ino] as const),
    ),
  );

test("a second start in the home of a running shop says so, and the shop goes on selling", async ({ home }) => {
  const shop = start(home, ["--json"]);
  await until(() => shop.said().stdout.includes("\n") || shop.child.exitCode !== null, "the first one sells");
  const { url, documentNumber } = reportIn(shop.said().stdout);
  const before = filesOf(home);
  const onItsPorts = { KASSA_REGISTER_PORT: new URL(url).port };
  const [named, any] = [start(home, ["--lang", "en"], onItsPorts), start(home, ["--once", "--json", "--lang", "kk"])];
  assert.is(await endOf(named), 1, named.said().stderr);
  assert.match(named.said().stderr, `SHOP_RUNS: The shop of ${home} already runs`);
  assert.not.match(named.said().stderr, "PORT_BUSY");
  assert.is(await endOf(any), 1, any.said().stderr);
  const told = JSON.parse(any.said().stdout);
  assert.equal([told.code, told.facts.home], ["SHOP_RUNS", home]);
  assert.match(told.detail, "жұмыс істеп тұр");
  assert.equal(filesOf(home), before);
  const status = await runKassa(home, ["emulator", "status"], "");
  assert.is(status.code, 0, status.output);
  const sold = await runKassa(home, ["sell", "samples/small.json", "--json"], "");
  assert.is(sold.code, 0, sold.output);
  const receipt = JSON.parse(sold.output);
  assert.equal([receipt.documentNumber, receipt.autonomous], [documentNumber + 1, false]);
  shop.child.kill("SIGINT");
  assert.is(await shop.ended, 0);
});

test("the newest twenty exports of starts are kept, and every other file", async ({ home }) => {
  const exports = join(home, "exports");
  const [pem = ""] = readdirSync(exports).filter(name => name.endsWith(".pem"));
  const serial = pem.replace(".pem", "");
  const earlier = Array.from({ length: 24 }, (_, at) => `${serial}-16000000000${String(at).padStart(2, "0")}.journal`);
  const others = [`${serial}-42.journal`, `${serial}-42.journal.pem`, "KZT00000000-1600000000000.journal"];
  others.push(`${serial}-1600000000000.journal.pem`, `old-${serial}-1600000000000.journal`);
  for (const name of [...earlier, ...others]) {
    writeFileSync(join(exports, name), "");
  }
  mkdirSync(join(exports, `${serial}-1500000000000.journal`));
  const { journal } = await startOnce(home);
  const kept = readdirSync(exports);
  const files = kept.filter(name => name.startsWith(`${serial}-`) && /-\d{13}\.journal$/.test(name)).sort();
  // The folder, eighteen of those before, that of the first start, and the new one.
  assert.equal(files.slice(0, 19), [`${serial}-1500000000000.journal`, ...earlier.slice(-18)]);
  assert.equal([files.length, files.at(-1)], [21, basename(journal)]);
  for (const name of [...others, pem]) {
    assert.ok(kept.includes(name), name);
  }
});

test("an announcement whose number is a foreign process's by now keeps no shop from starting", async ({ home }) => {
  const control = join(home, "run", "board.sock");
  writeFileSync(join(home, "run", "board.json"), JSON.stringify({ pid: process.pid, control }));
  const { child, ended, said } = start(home, ["--blank"]);
  await until(() => said().stderr.includes("Ctrl-C") || child.exitCode !== null, "the shop stands");
  child.kill("SIGINT");
  assert.is(await ended, 0, said().stderr);
});

test("killed without a word, it takes its children with it", async ({ home }) => {
  const { child, ended, said } = start(home, ["--blank"]);
  await until(() => said().stderr.includes("Ctrl-C"), `the shop stands: ${said().stderr}`);
  const names = ["board", "ofd", "register"];
  for (const name of names) {
    assert.ok(await runningProgram(home, name), `${name} runs`);
  }
  child.kill("SIGKILL");
  await ended;
  await until(async () => {
    const running = await Promise.all(names.map(name => runningProgram(home, name)));
    return running.every(facts => facts === undefined);
  }, "all have ended");
});

test("a process that ends by itself is named, with how it did and the full path of its log", async ({ home }) => {
  const shop = start(home, ["--blank"]);
  await until(() => shop.said().stderr.includes("Ctrl-C"), `the shop stands: ${shop.said().stderr}`);
  process.kill(Number((await runningProgram(home, "register"))?.pid), "SIGKILL");
  assert.is(await endOf(shop), 3);
  const log = join(home, "logs", "register.log");
  assert.match(shop.said().stderr, `register has ended by itself (signal SIGKILL); its messages are in ${log}`);
  assert.ok(existsSync(log));
});

test("a process that ends of its own will tells its exit code", async ({ home }) => {
  const env = { KASSA_OFD_PORT: "0", KASSA_OFD_ADMIN_PORT: "0", KASSA_OFD_ADMIN_TOKEN: "0123456789abcdef" };
  const ofd = await startProgram("ofd", home, env);
  process.kill(ofd.pid, "SIGTERM");
  assert.equal(await ofd.ended, { name: "ofd", reason: "exit code 0", log: join(home, "logs", "ofd.log") });
});

test("Ctrl-C ends the shop with exit code 0", async ({ home }) => {
  const { child, ended, said } = start(home, ["--blank"]);
  await until(() => said().stderr.includes("Ctrl-C"), "the shop stands");
  child.kill("SIGINT");
  assert.is(await ended, 0);
  assert.is(await runningProgram(home, "board"), undefined);
});

test.run();
