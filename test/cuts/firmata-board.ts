/**
 * A Firmata board (firmata-bench.ts) as a shop that runs in one piece needs it: board and machine, each call of which
 * waits for the other thread.
 */
import { createUnitMap, layoutOf, programBytes, sectorBytes } from "../../hal/firmata/fram-layout";
import type { Flash } from "../../hal/flash";
import type { Geometry } from "../../hal/sim/geometry";
import { createSimHal } from "../../hal/sim/sim-board";
import type { FlashSnapshot } from "../../hal/sim/sim-flash";
import { type Bytes, slice } from "../../protocol/bytes";
import type { Board } from "./board";
import { type FirmataBench, type FirmataState, firmataFacts, framBytes, restGeometry } from "./firmata-bench";
import type { Machine } from "./machine";

/** Calls of the bench, waited for. */
export type Waited = {
  readonly [Name in keyof FirmataBench]: (
    ...values: Parameters<FirmataBench[Name]>
  ) => Awaited<ReturnType<FirmataBench[Name]>>;
};

/** The line to the hobby board was lost some steps ago: the sale that was under way is over for its cashier. */
export class LinkLost extends Error {
  override readonly name = "LinkLost";
}

const layout = layoutOf(framBytes);
const capacityBytes = layout.sectorCount * sectorBytes;
/** So long the image goes on without its fiscal memory before it starts anew. */
const ticksWithoutLink = 20;

/** Of the log only: its sectors count from 0. */
export const firmataGeometry: Geometry = {
  programBytes,
  sectorBytes,
  bootBytes: 0,
  stateBytes: 0,
  slotBytes: 0,
  scratchBytes: 0,
  zBytes: 0,
  fiscalBytes: capacityBytes,
};

export function createFirmataBoard(bench: Waited): { board: Board; machine: Machine } {
  const sim = createSimHal({ geometry: restGeometry });
  const publicKey = bench.publicKey();
  let held: Bytes | undefined;
  let sectors: FlashSnapshot["sectors"] = new Map();
  let ticksAway = 0;
  /** What has happened since the last call: bytes for the module, bytes from it, time. */
  let toModule = "";
  let fromModule = "";
  let passedMs = 0;

  const fram = (): Bytes => {
    held ??= bench.fram();
    return held;
  };
  /** A sector that has not changed is the same object. */
  function sectorsNow(): FlashSnapshot["sectors"] {
    const next = new Map<number, { bytes: Bytes; marks: string; unstable: [] }>();
    for (let index = 0; index < layout.sectorCount; index++) {
      const bytes = fiscal.read(index * sectorBytes, sectorBytes) as Bytes;
      const known = sectors.get(index);
      next.set(index, known?.bytes === bytes ? (known as never) : { bytes, marks: "", unstable: [] });
    }
    sectors = next;
    return sectors;
  }
  const fiscal: Flash = {
    capacityBytes,
    programBytes,
    sectorBytes,
    read: (offsetBytes, lengthBytes) => readUnits(fram(), offsetBytes, lengthBytes),
    program: onlyRead,
    eraseSector: onlyRead,
  };
  /** Tells the bench before it is asked for something else. */
  function settle(): Waited {
    if (passedMs > 0 || toModule !== "") bench.pass(passedMs, toModule);
    passedMs = 0;
    toModule = "";
    return bench;
  }
  function begin(): void {
    held = undefined;
    passedMs = 0;
    toModule = "";
    fromModule = "";
  }

  const board: Board = {
    line: {
      read() {
        const bytes = fromModule as Bytes;
        fromModule = "";
        return bytes;
      },
      write(bytes) {
        toModule += bytes;
      },
      setBaud: () => undefined,
    },
    fiscal,
    z: { ...sim.hal.z, read: bench.readZ, program: onlyRead, eraseSector: onlyRead },
    hal: () => ({
      ...sim.hal,
      board: firmataFacts,
      secureElement: { ...sim.hal.secureElement, publicKey: () => publicKey },
    }),
    state() {
      const kept = settle().state();
      const { utcS, element, paper } = kept;
      return { flash: { sectors: sectorsNow(), eraseCounts: new Map(), random: 0 }, utcS, element, paper, kept };
    },
    enter({ kept }, seed) {
      begin();
      bench.enter(kept as FirmataState, seed);
    },
    reboot() {
      settle();
      begin();
      bench.powerOn();
    },
    wait(ms) {
      passedMs += ms;
    },
    nowS: () => settle().nowS(),
    setTime: utcS => settle().setTime(utcS),
    tearOff: bench.tearOff,
  };
  const machine: Machine = {
    boot() {
      begin();
      ticksAway = 0;
      bench.boot();
    },
    tick() {
      const { waitMs, isUp, toHost } = bench.tick(passedMs, toModule);
      begin();
      fromModule = toHost;
      ticksAway += isUp ? 0 : 1;
      if (ticksAway > ticksWithoutLink) throw new LinkLost("the hobby board is away");
      return waitMs;
    },
    close: () => undefined,
  };
  return { board, machine };
}

const onlyRead = (): never => {
  throw new Error("the judge only reads");
};

/** What the flash reads: units that are not programmed are erased, whatever the chip holds there. */
function readUnits(fram: Bytes, offsetBytes: number, lengthBytes: number): Bytes {
  const map = createUnitMap(slice(fram, layout.mapsOffset, layout.mapsOffset + layout.mapsBytes));
  const parts: string[] = [];
  for (let at = offsetBytes; at < offsetBytes + lengthBytes; ) {
    const unit = Math.floor(at / programBytes);
    const end = Math.min((unit + 1) * programBytes, offsetBytes + lengthBytes);
    const place = layout.sectorsOffset + at;
    parts.push(map.isProgrammed(unit) ? fram.slice(place, place + end - at) : "\xff".repeat(end - at));
    at = end;
  }
  return parts.join("") as Bytes;
}
