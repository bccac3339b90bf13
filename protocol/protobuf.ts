/**
 * Protocol Buffers, the wire: a message is a row of fields, each a tag and a value.
 *
 *   | tag varint = number × 8 + wire type | value                                   |
 *   |                            0 varint | varint                                  |
 *   |                           1 64 bits | 8 bytes, little-endian                  |
 *   |                      2 length bytes | varint length, then that many bytes     |
 *   |                           5 32 bits | 4 bytes, little-endian                  |
 *
 * Groups (wire types 3 and 4) are gone from the language since 2008 and are read as malformed. What the fields mean is
 * a table's business (ofd-messages.ts).
 */
import { assert } from "./assert";
import { type Bytes, concat } from "./bytes";
import { encodeVarint, readVarint } from "./varint";

export const wireType = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

const fieldNumberMax = 536870911;

const tag = (field: number, wire: number): Bytes => encodeVarint(field * 8 + wire);

/** An unsigned integer or an enum; zero is written too (proto2 required fields). */
export const pbUint = (field: number, value: number): Bytes =>
  concat([tag(field, wireType.varint), encodeVarint(value)]);
export const pbBool = (field: number, value: boolean): Bytes => pbUint(field, value ? 1 : 0);
/** Tag and length of a field whose `lengthBytes` bytes follow from elsewhere: nobody has to hold them whole. */
export const pbHead = (field: number, lengthBytes: number): Bytes =>
  concat([tag(field, wireType.bytes), encodeVarint(lengthBytes)]);
export const pbBytes = (field: number, value: Bytes): Bytes => concat([pbHead(field, value.length), value]);
/** A text, given as its UTF-8 bytes. */
export const pbText = pbBytes;

/** A message whose fields are already encoded. */
export const pbMessage = (field: number, parts: readonly Bytes[]): Bytes => pbBytes(field, concat(parts));

export interface WireField {
  readonly field: number;
  readonly wire: number;
  /** Of a varint; undefined when it is 2^53 or more, and for the other wire types. */
  readonly value: number | undefined;
  /** Where the value's bytes begin and end (of wire type bytes: without the length). */
  readonly start: number;
  readonly end: number;
  /** The offset of the next field. */
  readonly next: number;
}

/** The field at `offset` of a message that ends at `end`; undefined when it is malformed or runs past the end. */
export function readField(bytes: Bytes, offset: number, end: number): WireField | undefined {
  assert(end <= bytes.length, "a message ends inside its bytes");
  const head = readVarint(bytes, offset, end);
  if (head === undefined || head.value === undefined) {
    return undefined;
  }
  const wire = head.value % 8;
  const field = Math.floor(head.value / 8);
  if (field < 1 || field > fieldNumberMax) {
    return undefined;
  }
  if (wire === wireType.varint) {
    const varint = readVarint(bytes, head.next, end);
    if (varint === undefined) {
      return undefined;
    }
    return { field, wire, value: varint.value, start: head.next, end: varint.next, next: varint.next };
  }
  const body = readExtent(bytes, wire, head.next, end);
  if (body === undefined || body.start + body.lengthBytes > end) {
    return undefined;
  }
  const bodyEnd = body.start + body.lengthBytes;
  return { field, wire, value: undefined, start: body.start, end: bodyEnd, next: bodyEnd };
}

interface Extent {
  readonly start: number;
  readonly lengthBytes: number;
}

function readExtent(bytes: Bytes, wire: number, offset: number, end: number): Extent | undefined {
  if (wire === wireType.fixed64) {
    return { start: offset, lengthBytes: 8 };
  }
  if (wire === wireType.fixed32) {
    return { start: offset, lengthBytes: 4 };
  }
  if (wire !== wireType.bytes) {
    return undefined;
  }
  const length = readVarint(bytes, offset, end);
  if (length === undefined || length.value === undefined) {
    return undefined;
  }
  return { start: length.next, lengthBytes: length.value };
}
