/**
 * Writing to the log: one way for every record, so that nothing is written that the books do not see.
 */
import type { Hal } from "../hal/hal";
import { type Bytes, slice, utf8 } from "../protocol/bytes";
import { cborBytes, cborMap, cborText, cborUint } from "../protocol/cbor-write";
import { eventKey, type RecordTypeName, recordType } from "../protocol/records";
import { applyRecord, queueLength } from "./books";
import { encodeCheckpoint } from "./books-state";
import { checkpointDocuments, followUpBytes, zRecordReserveBytes } from "./limits";
import type { DocumentNote, RecordRef } from "./memory-api";
import { type Module, nowUtcS } from "./module";
import { sha256, signPayload } from "./signer";
import { saveState } from "./state-area";

export type Entries = (readonly [Bytes, Bytes])[];

/** A map that begins with prev, as every record does. */
export function recordMap(module: Module, entries: Entries): Bytes {
  const withPrev: Entries = [[cborUint(1), cborBytes(module.memory.lastHash())]];
  for (const entry of entries) {
    withPrev.push(entry);
  }
  return cborMap(withPrev);
}

export const putUint = (entries: Entries, key: number, value: number | undefined): void => {
  if (value !== undefined) {
    entries.push([cborUint(key), cborUint(value)]);
  }
};
export const putText = (entries: Entries, key: number, text: Bytes | undefined): void => {
  if (text !== undefined) {
    entries.push([cborUint(key), cborText(text)]);
  }
};
export const putBytes = (entries: Entries, key: number, bytes: Bytes | undefined): void => {
  if (bytes !== undefined) {
    entries.push([cborUint(key), cborBytes(bytes)]);
  }
};

/** First 4 bytes of SHA-256 over an idempotency key. */
export const keyFingerprintOf = (hal: Hal, key: Bytes): Bytes =>
  slice(sha256(hal.hash, key, hal.board.callBytesMax), 0, 4);
export const keyFingerprint = (module: Module, key: Bytes): Bytes => keyFingerprintOf(module.hal, key);

/** After a record was sealed: books, sector notes, key index. */
export function recordAppended(module: Module, record: RecordRef): void {
  const head = applyRecord(module.books, module.memory, module.hal.hash, record);
  module.memory.noteSettled(module.books.settledNumber);
  if (head !== undefined) {
    const index = module.keys.add(keyFingerprint(module, head.key), record.position);
    if (index !== undefined) {
      appendMap(module, "keyIndex", index);
    }
  }
}

/** An unsigned record. `note` only with documents. */
export function appendMap(module: Module, type: RecordTypeName, entries: Entries, note?: DocumentNote): RecordRef {
  const record = module.memory.append(recordType[type], recordMap(module, entries), note);
  recordAppended(module, record);
  return record;
}

/** A record signed by the module. */
export function appendSigned(module: Module, type: RecordTypeName, entries: Entries): RecordRef {
  const payload = signPayload(module.signer, type, recordMap(module, entries), module.hal.board.callBytesMax);
  const record = module.memory.append(recordType[type], payload);
  recordAppended(module, record);
  return record;
}

/** An event: what happened, when. */
export function appendEvent(module: Module, code: string): RecordRef {
  const entries: Entries = [];
  putText(entries, eventKey.code, utf8(code));
  putUint(entries, eventKey.utcS, nowUtcS(module) ?? module.books.lastUtcS);
  return appendMap(module, "event", entries);
}

/** Writes the checkpoint: settings, books and the place in the log. */
export function checkpoint(module: Module): void {
  module.stateSequence += 1;
  const payload = encodeCheckpoint({
    settings: module.settings,
    books: module.books,
    log: module.memory.logPosition(),
  });
  saveState(module.hal.state, module.hal.board.callBytesMax, module.stateSequence, payload);
  module.checkpointNumber = module.books.lastNumber;
}

export const checkpointDue = (module: Module): boolean =>
  module.books.lastNumber - module.checkpointNumber >= checkpointDocuments;

/** Bytes that must stay free so that Z, drain, reprint and export always fit (design §5 "Space"). */
export function reserveBytes(module: Module): number {
  const unsettled = queueLength(module.books) + (module.books.pending === undefined ? 0 : 1);
  return module.memory.costBytes(followUpBytes) * unsettled + module.memory.costBytes(zRecordReserveBytes);
}

/** Whether a record may be written that closing, delivery and printing can do without. */
export const hasRoom = (module: Module): boolean =>
  module.memory.freeBytes() >= reserveBytes(module) + module.memory.costBytes(followUpBytes);

/** An event that others can cause again and again: left out when only the reserve is free. */
export function noteEvent(module: Module, code: string): void {
  if (hasRoom(module)) {
    appendEvent(module, code);
  }
}
