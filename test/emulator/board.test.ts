/** The board's process with a tiny image: ports, faults, restarts. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { createConnection, type Socket } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { SerialPort } from "serialport";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { UsageError } from "../../host/cli/args";
import { run } from "../../host/cli/emulator";
import { exitCode } from "../../host/cli/output";
import { DeviceAbsent } from "../../host/device/device-error";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
const waitMaxMs = 8000;

interface BoardFacts {
  readonly pid: number;
  readonly tty: string;
  readonly tcp: string;
}

interface TestBoard {
  readonly home: string;
  readonly child: ChildProcess;
  readonly facts: BoardFacts;
}

interface Wire {
  write(text: string): void;
  /** Waits until the board has said this; what came before is forgotten. */
  hears(text: string): Promise<void>;
  /** The rest of the line behind this text. */
  answer(text: string): Promise<string>;
}

const homes: string[] = [];
const children: ChildProcess[] = [];
test.after(() => {
  for (const child of children) child.kill("SIGKILL");
  for (const home of homes) rmSync(home, { recursive: true, force: true });
});

function newHome(): string {
  const home = mkdtempSync(path.join(tmpdir(), "kassa-board-"));
  homes.push(home);
  return home;
}

function spawnBoard(home: string): ChildProcess {
  const child = spawn(
    process.execPath,
    ["--import", "tsx", "emulator/board.ts", "--json", "--watch-stdin", "--image", "test/emulator/echo-image.lua"],
    { cwd: root, env: { ...process.env, KASSA_HOME: home, KASSA_BOARD_PORT: "0" }, stdio: ["pipe", "pipe", "pipe"] },
  );
  children.push(child);
  return child;
}

async function startBoard(home = newHome()): Promise<TestBoard> {
  const child = spawnBoard(home);
  const line = await new Promise<string>((resolve, reject) => {
    child.stdout?.setEncoding("utf8").once("data", resolve);
    child.once("exit", code => reject(new Error(`the board ended with ${code}`)));
  });
  return { home, child, facts: JSON.parse(line) as BoardFacts };
}

/** The board of the tests that do not end it; they begin with what the last one left. */
let shared: Promise<TestBoard> | undefined;
function sharedBoard(): Promise<TestBoard> {
  shared ??= startBoard();
  return shared;
}

const ended = (child: ChildProcess): Promise<number | null> =>
  child.exitCode === null ? new Promise(resolve => child.once("exit", resolve)) : Promise.resolve(child.exitCode);

async function stop({ child }: TestBoard): Promise<void> {
  child.kill("SIGTERM");
  await ended(child);
}

function wireOf(end: {
  on(event: "data", hear: (data: Buffer) => void): unknown;
  write(bytes: Buffer): unknown;
}): Wire {
  let heard = "";
  end.on("data", data => {
    heard += data.toString("latin1");
  });
  async function hears(text: string): Promise<void> {
    for (let waitedMs = 0; !heard.includes(text); waitedMs += 5) {
      assert.ok(waitedMs < waitMaxMs, `expected "${text}", heard "${heard}"`);
      await new Promise(resolve => setTimeout(resolve, 5));
    }
    heard = heard.slice(heard.indexOf(text) + text.length);
  }
  return {
    write: text => end.write(Buffer.from(text, "latin1")),
    hears,
    async answer(text) {
      await hears(text);
      for (let tries = 0; !heard.includes("\n") && tries < 200; tries++) {
        await new Promise(resolve => setTimeout(resolve, 5));
      }
      return heard.slice(0, heard.indexOf("\n"));
    },
  };
}

async function connect({ facts }: TestBoard): Promise<{ socket: Socket; wire: Wire }> {
  const socket = createConnection(Number(new URL(facts.tcp).port), "127.0.0.1").on("error", () => undefined);
  await new Promise(resolve => socket.once("connect", resolve));
  return { socket, wire: wireOf(socket) };
}

/** What the command's own edge (host/cli/kassa.ts) makes of what it throws. */
function codeOf(error: Error, output: unknown[]): number {
  output.push(error.message);
  if (error instanceof UsageError) return exitCode.usage;
  if (error instanceof DeviceAbsent) return exitCode.absent;
  throw error;
}

/** `kassa emulator …` in this process, with its output. */
async function kassa(home: string, ...words: string[]): Promise<{ code: number; output: string }> {
  const before = process.env.KASSA_HOME;
  const { log, error } = console;
  const output: unknown[] = [];
  console.log = (...parts) => output.push(...parts);
  console.error = (...parts) => output.push(...parts);
  process.env.KASSA_HOME = home;
  try {
    return { code: await run(words).catch(error => codeOf(error, output)), output: output.join("\n") };
  } finally {
    Object.assign(console, { log, error });
    if (before === undefined) delete process.env.KASSA_HOME;
    else process.env.KASSA_HOME = before;
  }
}

