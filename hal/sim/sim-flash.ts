/**
 * A flash chip in memory, stricter than any real one, whose power can be cut in the middle of every call.
 *
 * Only erased bytes can be programmed, each once; calls are aligned and inside; every sector counts its erases. A torn
 * program leaves a prefix, a suffix, a random subset of its bits, or bytes that read differently each time; a torn
 * erase one of eight states. What a torn call touched must be erased before it is programmed again, however it reads.
 *
 * Sectors are immutable values in a map, so that a snapshot costs as much as there are sectors in use. Runs in Node and
 * in Lua.
 */
import { assert } from "../../protocol/assert";
import { type Bytes, byteAt, concat, emptyBytes, packBytes, repeatByte, slice } from "../../protocol/bytes";
import type { Flash, FlashError } from "../flash";

/** What a cut in the middle of a program leaves of its bytes. */
export type Tear = "prefix" | "suffix" | "subset" | "unstable";
export const tears: readonly Tear[] = ["prefix", "suffix", "subset", "unstable"];
/** Untouched, erased, first half erased, second half erased, all zeros, random, mixed bit by bit, reads differently. */
export const eraseStates = 8;
const shortCallBytes = 4;

/** When power fails: inside the program of byte number `afterBytes`, or inside the call after `afterCalls` whole ones. */
export interface PowerCut {
  readonly afterBytes?: number;
  readonly afterCalls?: number;
  readonly tear: Tear;
  /** 0 to 7; see eraseStates. */
  readonly eraseState?: number;
}

/** The chip has no power any more: leaves every call, until `powerOn` or `restore`. */
export class PowerLost extends Error {
  constructor() {
    super("power lost");
    this.name = "PowerLost";
  }
}

export type FlashCall =
  | { readonly kind: "program"; readonly offsetBytes: number; readonly lengthBytes: number }
  | { readonly kind: "erase"; readonly offsetBytes: number };

/** The whole chip at one moment. */
export interface FlashSnapshot {
  readonly sectors: ReadonlyMap<number, Sector>;
  readonly eraseCounts: ReadonlyMap<number, number>;
  readonly random: number;
}

/** @noSelf */
export interface SimFlash extends Flash {
  /** Arms the next power cut, counted from now; undefined disarms. */
  cutPower(cut: PowerCut | undefined): void;
  /** Power comes back: the torn bytes stay as they are. */
  powerOn(): void;
  readonly isPowerLost: () => boolean;
  snapshot(): FlashSnapshot;
  /** Back to a snapshot, with power on and no cut armed. */
  restore(snapshot: FlashSnapshot): void;
  /** Begins to write down all programs and erases; returns the list, which grows. */
  record(): readonly FlashCall[];
  eraseCount(offsetBytes: number): number;
  /** Changes bytes as no program could: what radiation or a thief leaves. */
  corrupt(offsetBytes: number, data: Bytes): void;
}

export interface SimFlashOptions {
  readonly capacityBytes: number;
  readonly programBytes: number;
  readonly sectorBytes: number;
  /** Contents, from offset 0; the rest is erased. */
  readonly image?: Bytes;
  readonly seed?: number;
  /** Erases that a sector survives. */
  readonly erasesMax?: number;
}

interface Sector {
  readonly bytes: Bytes;
  /** One character a program unit: "." may be programmed, "x" not before the next erase. */
  readonly marks: string;
  readonly unstable: readonly UnstableRange[];
}

/** Each read of these bytes gives every bit from `before` or from `after`. */
interface UnstableRange {
  readonly offsetBytes: number;
  readonly before: Bytes;
  readonly after: Bytes;
}

