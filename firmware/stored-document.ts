/**
 * A document as it stands in the log, opened for reading: its head at once, its lines one by one.
 *
 *   record payload   | D2 84 | protected | A0 | bstr head | map: head fields … 17: [ line, line, … ] | signature |
 *                                                          payloadOffset      linesOffset        linesEnd
 */
import { type Bytes, concat, slice } from "../protocol/bytes";
import {
  createReader,
  decodeMap,
  readArrayHead,
  readBytes,
  readHead,
  readMapHead,
  readTag,
  readUint,
  skipItem,
} from "../protocol/cbor-read";
import { cborMapHead } from "../protocol/cbor-write";
import { documentKey } from "../protocol/document";
import { type DocumentHead, decodeHead } from "./document-head";
import { type DocumentLine, decodeLine } from "./document-line";
import { assertStored } from "./flash-access";
import { type ItemCursor, nextItem, openItems } from "./item-cursor";
import { headBytesMax, windowBytes } from "./limits";
import type { FiscalMemory, RecordRef } from "./memory-api";
import { signatureTailBytes } from "./signer";

/** What is read of a record at first: most heads end in it. */
const usualHeadBytes = 2 * windowBytes;

export interface StoredDocument {
  readonly record: RecordRef;
  readonly head: DocumentHead;
  readonly linesOffset: number;
  readonly linesEnd: number;
}

/** The first bytes of a record's payload, window by window. */
export function readPrefix(memory: FiscalMemory, record: RecordRef, lengthMax: number): Bytes {
  const parts: Bytes[] = [];
  const wanted = Math.min(lengthMax, record.lengthBytes);
  for (let offset = 0; offset < wanted; offset += windowBytes) {
    parts.push(memory.read(record, offset, Math.min(windowBytes, wanted - offset)));
  }
  return concat(parts);
}

/** Where the payload of a COSE_Sign1 begins, and how long it is. */
export function findPayload(start: Bytes): { offset: number; length: number } | undefined {
  const reader = createReader(start);
  readTag(reader);
  readArrayHead(reader);
  readBytes(reader);
  readMapHead(reader);
  return readHead(reader) ? { offset: reader.offset, length: reader.value } : undefined;
}

/** The head's entries as a map of their own, without `lines`, and where the lines begin. */
function splitHead(start: Bytes, payloadOffset: number): { map: Bytes; linesOffset: number } | undefined {
  const reader = createReader(start);
  reader.offset = payloadOffset;
  const count = readMapHead(reader);
  if (count === undefined) {
    return undefined;
  }
  const entriesOffset = reader.offset;
  let offset = entriesOffset;
  for (let entry = 0; entry < count; entry++) {
    reader.offset = offset;
    if (readUint(reader) === documentKey.lines) {
      const map = concat([cborMapHead(count - 1), slice(start, entriesOffset, offset)]);
      readArrayHead(reader);
      return reader.failed ? undefined : { map, linesOffset: reader.offset };
    }
    if (!skipItem(reader)) {
      return undefined;
    }
    offset = reader.offset;
  }
  return undefined;
}

/** Opens a document record. Throws FlashFailure when it does not read back. */
export function openDocument(memory: FiscalMemory, record: RecordRef): StoredDocument {
  const start = readPrefix(memory, record, usualHeadBytes);
  const payload = findPayload(start);
  assertStored(payload !== undefined);
  // A long head is rare, and a document is opened often: each time its number is looked for.
  const split = splitHead(start, payload.offset) ?? splitHead(readPrefix(memory, record, headBytesMax), payload.offset);
  assertStored(split !== undefined);
  const map = decodeMap(split.map);
  const head = map === undefined ? undefined : decodeHead(map);
  assertStored(head !== undefined);
  assertStored(payload.offset + payload.length + signatureTailBytes === record.lengthBytes);
  return { record, head, linesOffset: split.linesOffset, linesEnd: payload.offset + payload.length };
}

export function openLines(memory: FiscalMemory, document: StoredDocument): ItemCursor {
  return openItems(
    (offset, length) => memory.read(document.record, offset, length),
    document.linesOffset,
    document.linesEnd,
  );
}

/** The next line; only called while there is one. */
export function readLine(cursor: ItemCursor): DocumentLine {
  const item = nextItem(cursor);
  const map = item === undefined ? undefined : decodeMap(item);
  const line = map === undefined ? undefined : decodeLine(map);
  assertStored(line !== undefined);
  return line;
}