test("serialport and TCP talk to the image; board.json and the symlink tell where", async () => {
  const board = await startBoard();
  const announced = JSON.parse(readFileSync(path.join(board.home, "run/board.json"), "utf8")) as BoardFacts;
  assert.is(announced.pid, board.child.pid);
  const port = new SerialPort({ path: path.join(board.home, "run/tty.board"), baudRate: 115200 });
  const serial = wireOf(port);
  serial.write("hello\n");
  await serial.hears("echo hello\n");
  const { socket, wire } = await connect(board);
  wire.write("world\n");
  await wire.hears("echo world\n");
  wire.write("speed\n");
  await wire.hears("faster\n");
  assert.match((await kassa(board.home, "status")).output, '"baud": 921600');
  socket.destroy();
  await new Promise(resolve => port.close(resolve));
  await stop(board);
  assert.not.ok(existsSync(path.join(board.home, "run/board.json")), "a board that ends takes its announcement back");
});

test("the line is paced: 1,000 bytes at 115200 take 87 ms each way", async () => {
  const board = await sharedBoard();
  const { socket, wire } = await connect(board);
  const startedMs = performance.now();
  wire.write(`${"x".repeat(1000)}\n`);
  await wire.hears(`${"x".repeat(1000)}\n`);
  const tookMs = performance.now() - startedMs;
  assert.ok(tookMs > 170 && tookMs < 600, `${tookMs} ms`);
  socket.destroy();
});

test("the image starts again after a failure, a reset and a hang, and says why", async () => {
  const board = await sharedBoard();
  const { socket, wire } = await connect(board);
  wire.write("reset\n");
  await wire.hears("boot 2 request\n");
  wire.write("fail\n");
  await wire.hears("boot 3 assert\n");
  assert.match((await kassa(board.home, "status")).output, "assert: #1");
  wire.write("hang\n");
  await wire.hears("boot 4 watchdog\n");
  socket.destroy();
});

test("a power cut in the middle of a write leaves a part of it, and the board comes back", async () => {
  const board = await startBoard();
  const { socket, wire } = await connect(board);
  await wire.hears("boot 1 power\n");
  assert.is((await kassa(board.home, "cut-power", "--after-bytes", "100", "--tear", "suffix")).code, 0);
  wire.write("write\n");
  await wire.hears("boot 2 power\n");
  wire.write("read\n");
  await wire.hears("holds 100\n");
  assert.is((await kassa(board.home, "cut-power", "--off", "10")).code, 0);
  await wire.hears("boot 3 power\n");
  socket.destroy();
  await stop(board);
});

test("a power cut in the middle of a write lasts as long as was asked", async () => {
  const board = await startBoard();
  const { socket, wire } = await connect(board);
  await wire.hears("boot 1 power\n");
  assert.is((await kassa(board.home, "cut-power", "--after-bytes", "100", "--off", "1500")).code, 0);
  const startedMs = performance.now();
  wire.write("write\n");
  await wire.hears("boot 2 power\n");
  const tookMs = performance.now() - startedMs;
  assert.ok(tookMs >= 1500, `${tookMs} ms`);
  socket.destroy();
  await stop(board);
});

test("noise and speed of the line are changed one without the other", async () => {
  const board = await startBoard();
  const { socket, wire } = await connect(board);
  await wire.hears("boot 1 power\n");
  await kassa(board.home, "line", "--noise", "1");
  await kassa(board.home, "line", "--baud", "57600");
  const heard = new Promise<string>(resolve => socket.once("data", data => resolve(data.toString("latin1"))));
  // The board says its line by itself, and every byte of it arrives as another one.
  await kassa(board.home, "cut-power", "--off", "0");
  assert.not.match(await heard, /boot|power/);
  await kassa(board.home, "line", "--noise", "0");
  // A start began at the board's own speed.
  await kassa(board.home, "line", "--baud", "57600");
  await kassa(board.home, "line", "--noise", "0");
  wire.write("hello\n");
  await wire.hears("echo hello\n");
  assert.match((await kassa(board.home, "status")).output, '"baud": 57600');
  socket.destroy();
  await stop(board);
});

test("paper, cover and clock change as told; receipts are filed", async () => {
  const board = await sharedBoard();
  const { socket, wire } = await connect(board);
  wire.write("status\n");
  await wire.hears("status 18\n");
  await kassa(board.home, "paper", "out");
  wire.write("status\n");
  await wire.hears("status 114\n");
  await kassa(board.home, "paper", "in");
  wire.write("print\n");
  await wire.hears("taken 9\n");
  assert.is(readFileSync(path.join(board.home, "board/paper/000001.escpos"), "latin1"), "hello\x1dVB\0");
  await kassa(board.home, "clock", "+25h");
  await kassa(board.home, "clock", "jump:-1h");
  wire.write("time\n");
  const aheadS = Number(await wire.answer("time ")) - Date.now() / 1000;
  assert.ok(Math.abs(aheadS - 24 * 3600) < 5, `${aheadS} s`);
  socket.destroy();
});

