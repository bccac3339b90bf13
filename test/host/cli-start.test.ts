/** `kassa start` as a newcomer meets it: one command, the whole shop, a receipt. */
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { runningProgram } from "../../host/cli/home";
import { start, until } from "../e2e/start-command";

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

test("Ctrl-C ends the shop with exit code 0", async ({ home }) => {
  const { child, ended, said } = start(home, ["--blank"]);
  await until(() => said().stderr.includes("Ctrl-C"), "the shop stands");
  child.kill("SIGINT");
  assert.is(await ended, 0);
  assert.is(await runningProgram(home, "board"), undefined);
});

test.run();