export function createSimFlash(options: SimFlashOptions): SimFlash {
  const { capacityBytes, programBytes, sectorBytes } = options;
  assert(capacityBytes % sectorBytes === 0 && sectorBytes % programBytes === 0, "sectors divide the chip evenly");
  const erased: Sector = {
    bytes: repeatByte(0xff, sectorBytes),
    marks: marksOf(".", Math.floor(sectorBytes / programBytes)),
    unstable: [],
  };
  const random = createRandom(options.seed ?? 1);
  let sectors = new Map<number, Sector>();
  /** Never changed, only replaced: snapshots share it. */
  let eraseCounts: ReadonlyMap<number, number> = new Map<number, number>();
  let cut: PowerCut | undefined;
  let programmedBytes = 0;
  let calls = 0;
  let isPowerLost = false;
  let recorded: FlashCall[] | undefined;

  const sectorAt = (index: number): Sector => sectors.get(index) ?? erased;
  const indexOf = (offsetBytes: number): number => Math.floor(offsetBytes / sectorBytes);

  function loadImage(image: Bytes): void {
    for (let offset = 0; offset < image.length; offset += sectorBytes) {
      const part = slice(image, offset, Math.min(offset + sectorBytes, image.length));
      if (part !== slice(erased.bytes, 0, part.length)) {
        const bytes = concat([part, slice(erased.bytes, part.length, sectorBytes)]);
        sectors.set(indexOf(offset), { bytes, marks: marksOfBytes(bytes, programBytes), unstable: [] });
      }
    }
  }

  function boundsError(offsetBytes: number, lengthBytes: number): FlashError | undefined {
    if (isPowerLost) {
      throw new PowerLost();
    }
    const isInside = offsetBytes >= 0 && lengthBytes >= 0 && offsetBytes + lengthBytes <= capacityBytes;
    return isInside ? undefined : { kind: "outOfBounds", offsetBytes };
  }

  function readSector(index: number, from: number, to: number): Bytes {
    const sector = sectorAt(index);
    let bytes = slice(sector.bytes, from, to);
    for (const range of sector.unstable) {
      const start = Math.max(from, range.offsetBytes);
      const end = Math.min(to, range.offsetBytes + range.before.length);
      if (start < end) {
        const before = slice(range.before, start - range.offsetBytes, end - range.offsetBytes);
        const after = slice(range.after, start - range.offsetBytes, end - range.offsetBytes);
        bytes = overlay(bytes, start - from, mixBits(before, after, chanceOf(range), random));
      }
    }
    return bytes;
  }

  /** Cells of a short call flip together: all as before, all as after, or each bit for itself. */
  function chanceOf(range: UnstableRange): number {
    return range.before.length > shortCallBytes ? 50 : 50 * random.below(3);
  }

  function read(offsetBytes: number, lengthBytes: number): Bytes | FlashError {
    const outside = boundsError(offsetBytes, lengthBytes);
    if (outside !== undefined) {
      return outside;
    }
    const parts: Bytes[] = [];
    let offset = offsetBytes;
    const end = offsetBytes + lengthBytes;
    while (offset < end) {
      const from = offset % sectorBytes;
      const to = Math.min(sectorBytes, from + end - offset);
      parts.push(readSector(indexOf(offset), from, to));
      offset += to - from;
    }
    return concat(parts);
  }

  function programError(offsetBytes: number, lengthBytes: number): FlashError | undefined {
    const outside = boundsError(offsetBytes, lengthBytes);
    if (outside !== undefined) {
      return outside;
    }
    if (offsetBytes % programBytes !== 0 || lengthBytes % programBytes !== 0) {
      return { kind: "notAligned", offsetBytes };
    }
    let offset = offsetBytes;
    while (offset < offsetBytes + lengthBytes) {
      const marks = sectorAt(indexOf(offset)).marks;
      if (marks.charAt(Math.floor((offset % sectorBytes) / programBytes)) !== ".") {
        return { kind: "notErased", offsetBytes: offset };
      }
      offset += programBytes;
    }
    return undefined;
  }

  /** Replaces the part of one sector; what it touches cannot be programmed again. */
  function store(offsetBytes: number, data: Bytes, unstable: UnstableRange | undefined): void {
    const index = indexOf(offsetBytes);
    const sector = sectorAt(index);
    const from = offsetBytes % sectorBytes;
    const first = Math.floor(from / programBytes);
    const count = Math.floor(data.length / programBytes);
    const marks =
      sector.marks.substring(0, first) +
      marksOf("x", count) +
      sector.marks.substring(first + count, sector.marks.length);
    const ranges = unstable === undefined ? sector.unstable : [...sector.unstable, unstable];
    sectors.set(index, { bytes: overlay(sector.bytes, from, data), marks, unstable: ranges });
  }

  /** A program may span sectors; each part is stored alone. */
  function storeAll(offsetBytes: number, data: Bytes, isUnstable: boolean): void {
    let done = 0;
    while (done < data.length) {
      const offset = offsetBytes + done;
      const part = slice(data, done, Math.min(data.length, done + sectorBytes - (offset % sectorBytes)));
      if (isUnstable) {
        const before = repeatByte(0xff, part.length);
        store(offset, before, { offsetBytes: offset % sectorBytes, before, after: part });
      } else {
        store(offset, part, undefined);
      }
      done += part.length;
    }
  }

  /** Leaves what a program that is cut inside its byte number `count` (from 0) leaves. */
  function tearProgram(offsetBytes: number, data: Bytes, count: number, tear: Tear): void {
    if (count > 0) {
      const blank = repeatByte(0xff, data.length);
      if (tear === "unstable") {
        storeAll(offsetBytes, data, true);
      } else if (tear === "subset") {
        const percent = Math.floor((100 * count) / data.length);
        storeTouched(offsetBytes, mixBits(blank, data, percent, random));
      } else if (tear === "prefix") {
        storeTouched(offsetBytes, overlay(blank, 0, slice(data, 0, count)));
      } else {
        const from = data.length - count;
        storeTouched(offsetBytes, overlay(blank, from, slice(data, from, data.length)));
      }
    }
    losePower();
  }

  /** Stores only the units that are not blank: the others were never reached. */
  function storeTouched(offsetBytes: number, data: Bytes): void {
    const blank = repeatByte(0xff, programBytes);
    for (let offset = 0; offset < data.length; offset += programBytes) {
      const unit = slice(data, offset, offset + programBytes);
      if (unit !== blank) {
        store(offsetBytes + offset, unit, undefined);
      }
    }
  }

  function losePower(): void {
    cut = undefined;
    isPowerLost = true;
    throw new PowerLost();
  }

  function program(offsetBytes: number, data: Bytes): FlashError | undefined {
    const error = programError(offsetBytes, data.length);
    if (error !== undefined) {
      return error;
    }
    recorded?.push({ kind: "program", offsetBytes, lengthBytes: data.length });
    if (cut !== undefined) {
      if (cut.afterBytes !== undefined && programmedBytes + data.length > cut.afterBytes) {
        tearProgram(offsetBytes, data, cut.afterBytes - programmedBytes, cut.tear);
      } else if (cut.afterCalls === calls) {
        tearProgram(offsetBytes, data, Math.floor((data.length + 1) / 2), cut.tear);
      }
    }
    calls += 1;
    programmedBytes += data.length;
    storeAll(offsetBytes, data, false);
    return undefined;
  }

  /** What is left of a sector whose erase was cut; state 7 reads differently each time. */
  function tornSector(bytes: Bytes, state: number): Bytes {
    const blank = erased.bytes;
    const half = Math.floor(sectorBytes / 2);
    if (state === 0 || state === 7) {
      return bytes;
    }
    if (state === 1) {
      return blank;
    }
    if (state === 2) {
      return overlay(bytes, 0, slice(blank, 0, half));
    }
    if (state === 3) {
      return overlay(bytes, half, slice(blank, half, sectorBytes));
    }
    const zeros = repeatByte(0, sectorBytes);
    if (state === 4) {
      return zeros;
    }
    return state === 5 ? mixBits(blank, zeros, 50, random) : mixBits(bytes, blank, 50, random);
  }

  function tearErase(index: number, state: number): void {
    const { bytes } = sectorAt(index);
    const unstable = state === 7 ? [{ offsetBytes: 0, before: bytes, after: erased.bytes }] : [];
    const marks = marksOf("x", erased.marks.length);
    sectors.set(index, { bytes: tornSector(bytes, state), marks, unstable });
    losePower();
  }

  function eraseSector(offsetBytes: number): FlashError | undefined {
    const outside = boundsError(offsetBytes, sectorBytes);
    if (outside !== undefined) {
      return outside;
    }
    if (offsetBytes % sectorBytes !== 0) {
      return { kind: "notAligned", offsetBytes };
    }
    const index = indexOf(offsetBytes);
    const count = (eraseCounts.get(index) ?? 0) + 1;
    if (options.erasesMax !== undefined && count > options.erasesMax) {
      return { kind: "worn", offsetBytes };
    }
    recorded?.push({ kind: "erase", offsetBytes });
    const counts = new Map(eraseCounts);
    counts.set(index, count);
    eraseCounts = counts;
    if (cut !== undefined && cut.afterCalls === calls) {
      tearErase(index, cut.eraseState ?? 0);
    }
    calls += 1;
    sectors.delete(index);
    return undefined;
  }

  loadImage(options.image ?? emptyBytes);

  return {
    capacityBytes,
    programBytes,
    sectorBytes,
    read,
    program,
    eraseSector,
    cutPower(next) {
      cut = next;
      programmedBytes = 0;
      calls = 0;
    },
    powerOn() {
      isPowerLost = false;
      cut = undefined;
    },
    isPowerLost: () => isPowerLost,
    snapshot: () => ({ sectors: new Map(sectors), eraseCounts, random: random.state() }),
    restore(snapshot) {
      sectors = new Map(snapshot.sectors);
      eraseCounts = snapshot.eraseCounts;
      random.setState(snapshot.random);
      isPowerLost = false;
      cut = undefined;
    },
    record() {
      recorded = [];
      return recorded;
    },
    eraseCount: offsetBytes => eraseCounts.get(indexOf(offsetBytes)) ?? 0,
    corrupt(offsetBytes, data) {
      for (let at = 0; at < data.length; at++) {
        const index = indexOf(offsetBytes + at);
        const sector = sectorAt(index);
        const bytes = overlay(sector.bytes, (offsetBytes + at) % sectorBytes, slice(data, at, at + 1));
        sectors.set(index, { ...sector, bytes });
      }
    },
  };
}

