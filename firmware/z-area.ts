/**
 * Z control records, one a shift, for ten years: slots of 256 bytes (512 with program units above 8), written once and
 * never erased.
 *
 *   0      1        4       8
 *   | kind | length | crc32 | payload ... 0xff | seal | latch |
 *
 * kind "Z": a record. One whose seal may be torn is settled before anyone reads on by a word in a slot after it: kind
 * "C" (the record counts) or "V" (it does not), its slot number as the payload; the last word holds. length is u24;
 * crc32 covers kind, length and payload.
 */
import type { Flash } from "../hal/flash";
import { assert } from "../protocol/assert";
import { type Bytes, byteAt, bytesOf, concat, readU32be, slice, u32be } from "../protocol/bytes";
import { crc32 } from "../protocol/crc32";
import {
  areaOf,
  assertStored,
  type FlashArea,
  flashFailure,
  isBlank,
  padded,
  programFlash,
  readFlash,
} from "./flash-access";
import { zPayloadBytesMax, zRecordBytesMax } from "./limits";
import { programSeals, readSeals, type Seal, sealsBytes } from "./seals";

const headBytes = 8;
const kindRecord = 0x5a;
const kindCounts = 0x43;
const kindVoid = 0x56;

interface ZArea extends FlashArea {
  readonly slotBytes: number;
  readonly slotCount: number;
}

interface ZSlot {
  readonly kind: number;
  readonly payload: Bytes;
  readonly seal: Seal;
}

function zAreaOf(flash: Flash, callBytesMax: number): ZArea {
  const area = areaOf(flash, callBytesMax);
  const fits = padded(area, headBytes + zPayloadBytesMax) + sealsBytes(area) <= zRecordBytesMax;
  const slotBytes = fits ? zRecordBytesMax : 2 * zRecordBytesMax;
  return { ...area, slotBytes, slotCount: Math.floor(flash.capacityBytes / slotBytes) };
}

/** Appends a record; returns its slot. Throws FlashFailure, "full" when ten years are over. */
export function appendZ(flash: Flash, callBytesMax: number, payload: Bytes): number {
  assert(payload.length <= zPayloadBytesMax, "a Z control record fits its slot");
  const area = zAreaOf(flash, callBytesMax);
  const slot = settle(area);
  writeSlot(area, slot, kindRecord, payload);
  return slot;
}

/** Makes the newest record certain, if a cut left it in doubt. Call at start, before it is believed. Throws FlashFailure. */
export function settleZ(flash: Flash, callBytesMax: number): void {
  settle(zAreaOf(flash, callBytesMax));
}

/** The first record at or after `slot`. */
export function nextZ(flash: Flash, callBytesMax: number, slot: number): number | undefined {
  const area = zAreaOf(flash, callBytesMax);
  const end = firstBlank(area);
  for (let at = slot; at < end; at++) {
    if (counts(area, at, end)) {
      return at;
    }
  }
  return undefined;
}

/** The newest record's slot. */
export function lastZ(flash: Flash, callBytesMax: number): number | undefined {
  const area = zAreaOf(flash, callBytesMax);
  const end = firstBlank(area);
  for (let at = end - 1; at >= 0; at--) {
    if (counts(area, at, end)) {
      return at;
    }
  }
  return undefined;
}

/** Payload of the record in a slot that appendZ, nextZ or lastZ named. */
export function readZ(flash: Flash, callBytesMax: number, slot: number): Bytes {
  const found = readSlot(zAreaOf(flash, callBytesMax), slot);
  assertStored(found !== undefined && found.kind === kindRecord);
  return found.payload;
}

/** How many records there are. */
export function countZ(flash: Flash, callBytesMax: number): number {
  const area = zAreaOf(flash, callBytesMax);
  const end = firstBlank(area);
  let count = 0;
  for (let slot = 0; slot < end; slot++) {
    count += counts(area, slot, end) ? 1 : 0;
  }
  return count;
}

const sealsStart = (area: ZArea, slot: number): number => (slot + 1) * area.slotBytes - sealsBytes(area);

function writeSlot(area: ZArea, slot: number, kind: number, payload: Bytes): void {
  if (slot >= area.slotCount) {
    throw flashFailure("full", slot * area.slotBytes);
  }
  const start = concat([bytesOf(kind), slice(u32be(payload.length), 1, 4)]);
  const crc = u32be(crc32(concat([start, payload])));
  programFlash(area, slot * area.slotBytes, concat([start, crc, payload]));
  programSeals(area, sealsStart(area, slot));
}

/** What was written whole into a slot, finished or not. */
function readSlot(area: ZArea, slot: number): ZSlot | undefined {
  const bytes = readFlash(area, slot * area.slotBytes, headBytes + zPayloadBytesMax);
  const lengthBytes = readU32be(bytes, 0) % 16777216;
  if (lengthBytes > zPayloadBytesMax) {
    return undefined;
  }
  const payload = slice(bytes, headBytes, headBytes + lengthBytes);
  if (crc32(concat([slice(bytes, 0, 4), payload])) !== readU32be(bytes, 4)) {
    return undefined;
  }
  return { kind: byteAt(bytes, 0), payload, seal: readSeals(area, sealsStart(area, slot)) };
}

const isSealed = (found: ZSlot): boolean => found.seal === "sealed" || found.seal === "latched";

/** Slots are filled one after another: binary search. */
function firstBlank(area: ZArea): number {
  let low = 0;
  let high = area.slotCount;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (isBlank(area, middle * area.slotBytes, area.slotBytes)) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

/** Whether a slot holds a record that counts: the last word on it, else its own seal. */
function counts(area: ZArea, slot: number, end: number): boolean {
  const found = readSlot(area, slot);
  if (found === undefined || found.kind !== kindRecord) {
    return false;
  }
  const word = found.seal === "latched" ? undefined : lastWord(area, slot, end);
  return word === undefined ? isSealed(found) : word.kind === kindCounts;
}

/** The last finished word on the record in `slot`. */
function lastWord(area: ZArea, slot: number, end: number): ZSlot | undefined {
  let word: ZSlot | undefined;
  for (let at = slot + 1; at < end; at++) {
    const found = readSlot(area, at);
    if (found !== undefined && found.kind === kindRecord) {
      break;
    }
    if (found !== undefined && isSealed(found) && found.payload === u32be(slot)) {
      word = found;
    }
  }
  return word;
}

/** Returns the slot to write next, once the last record is certain. */
function settle(area: ZArea): number {
  const end = firstBlank(area);
  const slot = lastRecordSlot(area, end);
  const found = slot === undefined ? undefined : readSlot(area, slot);
  if (slot === undefined || found === undefined || found.seal === "latched") {
    return end;
  }
  const word = lastWord(area, slot, end);
  if (word !== undefined && word.seal === "latched") {
    return end;
  }
  writeSlot(area, end, counts(area, slot, end) ? kindCounts : kindVoid, u32be(slot));
  return end + 1;
}

/** The last slot before `end` that holds a record, finished or not. */
function lastRecordSlot(area: ZArea, end: number): number | undefined {
  for (let slot = end - 1; slot >= 0; slot--) {
    const found = readSlot(area, slot);
    if (found !== undefined && found.kind === kindRecord) {
      return slot;
    }
  }
  return undefined;
}
