/**
 * The board under test: the simulated one, watched. Every call that changes something outside the module's RAM is shown
 * to an observer before it is made: a program, an erase, bytes to line or printer, the element's work.
 */
import type { Flash } from "../../hal/flash";
import type { Hal } from "../../hal/hal";
import type { Geometry } from "../../hal/sim/geometry";
import { createSimHal } from "../../hal/sim/sim-board";
import type { FlashSnapshot, PowerCut } from "../../hal/sim/sim-flash";
import { PowerLost } from "../../hal/sim/sim-flash";
import type { SimPrinter } from "../../hal/sim/sim-printer";
import { createSimRandom } from "../../hal/sim/sim-random";
import { createSimSecureElement } from "../../hal/sim/sim-secure-element";
import type { HostEnd } from "../../hal/sim/sim-uart";
import type { Bytes } from "../../protocol/bytes";

export type Part = "state" | "scratch" | "z" | "fiscal";
export type Call =
  | { readonly kind: "program"; readonly part: Part; readonly offsetBytes: number; readonly data: Bytes }
  | { readonly kind: "erase"; readonly part: Part; readonly offsetBytes: number }
  | { readonly kind: "device"; readonly name: string };

/** What of a board outlives the power. */
export interface BoardState {
  readonly flash: FlashSnapshot;
  readonly utcS: number;
  readonly element: string;
  /** What came out of the printer so far, unless somebody has torn it off. */
  readonly paper: Bytes;
  /** What a board that is not simulated keeps beside all this. */
  readonly kept?: unknown;
}

/** A board as a shop and its judge need it. */
export interface Board {
  readonly line: HostEnd;
  /** For the next boot. */
  hal(): Hal;
  state(): BoardState;
  /** Puts a state in place, as it is after the power came back; `seed` names this life: all chance is drawn from it. */
  enter(state: BoardState, seed: string): void;
  /** Power off and on. */
  reboot(): void;
  wait(ms: number): void;
  nowS(): number;
  setTime(utcS: number): void;
  tearOff(): void;
  readonly fiscal: Flash;
  readonly z: Flash;
}

/** The simulated one. */
export interface WatchedBoard extends Board {
  observe(observer: ((call: Call) => void) | undefined): void;
  /** Makes one call, during which the power fails. */
  tear(call: Call, cut: PowerCut): void;
  /** The clock's battery is empty. */
  loseTime(): void;
  /** What a person does at the printer. */
  readonly printer: Pick<SimPrinter, "setPaper" | "setCover" | "setOnline">;
  paper(): Bytes;
}

export const serial = "KZT00000001";

export function createBoard(geometry: Geometry): WatchedBoard {
  const sim = createSimHal({ geometry });
  let observer: ((call: Call) => void) | undefined;
  let random = createSimRandom("first life", "chance");
  let element = "";
  let paperBefore = "" as Bytes;

  const store = {
    load: () => (element === "" ? undefined : element),
    save(kept: string) {
      element = kept;
    },
  };
  const show = (call: Call): void => observer?.(call);
  const shown = <Values extends unknown[], Result>(name: string, run: (...values: Values) => Result) => {
    return (...values: Values): Result => {
      show({ kind: "device", name });
      return run(...values);
    };
  };
  const watchFlash = (part: Part): Flash => ({
    ...sim.hal[part],
    program(offsetBytes, data) {
      show({ kind: "program", part, offsetBytes, data });
      return sim.hal[part].program(offsetBytes, data);
    },
    eraseSector(offsetBytes) {
      show({ kind: "erase", part, offsetBytes });
      return sim.hal[part].eraseSector(offsetBytes);
    },
  });
  const { uart, printer } = sim.hal;
  const watched = {
    ...sim.hal,
    state: watchFlash("state"),
    scratch: watchFlash("scratch"),
    z: watchFlash("z"),
    fiscal: watchFlash("fiscal"),
    uart: { ...uart, write: shown("uart.write", uart.write) },
    printer: { ...printer, write: shown("printer.write", printer.write) },
  };

  function powerOn(): void {
    sim.reboot("power");
    paperBefore = paper();
    sim.printer.setOnline(false);
    sim.printer.setOnline(true);
    sim.printer.clearPrinted();
  }
  const paper = (): Bytes => (paperBefore + sim.printer.printed()) as Bytes;

  return {
    line: sim.uart.host,
    fiscal: sim.hal.fiscal,
    z: sim.hal.z,
    hal() {
      const own = createSimSecureElement({ seed: 1, store, random: length => random.bytes(length) });
      const { sign, seal, counterStep } = own;
      return {
        ...watched,
        secureElement: {
          ...own,
          sign: shown("element.sign", sign),
          seal: shown("element.seal", seal),
          counterStep: shown("element.counterStep", counterStep),
        },
      };
    },
    observe(next) {
      observer = next;
    },
    state: () => ({ flash: sim.flash.snapshot(), utcS: sim.clock.utcS() ?? 0, element, paper: paper() }),
    enter(state, seed) {
      sim.flash.restore(state.flash);
      sim.clock.setUtcS(state.utcS);
      element = state.element;
      random = createSimRandom(seed, "chance");
      powerOn();
      paperBefore = state.paper;
    },
    tear(call, cut) {
      sim.flash.cutPower(cut);
      try {
        if (call.kind === "program") sim.hal[call.part].program(call.offsetBytes, call.data);
        else if (call.kind === "erase") sim.hal[call.part].eraseSector(call.offsetBytes);
      } catch (error) {
        if (!(error instanceof PowerLost)) throw error;
      }
      sim.flash.powerOn();
    },
    reboot: powerOn,
    wait: ms => sim.clock.advance(ms),
    nowS: () => sim.clock.utcS() ?? 0,
    setTime: utcS => sim.clock.setUtcS(utcS),
    loseTime: sim.clock.loseTime,
    printer: sim.printer,
    paper,
    tearOff() {
      paperBefore = "" as Bytes;
      sim.printer.clearPrinted();
    },
  };
}
