/** The service as a process: what it says, what it leaves behind, and that it ends with its parent. */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";

type Child = ChildProcessByStdio<Writable, Readable, Readable>;
const test = suite<{ home: string; children: Child[] }>("register process");
const main = fileURLToPath(new URL("../../host/register/main.ts", import.meta.url));

test.before.each(context => {
  context.home = mkdtempSync(join(tmpdir(), "kassa-register-"));
  context.children = [];
});
test.after.each(({ home, children }) => {
  for (const child of children) {
    child.kill("SIGKILL");
  }
  rmSync(home, { recursive: true, force: true });
});

function start(home: string, children: Child[], port: number): Child {
  const env = { ...process.env, KASSA_HOME: home, KASSA_REGISTER_PORT: String(port) };
  const child = spawn(process.execPath, ["--import", "tsx", main, "--json"], { env, stdio: ["pipe", "pipe", "pipe"] });
  children.push(child);
  return child;
}
const lineOf = (stream: Readable): Promise<string> =>
  new Promise(resolve => {
    let text = "";
    stream.on("data", chunk => {
      text += String(chunk);
      if (text.includes("\n")) {
        resolve(text);
      }
    });
  });
const exitOf = (child: Child): Promise<number | null> => new Promise(resolve => child.on("exit", resolve));

test("it says when it is ready, serves without a module, and ends when its parent's pipe ends", async ({
  home,
  children,
}) => {
  const child = start(home, children, 0);
  const ready = JSON.parse(await lineOf(child.stdout));
  assert.is(ready.ready, true);
  const announcement = join(home, "run", "register.json");
  assert.is(JSON.parse(readFileSync(announcement, "utf8")).port, ready.port);
  const health = await fetch(`http://127.0.0.1:${ready.port}/health`);
  assert.equal(await health.json(), { status: "ok", device: "absent" });
  const exited = exitOf(child);
  child.stdin.end();
  assert.is(await exited, 0);
  assert.not.ok(existsSync(announcement));
});

test("a busy port is named with its variable, exit 3", async ({ home, children }) => {
  const other = createServer().listen(0, "127.0.0.1");
  await new Promise(resolve => other.once("listening", resolve));
  const address = other.address();
  const port = address !== null && typeof address === "object" ? address.port : 0;
  const child = start(home, children, port);
  const [said, exit] = await Promise.all([lineOf(child.stderr), exitOf(child)]);
  other.close();
  assert.is(exit, 3);
  assert.match(said, new RegExp(`PORT_BUSY.*${port}.*KASSA_REGISTER_PORT`));
});

test.run();
