/**
 * The board of a shop as a process: the built image, a real pseudo-terminal for the host, a printer that draws, and a
 * control socket for faults. `kassa emulator start` and `kassa start` spawn it.
 *
 *   node --import tsx emulator/board.ts [--board KIND] [--baud N] [--json] [--watch-stdin] [--image FILE]
 *        [--printer URL] [--printer-profile NAME] [--port TTY] [--fram KB] [--unpaced]
 *
 *   emulator   everything is simulated, the image runs in WebAssembly (emulated-board.ts)
 *   firmata    the image runs in WebAssembly, its log and its printer are behind a Firmata board: an emulated one, or a real
 *              one with --port TTY (firmata-board.ts)
 *   linux      the image runs in the Lua 5.4 of this computer, on hal/linux (linux-board.ts)
 *
 * KASSA_HOME (.kassa) holds its state, KASSA_BOARD_PORT (7072, 0 = any) is its TCP port. The image, build/image.luac unless
 * another is named, must be built.
 * With --watch-stdin it ends when its standard input does: when whoever started it is gone. With --json the first
 * line of its output is what run/board.json holds, and messages go to the standard error.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { openPrinterPort } from "../hal/printer-port/printer-port";
import { findProfile, printerProfiles } from "../hal/printers";
import { HomeBusy, openBoardHome } from "./board-home";
import { type PrinterChoice, usualProfile } from "./board-printer";
import { type Control, openControl } from "./control";
import { startEmulatedBoard } from "./emulated-board";
import { startFirmataBoard } from "./firmata-board";
import { LinuxBoardFailed, startLinuxBoard } from "./linux-board";
import { type BoardOptions, type FramBytes, framSizes, type RunningBoard } from "./running-board";
import { controlHandlers } from "./verbs";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
const defaultPort = 7072;
const defaultBaud = 115200;

const kinds: Readonly<Record<string, (options: BoardOptions) => Promise<RunningBoard>>> = {
  emulator: startEmulatedBoard,
  firmata: startFirmataBoard,
  linux: startLinuxBoard,
};

class BoardUsage extends Error {}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      board: { type: "string", default: "emulator" },
      baud: { type: "string" },
      json: { type: "boolean" },
      "watch-stdin": { type: "boolean" },
      image: { type: "string" },
      printer: { type: "string" },
      "printer-profile": { type: "string" },
      port: { type: "string" },
      fram: { type: "string" },
      unpaced: { type: "boolean" },
    },
  });
  const log = (message: string): void => console.error(`board: ${message}`);
  const start = kinds[values.board];
  if (start === undefined)
    throw new BoardUsage(`--board: expected ${Object.keys(kinds).join(", ")}, got ${values.board}`);
  const imagePath = path.resolve(values.image ?? path.join(root, "build/image.luac"));
  const image = readFileSync(imagePath);
  const home = await openBoardHome(path.resolve(process.env.KASSA_HOME ?? ".kassa"), values.board);
  const tcpPort = Number(process.env.KASSA_BOARD_PORT ?? defaultPort);
  const baud = Number(values.baud ?? defaultBaud);
  const { port } = values;
  const printer = printerOf(values.printer, values["printer-profile"]);
  const framBytes = framOf(values.fram);
  const options = {
    home,
    image,
    imagePath,
    tcpPort,
    baud,
    log,
    printer,
    port,
    framBytes,
    paced: values.unpaced !== true,
  };
  const board = await start(options).catch(error => {
    home.release();
    throw error;
  });

  const startedAt = new Date().toISOString();
  const imageSha256 = createHash("sha256").update(image).digest("hex");
  const facts = (): object => ({
    pid: process.pid,
    tty: board.line.tty(),
    tcp: `tcp://127.0.0.1:${board.line.tcpPort}`,
    control: home.control,
    serial: board.facts.serial,
    papers: home.paperFolder,
    imageSha256,
    startedAt,
  });
  const announce = (): void => home.announce(facts());
  const control = await openControl(home.control, controlHandlers(board, announce));
  endWell(board, control, home.release, values["watch-stdin"] === true);
  announce();
  console.log(
    values.json === true ? JSON.stringify({ ready: true, ...facts() }) : `board: ready on ${board.line.tty()}`,
  );
}

/** A profile of docs/printers.md, and a real printer when an address is given. Throws BoardUsage. */
function printerOf(url: string | undefined, name: string | undefined): PrinterChoice {
  const profile = name === undefined ? usualProfile : findProfile(name);
  if (profile === undefined) {
    throw new BoardUsage(`--printer-profile: expected ${printerProfiles.map(p => p.name).join(", ")}, got ${name}`);
  }
  const port = url === undefined ? undefined : openPrinterPort(url);
  if (port !== undefined && "code" in port) {
    throw new BoardUsage(`--printer: expected ${port.expected}, got ${port.got}`);
  }
  return { profile, port };
}

function framOf(kilobytes: string | undefined): FramBytes | undefined {
  const size = framSizes.find(bytes => String(bytes / 1024) === kilobytes);
  if (kilobytes !== undefined && size === undefined) {
    throw new BoardUsage(`--fram: expected ${framSizes.map(bytes => bytes / 1024).join(" or ")}, got ${kilobytes}`);
  }
  return size;
}

/** Ends on a signal, or with the standard input. */
function endWell(board: RunningBoard, control: Control, release: () => void, watchStdin: boolean): void {
  let ending = false;
  const end = async (): Promise<void> => {
    if (ending) return;
    ending = true;
    // While somebody answers the home is ours: last, when nothing is written any more.
    await board.close();
    await control.close();
    release();
    process.exit(0);
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, end);
  if (watchStdin) process.stdin.on("end", end).on("error", end).resume();
}

try {
  await main();
} catch (error) {
  const { code } = error as NodeJS.ErrnoException;
  const port = process.env.KASSA_BOARD_PORT ?? defaultPort;
  if (code === "EADDRINUSE") console.error(`board: port ${port} is busy: set KASSA_BOARD_PORT to another, or to 0`);
  else if (error instanceof HomeBusy) console.error(`board: ${error.message}`);
  else if (error instanceof LinuxBoardFailed || error instanceof BoardUsage) console.error(error.message);
  else throw error;
  process.exit(error instanceof BoardUsage ? 2 : 3);
}