test("an unplugged board closes its ports and comes back under the same link", async () => {
  const board = await sharedBoard();
  const { socket } = await connect(board);
  const closed = new Promise(resolve => socket.once("close", resolve));
  await kassa(board.home, "unplug", "--for", "100");
  await closed;
  const link = path.join(board.home, "run/tty.board");
  assert.not.ok(existsSync(link));
  for (let tries = 0; !existsSync(link) && tries < 200; tries++) await new Promise(resolve => setTimeout(resolve, 10));
  const port = new SerialPort({ path: link, baudRate: 115200 });
  const serial = wireOf(port);
  serial.write("again\n");
  await serial.hears("echo again\n");
  await new Promise(resolve => port.close(resolve));
});

test("kill -9 loses no programmed byte; the next board takes the home over; a second one at once is refused", async () => {
  const first = await startBoard();
  const { wire } = await connect(first);
  await wire.hears("boot 1 power\n");
  wire.write("write\n");
  await wire.hears("written\n");
  const intruder = spawnBoard(first.home);
  assert.is(await ended(intruder), 3);
  first.child.kill("SIGKILL");
  await ended(first.child);
  const second = await startBoard(first.home);
  const { socket, wire: secondWire } = await connect(second);
  await secondWire.hears("boot 2 power\n");
  secondWire.write("read\n");
  await secondWire.hears("holds 256\n");
  socket.destroy();
  second.child.stdin?.end();
  assert.is(await ended(second.child), 0, "it ends with its parent");
});

test("a lock whose number is a foreign process's by now is taken over", async () => {
  const home = newHome();
  const run = path.join(home, "run");
  mkdirSync(run);
  // What a board leaves that was killed; this test's own process has its number now.
  writeFileSync(path.join(run, "board.lock"), String(process.pid));
  const hourAgo = new Date(Date.now() - 3_600_000);
  utimesSync(path.join(run, "board.lock"), hourAgo, hourAgo);
  const board = await startBoard(home);
  assert.is(readFileSync(path.join(run, "board.lock"), "utf8"), String(board.child.pid));
  await stop(board);
});

test("of two boards that start at once in a home one runs, the other is refused", async () => {
  const home = newHome();
  const both = [spawnBoard(home), spawnBoard(home)];
  const endings = both.map(ended);
  assert.is(await Promise.race(endings), 3);
  assert.is((await kassa(home, "status")).code, 0);
  const running = both.filter(child => child.exitCode === null);
  assert.is(running.length, 1);
  assert.is(readFileSync(path.join(home, "run/board.lock"), "utf8"), String(running[0]?.pid));
  running[0]?.kill("SIGTERM");
  await Promise.all(endings);
});

test("kassa emulator says what it did not understand, and that no board runs", async () => {
  const home = newHome();
  assert.is((await kassa(home, "status")).code, 3);
  const wrong: readonly (readonly [words: string, says: string | RegExp])[] = [
    ["paper sideways", "expected in or out, got sideways"],
    ["paper", "usage: kassa emulator paper out|in"],
    ["nonsense", /kassa emulator cut-power .*kassa emulator clock/s],
    ["", /kassa emulator cut-power .*kassa emulator clock/s],
    ["clock soon", "expected a time such as +25h, got soon"],
    ["cut-power --after-bytes many", "--after-bytes: expected a whole number from 0 to 1000000000, got many"],
    ["cut-power --after-bytes 5 --tear half", "--tear: expected prefix, suffix, subset, unstable, got half"],
    ["cut-power --tear suffix", "--tear needs --after-bytes N"],
    ["line --noise 7", "--noise: expected a number from 0 to 1, got 7"],
    ["line --noise=", "--noise: expected a number from 0 to 1, got "],
    ["line", "--noise P or --baud N is needed"],
    ["status --lang de", "--lang: expected kk, ru or en, got de"],
  ];
  for (const [words, says] of wrong) {
    const { code, output } = await kassa(home, ...words.split(" ").filter(Boolean));
    assert.is(code, 2, words);
    assert.match(output, says, words);
  }
});

test("kassa emulator takes --lang and --json, and a time that looks like an option", async () => {
  const board = await sharedBoard();
  const { code, output } = await kassa(board.home, "status", "--json", "--lang", "kk");
  assert.equal([code, JSON.parse(output).ok], [0, true]);
  const status = async (): Promise<{ utcS: number }> => JSON.parse((await kassa(board.home, "status")).output);
  const before = await status();
  assert.equal(await kassa(board.home, "clock", "-10m", "--json"), { code: 0, output: '{"ok":true}' });
  const movedS = (await status()).utcS - before.utcS;
  assert.ok(movedS >= -600 && movedS < -540, `${movedS} s`);
  assert.is((await kassa(board.home, "clock", "--lang", "ru", "+10m")).code, 0);
});

test.run();
