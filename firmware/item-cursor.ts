/**
 * Reads a sequence of CBOR items one by one through a small window, whether they stand in the scratch area or inside a
 * record: a document is never held whole.
 */
import { type Bytes, concat, emptyBytes, slice } from "../protocol/bytes";
import { atEnd, type CborReader, createReader, skipItem } from "../protocol/cbor-read";
import { lineBytesMax, windowBytes } from "./limits";

/** Where items come from: exactly `lengthBytes` at any offset, at most `windowBytes` a call. */
export type ReadAt = (offsetBytes: number, lengthBytes: number) => Bytes;

export interface ItemCursor {
  readonly readAt: ReadAt;
  readonly endBytes: number;
  /** What was read ahead; the next item begins at its offset. */
  readonly reader: CborReader;
  /** Where the bytes behind those read ahead begin. */
  nextBytes: number;
}

export function openItems(readAt: ReadAt, startBytes: number, endBytes: number): ItemCursor {
  return { readAt, endBytes, reader: createReader(emptyBytes), nextBytes: startBytes };
}

/** The next whole item; undefined at the end, or when what stands there is no item of at most lineBytesMax. */
export function nextItem(cursor: ItemCursor): Bytes | undefined {
  const { reader } = cursor;
  for (;;) {
    const start = reader.offset;
    if (skipItem(reader)) {
      return slice(reader.bytes, start, reader.offset);
    }
    reader.failed = false;
    reader.offset = start;
    if (!readAhead(cursor)) {
      return undefined;
    }
  }
}

/** Puts the next window behind what is left; false at the end, or when an item would be too long. */
function readAhead(cursor: ItemCursor): boolean {
  const { reader } = cursor;
  const left = slice(reader.bytes, reader.offset, reader.bytes.length);
  const wanted = Math.min(windowBytes, cursor.endBytes - cursor.nextBytes);
  if (wanted <= 0 || left.length > lineBytesMax) {
    return false;
  }
  reader.bytes = concat([left, cursor.readAt(cursor.nextBytes, wanted)]);
  reader.offset = 0;
  cursor.nextBytes += wanted;
  return true;
}

/** Whether everything up to the end was read as items. */
export const atItemsEnd = (cursor: ItemCursor): boolean => cursor.nextBytes === cursor.endBytes && atEnd(cursor.reader);
