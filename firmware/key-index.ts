/**
 * Idempotency keys → documents: 4 bytes of SHA-256(key) and the place of the document.
 *
 * Every 256 documents an index record goes to the log; it names the one before it:
 *
 *   { prev, before: position of the previous index, entries: | key sha 4 | position u32 | ... 256 times }
 *
 * Keys of later documents wait in RAM. The index follows the log by itself: whatever was appended since it looked last
 * is read there, so that nothing of it need be saved. A fingerprint may lie: the caller confirms a hit on flash.
 */
import type { Hash } from "../hal/hash";
import { assert } from "../protocol/assert";
import { type Bytes, concat, indexOf, readU32be, slice, u32be } from "../protocol/bytes";
import { cborBytes, cborUint } from "../protocol/cbor-write";
import { documentKey } from "../protocol/document";
import { keyIndexKey, recordType } from "../protocol/records";
import { assertStored } from "./flash-access";
import { indexesPerLookupMax, keysPerIndex, memoryReadBytesMax } from "./limits";
import type { FiscalMemory, RecordRef } from "./memory-api";
import { bytesRangeUnder, textUnder, uintUnder } from "./record-facts";

/** Keys and values of a map, encoded, after prev. */
export type IndexEntries = (readonly [Bytes, Bytes])[];

/** @noSelf */
export interface KeyIndex {
  /** Reads the log from the index record at this position, or from the oldest record, and follows it from then on. */
  readonly restore: (lastIndexPosition: number | undefined) => void;
  /** A document was appended at `position`. Answers the rest of an index record (type keyIndex) when one is due. */
  readonly add: (keySha4: Bytes, position: number) => IndexEntries | undefined;
  /** Where documents with this fingerprint may be, newest first. */
  readonly candidates: (keySha4: Bytes) => number[];
}

const entryBytes = 8;
/** Holds a document's map up to its key. */
const documentStartBytes = 640;
const indexStartBytes = 64;

export function createKeyIndex(memory: FiscalMemory, hash: Hash): KeyIndex {
  let followed: RecordRef | undefined;
  let lastIndex: RecordRef | undefined;
  /** One entry a document that no index record holds, oldest first. */
  let waiting: Bytes[] = [];

  function restore(lastIndexPosition: number | undefined): void {
    const record = lastIndexPosition === undefined ? undefined : memory.at(lastIndexPosition);
    const isIndex = record !== undefined && record.type === recordType.keyIndex;
    followed = isIndex ? record : undefined;
    lastIndex = followed;
    waiting = [];
    follow(undefined, 0);
  }

  /** Reads what was appended since; `known` spares the reading of the newest document. */
  function follow(known: Bytes | undefined, position: number): void {
    if (followed !== undefined && followed.sequence === memory.lastSequence()) {
      return;
    }
    let record = memory.next(followed);
    while (record !== undefined) {
      if (record.type === recordType.document) {
        const sha4 = known !== undefined && record.position === position ? known : fingerprint(memory, hash, record);
        waiting.push(concat([sha4, u32be(record.position)]));
      } else if (record.type === recordType.keyIndex) {
        lastIndex = record;
        waiting = waiting.slice(keysPerIndex);
      }
      followed = record;
      record = memory.next(record);
    }
    assert(waiting.length <= 2 * keysPerIndex, "an index record is appended when it is due");
  }

  function add(keySha4: Bytes, position: number): IndexEntries | undefined {
    follow(keySha4, position);
    if (waiting.length < keysPerIndex) {
      return undefined;
    }
    const entries: IndexEntries = [];
    if (lastIndex !== undefined) {
      entries.push([cborUint(keyIndexKey.before), cborUint(lastIndex.position)]);
    }
    entries.push([cborUint(keyIndexKey.entries), cborBytes(concat(waiting.slice(0, keysPerIndex)))]);
    return entries;
  }

  function candidates(keySha4: Bytes): number[] {
    follow(undefined, 0);
    const positions: number[] = [];
    addMatches(positions, concat(waiting), keySha4);
    // The ring may have given up the last index since.
    let index = lastIndex !== undefined && lastIndex.sequence >= memory.anchor().sequence ? lastIndex : undefined;
    for (let count = 0; count < indexesPerLookupMax && index !== undefined; count++) {
      const start = memory.read(index, 0, Math.min(indexStartBytes, index.lengthBytes));
      addMatches(positions, readEntries(memory, index, start), keySha4);
      index = indexBefore(memory, index, uintUnder(start, keyIndexKey.before));
    }
    return positions;
  }

  return { restore, add, candidates };
}

function fingerprint(memory: FiscalMemory, hash: Hash, record: RecordRef): Bytes {
  const start = memory.read(record, 0, Math.min(documentStartBytes, record.lengthBytes));
  const key = textUnder(start, documentKey.key);
  assertStored(key !== undefined);
  const handle = hash.open();
  hash.update(handle, key);
  return slice(hash.digest(handle), 0, 4);
}

/** Positions of the entries with this fingerprint, newest first. */
function addMatches(positions: number[], entries: Bytes, keySha4: Bytes): void {
  const found: number[] = [];
  let at = indexOf(entries, keySha4, 0);
  while (at >= 0) {
    if (at % entryBytes === 0) {
      found.push(readU32be(entries, at + 4));
    }
    at = indexOf(entries, keySha4, at + 1);
  }
  for (let index = found.length - 1; index >= 0; index--) {
    positions.push(found[index]!);
  }
}

function readEntries(memory: FiscalMemory, index: RecordRef, start: Bytes): Bytes {
  const range = bytesRangeUnder(start, keyIndexKey.entries);
  assertStored(range !== undefined && range.lengthBytes <= keysPerIndex * entryBytes);
  const parts: Bytes[] = [];
  for (let done = 0; done < range.lengthBytes; done += memoryReadBytesMax) {
    const length = Math.min(memoryReadBytesMax, range.lengthBytes - done);
    parts.push(memory.read(index, range.offsetBytes + done, length));
  }
  return concat(parts);
}

/** The index record before this one, if the ring still keeps it. */
function indexBefore(memory: FiscalMemory, index: RecordRef, position: number | undefined): RecordRef | undefined {
  const record = position === undefined ? undefined : memory.at(position);
  const isOlder = record !== undefined && record.type === recordType.keyIndex && record.sequence < index.sequence;
  return isOlder ? record : undefined;
}
