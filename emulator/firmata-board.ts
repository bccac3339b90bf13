/**
 * The composition of the Firmata board: fiscal flash, printer, lights and drawer are behind a hobby board's serial port
 * (hal/firmata); keys, clock, the other partitions and the line to the host are the emulator's. Without a real port the
 * hobby board is emulated too (firmata-device.ts).
 *
 *   fram.bin    what the emulated FRAM holds          fram.json   whether this board has ever had one
 *
 * The image starts anew each time that the FRAM is proved to be ours: what a call did that failed half-way only a start
 * finds out.
 */
import { randomBytes } from "node:crypto";
import { existsSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { openFirmataBoard } from "../hal/firmata/board";
import { callBytesMax } from "../hal/firmata/limits";
import { framAddress, type WiringName, wirings } from "../hal/firmata/wiring";
import type { BoardFacts, Hal } from "../hal/hal";
import { emulatorGeometry, partitionsOf } from "../hal/sim/geometry";
import { createRealClock } from "../hal/sim/sim-clock";
import { partition } from "../hal/sim/sim-flash";
import { createSimHash } from "../hal/sim/sim-hash";
import { createSimRandom, type SimRandom } from "../hal/sim/sim-random";
import { createSimSecureElement } from "../hal/sim/sim-secure-element";
import { createSimSystem } from "../hal/sim/sim-system";
import { createSimUart } from "../hal/sim/sim-uart";
import type { BridgedHal } from "../hal/vm/hal-bridge";
import type { Bytes } from "../protocol/bytes";
import { keptClock } from "./board-home";
import { type BoardPrinter, createBoardPrinter, usualProfile } from "./board-printer";
import { booleanOf, type ControlHandlers, numberOf, UsageError } from "./control";
import { createFileFlash } from "./file-flash";
import { createFramChip, type FirmataDevice, startFirmataDevice } from "./firmata-device";
import { openLine } from "./line";
import { type Machine, startMachine } from "./machine";
import { type BoardOptions, framSizes, type RunningBoard } from "./running-board";
import { clockVerbs, dayMs, powerOffMs, printerVerbs, uartVerbs } from "./verbs";

export interface FirmataRunOptions extends BoardOptions {
  /** 128 KB unless told. */
  readonly framBytes?: 32768 | 131072;
  /** The tty of a real hobby board. */
  readonly port?: string;
  /** How that one is wired: the first way that fits it unless told. The emulated one is a Mega. */
  readonly wiring?: WiringName;
}

type FlashCall = "read" | "program" | "eraseSector";

/** All partitions but the fiscal one. */
const geometry = { ...emulatorGeometry, fiscalBytes: 0 };

/** The hobby board that is emulated when there is no real one. */
interface Emulated {
  readonly device: FirmataDevice;
  readonly printer: BoardPrinter;
  close(): void;
}

function emulate(options: FirmataRunOptions, framBytes: number, random: SimRandom): Emulated {
  const { home, log } = options;
  const printer = createBoardPrinter({
    profile: usualProfile,
    onPaper: ({ escpos, png }) => log(`printed ${home.keepPaper(escpos, png)}`),
    onAnswer: () => undefined,
  });
  const file = path.join(home.folder, "fram.bin");
  // A chip that is there keeps its size, whatever is asked for: cutting it would cut the log.
  const foundBytes = existsSync(file) ? statSync(file).size : framBytes;
  const capacityBytes = framSizes.find(size => size === foundBytes) ?? framBytes;
  const chip = createFramChip({ file, capacityBytes, i2cAddress: framAddress });
  const device = startFirmataDevice({ fram: [chip], printer, paced: options.paced !== false, random, log });
  return {
    device,
    printer,
    close() {
      device.close();
      chip.close();
    },
  };
}

/** Powers the board on. Rejects when the TCP port is busy. */
export async function startFirmataBoard(options: FirmataRunOptions): Promise<RunningBoard> {
  const { home, log, port, wiring, framBytes = 131072 } = options;
  const facts: BoardFacts = {
    kind: "firmata",
    serial: home.serial(),
    callBytesMax,
    bootTrust: "none",
    printer: usualProfile,
  };
  const { programBytes, sectorBytes } = geometry;
  const partitions = partitionsOf(geometry);
  const { capacityBytes } = partitions;
  const clock = createRealClock(home.clockOffsetS());
  const chance = createSimRandom(randomBytes(16).toString("hex"), "faults");
  const uart = createSimUart({ nowMs: clock.preciseMs, baud: options.baud, random: chance });
  const wake = (): void => machine?.wake();
  const line = await openLine({ uart, link: home.ttyLink, port: options.tcpPort, onReceived: wake });
  const chip = createFileFlash({ file: home.flash, capacityBytes, programBytes, sectorBytes });
  const cut = (name: "state" | "scratch" | "z"): Hal["state"] =>
    partition(chip, partitions[name].offsetBytes, partitions[name].lengthBytes);
  const hash = createSimHash();
  const system = createSimSystem(facts.serial as Bytes, clock.monotonicMs);
  const random = (lengthBytes: number): Bytes => randomBytes(lengthBytes).toString("latin1") as Bytes;
  const emulated = port === undefined ? emulate(options, framBytes, chance) : undefined;
  let machine: Machine | undefined;

  const firmata = openFirmataBoard({
    path: () => port ?? emulated?.device.path ?? "",
    wiring,
    serial: facts.serial,
    profile: facts.printer,
    framBytes,
    memory: framMemory(path.join(home.folder, "fram.json")),
    // The first time, the image has not started yet.
    onReady: () => machine?.cutPower(0),
    onPrinter: wake,
    log,
  });
  const hal: BridgedHal = {
    board: facts,
    state: cut("state"),
    scratch: cut("scratch"),
    z: cut("z"),
    fiscal: { ...firmata.fiscal, ...patient(firmata.fiscal, system.feedWatchdog) },
    hash,
    secureElement: createSimSecureElement({ seed: randomBytes(32).toString("hex"), store: home.elementStore, random }),
    uart: uart.uart,
    printer: firmata.printer,
    clock: keptClock(clock, home),
    gpio: firmata.gpio,
    system,
  };
  await firmata.settled;
  const running = startMachine({
    image: options.image,
    hal,
    system,
    log,
    onTick: line.pump,
    onPowerOn(cause) {
      hash.reset();
      uart.reset();
      clock.reset();
      system.boot(cause);
    },
  });
  machine = running;

  return {
    facts,
    line,
    wake,
    verbs: {
      ...uartVerbs(uart),
      ...powerVerbs(running),
      ...clockVerbs(clock, home, wake),
      ...(emulated === undefined ? {} : { ...printerVerbs(emulated.printer, wake), ...deviceVerbs(emulated.device) }),
    },
    status: () => ({
      ...running.status(),
      ...firmata.status(),
      carriedBytes: emulated?.device.carried(),
      baud: uart.baud(),
      lostBytes: uart.lostBytes(),
      printer: emulated?.printer.state(),
      papers: home.papers(),
      utcS: clock.utcS(),
      monotonicMs: clock.monotonicMs(),
    }),
    async close() {
      await running.stop();
      await line.close();
      await firmata.close();
      emulated?.close();
      chip.close();
    },
  };
}

/** The image waits for the line: that is no time of its own, for which its watchdog would bite. */
function patient(flash: BridgedHal["fiscal"], feedWatchdog: () => void): Pick<BridgedHal["fiscal"], FlashCall> {
  const afterwards = async <Result>(result: Result | Promise<Result>): Promise<Result> => {
    const awaited = await result;
    feedWatchdog();
    return awaited;
  };
  return {
    read: (offsetBytes, lengthBytes) => afterwards(flash.read(offsetBytes, lengthBytes)),
    program: (offsetBytes, data) => afterwards(flash.program(offsetBytes, data)),
    eraseSector: offsetBytes => afterwards(flash.eraseSector(offsetBytes)),
  };
}

/** A file that is there says yes. */
const framMemory = (file: string) => ({
  hadFram: () => existsSync(file),
  rememberFram() {
    if (!existsSync(file)) writeFileSync(file, `${JSON.stringify({ hadFram: true })}\n`, { mode: 0o600 });
  },
});

const powerVerbs = (machine: Machine): ControlHandlers => ({
  "cut-power": request => {
    if (request.afterBytes !== undefined) throw new UsageError("a board of kind firmata has no cut-power afterBytes");
    machine.cutPower(numberOf(request, "offMs", 0, dayMs, powerOffMs));
    return {};
  },
});

/** A finger rests on a button longer than its bouncing takes. */
const pressMs = 60;

async function pressFeed({ setInput }: FirmataDevice): Promise<void> {
  const { feed } = wirings.mega.pins;
  setInput(feed, "closed");
  await new Promise(resolve => setTimeout(resolve, pressMs));
  setInput(feed, "open");
}

/** The plug, the reset button and the feed button of the hobby board. */
const deviceVerbs = (device: FirmataDevice): ControlHandlers => ({
  device: async request => {
    if (request.feed === true) await pressFeed(device);
    else if (request.reset === true) device.reset();
    else if (booleanOf(request, "connected")) device.plug();
    else device.unplug();
    return {};
  },
});
