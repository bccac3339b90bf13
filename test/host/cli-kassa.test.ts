import { execFile } from "node:child_process";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createFakeModule, Refused } from "./fake-module";

interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}
const kassa = fileURLToPath(new URL("../../host/cli/kassa.mjs", import.meta.url));
const root = fileURLToPath(new URL("../../", import.meta.url));

function run(...args: string[]): Promise<Ended> {
  const env = { ...process.env, LANG: "C", LC_ALL: "C", KASSA_HOME: "/nowhere", KASSA_REGISTER_PORT: "1" };
  return new Promise(resolve => {
    execFile(process.execPath, [kassa, ...args], { env, cwd: root }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

test("help is on stdout with exit code 0, wrong usage on stderr with 2", async () => {
  const [help, verbHelp, none, unknown, noVerb, faultHelp] = await Promise.all([
    run("--help"),
    run("device", "list", "--help"),
    run(),
    run("nothing"),
    run("emulator"),
    run("emulator", "cut-power", "--help"),
  ]);
  assert.is(help.code, 0);
  assert.match(help.stdout, /start .*sell /s);
  assert.is(verbHelp.code, 0);
  assert.match(verbHelp.stdout, /Example: kassa device list/);
  assert.is(none.code, 2);
  assert.is(unknown.code, 2);
  assert.match(unknown.stderr, /no area "nothing"/);
  assert.equal([noVerb.code, noVerb.stdout], [2, ""]);
  assert.match(noVerb.stderr, "kassa emulator cut-power");
  assert.is(faultHelp.code, 0);
  assert.match(faultHelp.stdout, /--off MS [\s\S]*Example: kassa emulator cut-power/);
});

test("a refusal is a code, a sentence and a next action in the language that was asked, with exit code 1", async () => {
  const [english, kazakh] = await Promise.all([
    run("sell", "missing.json", "--json"),
    run("sell", "missing.json", "--lang", "kk"),
  ]);
  assert.is(english.code, 1);
  assert.match(english.stderr, /^FILE_UNREADABLE: .*missing\.json.*\n.+/);
  assert.is(JSON.parse(english.stdout.trim().split("\n").at(-1)!).code, "FILE_UNREADABLE");
  assert.is(kazakh.code, 1);
  assert.match(kazakh.stderr, /FILE_UNREADABLE: .*[әғқңөұүһі]/);
});

test("a word that every object knows is no area", async () => {
  const { code, stderr } = await run("constructor");
  assert.equal([code, /no area "constructor"/.test(stderr)], [2, true], stderr);
});

test("a port that is none is wrong usage, named with its variable", async () => {
  process.env.KASSA_OFD_PORT = "99999";
  const wrong = await run("start", "--once");
  delete process.env.KASSA_OFD_PORT;
  assert.is(wrong.code, 2, wrong.stderr);
  assert.match(wrong.stderr, /KASSA_OFD_PORT: expected a port from 0 to 65535, got 99999/);
  assert.not.match(wrong.stderr, /\n\s+at /);
});

test("an absent register service, an absent board, is exit code 3", async () => {
  for (const words of [
    ["sell", "samples/card.json"],
    ["emulator", "status"],
  ]) {
    const { code, stderr } = await run(...words);
    assert.is(code, 3);
    assert.match(stderr, /^DEVICE_ABSENT/);
  }
});

test("a problem answer of the service becomes the refusal that it tells", async () => {
  const server = createServer((_request, response) => {
    response.writeHead(422, { "content-type": "application/problem+json" });
    response.end(JSON.stringify({ code: "PAYMENT_MISMATCH", facts: { expected: 100, got: 99 } }));
  });
  await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as { port: number }).port}/`;
  const { code, stdout } = await run("sell", "samples/card.json", "--url", url, "--json");
  server.close();
  assert.is(code, 1);
  assert.equal(JSON.parse(stdout).facts, { expected: 100, got: 99 });
});

test("the newest records are one object with --json, a line each without", async () => {
  const module = await createFakeModule();
  const info = module.handlers.get("104/0")!;
  module.handlers.set("104/0", body => ({ ...info(body), sequence: 7 }));
  module.handlers.set("100/1", () => ({}));
  module.handlers.set("104/6", ({ seq }) => ({ firstSeq: 6, lastSeq: 7, len: 2, data: Buffer.of(0x18, Number(seq)) }));
  const [text, json] = [
    await run("device", "log", "--port", module.address),
    await run("device", "log", "--port", module.address, "--last", "5", "--json"),
  ];
  await module.close();
  assert.equal([text.code, text.stdout], [0, "6 1806\n7 1807\n"], text.stderr);
  const records = [
    { seq: 6, item: "1806" },
    { seq: 7, item: "1807" },
  ];
  assert.equal([json.code, json.stdout], [0, `${JSON.stringify({ records })}\n`], json.stderr);
});

test("a key that no header can carry, a folder that is a file, a file that is a folder: a sentence, never a stack", async () => {
  const module = await createFakeModule();
  const [key, verb, file] = await Promise.all([
    run("sell", "samples/card.json", "--key", "ключ", "--json"),
    run("device", "foo"),
    run("journal", "export", "/tmp", "--port", module.address),
  ]);
  const home = await run("journal", "export", "/etc/passwd/x.journal", "--port", module.address);
  await module.close();
  assert.equal([key.code, JSON.parse(key.stdout).code], [1, "IDEMPOTENCY_KEY_INVALID"]);
  for (const { code, stderr } of [file, home]) {
    assert.is(code, 1, stderr);
    assert.match(stderr, /^kassa: E(ISDIR|NOTDIR|EXIST)/);
    assert.not.match(stderr, /\n\s+at /);
  }
  assert.is(verb.code, 2);
  assert.match(verb.stderr, /no verb "foo"/);
});

test("the clock of a blank module, which knows nobody, is set without a sign-in", async () => {
  const module = await createFakeModule();
  const info = module.handlers.get("104/0")!;
  let utcS: number | undefined;
  module.handlers.set("104/0", body => ({ ...info(body), fiscalized: false }));
  module.handlers.set("100/0", () => {
    throw new Refused("NOT_FISCALIZED");
  });
  module.handlers.set("104/7", () => ({
    utcS,
    blocks: utcS === undefined ? [{ code: "CLOCK_UNSET", sinceUtcS: 0 }] : [],
  }));
  module.handlers.set("0/4", ({ datetime }) => {
    utcS = Date.parse(`${datetime}Z`) / 1000;
    return {};
  });
  const set = await run("device", "clock", "--set", "--json", "--port", module.address);
  const again = await run("device", "clock", "--set", "--port", module.address);
  await module.close();
  assert.is(set.code, 0, set.stderr);
  assert.ok(Math.abs(utcS! - Date.now() / 1000) < 60);
  assert.equal([JSON.parse(set.stdout).isSet, JSON.parse(set.stdout).utcS], [true, utcS]);
  assert.is(again.code, 1, "a clock that runs is not set");
});

test.run();
