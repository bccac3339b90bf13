/**
 * The Linux board (hal/linux) in Debian's lua5.4: it keeps the contract of a board, wrong ones are caught by name, and what
 * goes wrong around it ends in a code and loses nothing. The image is the tiny one of the emulator's tests, as bytecode.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import {
  closeSync,
  constants,
  copyFileSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type BoardPrinter, createBoardPrinter } from "../../emulator/board-printer";
import { luaTable } from "../../emulator/linux-board";
import { openPrinterSocket, type PrinterSocket } from "../../emulator/printer-socket";
import { openPty, type Pty } from "../../emulator/pty";
import { cases } from "../../hal/contract/contract";
import { findProfile } from "../../hal/printers";
import { ensureContract, ensurePrinterProfiles } from "../../host/build/image";

interface Context {
  folder: string;
  image: string;
  printer: BoardPrinter;
  socket: PrinterSocket;
}

const test = suite<Context>("Linux board");
const root = fileURLToPath(new URL("../..", import.meta.url));
const program = path.join(root, "hal/linux/kassa-board");
const fiscalBytes = 256 * 1024;
const waitMaxMs = 15_000;
const pollMs = 5;
const children: ChildProcess[] = [];

test.before(async context => {
  context.folder = mkdtempSync(path.join(tmpdir(), "kassa-linux-"));
  context.image = path.join(context.folder, "image.luac");
  writeFileSync(path.join(context.folder, "printer-profiles.lua"), readFileSync(ensurePrinterProfiles()));
  const dump = "io.open(arg[2], 'wb'):write(string.dump(loadfile(arg[1]), true)):close()";
  writeFileSync(path.join(context.folder, "dump.lua"), dump);
  const source = path.join(root, "test/emulator/echo-image.lua");
  execFileSync("lua5.4", [path.join(context.folder, "dump.lua"), source, context.image]);
  context.printer = createBoardPrinter({
    profile: findProfile("epson-tm-t20")!,
    onPaper: () => undefined,
    onAnswer: () => undefined,
  });
  context.socket = await openPrinterSocket(context.printer);
});
test.after(async ({ folder, socket }) => {
  for (const child of children) child.kill("SIGKILL");
  await socket.close();
  rmSync(folder, { recursive: true, force: true });
});

let homes = 0;
/** A configuration in a home of its own; `change` says what is different in it. */
function configOf({ folder, image, socket }: Context, change: object = {}): { file: string; home: string } {
  const home = path.join(folder, `home-${++homes}`);
  const usual = { serial: "KZT00000009", home, image, tty: path.join(folder, "no-tty"), fiscalBytes };
  const printer = { profile: "epson-tm-t20", port: `tcp://127.0.0.1:${socket.port}` };
  const file = path.join(folder, `board-${homes}.lua`);
  writeFileSync(file, luaTable({ ...usual, printer, ...change }));
  return { file, home };
}

/** Runs the board to its end; what it said on the standard error. */
function refusal(file: string, shell = 'exec "$0" "$1"'): { code: number | null; said: string } {
  const ended = spawnSync("sh", ["-c", shell, program, file], { encoding: "utf8", timeout: waitMaxMs });
  return { code: ended.status, said: ended.stderr };
}

interface Running {
  readonly child: ChildProcess;
  readonly pty: Pty;
  write(text: string): void;
  hears(text: string): Promise<void>;
  /** False when it is not heard within so long. */
  hearsWithin(text: string, maxMs: number): Promise<boolean>;
  readonly ended: Promise<number | string | null>;
}

interface Shelf {
  readonly file: string;
  readonly home: string;
  readonly pty: Pty;
  /** The next life, whose image has said so. */
  start(boot?: string): Promise<Running>;
}

/** A board on a pseudo-terminal, not started yet. */
function shelve(context: Context, change: object = {}): Shelf {
  let heard = "";
  const hear = (bytes: string): void => {
    heard += bytes;
  };
  const pty = openPty(hear);
  const { file, home } = configOf(context, { tty: pty.path, ...change });
  return {
    file,
    home,
    pty,
    start: (boot = "boot ") => startOn(file, pty, { heard: () => heard, forget: () => (heard = "") }, boot),
  };
}

