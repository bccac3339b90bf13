/**
 * The files of a board under KASSA_HOME. The emulator's stand in board/, those of other kinds in board-<kind>/, so that
 * one home can try them all; only one runs at a time.
 *
 *   board/flash.bin             64 MB, sparse (file-flash.ts)
 *   board/secure-element.json   keys and counter
 *   board/facts.json            factory number, written once
 *   board/clock.json            by how much its clock is ahead; null when it has lost its time
 *   board/paper/000001.escpos   what the printer took, and .png, what came out
 *   run/board.json              the running board: pid, ports, image
 *   run/board.lock              its pid: two boards cannot share a flash. It counts while that process lives and
 *                               answers at the control socket: the number of a dead board may be anybody's by now
 *   run/board.sock  run/tty.board   control socket; symlink to the pseudo-terminal
 */
import { randomInt } from "node:crypto";
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createConnection } from "node:net";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { Clock } from "../hal/clock";
import type { SimClock } from "../hal/sim/sim-clock";
import type { ElementStore } from "../hal/sim/sim-secure-element";

export class HomeBusy extends Error {
  override readonly name = "HomeBusy";
}

export interface BoardHome {
  /** Where the board's own files stand. */
  readonly folder: string;
  readonly paperFolder: string;
  readonly flash: string;
  readonly control: string;
  readonly ttyLink: string;
  readonly elementStore: ElementStore;
  /** Factory number: made at the first start of this home. */
  serial(): string;
  clockOffsetS(): number | undefined;
  keepClockOffsetS(offsetS: number | undefined): void;
  /** Files one receipt; returns the path without ending. */
  keepPaper(escpos: Uint8Array, png: Uint8Array | undefined): string;
  papers(): number;
  /** Announces the running board; replaced when a fact changes. */
  announce(facts: object): void;
  /** Takes back announcement and lock. */
  release(): void;
}

/** Locks the home for this process. Rejects with HomeBusy when another board runs in it. */
export async function openBoardHome(home: string, kind = "emulator"): Promise<BoardHome> {
  const board = path.join(home, kind === "emulator" ? "board" : `board-${kind}`);
  const run = path.join(home, "run");
  const paper = path.join(board, "paper");
  for (const folder of [paper, run]) mkdirSync(folder, { recursive: true });
  const control = path.join(run, "board.sock");
  const lockFile = path.join(run, "board.lock");
  await lock(lockFile, control);
  let paperCount = readdirSync(paper).filter(name => name.endsWith(".escpos")).length;

  return {
    folder: board,
    paperFolder: paper,
    flash: path.join(board, "flash.bin"),
    control,
    ttyLink: path.join(run, "tty.board"),
    elementStore: fileStore(path.join(board, "secure-element.json")),
    serial: () => factsOf(path.join(board, "facts.json")).serial,
    clockOffsetS: () => readOffset(path.join(board, "clock.json")),
    keepClockOffsetS: offsetS => writeWhole(path.join(board, "clock.json"), JSON.stringify(offsetS ?? null)),
    keepPaper(escpos, png) {
      paperCount++;
      const name = path.join(paper, String(paperCount).padStart(6, "0"));
      if (png !== undefined) writeWhole(`${name}.png`, png);
      writeWhole(`${name}.escpos`, escpos);
      return name;
    },
    papers: () => paperCount,
    announce: facts => writeWhole(path.join(run, "board.json"), `${JSON.stringify(facts, undefined, 2)}\n`),
    release() {
      // Taken over by another board: all of it is that one's.
      if (holderOf(lockFile) !== process.pid) return;
      for (const name of ["board.json", "board.sock", "tty.board", "board.lock"]) {
        rmSync(path.join(run, name), { force: true });
      }
    },
  };
}

/** The clock of a board in this home: the offset that it is set to outlives the process, as a battery keeps a clock going. */
export const keptClock = (clock: SimClock, home: BoardHome): Clock => ({
  ...clock,
  setUtcS(utcS) {
    clock.setUtcS(utcS);
    home.keepClockOffsetS(clock.offsetS());
  },
});

/** A board has locked before it can answer: so long after the lock its control socket is waited for. */
const startMaxMs = 10_000;
const askAgainMs = 50;

/** Creates the lock; one left by a board that is dead is taken over. */
async function lock(file: string, control: string): Promise<void> {
  while (!create(file)) {
    const holder = holderOf(file);
    if (await isHeld(file, holder, control)) {
      throw new HomeBusy(`a board (process ${holder}) already runs here: ${path.dirname(file)}`);
    }
    // Another board may have taken it over in the meantime: that one's counts.
    if (holderOf(file) === holder) rmSync(file, { force: true });
  }
}

/** By a link: a reader never sees a lock without its pid. */
function create(file: string): boolean {
  const mine = `${file}.${process.pid}`;
  writeFileSync(mine, String(process.pid), { mode: 0o600 });
  try {
    linkSync(mine, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    return false;
  } finally {
    rmSync(mine);
  }
}

/** The pid in the lock; undefined when it has just been taken back. */
function holderOf(file: string): number | undefined {
  return existsSync(file) ? Number(readFileSync(file, "utf8")) : undefined;
}

/** A board runs: its process lives and answers. One that has just locked is given the time to. */
async function isHeld(file: string, holder: number | undefined, control: string): Promise<boolean> {
  const waitMs = startMaxMs - ageMs(file);
  for (const untilMs = performance.now() + waitMs; isAlive(holder); await pause(askAgainMs)) {
    if (await isAnswered(control)) return true;
    if (performance.now() >= untilMs) return false;
  }
  return false;
}

/** A lock of the future, made before the clock was set back, is as good as new. */
function ageMs(file: string): number {
  const stat = statSync(file, { throwIfNoEntry: false });
  return stat === undefined ? startMaxMs : Math.max(0, Date.now() - stat.mtimeMs);
}

/** Somebody listens. The kernel answers at once, also for a board that is stopped or busy. */
function isAnswered(control: string): Promise<boolean> {
  return new Promise(resolve => {
    const socket = createConnection(control);
    const settle = (isThere: boolean): void => {
      socket.destroy();
      resolve(isThere);
    };
    socket.once("connect", () => settle(true)).once("error", () => settle(false));
  });
}

function isAlive(pid: number | undefined): boolean {
  if (pid === undefined || !Number.isInteger(pid) || pid <= 0 || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function factsOf(file: string): { serial: string } {
  if (!existsSync(file)) {
    const serial = `KZT${String(randomInt(1, 100_000_000)).padStart(8, "0")}`;
    writeWhole(file, JSON.stringify({ serial }));
  }
  return JSON.parse(readFileSync(file, "utf8")) as { serial: string };
}

function readOffset(file: string): number | undefined {
  if (!existsSync(file)) return 0;
  return (JSON.parse(readFileSync(file, "utf8")) as number | null) ?? undefined;
}

const fileStore = (file: string): ElementStore => ({
  load: () => (existsSync(file) ? readFileSync(file, "utf8") : undefined),
  save: state => writeWhole(file, state),
});

/** A reader never sees half a file, and a killed process leaves none. */
function writeWhole(file: string, content: string | Uint8Array): void {
  const temporary = `${file}.tmp`;
  writeFileSync(temporary, content, { mode: 0o600 });
  renameSync(temporary, file);
}
