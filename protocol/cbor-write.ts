/**
 * CBOR, the deterministic subset we write (RFC 8949 §4.2.1): definite lengths, shortest heads, no floats. Each function
 * returns one encoded item or head; join them by `concat`.
 *
 *   | major × 32 + n             |   n < 24
 *   | major × 32 + 24 | u8       |
 *   | major × 32 + 25 | u16      |   big-endian
 *   | major × 32 + 26 | u32      |
 *   | major × 32 + 27 | u64      |
 *
 * Integers stay below 2^53, where Node and Lua agree.
 */
import { assert } from "./assert";
import { type Bytes, bytesOf, concat, u32be } from "./bytes";

export const cborMajor = { uint: 0, negative: 1, bytes: 2, text: 3, array: 4, map: 5, tag: 6, simple: 7 } as const;
/** 2^53 − 1: the largest integer that both machines hold exactly. */
export const integerMax = 9007199254740991;

export const cborNull = bytesOf(0xf6);
const cborFalse = bytesOf(0xf4);
const cborTrue = bytesOf(0xf5);

export const cborUint = (value: number): Bytes => head(cborMajor.uint, value);
export function cborInt(value: number): Bytes {
  assert(value >= -integerMax, "a negative CBOR integer stays above -2^53");
  return value < 0 ? head(cborMajor.negative, -1 - value) : head(cborMajor.uint, value);
}
export const cborBytes = (bytes: Bytes): Bytes => concat([cborBytesHead(bytes.length), bytes]);
/** A text of well-formed UTF-8. */
export const cborText = (utf8Bytes: Bytes): Bytes => concat([cborTextHead(utf8Bytes.length), utf8Bytes]);
export const cborBool = (value: boolean): Bytes => (value ? cborTrue : cborFalse);

export const cborBytesHead = (lengthBytes: number): Bytes => head(cborMajor.bytes, lengthBytes);
export const cborTextHead = (lengthBytes: number): Bytes => head(cborMajor.text, lengthBytes);
export const cborArrayHead = (count: number): Bytes => head(cborMajor.array, count);
export const cborMapHead = (count: number): Bytes => head(cborMajor.map, count);
export const cborTagHead = (tag: number): Bytes => head(cborMajor.tag, tag);

/** An array of items that are encoded already. */
export const cborArray = (items: readonly Bytes[]): Bytes => concat([cborArrayHead(items.length), ...items]);

/** A map of keys and values that are encoded already, in the given order. */
export function cborMap(entries: readonly (readonly [key: Bytes, value: Bytes])[]): Bytes {
  const parts = [cborMapHead(entries.length)];
  for (const [key, value] of entries) {
    parts.push(key, value);
  }
  return concat(parts);
}

function head(major: number, value: number): Bytes {
  assert(value >= 0 && value <= integerMax, "a CBOR integer stays below 2^53");
  const initial = major * 32;
  if (value < 24) {
    return bytesOf(initial + value);
  }
  if (value < 256) {
    return bytesOf(initial + 24, value);
  }
  if (value < 65536) {
    return bytesOf(initial + 25, Math.floor(value / 256), value % 256);
  }
  if (value < 4294967296) {
    return concat([bytesOf(initial + 26), u32be(value)]);
  }
  return concat([bytesOf(initial + 27), u32be(Math.floor(value / 4294967296)), u32be(value % 4294967296)]);
}