async function startBoard(context: Context, change: object = {}): Promise<Running & Shelf> {
  const shelf = shelve(context, change);
  return { ...shelf, ...(await shelf.start()) };
}

interface Line {
  heard(): string;
  forget(): void;
}

async function startOn(file: string, pty: Pty, { heard, forget }: Line, boot: string): Promise<Running> {
  const child = spawn(program, [file], { stdio: ["ignore", "pipe", "pipe"] });
  children.push(child);
  let said = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (said += text));
  const ended = new Promise<number | string | null>(resolve =>
    child.once("close", (code, signal) => resolve(signal ?? code)),
  );
  async function hearsWithin(text: string, maxMs: number): Promise<boolean> {
    for (let waitedMs = 0; !heard().includes(text); waitedMs += pollMs) {
      if (waitedMs >= maxMs) return false;
      await pause(pollMs);
    }
    forget();
    return true;
  }
  async function hears(text: string): Promise<void> {
    const isHeard = await hearsWithin(text, waitMaxMs);
    assert.ok(isHeard, `expected "${text}", heard "${heard()}", it said "${said}"`);
  }
  await hears(boot);
  return { child, pty, write: pty.write, hears, hearsWithin, ended };
}

const stop = async ({ child, ended, pty }: Running): Promise<void> => {
  child.kill("SIGKILL");
  await ended;
  pty.close();
};

