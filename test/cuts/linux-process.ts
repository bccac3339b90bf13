/**
 * hal/linux/kassa-board as a process that is killed and started again: on a pseudo-terminal to the host, with a network
 * printer, its files in a folder on the disk.
 *
 *   host driver ── pty ═ pty ── kassa-board ── TCP ── printer
 *
 * The line to the host stays when the board is gone, as a UART does, or goes with it and comes back under another name, as
 * a USB gadget does.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { createBoardPrinter, usualProfile } from "../../emulator/board-printer";
import { luaTable } from "../../emulator/linux-board";
import { openPrinterSocket } from "../../emulator/printer-socket";
import { openPty, type Pty } from "../../emulator/pty";
import { ensureBuilt, ensurePrinterProfiles } from "../../host/build/image";
import { Failure } from "./shop";

export interface LinuxProcess {
  /** Opened by the driver; a link, so that it outlives the line. */
  readonly tty: string;
  /** Resolves when the image runs. */
  start(): Promise<void>;
  /** kill -9; resolves when it is gone. */
  kill(): Promise<void>;
  /** Signs in the QR codes of all papers, torn ones too. */
  printedSigns(): readonly string[];
  close(): Promise<void>;
}

const program = fileURLToPath(new URL("../../hal/linux/kassa-board", import.meta.url));
const fiscalBytes = 4 * 1024 * 1024;
const baud = 115200;
const readyMaxMs = 20_000;
const saidMaxBytes = 2048;

export async function openLinuxProcess(serial: string, lineStays: boolean): Promise<LinuxProcess> {
  const { image } = await ensureBuilt();
  ensurePrinterProfiles();
  const folder = mkdtempSync(path.join(tmpdir(), "kassa-kill-"));
  const signs: string[] = [];
  const printer = createBoardPrinter({
    profile: usualProfile,
    onPaper: ({ qrTexts }) => signs.push(...qrTexts.flatMap(text => /[?&]i=(\d+)/.exec(text)?.[1] ?? [])),
    onAnswer: () => undefined,
  });
  const socket = await openPrinterSocket(printer);
  const line = openLine(folder);
  const config = path.join(folder, "board.lua");
  const port = `tcp://127.0.0.1:${socket.port}`;
  const home = path.join(folder, "home");
  const values = { serial, home, image, tty: line.boardTty, baud, fiscalBytes };
  writeFileSync(config, luaTable({ ...values, printer: { profile: usualProfile.name, port } }));
  let running: { readonly child: ChildProcess; readonly ended: Promise<unknown> } | undefined;

  async function kill(): Promise<void> {
    running?.child.kill("SIGKILL");
    await running?.ended;
    running = undefined;
    if (!lineStays) line.unplug();
  }

  return {
    tty: line.hostTty,
    async start() {
      line.plug();
      running = spawnBoard(config);
      await readiness(running.child);
    },
    kill,
    printedSigns: () => signs,
    async close() {
      await kill();
      line.unplug();
      await socket.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function spawnBoard(config: string): { child: ChildProcess; ended: Promise<unknown> } {
  const child = spawn(program, [config], { stdio: ["ignore", "pipe", "pipe"] });
  return { child, ended: new Promise(resolve => child.once("close", resolve)) };
}

/** The board says when its image runs. One that is killed before has nothing more to say. */
function readiness(child: ChildProcess): Promise<void> {
  let said = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(-saidMaxBytes);
  });
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Failure("bricked", `kassa-board is not ready: ${said}`)), readyMaxMs);
    const settle = (end: () => void): void => {
      clearTimeout(late);
      end();
    };
    createInterface({ input: child.stdout! }).on("line", words => {
      if (words.startsWith('{"ready":true')) settle(resolve);
    });
    child.once("close", (code, signal) => {
      if (signal === "SIGKILL") settle(resolve);
      else settle(() => reject(new Failure("bricked", `kassa-board ended with ${code ?? signal}: ${said}`)));
    });
  });
}

/** Two pseudo-terminals, each the other's end; both are reached by links. */
function openLine(folder: string) {
  const hostTty = path.join(folder, "host.tty");
  const boardTty = path.join(folder, "board.tty");
  let ends: readonly [Pty, Pty] | undefined;
  return {
    hostTty,
    boardTty,
    plug(): void {
      if (ends !== undefined) return;
      const host: Pty = openPty(bytes => board.write(bytes));
      const board: Pty = openPty(bytes => host.write(bytes));
      symlinkSync(host.path, hostTty);
      symlinkSync(board.path, boardTty);
      ends = [host, board];
    },
    unplug(): void {
      if (ends === undefined) return;
      for (const link of [hostTty, boardTty]) unlinkSync(link);
      for (const end of ends) end.close();
      ends = undefined;
    },
  };
}
