/**
 * Closing a shift: the Z record in the log, the control record in `z`, the element's counter and the checkpoint, after
 * which delivered documents of the shift may be given up by the ring. (The Z report's paper and its way to the OFD come
 * with the shift reports.)
 */
import { assert } from "../protocol/assert";
import { concat } from "../protocol/bytes";
import { type CborMap, decodeMap, getBytes, getUint } from "../protocol/cbor-read";
import { cborBytes, cborMap, cborUint } from "../protocol/cbor-write";
import { shiftCloseKey } from "../protocol/records";
import { foldShiftHash, readRecordMap } from "./books";
import { encodeRows } from "./document-head";
import { appendSigned, checkpoint, type Entries, putBytes, putUint } from "./log";
import { type Module, nowUtcS } from "./module";
import { sha256 } from "./signer";
import { appendZ, lastZ, readZ, settleZ } from "./z-area";

/** Item 13: this shift's checksum and the one over all shifts, both in the Z record. */
export function closeShift(module: Module): void {
  const { books, hal, memory } = module;
  const { shift } = books;
  const closedUtcS = Math.max(nowUtcS(module) ?? 0, books.lastUtcS);
  // The closing record's own prev is the last one folded in: all records of the shift before it.
  const shiftHash = foldShiftHash(hal.hash, books.shiftHash, memory.lastHash());
  const overall = sha256(hal.hash, concat([books.overall, shiftHash]), hal.board.callBytesMax);
  const counter = stepCounter(module);
  const entries: Entries = [];
  putUint(entries, shiftCloseKey.shift, shift.number);
  putUint(entries, shiftCloseKey.openedUtcS, shift.openedUtcS);
  putUint(entries, shiftCloseKey.closedUtcS, closedUtcS);
  putUint(entries, shiftCloseKey.documents, shift.documents);
  putUint(entries, shiftCloseKey.total, shift.total);
  putUint(entries, shiftCloseKey.autonomous, shift.autonomous);
  entries.push([cborUint(shiftCloseKey.payments), encodeRows(shift.payments)]);
  entries.push([cborUint(shiftCloseKey.vat), encodeRows(shift.vat)]);
  putUint(entries, shiftCloseKey.nonNullable, books.nonNullable);
  putBytes(entries, shiftCloseKey.shiftHash, shiftHash);
  putBytes(entries, shiftCloseKey.overall, overall);
  putUint(entries, shiftCloseKey.counter, counter);
  putUint(entries, shiftCloseKey.documentNumber, books.lastNumber);
  appendSigned(module, "shiftClose", entries);
  finishClose(module);
}

/** What a Z control record repeats of the Z record, in the order of their keys. */
const controlKeys: readonly number[] = [
  shiftCloseKey.shift,
  shiftCloseKey.closedUtcS,
  shiftCloseKey.documents,
  shiftCloseKey.total,
  shiftCloseKey.nonNullable,
  shiftCloseKey.shiftHash,
  shiftCloseKey.overall,
  shiftCloseKey.counter,
];

/**
 * What follows the newest Z record: its control record, unless it is there, and the checkpoint. A start calls it too,
 * when the power failed in between: the ring may give up nothing that the saved checkpoint stands in. Throws FlashFailure.
 */
export function finishClose(module: Module): void {
  const { books, hal, memory } = module;
  const record = memory.find(books.closedSequence);
  assert(record !== undefined, "the newest Z record is never given up before its checkpoint");
  const newest = newestControl(module);
  if (newest === undefined || getUint(newest, shiftCloseKey.documentNumber) !== record.sequence) {
    const map = readRecordMap(memory, record);
    const control: Entries = [[cborUint(shiftCloseKey.prev), cborBytes(memory.hashOf(record))]];
    for (const key of controlKeys) {
      putUint(control, key, getUint(map, key));
      putBytes(control, key, getBytes(map, key));
    }
    putUint(control, shiftCloseKey.documentNumber, record.sequence);
    appendZ(hal.z, hal.board.callBytesMax, cborMap(control));
  }
  checkpoint(module);
}

function newestControl({ hal }: Module): CborMap | undefined {
  settleZ(hal.z, hal.board.callBytesMax);
  const slot = lastZ(hal.z, hal.board.callBytesMax);
  return slot === undefined ? undefined : decodeMap(readZ(hal.z, hal.board.callBytesMax, slot));
}

/** One step for each Z: a step whose record lost its power is taken up by the next one. */
function stepCounter(module: Module): number {
  const { secureElement } = module.hal;
  const counter = secureElement.counter();
  const newest = newestControl(module);
  const recorded = newest === undefined ? 0 : getUint(newest, shiftCloseKey.counter);
  return counter === recorded ? secureElement.counterStep() : counter;
}