/** The contract in lua5.4 over hal/linux: names of the cases that failed and that were skipped. */
function contract(
  context: Context,
  wrong: readonly string[] = [],
): { failed: string[]; skipped: string[]; last: string } {
  ensureContract();
  const { file, home } = configOf(context);
  mkdirSync(home);
  const script = path.join(root, "test/hal/linux-contract.lua");
  const child = spawn("lua5.4", [script, root, file, ...wrong], { stdio: ["ignore", "pipe", "inherit"] });
  children.push(child);
  return new Promise(resolve => {
    let tap = "";
    child.stdout?.setEncoding("utf8").on("data", (text: string) => (tap += text));
    child.once("close", () => {
      const lines = tap.trim().split("\n");
      const named = (pattern: RegExp): string[] => lines.flatMap(line => pattern.exec(line)?.[1] ?? []);
      resolve({ failed: named(/^not ok \d+ - (.*)$/), skipped: named(/^ok \d+ - (.*) # SKIP/), last: lines.at(-1)! });
    });
  }) as never;
}

test("it keeps every case of the contract; files do not wear, and the watchdog is tried below", async context => {
  const { failed, skipped, last } = await contract(context);
  assert.equal(failed, []);
  assert.equal(skipped, [
    "system: a watchdog that is not fed bites",
    ...["scratch", "state", "z", "fiscal"].map(part => `${part} flash: erases are counted by sector`),
  ]);
  assert.is(last, `# ${cases.length - 5} passed, 0 failed, 5 skipped`);
});

const wrongBoards: readonly (readonly [wrong: string, caught: string])[] = [
  ["programsAnyway", "scratch flash: bytes are programmed once; a refused call changes nothing"],
  ["cutSpreads", "scratch flash: a program that loses power changes no byte but its own"],
  ["counterGoesDown", "element: the counter goes up by one a step"],
  ["clockGoesBack", "clock: monotonic time does not notice steps of the wall clock, which reads back"],
];
for (const [wrong, caught] of wrongBoards) {
  test(`a board that is wrong on purpose is caught by name: ${wrong}`, async context => {
    const { failed } = await contract(context, [wrong]);
    assert.ok(failed.includes(caught), `failed: ${failed.join("; ")}`);
  });
}

test("a reset ends with 75, a failed assertion with 70, a hanging step with 71, and the next life knows which", async context => {
  const { start, pty } = shelve(context);
  const lives: readonly (readonly [words: string, ends: number | string, next: string])[] = [
    ["reset\n", 75, "boot 2 request"],
    ["fail\n", 70, "boot 3 assert"],
    ["hang\n", 71, "boot 4 watchdog"],
  ];
  let board = await start("boot 1 power");
  for (const [words, ends, next] of lives) {
    board.write(words);
    assert.is(await board.ended, ends);
    board = await start(next);
  }
  board.child.kill("SIGKILL");
  assert.is(await board.ended, "SIGKILL");
  board = await start("boot 5 power");
  board.child.kill("SIGTERM");
  assert.is(await board.ended, 0);
  pty.close();
});

test("two boards never share a home; the lock of a killed one is free at once", async context => {
  const board = await startBoard(context);
  const { code, said } = refusal(board.file);
  assert.is(code, 74);
  assert.match(
    said,
    /^kassa-board: BOARD_RUNS home=.*\n {2}kk: .*\n {2}ru: .*\n {2}en: A board already runs in this folder/,
  );
  board.write("again\n");
  await board.hears("echo again\n");
  board.child.kill("SIGKILL");
  await board.ended;
  const second = spawn(program, [board.file], { stdio: ["ignore", "pipe", "pipe"] });
  children.push(second);
  const [line] = (await new Promise<Buffer>(resolve => second.stdout?.once("data", resolve))).toString().split("\n");
  assert.equal(JSON.parse(line!).ready, true);
  second.kill("SIGKILL");
  board.pty.close();
});

test("a board that watches its standard input ends with whoever holds the other end", async context => {
  const { file, home } = configOf(context);
  const child = spawn(program, [file, "--watch-stdin"], { stdio: ["pipe", "pipe", "pipe"] });
  children.push(child);
  const ended = new Promise(resolve => child.once("close", resolve));
  await new Promise(resolve => child.stdout?.once("data", resolve));
  assert.ok(statSync(path.join(home, "flash.bin")).size > 0);
  child.stdin?.end();
  assert.is(await ended, 0);
});

test("what is wrong before a start is a code with its facts, in three languages, and says that a restart will not help", context => {
  const wrong: readonly (readonly [change: object, expected: RegExp])[] = [
    [{ tty: "" }, /BOARD_CONFIG expected=a path field=tty/],
    [{ serial: 5 }, /BOARD_CONFIG expected=1 to 32 characters field=serial .*got=5/],
    [{ fiscalBytes: 5000 }, /BOARD_CONFIG expected=sectors of 4096, at least 131072 field=fiscalBytes .*got=5000/],
    [{ printer: { profile: "brother", port: "lp:/dev/usb/lp0" } }, /BOARD_CONFIG .*field=printer.profile got=brother/],
    [{ printer: { profile: "generic-80", port: "usb" } }, /BOARD_CONFIG .*field=printer.port got=usb/],
    [{ printer: { profile: "generic-80", port: "tcp://h:99999" } }, /BOARD_CONFIG .*field=printer.port got=tcp/],
    [{ fiscalbytes: 262144 }, /BOARD_CONFIG expected=a field of docs\/linux-board.md field=fiscalbytes/],
    [{ outputs: { redy: "/dev/null" } }, /BOARD_CONFIG expected=a field of docs\/linux-board.md field=redy/],
    [{ outputs: { ready: {} } }, /BOARD_CONFIG expected=a path field=outputs.ready/],
    [{ image: path.join(context.folder, "none.luac") }, /IMAGE_FILE file=.*none\.luac/],
    [{ image: "/nowhere/image.luac" }, /IMAGE_FILE file=\/nowhere\/printer-profiles\.lua/],
  ];
  for (const [change, expected] of wrong) {
    const { code, said } = refusal(configOf(context, change).file);
    assert.match(said, expected);
    assert.match(said, /\n {2}kk: .+\n {2}ru: .+\n {2}en: .+\n$/);
    assert.is(code, 78);
  }
  const script = path.join(context.folder, "script.lua");
  writeFileSync(script, 'os.execute("touch /tmp/kassa-was-here") return {}');
  assert.match(refusal(script).said, /BOARD_CONFIG expected=a table .*global 'os'/);
});

test("an image that is no bytecode is not run", context => {
  const image = path.join(context.folder, "text.luac");
  writeFileSync(image, "return { start = function() os.exit(5) end }");
  const { code, said } = refusal(configOf(context, { image }).file);
  assert.match(said, /IMAGE_FILE file=.*text\.luac got=/);
  assert.is(code, 78);
});

test("factory number, flash and keys of a board that has lived are not changed by its configuration", async context => {
  const board = await startBoard(context);
  await stop(board);
  const text = readFileSync(board.file, "utf8");
  const { home } = board;
  const withOther = (from: string, to: string): string => {
    const file = path.join(context.folder, "other.lua");
    writeFileSync(file, text.replace(from, to));
    return file;
  };
  assert.match(
    refusal(withOther("KZT00000009", "KZT00000010")).said,
    /SERIAL_WRITTEN expected=KZT00000009 .*got=KZT00000010/,
  );
  assert.match(
    refusal(withOther(`${fiscalBytes}`, `${2 * fiscalBytes}`)).said,
    /FLASH_SIZE expected=\d+ file=.* got=\d+/,
  );
  const mode = (name: string): string => (statSync(path.join(home, name)).mode & 0o777).toString(8);
  assert.equal(["element.key", "flash.bin", "facts"].map(mode), ["600", "600", "600"]);
  renameSync(path.join(home, "facts"), path.join(home, "facts.away"));
  assert.match(refusal(board.file).said, /FLASH_FILE file=.*facts got=no file/);
  writeFileSync(path.join(home, "facts"), "");
  assert.match(refusal(board.file).said, /FLASH_FILE file=.*facts got=no factory number/);
  renameSync(path.join(home, "facts.away"), path.join(home, "facts"));
  writeFileSync(path.join(home, "element.key"), "not a key");
  assert.match(refusal(board.file).said, /ELEMENT_FILE file=/);
  rmSync(path.join(home, "element.key"));
  assert.match(refusal(board.file).said, /ELEMENT_FILE file=.*got=no file/);
  assert.throws(() => statSync(path.join(home, "element.key")), /ENOENT/, "no other key is made");
});

test("a disk that is full at the first start leaves no half of a flash", context => {
  const { file, home } = configOf(context);
  const { code, said } = refusal(file, 'trap \'\' XFSZ; ulimit -f 100; exec "$0" "$1"');
  assert.match(said, /DISK_FULL expected=\d+ file=.*flash.bin got=EFBIG/);
  assert.is(code, 74);
  assert.throws(() => statSync(path.join(home, "flash.bin")), /ENOENT/);
});

test("a disk that fails under the flash: the write is refused, and none is tried after it in this life", context => {
  const { file, home } = configOf(context);
  mkdirSync(home);
  const script = path.join(root, "test/hal/linux-full-disk.lua");
  const run = (shell: string): string => execFileSync("sh", ["-c", shell, script, root, file], { encoding: "utf8" });
  assert.is(run('lua5.4 "$0" "$1" "$2"'), "taken taken\n");
  assert.is(run('trap \'\' XFSZ; ulimit -f 100; lua5.4 "$0" "$1" "$2"'), "other other\n");
  assert.is(run('lua5.4 "$0" "$1" "$2"'), "taken taken\n");
});

test("a number in a file: a cut leaves it or the one before, and it is known which", ({ folder }) => {
  const script = path.join(root, "test/hal/linux-number-file.lua");
  const run = (name: string, ...commands: string[]): string =>
    execFileSync("lua5.4", [script, root, path.join(folder, name), ...commands], { encoding: "utf8" }).trim();
  assert.is(run("counter", "open", "make 0", "put 1", "put 2", "open"), "no file 0 1 2 2");
  assert.is(run("counter", "tear 0", "put 2", "put 3", "tear 1", "put 3", "put 4", "open"), "1 2 3 2 3 4 4");
  assert.is(run("counter", "tear 1", "tear 0", "open"), "4 no number no number");
  assert.is(run("offset", "make -7", "put 12", "put -3", "make 5"), "-7 12 -3 -3");
  writeFileSync(path.join(folder, "old"), "41");
  assert.is(run("old", "open", "put 42", "tear 0", "tear 1"), "41 42 42 no number");
});

test("a disk that has become full: the counter steps, the clock keeps its setting, a reset its cause", async context => {
  const { home, pty, start } = shelve(context);
  let board = await start("boot 1 power");
  // Where a small file would be made anew, none can be.
  for (const name of ["element.counter", "clock", "reset-cause"]) mkdirSync(path.join(home, `${name}.tmp`));
  for (const [words, answer] of [
    ["step\n", "counter 1\n"],
    ["step\n", "counter 2\n"],
    ["set\n", "set\n"],
  ] as const) {
    board.write(words);
    await board.hears(answer);
  }
  board.write("reset\n");
  assert.is(await board.ended, 75);
  board = await start("boot 2 request");
  board.write("step\n");
  await board.hears("counter 3\n");
  board.write("time\n");
  await board.hears("time 19");
  await stop(board);
  pty.close();
});

test("a home that takes no file is told by a code, and so is a board without its lock", context => {
  const { file, home } = configOf(context);
  mkdirSync(path.join(home, "trial"), { recursive: true });
  const { code, said } = refusal(file);
  assert.match(said, /^kassa-board: FLASH_FILE file=.*trial got=.*\n {2}kk: .*\n {2}ru: .*\n {2}en: /);
  assert.is(code, 74);
  for (const open of ["", `exec 9<"${home}"; `]) {
    const shell = `${open}exec lua5.4 "${path.join(root, "hal/linux/main.lua")}" "${file}"`;
    const main = spawnSync("sh", ["-c", shell], { encoding: "utf8" });
    assert.match(main.stderr, /^kassa-board: NOT_LOCKED home=/);
    assert.is(main.status, 78);
  }
});

test("a flash that another home can reach is refused: by a symbolic link, and by a second name", async context => {
  const board = await startBoard(context);
  await stop(board);
  const flash = path.join(board.home, "flash.bin");
  for (const join of [symlinkSync, linkSync]) {
    const { file, home } = configOf(context);
    mkdirSync(home);
    for (const name of ["facts", "element.key", "element.counter"])
      copyFileSync(path.join(board.home, name), path.join(home, name));
    join(flash, path.join(home, "flash.bin"));
    const { code, said } = refusal(file);
    assert.match(said, /FLASH_FILE expected=a file with one name file=/);
    assert.is(code, 74);
  }
});

test("a tty that disappears is opened again when it is back, and the image goes on", async context => {
  const link = path.join(context.folder, "tty");
  let heard = "";
  const hear = (bytes: string): void => {
    heard += bytes;
  };
  const first = openPty(hear);
  symlinkSync(first.path, link);
  const { file } = configOf(context, { tty: link });
  const board = await startOn(file, first, { heard: () => heard, forget: () => (heard = "") }, "boot 1");
  // The next one is opened before the first closes, so that it has another name.
  const second = openPty(hear);
  first.close();
  rmSync(link);
  symlinkSync(second.path, link);
  await pause(20);
  second.write("here\n");
  await board.hears("echo here\n");
  await stop({ ...board, pty: second });
});

test("a printer that goes away takes nothing, and prints again once it is back", async context => {
  const board = await startBoard(context);
  const until = async (words: string, answer: string): Promise<void> => {
    for (let waitedMs = 0; waitedMs < waitMaxMs; waitedMs += 50) {
      board.write(words);
      if (await board.hearsWithin(answer, 50)) return;
    }
    assert.unreachable(`never ${answer}`);
  };
  await until("print\n", "taken 9\n");
  context.printer.setOnline(false);
  context.socket.pump();
  await until("print\n", "taken 0\n");
  context.printer.setOnline(true);
  // It may have been in the middle of a paper: nothing but a question is taken first.
  await until("print\n", "taken 0\n");
  await until("ask\n", "asked 3\n");
  await until("print\n", "taken 9\n");
  await stop(board);
});

test("a printer behind a device file takes bytes, and one whose file is gone takes none until it is back", async context => {
  const link = path.join(context.folder, "lp0");
  let printed = "";
  const printer = openPty(bytes => (printed += bytes));
  const board = await startBoard(context, { printer: { profile: "generic-80", port: `lp:${link}` } });
  let said = "";
  board.child.stderr?.on("data", (text: string) => (said += text));
  board.write("print\n");
  await board.hears("taken 0\n");
  for (let waitedMs = 0; !said.includes("\n  en: "); waitedMs += pollMs) {
    assert.ok(waitedMs < waitMaxMs, "its absence is told");
    await pause(pollMs);
  }
  assert.match(said, /^kassa-board: PRINTER_ABSENT file=lp:.*got=ENOENT.*\n {2}kk: .+\n {2}ru: .+\n {2}en: .+\n$/);
  symlinkSync(printer.path, link);
  await pause(600);
  board.write("print\n");
  await board.hears("taken 9\n");
  assert.is(printed, "hello\x1dVB\0");
  for (let waitedMs = 0; !said.includes("PRINTER_ABSENT is over"); waitedMs += pollMs) {
    assert.ok(waitedMs < waitMaxMs, "its return is told");
    await pause(pollMs);
  }
  await stop(board);
  printer.close();
});

test("a printer behind a named pipe is written only: it does not hear itself", async context => {
  const pipe = path.join(context.folder, "pipe");
  execFileSync("mkfifo", [pipe]);
  const reader = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
  const board = await startBoard(context, { printer: { profile: "generic-80", port: `lp:${pipe}` } });
  board.write("print\n");
  await board.hears("taken 9\n");
  const printed = Buffer.alloc(16);
  assert.is(printed.toString("latin1", 0, readSync(reader, printed)), "hello\x1dVB\0");
  board.write("answers\n");
  await board.hears("answers 0\n");
  // Its reader goes: that must not end the board.
  closeSync(reader);
  board.write("print\n");
  await board.hears("taken 0\n");
  board.write("again\n");
  await board.hears("echo again\n");
  await stop(board);
});

test("a serial printer gets its speed and flow control, in either order; other words are refused", async context => {
  const line = openPty(() => undefined);
  const settings = (): string => execFileSync("stty", ["-F", line.path, "-a"], { encoding: "utf8" });
  const at = (query: string) => ({ printer: { profile: "generic-80", port: `serial:${line.path}${query}` } });
  for (const [query, speed, flow] of [
    ["?flow=rtscts&baud=9600", "9600", / crtscts/],
    ["?baud=19200", "19200", / -crtscts/],
  ] as const) {
    const board = await startBoard(context, at(query));
    assert.match(settings(), `speed ${speed} baud`);
    assert.match(settings(), flow);
    await stop(board);
  }
  for (const query of ["?flow=xonxoff", "?baud=9600&baud=9600", "?", "?baud=fast", "?speed=9600"]) {
    assert.match(refusal(configOf(context, at(query)).file).said, /BOARD_CONFIG .*field=printer.port/, query);
  }
  line.close();
});

test("a light that cannot be set is told once, and the board goes on", async context => {
  const board = await startBoard(context, { outputs: { ready: "/nowhere/brightness" } });
  let said = "";
  board.child.stderr?.on("data", (text: string) => (said += text));
  for (let rounds = 0; rounds < 3; rounds++) {
    board.write("light\n");
    await board.hears("light\n");
  }
  await stop(board);
  assert.is(said.split("output ready: ").length, 2, said);
});

test.run();
