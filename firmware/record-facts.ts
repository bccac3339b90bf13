/**
 * What the memory itself must know of a payload: the map at its heart begins with prev; a document's number and time
 * and a reuse's sector stand among its first keys. Signed types carry the map inside COSE_Sign1 (RFC 9052 §4.2).
 */
import type { Bytes } from "../protocol/bytes";
import {
  type CborReader,
  createReader,
  more,
  peekMajor,
  readArrayHead,
  readBytes,
  readHead,
  readMapHead,
  readTag,
  readText,
  readUint,
  skipItem,
} from "../protocol/cbor-read";
import { cborMajor } from "../protocol/cbor-write";

/** Bytes from a payload's start that hold all of them. */
export const factsBytes = 192;

const coseSign1Tag = 18;
const keysMax = 8;

/** A reader at the map of a payload, of which only the start need be there. */
function openMap(start: Bytes): CborReader {
  const reader = createReader(start);
  if (peekMajor(reader) === cborMajor.tag) {
    const isSign1 = readTag(reader) === coseSign1Tag && readArrayHead(reader) === 4;
    readBytes(reader);
    skipItem(reader);
    readHead(reader);
    if (!isSign1 || reader.major !== cborMajor.bytes) {
      reader.failed = true;
    }
  }
  return reader;
}

/** The 32 bytes of key 1, the map's first; undefined when the payload has none. */
export function prevOf(start: Bytes): Bytes | undefined {
  const reader = openMap(start);
  readMapHead(reader);
  const isFirst = readUint(reader) === 1;
  const prev = readBytes(reader);
  return isFirst && prev !== undefined && prev.length === 32 ? prev : undefined;
}

/** A reader at the value under one of the first keys; failed when there is none. */
function openValue(start: Bytes, key: number): CborReader {
  const reader = openMap(start);
  const count = readMapHead(reader);
  for (let index = 0; index < keysMax && more(reader, count, index); index++) {
    if (readUint(reader) === key) {
      return reader;
    }
    skipItem(reader);
  }
  reader.failed = true;
  return reader;
}

/** The unsigned integer under one of the first keys. */
export const uintUnder = (start: Bytes, key: number): number | undefined => readUint(openValue(start, key));

/** The byte string under one of the first keys. */
export const bytesUnder = (start: Bytes, key: number): Bytes | undefined => readBytes(openValue(start, key));

/** The text under one of the first keys, as UTF-8 bytes. */
export const textUnder = (start: Bytes, key: number): Bytes | undefined => readText(openValue(start, key));

/** Where the bytes of the byte string under one of the first keys stand in the payload. */
export function bytesRangeUnder(start: Bytes, key: number): { offsetBytes: number; lengthBytes: number } | undefined {
  const reader = openValue(start, key);
  if (!readHead(reader) || reader.major !== cborMajor.bytes) {
    return undefined;
  }
  return { offsetBytes: reader.offset, lengthBytes: reader.value };
}