/** Part of a flash as a flash of its own; whole sectors. */
export function partition(flash: Flash, offsetBytes: number, lengthBytes: number): Flash {
  assert(offsetBytes % flash.sectorBytes === 0, "a partition begins at a sector");
  assert(lengthBytes % flash.sectorBytes === 0, "a partition ends at a sector");
  const isInside = (offset: number, length: number): boolean =>
    offset >= 0 && length >= 0 && offset + length <= lengthBytes;
  const outside = (offset: number): FlashError => ({ kind: "outOfBounds", offsetBytes: offset });
  const own = (error: FlashError): FlashError => ({ kind: error.kind, offsetBytes: error.offsetBytes - offsetBytes });
  return {
    capacityBytes: lengthBytes,
    programBytes: flash.programBytes,
    sectorBytes: flash.sectorBytes,
    read(offset, length) {
      if (!isInside(offset, length)) {
        return outside(offset);
      }
      const bytes = flash.read(offsetBytes + offset, length);
      return typeof bytes === "string" ? bytes : own(bytes);
    },
    program(offset, data) {
      if (!isInside(offset, data.length)) {
        return outside(offset);
      }
      const error = flash.program(offsetBytes + offset, data);
      return error === undefined ? undefined : own(error);
    },
    eraseSector(offset) {
      if (!isInside(offset, flash.sectorBytes)) {
        return outside(offset);
      }
      const error = flash.eraseSector(offsetBytes + offset);
      return error === undefined ? undefined : own(error);
    },
  };
}

