/**
 * The state area: settings, books and the place in the log, in three or more copies, so that two whole ones remain
 * while another is written.
 *
 *   copy:  | head | seal | latch | payload ... |     whole sectors; copies lie one after another
 *
 *   head:  0       4          8               12               16      20
 *          | "KST1" | sequence | payload bytes | crc32(payload) | crc32 |     u32, big-endian
 *
 * A save erases the copy that is oldest or not whole, programs the payload, then head, seal and latch (seals.ts). What
 * a cut left is settled before anyone reads on: a copy whose seal may be torn is written again under the next sequence,
 * and what is not whole is erased, so that no start sees it otherwise than the start before.
 */
import type { Flash } from "../hal/flash";
import { assert } from "../protocol/assert";
import { type Bytes, concat, readU32be, slice, u32be, utf8 } from "../protocol/bytes";
import { crc32 } from "../protocol/crc32";
import { areaOf, eraseSector, type FlashArea, isBlank, padded, programFlash, readFlash } from "./flash-access";
import { stateBytesMax, stateCopies } from "./limits";
import { programSeals, readSeals, sealsBytes } from "./seals";

export type LoadedState =
  | { readonly kind: "none" }
  /** The newest copy was finished and is damaged: an older one would bring back what was changed since. */
  | { readonly kind: "corrupt" }
  | { readonly kind: "state"; readonly sequence: number; readonly payload: Bytes };

const headBytes = 20;
const magic = utf8("KST1");

/** certain: whole for ever. uncertain: whole, but its seal may be torn. damaged: finished, and its CRC fails. */
type CopyKind = "blank" | "torn" | "uncertain" | "certain" | "damaged";

interface Copy {
  readonly index: number;
  readonly kind: CopyKind;
  /** 0 without a whole head. */
  readonly sequence: number;
  readonly lengthBytes: number;
}

interface StateArea extends FlashArea {
  readonly copySectors: number;
  readonly copies: number;
  /** Where the payload begins in a copy. */
  readonly payloadStart: number;
}

function stateAreaOf(flash: Flash, callBytesMax: number): StateArea {
  const area = areaOf(flash, callBytesMax);
  const payloadStart = padded(area, headBytes) + sealsBytes(area);
  const copySectors = Math.floor((payloadStart + stateBytesMax + area.bytesPerSector - 1) / area.bytesPerSector);
  const copies = Math.floor(area.sectorCount / copySectors);
  assert(copies >= stateCopies, "two whole copies remain while a third is written");
  return { ...area, copySectors, copies, payloadStart };
}

const copyStart = (area: StateArea, index: number): number => index * area.copySectors * area.bytesPerSector;

/** The newest state; settles first what a cut left, unless `repairs` is false. Throws FlashFailure. */
export function loadState(flash: Flash, callBytesMax: number, repairs = true): LoadedState {
  const area = stateAreaOf(flash, callBytesMax);
  const copies = readCopies(area);
  const newest = newestWhole(copies);
  const newestSequence = newest === undefined ? 0 : newest.sequence;
  if (copies.some(copy => copy.kind === "damaged" && copy.sequence > newestSequence)) {
    return { kind: "corrupt" };
  }
  for (const copy of copies) {
    if (copy.kind === "torn" && repairs) {
      eraseCopy(area, copy.index);
    }
  }
  if (newest === undefined) {
    return { kind: "none" };
  }
  const payload = readFlash(area, copyStart(area, newest.index) + area.payloadStart, newest.lengthBytes);
  if (newest.kind === "certain" || !repairs) {
    return { kind: "state", sequence: newest.sequence, payload };
  }
  saveState(flash, callBytesMax, newest.sequence + 1, payload);
  return { kind: "state", sequence: newest.sequence + 1, payload };
}

/** Writes the state under `sequence`, larger than any before. Throws FlashFailure. */
export function saveState(flash: Flash, callBytesMax: number, sequence: number, payload: Bytes): void {
  assert(payload.length <= stateBytesMax, "the state fits a copy");
  const area = stateAreaOf(flash, callBytesMax);
  const copies = readCopies(area);
  const newest = newestWhole(copies);
  assert(newest === undefined || sequence > newest.sequence, "a newer state has a larger sequence");
  const index = copyToReplace(copies);
  const start = copyStart(area, index);
  eraseCopy(area, index);
  programFlash(area, start + area.payloadStart, payload);
  programFlash(area, start, encodeHead(sequence, payload));
  programSeals(area, start + padded(area, headBytes));
}

function encodeHead(sequence: number, payload: Bytes): Bytes {
  const body = concat([magic, u32be(sequence), u32be(payload.length), u32be(crc32(payload))]);
  return concat([body, u32be(crc32(body))]);
}

function readCopies(area: StateArea): Copy[] {
  const copies: Copy[] = [];
  for (let index = 0; index < area.copies; index++) {
    copies.push(readCopy(area, index));
  }
  return copies;
}

function readCopy(area: StateArea, index: number): Copy {
  const start = copyStart(area, index);
  const head = readFlash(area, start, headBytes);
  const lengthBytes = readU32be(head, 8);
  const isHead = slice(head, 0, 4) === magic && readU32be(head, 16) === crc32(slice(head, 0, 16));
  if (!isHead || lengthBytes > stateBytesMax) {
    const kind = isBlank(area, start, area.copySectors * area.bytesPerSector) ? "blank" : "torn";
    return { index, kind, sequence: 0, lengthBytes: 0 };
  }
  const fits = crc32(readFlash(area, start + area.payloadStart, lengthBytes)) === readU32be(head, 12);
  const seal = readSeals(area, start + padded(area, headBytes));
  return {
    index,
    kind: kindOf(seal === "sealed", seal === "latched", fits),
    sequence: readU32be(head, 4),
    lengthBytes,
  };
}

function kindOf(isSealed: boolean, isLatched: boolean, fits: boolean): CopyKind {
  if (isLatched) {
    return fits ? "certain" : "damaged";
  }
  return isSealed && fits ? "uncertain" : "torn";
}

const isWhole = (copy: Copy): boolean => copy.kind === "certain" || copy.kind === "uncertain";

function newestWhole(copies: readonly Copy[]): Copy | undefined {
  let newest: Copy | undefined;
  for (const copy of copies) {
    if (isWhole(copy) && (newest === undefined || copy.sequence > newest.sequence)) {
      newest = copy;
    }
  }
  return newest;
}

/** One that is not whole, else the oldest. */
function copyToReplace(copies: readonly Copy[]): number {
  const age = (copy: Copy): number => (isWhole(copy) ? copy.sequence : -1);
  let chosen = copies[0]!;
  for (const copy of copies) {
    if (age(copy) < age(chosen)) {
      chosen = copy;
    }
  }
  return chosen.index;
}

function eraseCopy(area: StateArea, index: number): void {
  for (let sector = 0; sector < area.copySectors; sector++) {
    eraseSector(area, index * area.copySectors + sector);
  }
}
