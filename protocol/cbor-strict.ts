/**
 * CBOR without a second form: finds the end of an item and refuses whatever the deterministic writer would not write
 * (RFC 8949 §4.2.1): longer heads than needed, indefinite lengths, floats, integer keys that do not ascend. What
 * passes has one meaning and one encoding, so a changed byte cannot hide.
 */
import { type Bytes, byteAt } from "./bytes";
import { integerTooLarge, readInteger } from "./cbor-read";
import { cborMajor } from "./cbor-write";

export type StrictItem =
  | { readonly kind: "whole"; readonly lengthBytes: number }
  /** The bytes end before the item does. */
  | { readonly kind: "partial" }
  | { readonly kind: "malformed" };

const depthMax = 16;

interface Cursor {
  readonly bytes: Bytes;
  offset: number;
  fault: "none" | "partial" | "malformed";
  major: number;
  value: number;
}

/** The item at `offset`. */
export function measureStrict(bytes: Bytes, offset: number): StrictItem {
  const cursor: Cursor = { bytes, offset, fault: "none", major: 0, value: 0 };
  walkItem(cursor, 1);
  return cursor.fault === "none" ? { kind: "whole", lengthBytes: cursor.offset - offset } : { kind: cursor.fault };
}

function walkItem(cursor: Cursor, depth: number): void {
  if (depth > depthMax) {
    cursor.fault = "malformed";
  }
  if (!walkHead(cursor)) {
    return;
  }
  const count = cursor.value;
  if (cursor.major === cborMajor.bytes || cursor.major === cborMajor.text) {
    cursor.offset += count;
    if (cursor.offset > cursor.bytes.length) {
      cursor.fault = "partial";
    }
  } else if (cursor.major === cborMajor.array) {
    for (let index = 0; index < count && cursor.fault === "none"; index++) {
      walkItem(cursor, depth + 1);
    }
  } else if (cursor.major === cborMajor.map) {
    walkEntries(cursor, count, depth);
  } else if (cursor.major === cborMajor.tag) {
    walkItem(cursor, depth + 1);
  }
}

/** Integer keys ascend; text keys may follow them, in any order. Nothing else is a key. */
function walkEntries(cursor: Cursor, count: number, depth: number): void {
  let keyMin = 0;
  for (let index = 0; index < count && cursor.fault === "none"; index++) {
    const keyMajor = peekMajor(cursor);
    walkItem(cursor, depth + 1);
    if (cursor.fault !== "none") {
      return;
    }
    const ascends = keyMajor === cborMajor.uint && cursor.value >= keyMin;
    if (keyMajor !== cborMajor.text && !ascends) {
      cursor.fault = "malformed";
    }
    keyMin = keyMajor === cborMajor.text ? integerTooLarge : cursor.value + 1;
    walkItem(cursor, depth + 1);
  }
}

const peekMajor = (cursor: Cursor): number =>
  cursor.offset < cursor.bytes.length ? Math.floor(byteAt(cursor.bytes, cursor.offset) / 32) : cborMajor.simple;

/** Reads a head into the cursor; false at a fault. */
function walkHead(cursor: Cursor): boolean {
  if (cursor.fault === "none" && cursor.offset >= cursor.bytes.length) {
    cursor.fault = "partial";
  }
  if (cursor.fault !== "none") {
    return false;
  }
  const initial = byteAt(cursor.bytes, cursor.offset);
  const info = initial % 32;
  cursor.offset += 1;
  cursor.major = Math.floor(initial / 32);
  cursor.value = info;
  if (info >= 24) {
    walkArgument(cursor, info);
  } else if (cursor.major === cborMajor.simple && (info < 20 || info > 22)) {
    cursor.fault = "malformed";
  }
  return cursor.fault === "none";
}

/** The bytes of a head's argument, refused when a shorter head would do. */
function walkArgument(cursor: Cursor, info: number): void {
  const sizeBytes = info === 24 ? 1 : info === 25 ? 2 : info === 26 ? 4 : 8;
  if (info > 27 || cursor.major === cborMajor.simple) {
    cursor.fault = "malformed";
    return;
  }
  if (cursor.offset + sizeBytes > cursor.bytes.length) {
    cursor.fault = "partial";
    return;
  }
  const smallest = info === 24 ? 24 : info === 25 ? 256 : info === 26 ? 65536 : 4294967296;
  cursor.value = readInteger(cursor.bytes, cursor.offset, sizeBytes);
  cursor.offset += sizeBytes;
  if (cursor.value < smallest || cursor.value >= integerTooLarge) {
    cursor.fault = "malformed";
  }
}