const overlay = (bytes: Bytes, offset: number, data: Bytes): Bytes =>
  concat([slice(bytes, 0, offset), data, slice(bytes, offset + data.length, bytes.length)]);

function marksOf(mark: string, count: number): string {
  return mark.repeat(count);
}

function marksOfBytes(bytes: Bytes, programBytes: number): string {
  const blank = repeatByte(0xff, programBytes);
  let marks = "";
  for (let offset = 0; offset < bytes.length; offset += programBytes) {
    marks += slice(bytes, offset, offset + programBytes) === blank ? "." : "x";
  }
  return marks;
}

/** @noSelf */
interface Random {
  /** A number from 0 to `limit` - 1; `limit` at most 65536. */
  below(limit: number): number;
  state(): number;
  setState(state: number): void;
}

/** Lehmer's generator (Park and Miller 1988): equal in Node and Lua. */
function createRandom(seed: number): Random {
  let state = ((seed * 7919 + 1) % 2147483646) + 1;
  return {
    below(limit) {
      state = (state * 48271) % 2147483647;
      return Math.floor(state / 16) % limit;
    },
    state: () => state,
    setState(next) {
      state = next;
    },
  };
}

/** Takes each bit that differs from `after` with this chance, else from `before`. */
function mixBits(before: Bytes, after: Bytes, percent: number, random: Random): Bytes {
  if (before === after) {
    return before;
  }
  const values: number[] = [];
  for (let index = 0; index < before.length; index++) {
    const from = byteAt(before, index);
    const to = byteAt(after, index);
    values.push(from === to ? from : mixByte(from, to, percent, random));
  }
  return packBytes(values);
}

function mixByte(before: number, after: number, percent: number, random: Random): number {
  let mask = 0;
  for (let weight = 1; weight < 256; weight *= 2) {
    mask += random.below(100) < percent ? weight : 0;
  }
  return (before & (255 - mask)) + (after & mask);
}
