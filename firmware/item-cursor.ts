/**
 * Reads a sequence of CBOR items one by one through a small window, whether they stand in the scratch area or inside a
 * record: a document is never held whole.
 */
import { type Bytes, concat, emptyBytes, slice } from "../protocol/bytes";
import { itemLength } from "../protocol/cbor-read";
import { lineBytesMax, windowBytes } from "./limits";

/** Where items come from: exactly `lengthBytes` at any offset, at most `windowBytes` a call. */
export type ReadAt = (offsetBytes: number, lengthBytes: number) => Bytes;

export interface ItemCursor {
  readonly readAt: ReadAt;
  readonly endBytes: number;
  /** Offset of the next item. */
  offsetBytes: number;
  /** Bytes from offsetBytes on that are already read. */
  ahead: Bytes;
}

export function openItems(readAt: ReadAt, startBytes: number, endBytes: number): ItemCursor {
  return { readAt, endBytes, offsetBytes: startBytes, ahead: emptyBytes };
}

/** The next whole item; undefined at the end, or when what stands there is no item of at most lineBytesMax. */
export function nextItem(cursor: ItemCursor): Bytes | undefined {
  for (;;) {
    const length = cursor.ahead.length > 0 ? itemLength(cursor.ahead, 0) : undefined;
    if (length !== undefined) {
      const item = slice(cursor.ahead, 0, length);
      cursor.ahead = slice(cursor.ahead, length, cursor.ahead.length);
      cursor.offsetBytes += length;
      return item;
    }
    const from = cursor.offsetBytes + cursor.ahead.length;
    const wanted = Math.min(windowBytes, cursor.endBytes - from);
    if (wanted <= 0 || cursor.ahead.length > lineBytesMax) {
      return undefined;
    }
    cursor.ahead = concat([cursor.ahead, cursor.readAt(from, wanted)]);
  }
}

/** Whether everything up to the end was read as items. */
export const atItemsEnd = (cursor: ItemCursor): boolean => cursor.offsetBytes === cursor.endBytes;
