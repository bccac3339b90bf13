/**
 * A whole board in memory, for tests: a Hal and the handles behind it. Equal seeds make equal boards, to the byte.
 */
import type { Bytes } from "../../protocol/bytes";
import type { BoardFacts, Hal, PrinterProfile } from "../hal";
import type { Printer } from "../printer";
import { type Geometry, partitionsOf, testGeometry } from "./geometry";
import { createVirtualClock, type SimClock } from "./sim-clock";
import { createSimFlash, partition, type SimFlash } from "./sim-flash";
import { createSimGpio, type SimGpio } from "./sim-gpio";
import { createSimHash } from "./sim-hash";
import { createSimPrinter, type SimPrinter } from "./sim-printer";
import { createSimRandom } from "./sim-random";
import { createMemoryStore, createSimSecureElement, type ElementStore } from "./sim-secure-element";
import { createSimSystem, type ResetCause, type SimSystem } from "./sim-system";
import { createSimUart, type SimUart } from "./sim-uart";

export interface SimBoardOptions {
  readonly seed?: number;
  readonly geometry?: Geometry;
  /** A flash that has lived before; by default a fresh one of this geometry. */
  readonly flash?: SimFlash;
  readonly clock?: SimClock;
  /** The element's memory, to carry it from board to board. */
  readonly elementStore?: ElementStore;
  /** True when the line takes time. */
  readonly paced?: boolean;
  readonly facts?: Partial<BoardFacts>;
  /** In place of the simple printer. */
  readonly printer?: Printer;
}

export interface SimBoard {
  readonly hal: Hal;
  readonly flash: SimFlash;
  readonly clock: SimClock;
  readonly uart: SimUart;
  /** The simple printer; not the one of the options. */
  readonly printer: SimPrinter;
  readonly gpio: SimGpio;
  readonly system: SimSystem;
  /** Power on again: what was in RAM is gone, the flash stays. Then call start(hal) anew. */
  reboot(cause: ResetCause): void;
}

export const simProfile: PrinterProfile = {
  name: "sim",
  columns: 48,
  letters: "table",
  codeTable: 53,
  qr: "command",
  confirms: true,
  cutter: true,
};

export const simFacts: BoardFacts = {
  kind: "sim",
  serial: "KZT00000001",
  callBytesMax: 256,
  bootTrust: "none",
  printer: simProfile,
};

export function createSimHal(options: SimBoardOptions = {}): SimBoard {
  const { seed = 1, geometry = testGeometry, clock = createVirtualClock() } = options;
  const partitions = partitionsOf(geometry);
  const { programBytes, sectorBytes } = geometry;
  const flash =
    options.flash ?? createSimFlash({ capacityBytes: partitions.capacityBytes, programBytes, sectorBytes, seed });
  const cut = (name: "state" | "scratch" | "z" | "fiscal"): Hal["fiscal"] =>
    partition(flash, partitions[name].offsetBytes, partitions[name].lengthBytes);
  const board: BoardFacts = { ...simFacts, ...options.facts };
  const hash = createSimHash();
  const nowMs = options.paced === true ? clock.preciseMs : undefined;
  const uart = createSimUart({ nowMs, random: createSimRandom(seed, "line") });
  const printer = createSimPrinter({ confirms: board.printer.confirms });
  const gpio = createSimGpio();
  const system = createSimSystem(createSimRandom(seed, "unique id").bytes(8) as Bytes, clock.monotonicMs);
  const secureElement = createSimSecureElement({ seed, store: options.elementStore ?? createMemoryStore() });

  const hal: Hal = {
    board,
    state: cut("state"),
    scratch: cut("scratch"),
    z: cut("z"),
    fiscal: cut("fiscal"),
    hash,
    secureElement,
    uart: uart.uart,
    printer: options.printer ?? printer,
    clock,
    gpio,
    system,
  };
  return {
    hal,
    flash,
    clock,
    uart,
    printer,
    gpio,
    system,
    reboot(cause) {
      flash.powerOn();
      hash.reset();
      uart.reset();
      clock.reset();
      system.boot(cause);
    },
  };
}
