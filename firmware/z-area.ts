/**
 * Z control records: one slot of 256 bytes a shift, written once and never erased (ten years of shifts fit 1 MB).
 *
 *   slot   | length u16 | crc(payload) u32 | payload … |          … | seal | latch |
 *
 * A slot that lost power half-way is left behind and the next one is taken.
 */
import type { Flash } from "../hal/flash";
import { assert } from "../protocol/assert";
import { type Bytes, concat, readU16le, readU32le, slice, u16le, u32le } from "../protocol/bytes";
import { crc32 } from "../protocol/crc32";
import { areaOf, type FlashArea, flashFailure, isBlank, programFlash, readFlash } from "./flash-access";
import { zPayloadBytesMax, zRecordBytesMax } from "./limits";
import { programSeals, readSeals, sealsBytes } from "./seals";

const headBytes = 6;

const slotsOf = (area: FlashArea): number => Math.floor((area.sectorBytes * area.sectorCount) / zRecordBytesMax);
const sealsOffset = (area: FlashArea, slot: number): number => (slot + 1) * zRecordBytesMax - sealsBytes(area);

/** The first slot after the last one that anything was programmed in. */
function firstFree(area: FlashArea): number {
  let free = slotsOf(area);
  while (free > 0 && isBlank(area, (free - 1) * zRecordBytesMax, headBytes)) {
    free -= 1;
  }
  return free;
}

/** Appends a control record. Throws FlashFailure "full" when ten years are over. */
export function appendZ(flash: Flash, callBytesMax: number, payload: Bytes): void {
  const area = areaOf(flash, callBytesMax);
  assert(payload.length <= zPayloadBytesMax, "a Z control record fits its slot");
  let slot = firstFree(area);
  // The head alone reading blank proves nothing about a slot that lost power: all of it must.
  while (slot < slotsOf(area) && !isBlank(area, slot * zRecordBytesMax, zRecordBytesMax)) {
    slot += 1;
  }
  if (slot >= slotsOf(area)) {
    throw flashFailure("full", 0);
  }
  programFlash(area, slot * zRecordBytesMax, concat([u16le(payload.length), u32le(crc32(payload)), payload]));
  programSeals(area, sealsOffset(area, slot));
}

/** The payload in a slot; undefined when it is blank, torn or damaged. */
function readSlot(area: FlashArea, slot: number): Bytes | undefined {
  if (readSeals(area, sealsOffset(area, slot)) === "blank") {
    return undefined;
  }
  const bytes = readFlash(area, slot * zRecordBytesMax, zRecordBytesMax);
  const length = readU16le(bytes, 0);
  if (length > zPayloadBytesMax) {
    return undefined;
  }
  const payload = slice(bytes, headBytes, headBytes + length);
  return crc32(payload) === readU32le(bytes, 2) ? payload : undefined;
}

/** Every whole control record, oldest first. */
export function forEachZ(flash: Flash, callBytesMax: number, visit: (payload: Bytes) => void): void {
  const area = areaOf(flash, callBytesMax);
  const end = firstFree(area);
  for (let slot = 0; slot < end; slot++) {
    const payload = readSlot(area, slot);
    if (payload !== undefined) {
      visit(payload);
    }
  }
}
