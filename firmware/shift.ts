/**
 * Closing a shift: the Z record in the log, the control record in `z`, the element's counter and the checkpoint, after
 * which delivered documents of the shift may be given up by the ring. (The Z report's paper and its way to the OFD come
 * with the shift reports.)
 */
import { concat } from "../protocol/bytes";
import { cborUint } from "../protocol/cbor-write";
import { shiftCloseKey } from "../protocol/records";
import { foldShiftHash } from "./books";
import { encodeRows } from "./document-head";
import { appendSigned, checkpoint, type Entries, putBytes, putUint, recordMap } from "./log";
import { type Module, nowUtcS } from "./module";
import { sha256 } from "./signer";
import { appendZ } from "./z-area";

/** Item 13: this shift's checksum and the one over all shifts, both in the Z record. */
export function closeShift(module: Module): void {
  const { books, hal, memory } = module;
  const { shift } = books;
  const closedUtcS = Math.max(nowUtcS(module) ?? 0, books.lastUtcS);
  // The closing record's own prev is the last one folded in: all records of the shift before it.
  const shiftHash = foldShiftHash(hal.hash, books.shiftHash, memory.lastHash());
  const overall = sha256(hal.hash, concat([books.overall, shiftHash]), hal.board.callBytesMax);
  const counter = hal.secureElement.counterStep();
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
  putUint(entries, shiftCloseKey.documentNumber, books.documentNumber);
  const record = appendSigned(module, "shiftClose", entries);
  const control: Entries = [];
  putUint(control, shiftCloseKey.shift, shift.number);
  putUint(control, shiftCloseKey.closedUtcS, closedUtcS);
  putUint(control, shiftCloseKey.documents, shift.documents);
  putUint(control, shiftCloseKey.total, shift.total);
  putUint(control, shiftCloseKey.nonNullable, books.nonNullable);
  putBytes(control, shiftCloseKey.shiftHash, shiftHash);
  putBytes(control, shiftCloseKey.overall, overall);
  putUint(control, shiftCloseKey.counter, counter);
  putUint(control, shiftCloseKey.documentNumber, record.sequence);
  appendZ(hal.z, hal.board.callBytesMax, recordMap(module, control));
  checkpoint(module);
}
