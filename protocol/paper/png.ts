/**
 * PNG of one bit a dot (W3C PNG, third edition): gray, depth 1, row by row.
 *
 *   | 89 'PNG' 0d 0a 1a 0a | IHDR width height 1 0 0 0 0 | IDAT zlib(filter 0, row, filter 0, row …) | IEND |
 *   chunk: | length u32 | type | data | CRC-32 of type and data |
 */
import { assert } from "../assert";
import { type Bytes, byteAt, bytesOf, concat, emptyBytes, packBytes, u32be, utf8 } from "../bytes";
import { crc32 } from "../crc32";

/** Compresses to the zlib format (RFC 1950). */
export type Deflate = (bytes: Bytes) => Bytes;

const signature = concat([bytesOf(0x89), utf8("PNG"), bytesOf(0x0d, 0x0a, 0x1a, 0x0a)]);
const filterNone = bytesOf(0);

/**
 * The picture of rows that are all `widthDots` wide, eight dots a byte, the highest bit on the left, 1 black (on paper;
 * in PNG 0 is black).
 */
export function encodePng(widthDots: number, rows: readonly Bytes[], deflate: Deflate): Bytes {
  const widthBytes = Math.floor((widthDots + 7) / 8);
  const lines: Bytes[] = [];
  for (const row of rows) {
    assert(row.length === widthBytes, "every row is as wide as the picture");
    lines.push(filterNone, inverted(row));
  }
  const header = concat([u32be(widthDots), u32be(rows.length), bytesOf(1, 0, 0, 0, 0)]);
  return concat([signature, chunk("IHDR", header), chunk("IDAT", deflate(concat(lines))), chunk("IEND", emptyBytes)]);
}

function chunk(type: string, data: Bytes): Bytes {
  const body = concat([utf8(type), data]);
  return concat([u32be(data.length), body, u32be(crc32(body))]);
}

function inverted(row: Bytes): Bytes {
  const bytes: number[] = [];
  for (let index = 0; index < row.length; index++) {
    bytes.push(255 - byteAt(row, index));
  }
  return packBytes(bytes);
}
