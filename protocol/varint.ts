/**
 * Varint: a whole number in groups of seven bits, the lowest first; the top bit says that another byte follows.
 *
 *   300 = 0b10_0101100  →  1010 1100   0000 0010
 *                          ^ more      ^ last
 *
 * Protocol Buffers "Encoding", Base 128 Varints. At most ten bytes (64 bits). Both machines count exactly up to 2^53;
 * a wire value past that is read over, not read.
 */
import { assert } from "./assert";
import { type Bytes, byteAt, bytesOf, packBytes } from "./bytes";

const varintBytesMax = 10;
const exactMax = 9007199254740991;

/** The varint of a whole number 0 … 2^53 − 1. */
export function encodeVarint(value: number): Bytes {
  assert(value >= 0, "a varint is not negative");
  assert(value <= exactMax, "a varint is an exact integer");
  if (value < 128) {
    return bytesOf(value);
  }
  const groups: number[] = [];
  let rest = value;
  while (rest >= 128) {
    groups.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  groups.push(rest);
  return packBytes(groups);
}

/** How many bytes `encodeVarint(value)` has. */
export function varintLength(value: number): number {
  let length = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) {
    length += 1;
  }
  return length;
}

export interface Varint {
  /** undefined when the value is 2^53 or more. */
  readonly value: number | undefined;
  /** The offset after the varint. */
  readonly next: number;
}

/** The varint at `offset`; undefined when it does not end before `end` or has more than ten bytes. */
export function readVarint(bytes: Bytes, offset: number, end: number): Varint | undefined {
  let value = 0;
  let scale = 1;
  let exact = true;
  for (let index = 0; index < varintBytesMax && offset + index < end; index++) {
    const byte = byteAt(bytes, offset + index);
    const group = byte % 128;
    // Seven groups are 49 bits; the eighth may add four more.
    if (index < 7 || (index === 7 && group < 16)) {
      value += group * scale;
      scale *= 128;
    } else if (group !== 0) {
      exact = false;
    }
    if (byte < 128) {
      return { value: exact ? value : undefined, next: offset + index + 1 };
    }
  }
  return undefined;
}
