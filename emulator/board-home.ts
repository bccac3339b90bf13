/**
 * The files of a board under KASSA_HOME.
 *
 *   board/flash.bin             64 MB, sparse (file-flash.ts)
 *   board/secure-element.json   keys and counter
 *   board/facts.json            factory number, written once
 *   board/clock.json            by how much its clock is ahead; null when it has lost its time
 *   board/paper/000001.escpos   what the printer took, and .png, what came out
 *   run/board.json              the running board: pid, ports, image
 *   run/board.lock              its pid: two boards cannot share a flash
 *   run/board.sock  run/tty.board   control socket; symlink to the pseudo-terminal
 */
import { randomInt } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { ElementStore } from "../hal/sim/sim-secure-element";

export class HomeBusy extends Error {
  override readonly name = "HomeBusy";
}

export interface BoardHome {
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

/** Locks the home for this process. Throws HomeBusy when another board runs in it. */
export function openBoardHome(home: string): BoardHome {
  const board = path.join(home, "board");
  const run = path.join(home, "run");
  const paper = path.join(board, "paper");
  for (const folder of [paper, run]) mkdirSync(folder, { recursive: true });
  const lockFile = path.join(run, "board.lock");
  lock(lockFile);
  let paperCount = readdirSync(paper).filter(name => name.endsWith(".escpos")).length;

  return {
    flash: path.join(board, "flash.bin"),
    control: path.join(run, "board.sock"),
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
      for (const name of ["board.json", "board.sock", "tty.board", "board.lock"]) {
        rmSync(path.join(run, name), { force: true });
      }
    },
  };
}

/** Creates the lock; one left by a board that is dead is taken over. */
function lock(file: string): void {
  const mine = { flag: "wx", mode: 0o600 };
  try {
    writeFileSync(file, String(process.pid), mine);
  } catch {
    const pid = Number(readFileSync(file, "utf8"));
    if (isAlive(pid)) throw new HomeBusy(`a board (process ${pid}) already runs here: ${path.dirname(file)}`);
    rmSync(file);
    writeFileSync(file, String(process.pid), mine);
  }
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0 || pid === process.pid) return false;
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
