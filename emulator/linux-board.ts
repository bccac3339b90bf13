/**
 * A Linux board on this computer: the image in Debian's lua5.4 on hal/linux, as a process of its own, between a cable to the
 * host and a network printer that draws. Restarts it as systemd would; `cut-power` kills it with -9.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { createRealClock } from "../hal/sim/sim-clock";
import { createSimRandom } from "../hal/sim/sim-random";
import { createSimUart } from "../hal/sim/sim-uart";
import { createBoardPrinter } from "./board-printer";
import { openCable } from "./cable";
import { type ControlHandlers, numberOf, UsageError } from "./control";
import { openLine } from "./line";
import { openPrinterSocket } from "./printer-socket";
import type { BoardOptions, RunningBoard } from "./running-board";
import { dayMs, powerOffMs, printerVerbs, uartVerbs } from "./verbs";

/** The process ended for a reason that a restart does not mend; its message is what it said. */
export class LinuxBoardFailed extends Error {
  override readonly name = "LinuxBoardFailed";
}

const program = fileURLToPath(new URL("../hal/linux/kassa-board", import.meta.url));
const readyMaxMs = 20_000;
const restartMs = 1000;
const saidMaxBytes = 4096;
const stateMaxMs = 1000;
const exitReset = 75;
const exitNeedsPerson = 78;

export async function startLinuxBoard(options: BoardOptions): Promise<RunningBoard> {
  const { home, log } = options;
  const serial = home.serial();
  const time = createRealClock(0);
  const random = createSimRandom(randomBytes(16).toString("hex"), "line");
  const uart = createSimUart({ nowMs: time.preciseMs, baud: options.baud, random });
  const printer = createBoardPrinter({
    ...options.printer,
    onPaper: ({ escpos, png }) => log(`printed ${home.keepPaper(escpos, png)}`),
    onAnswer: () => undefined,
  });
  const cable = await openCable(uart, options.baud, () => line.pump());
  const socket = await openPrinterSocket(printer);
  const line = await openLine({ uart, link: home.ttyLink, port: options.tcpPort, onReceived: () => cable.pump() });
  const config = path.join(home.folder, "board.lua");
  writeFileSync(
    config,
    luaTable({
      serial,
      home: path.join(home.folder, "linux"),
      image: options.imagePath,
      tty: cable.tty,
      baud: options.baud,
      printer: { profile: options.printer.profile.name, port: `tcp://127.0.0.1:${socket.port}` },
    }),
    { mode: 0o600 },
  );
  const close = async (): Promise<void> => {
    await line.close();
    await cable.close();
    await socket.close();
  };
  const board = await superviseBoard(config, log).catch(async error => {
    await close();
    throw error;
  });
  return {
    facts: { kind: "linux", serial },
    line,
    wake: socket.pump,
    verbs: { ...uartVerbs(uart), ...printerVerbs(printer, socket.pump, options.printer), ...killVerb(board) },
    status: async () => ({
      ...(await board.status()),
      baud: uart.baud(),
      lostBytes: uart.lostBytes(),
      printer: printer.state(),
      papers: home.papers(),
      monotonicMs: time.monotonicMs(),
    }),
    async close() {
      await board.stop();
      await close();
    },
  };
}

const killVerb = (board: Supervised): ControlHandlers => ({
  "cut-power": request => {
    if (request.afterBytes !== undefined)
      throw new UsageError("a Linux board is killed at once; --after-bytes is not known to it");
    board.kill(numberOf(request, "offMs", 0, dayMs, powerOffMs));
    return {};
  },
});

/** A Lua file that returns the table. */
export function luaTable(values: object): string {
  const words = (value: unknown): string =>
    typeof value === "object" && value !== null
      ? `{ ${Object.entries(value)
          .map(([name, field]) => `${name} = ${words(field)}`)
          .join(", ")} }`
      : JSON.stringify(value);
  return `return ${words(values)}\n`;
}

interface Supervised {
  /** Ends it with -9; it starts again after so long. */
  kill(offMs: number): void;
  /** Asks the process; one that does not answer in time is told as it was. */
  status(): Promise<object>;
  stop(): Promise<void>;
}

/**
 * Runs kassa-board for ever, unless it says that a person is needed first. Rejects with LinuxBoardFailed when the first start
 * does not become ready.
 */
async function superviseBoard(config: string, log: (message: string) => void): Promise<Supervised> {
  let child: ChildProcess | undefined;
  let stopping = false;
  let offMs = 0;
  let boots = 0;
  const ending = new AbortController();
  let said = "";
  let state: object = {};
  let onState = (): void => undefined;

  function start(onReady: () => void): Promise<string> {
    boots++;
    said = "";
    // It ends with us, however we end: the pipe to its standard input closes.
    const started = spawn(program, [config, "--watch-stdin"], { stdio: ["pipe", "pipe", "pipe"] });
    started.stdin?.on("error", () => undefined);
    child = started;
    started.stderr?.setEncoding("utf8").on("data", (text: string) => {
      said = (said + text).slice(-saidMaxBytes);
      log(text.trimEnd());
    });
    createInterface({ input: started.stdout! }).on("line", line => {
      const facts = JSON.parse(line) as Record<string, unknown>;
      if (facts.ready === true) onReady();
      state = facts;
      onState();
    });
    return new Promise(resolve => {
      started.once("error", error => resolve(error.message));
      started.once("close", (code, signal) => resolve(signal === null ? `exit code ${code}` : signal));
    });
  }

  async function keepRunning(first: Promise<string>): Promise<void> {
    let reason = await first;
    while (!stopping) {
      child = undefined;
      if (reason !== "SIGKILL" && reason !== `exit code ${exitReset}`) log(`kassa-board ended: ${reason}`);
      if (reason === `exit code ${exitNeedsPerson}`) return;
      await pause(reason === "SIGKILL" ? offMs : restartMs, undefined, { signal: ending.signal }).catch(
        () => undefined,
      );
      if (!stopping) reason = await start(() => undefined);
    }
  }

  let first: Promise<string> = Promise.resolve("");
  const ready = new Promise<void>(resolve => {
    first = start(resolve);
  });
  const late = pause(readyMaxMs, "it did not become ready", { ref: false });
  const problem = await Promise.race([ready, first, late]);
  if (problem !== undefined) {
    child?.kill("SIGKILL");
    throw new LinuxBoardFailed(said.trim() || `kassa-board: ${problem}`);
  }
  const ended = keepRunning(first);
  return {
    kill(ms) {
      offMs = ms;
      child?.kill("SIGKILL");
    },
    async status() {
      const told = new Promise<void>(resolve => {
        onState = resolve;
      });
      child?.kill("SIGUSR1");
      await Promise.race([told, pause(stateMaxMs, undefined, { ref: false })]);
      return { running: child !== undefined, boots, ...state };
    },
    async stop() {
      stopping = true;
      ending.abort();
      child?.kill("SIGTERM");
      await ended;
    },
  };
}
