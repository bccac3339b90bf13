/**
 * CRC-32/ISO-HDLC (zip, Ethernet): polynomial 0x04c11db7 reflected, initial value and final XOR 0xffffffff.
 * `123456789` gives 0xcbf43926.
 */
import type { Bytes } from "./bytes";
import * as platform from "./platform";

const table = makeTable();

export const crc32 = (bytes: Bytes): number => crc32End(crc32Update(crc32Start, bytes));

/** Streaming: begin with crc32Start, add pieces by crc32Update, end by crc32End. */
export const crc32Start = 0xffffffff;

export function crc32Update(crc: number, bytes: Bytes): number {
  let value = crc;
  // The platform's own byteAt: the loop keeps the bounds, and every byte of the flash passes here.
  for (let index = 0; index < bytes.length; index++) {
    value = (table[(value ^ platform.byteAt(bytes, index)) & 0xff]! ^ (value >>> 8)) >>> 0;
  }
  return value;
}

export const crc32End = (crc: number): number => (crc ^ 0xffffffff) >>> 0;

function makeTable(): readonly number[] {
  const entries: number[] = [];
  for (let index = 0; index < 256; index++) {
    let value = index;
    for (let bit = 0; bit < 8; bit++) {
      value = value % 2 === 1 ? ((value >>> 1) ^ 0xedb88320) >>> 0 : value >>> 1;
    }
    entries.push(value);
  }
  return entries;
}
