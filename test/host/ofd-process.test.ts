/** The server as a process: killed between accepting and answering, restarted, started twice. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { run } from "../../host/cli/ofd";
import { openSqliteStore } from "../../host/ofd/store/sqlite";
import type { Bytes } from "../../protocol/bytes";
import { createRegister, exchange, testEnrolment, ticketPayload } from "./ofd-client";

const root = fileURLToPath(new URL("../..", import.meta.url));
const home = mkdtempSync(path.join(tmpdir(), "kassa-ofd-home-"));
const file = path.join(home, "ofd", "ofd.db");
const running = new Set<ChildProcess>();

test.after(() => {
  for (const child of running) child.kill("SIGKILL");
  rmSync(home, { recursive: true, force: true });
});

interface Started {
  readonly child: ChildProcess;
  readonly port: number;
  readonly ended: Promise<unknown>;
}

function spawnServer(env: Record<string, string> = {}): { child: ChildProcess; ended: Promise<unknown> } {
  const ports = { KASSA_OFD_PORT: "0", KASSA_OFD_ADMIN_PORT: "0" };
  const child = spawn(process.execPath, ["--import", "tsx", "host/ofd/main.ts", "--json", "--watch-stdin"], {
    cwd: root,
    env: { ...process.env, ...ports, KASSA_HOME: home, ...env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  running.add(child);
  child.stdin.on("error", () => undefined);
  const ended = once(child, "close").finally(() => running.delete(child));
  return { child, ended };
}

async function startServer(): Promise<Started> {
  const { child, ended } = spawnServer();
  const [line] = (await once(createInterface({ input: child.stdout! }), "line")) as [string];
  const facts = JSON.parse(line) as { ready: boolean; port: number; store: string };
  assert.equal([facts.ready, facts.store], [true, file]);
  return { child, port: facts.port, ended };
}

async function kill({ child, ended }: Started): Promise<void> {
  child.kill("SIGKILL");
  await ended;
}

async function countDocuments(): Promise<number> {
  const store = await openSqliteStore(file);
  const { length } = await store.documents(testEnrolment.id, -1);
  await store.close();
  return length;
}

/** Sends a frame and kills the server as soon as `killAfterMs` have passed; the answer if it came all the same. */
async function sendAndKill(server: Started, frame: Bytes, killAfterMs: number): Promise<string | undefined> {
  const socket = connect({ port: server.port, host: "127.0.0.1" });
  socket.on("error", () => undefined);
  const received: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => received.push(chunk));
  await once(socket, "connect");
  socket.write(Buffer.from(frame, "latin1"));
  await new Promise(resolve => setTimeout(resolve, killAfterMs));
  await kill(server);
  socket.destroy();
  const answer = Buffer.concat(received).toString("latin1");
  return answer === "" ? undefined : answer;
}

/** `kassa ofd …` in this process; its exit code. */
async function kassaOfd(...args: string[]): Promise<number> {
  const before = process.env.KASSA_HOME;
  const log = console.log;
  process.env.KASSA_HOME = home;
  console.log = () => undefined;
  try {
    return await run(args);
  } finally {
    console.log = log;
    if (before === undefined) delete process.env.KASSA_HOME;
    else process.env.KASSA_HOME = before;
  }
}
const card = path.join(home, "card.json");
const registerCard = (serial: string): Promise<number> => kassaOfd("register", "--card", card, "--serial", serial);
let server: Started;

test("kassa ofd register puts a register on record in the store of a server that does not run", async () => {
  const { id, profile, token, rnm, serial } = testEnrolment;
  writeFileSync(card, JSON.stringify({ ...profile, ofdId: id, token, rnm }));
  assert.is(await registerCard(serial), 0);
  assert.is(await registerCard("other"), 1);
});

test("killed at any moment, the server counts a document once and repeats the answer that it gave", async () => {
  server = await startServer();
  const register = createRegister(() => server.port);
  const utcS = Math.floor(Date.now() / 1000);
  for (const [index, killAfterMs] of [0, 3, 30].entries()) {
    const frame = register.frame(ticketPayload({ number: index + 1, utcS }));
    const told = await sendAndKill(server, frame, killAfterMs);
    server = await startServer();
    const answer = await register.send(frame);
    assert.is(answer.resultCode, 0);
    if (told !== undefined) assert.is(answer.frame, told, `killed after ${killAfterMs} ms`);
    const again = await exchange(server.port, [frame]);
    assert.is(again?.frame, answer.frame);
  }
});

test("kassa ofd register asks the server that runs", async () => {
  assert.is(await registerCard("other"), 1);
});

test("a busy port is named with its variable", async () => {
  const { child, ended } = spawnServer({ KASSA_OFD_PORT: String(server.port) });
  let said = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    said += chunk.toString("utf8");
  });
  await ended;
  assert.is(child.exitCode, 3);
  assert.match(said, `PORT_BUSY: 127.0.0.1:${server.port}, KASSA_OFD_PORT`);
});

test("it announces itself, takes that back when its standard input ends, and keeps its documents", async () => {
  const announcement = path.join(home, "run", "ofd.json");
  const facts = JSON.parse(readFileSync(announcement, "utf8")) as { pid: number; port: number };
  assert.equal([facts.pid, facts.port], [server.child.pid, server.port]);
  server.child.stdin?.end();
  await server.ended;
  assert.is(server.child.exitCode, 0);
  assert.not.ok(existsSync(announcement));
  assert.is(await countDocuments(), 3);
});

test.run();
