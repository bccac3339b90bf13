/**
 * The composition of the emulated board: which device answers which part of the Hal, and how they are wired.
 */
import { randomBytes } from "node:crypto";
import type { BoardFacts, Hal, PrinterProfile } from "../hal/hal";
import { emulatorGeometry, partitionsOf } from "../hal/sim/geometry";
import { createRealClock, type SimClock } from "../hal/sim/sim-clock";
import { partition } from "../hal/sim/sim-flash";
import { createSimGpio } from "../hal/sim/sim-gpio";
import { createSimHash } from "../hal/sim/sim-hash";
import { createSimRandom } from "../hal/sim/sim-random";
import { createSimSecureElement } from "../hal/sim/sim-secure-element";
import { createSimSystem } from "../hal/sim/sim-system";
import { createSimUart, type SimUart } from "../hal/sim/sim-uart";
import type { Bytes } from "../protocol/bytes";
import type { BoardHome } from "./board-home";
import { type BoardPrinter, createBoardPrinter } from "./board-printer";
import { createFaultyFlash, type FaultyFlash } from "./faults";
import { createFileFlash } from "./file-flash";
import { type Line, openLine } from "./line";
import { type Machine, startMachine } from "./machine";

export interface EmulatedBoardOptions {
  readonly home: BoardHome;
  /** The stripped bytecode. */
  readonly image: Uint8Array;
  /** TCP port on loopback, 0 = any. */
  readonly tcpPort: number;
  /** Speed of the UART after each start. */
  readonly baud: number;
  readonly log: (message: string) => void;
}

export interface EmulatedBoard {
  readonly facts: BoardFacts;
  readonly clock: SimClock;
  readonly flash: FaultyFlash;
  readonly line: Line;
  readonly machine: Machine;
  readonly printer: BoardPrinter;
  readonly uart: SimUart;
  close(): Promise<void>;
}

const printerProfile: PrinterProfile = {
  name: "emulator",
  columns: 48,
  letters: "table",
  codeTable: 53,
  qr: "command",
  confirms: true,
  cutter: true,
};

/** Powers the board on. Rejects when the TCP port is busy. */
export async function startEmulatedBoard(options: EmulatedBoardOptions): Promise<EmulatedBoard> {
  const { home, log } = options;
  const facts: BoardFacts = {
    kind: "emulator",
    serial: home.serial(),
    callBytesMax: 256,
    bootTrust: "os",
    printer: printerProfile,
  };
  const { programBytes, sectorBytes } = emulatorGeometry;
  const partitions = partitionsOf(emulatorGeometry);
  const chip = createFileFlash({
    file: home.flash,
    capacityBytes: partitions.capacityBytes,
    programBytes,
    sectorBytes,
  });
  const chance = createSimRandom(randomBytes(16).toString("hex"), "faults");
  const flash = createFaultyFlash(chip, chance);
  const cut = (name: "state" | "scratch" | "z" | "fiscal"): Hal["fiscal"] =>
    partition(flash, partitions[name].offsetBytes, partitions[name].lengthBytes);
  const clock = createRealClock(home.clockOffsetS());
  const uart = createSimUart({ nowMs: clock.preciseMs, baud: options.baud, random: chance });
  const hash = createSimHash();
  const system = createSimSystem(facts.serial as Bytes, clock.monotonicMs);
  const printer = createBoardPrinter({
    profile: facts.printer,
    onPaper: ({ escpos, png }) => log(`printed ${home.keepPaper(escpos, png)}`),
    onAnswer: () => machine.wake(),
  });
  const random = (lengthBytes: number): Bytes => randomBytes(lengthBytes).toString("latin1") as Bytes;
  const seed = randomBytes(32).toString("hex");

  const hal: Hal = {
    board: facts,
    state: cut("state"),
    scratch: cut("scratch"),
    z: cut("z"),
    fiscal: cut("fiscal"),
    hash,
    secureElement: createSimSecureElement({ seed, store: home.elementStore, random }),
    uart: uart.uart,
    printer,
    clock: { ...clock, setUtcS: utcS => setClock(utcS) },
    gpio: createSimGpio(),
    system,
  };

  /** The offset outlives the process, as a battery keeps a clock going. */
  function setClock(utcS: number): void {
    clock.setUtcS(utcS);
    home.keepClockOffsetS(clock.offsetS());
  }

  const onReceived = (): void => machine.wake();
  const line = await openLine({ uart, link: home.ttyLink, port: options.tcpPort, onReceived }).catch(error => {
    chip.close();
    throw error;
  });
  const machine = startMachine({
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

  return {
    facts,
    clock,
    flash,
    line,
    machine,
    printer,
    uart,
    async close() {
      await machine.stop();
      await line.close();
      chip.close();
    },
  };
}
