/** The Firmata board as the emulator runs it: its status says why it is away, and its feed button is pressed from outside. */
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { openBoardHome } from "../../emulator/board-home";
import { usualProfile } from "../../emulator/board-printer";
import { type FirmataRunOptions, startFirmataBoard } from "../../emulator/firmata-board";
import type { RunningBoard } from "../../emulator/running-board";
import { feedButtonLines } from "../../hal/firmata/limits";

const image = readFileSync(new URL("echo-image.lua", import.meta.url));
const homes: string[] = [];
test.after(() => {
  for (const home of homes) rmSync(home, { recursive: true, force: true });
});

interface Run {
  readonly board: RunningBoard;
  /** Of the board's own files. */
  readonly folder: string;
}

function newHome(): string {
  const home = mkdtempSync(path.join(tmpdir(), "kassa-firmata-board-"));
  homes.push(home);
  return home;
}

type Choices = Pick<FirmataRunOptions, "framBytes" | "port" | "wiring">;

/** Runs a board in this home while `use` runs. */
async function run<Result>(folder: string, choices: Choices, use: (run: Run) => Promise<Result>): Promise<Result> {
  const home = await openBoardHome(folder, "firmata");
  try {
    const options = {
      image,
      imagePath: "",
      tcpPort: 0,
      baud: 115200,
      printer: { profile: usualProfile },
      paced: false,
    };
    const board = await startFirmataBoard({ home, ...options, ...choices, log: () => undefined });
    try {
      return await use({ board, folder: home.folder });
    } finally {
      await board.close();
    }
  } finally {
    home.release();
  }
}

interface Told {
  readonly link: string;
  readonly reason?: { readonly code: string; readonly facts: object };
}

const told = ({ board }: Run): Promise<Told> => Promise.resolve(board.status() as Told);
const folderOf = (home: string): Promise<string> => run(home, {}, async ({ folder }) => folder);

test("the status says that all is well, and names no reason", async () => {
  const { link, reason } = await run(newHome(), {}, told);
  assert.equal([link, reason], ["up", undefined]);
});

test("the status names a port that is not there", async () => {
  const port = "/dev/kassa-no-such-port";
  const { link, reason } = await run(newHome(), { port }, told);
  assert.equal([link, reason], ["away", { code: "PORT_ABSENT", facts: { port } }]);
});

test("the status names the pins that a board lacks", async () => {
  const { link, reason } = await run(newHome(), { wiring: "esp32" }, told);
  assert.equal([link, reason], ["away", { code: "BOARD_UNFIT", facts: { pins: 70, esp32: "pin 22 has no I2C" } }]);
});

test("the status names an FRAM of another size, and the chip keeps its own", async () => {
  const home = newHome();
  const chip = path.join(await folderOf(home), "fram.bin");
  const { link, reason } = await run(home, { framBytes: 32768 }, told);
  assert.equal([link, reason], ["refused", { code: "FRAM_SIZE", facts: { expected: 32768, got: 131072 } }]);
  assert.is(statSync(chip).size, 131072);
  assert.is((await run(home, {}, told)).link, "up");
});

test("the status names another board's FRAM, an empty one and one with something else on it", async () => {
  const home = newHome();
  const chip = path.join(await folderOf(home), "fram.bin");
  copyFileSync(path.join(await folderOf(newHome()), "fram.bin"), chip);
  assert.is((await run(home, {}, told)).reason?.code, "FRAM_FOREIGN");
  rmSync(chip);
  assert.is((await run(home, {}, told)).reason?.code, "FRAM_BLANK");
  writeFileSync(chip, Buffer.alloc(131072, "notes "));
  assert.is((await run(home, {}, told)).reason?.code, "FRAM_UNKNOWN");
});

test("the status follows the plug of the hobby board", async () => {
  await run(newHome(), {}, async started => {
    await started.board.verbs.device?.({ connected: false });
    await until(started, ({ link, reason }) => link === "away" && /^PORT_/.test(reason?.code ?? ""));
    await started.board.verbs.device?.({ connected: true });
    await until(started, ({ link, reason }) => link === "up" && reason === undefined);
  });
});

test("the feed button of the emulated board is pressed by its verb, and the next paper is whole", async () => {
  await run(newHome(), {}, async ({ board, folder }) => {
    assert.equal(await board.verbs.device?.({ feed: true }), {});
    const socket = createConnection(board.line.tcpPort, "127.0.0.1");
    socket.write("print\n");
    const paper = await onlyPaper(path.join(folder, "paper"));
    socket.destroy();
    assert.ok(paper.startsWith(`\x1bd${String.fromCharCode(feedButtonLines)}`), "the fed lines come first");
    assert.ok(paper.endsWith("hello\x1dVB\0"));
  });
});

const waitMaxMs = 8000;
const pollMs = 5;

async function until(run: Run, isSo: (status: Told) => boolean): Promise<void> {
  for (const endMs = performance.now() + waitMaxMs; !isSo(await told(run)); await pause(pollMs)) {
    if (performance.now() > endMs) throw new Error(`not in time: ${JSON.stringify(await told(run))}`);
  }
}

async function onlyPaper(folder: string): Promise<string> {
  const papers = (): string[] => readdirSync(folder).filter(name => name.endsWith(".escpos"));
  for (const endMs = performance.now() + waitMaxMs; papers().length === 0; await pause(pollMs)) {
    if (performance.now() > endMs) throw new Error("no paper in time");
  }
  return readFileSync(path.join(folder, papers()[0] ?? ""), "latin1");
}

test.run();
