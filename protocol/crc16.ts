/**
 * CRC-16/XMODEM: polynomial 0x1021, initial value 0, nothing reflected, no final XOR. `123456789` gives 0x31c3.
 *
 * Run over a message and its own CRC (big-endian) it is 0: that is how a receiver checks it (SMP serial transport).
 */
import type { Bytes } from "./bytes";
import * as platform from "./platform";

const table = makeTable();

export const crc16 = (bytes: Bytes): number => crc16Update(0, bytes);

/** Goes on from the CRC of what came before; a message begins at 0. */
export function crc16Update(crc: number, bytes: Bytes): number {
  let value = crc;
  // The platform's own byteAt: the loop keeps the bounds, and this is the hottest loop of the link.
  for (let index = 0; index < bytes.length; index++) {
    value = ((value & 0xff) * 256) ^ table[((value >>> 8) ^ platform.byteAt(bytes, index)) & 0xff]!;
  }
  return value;
}

function makeTable(): readonly number[] {
  const entries: number[] = [];
  for (let index = 0; index < 256; index++) {
    let value = index * 256;
    for (let bit = 0; bit < 8; bit++) {
      value = value >= 0x8000 ? ((value & 0x7fff) * 2) ^ 0x1021 : value * 2;
    }
    entries.push(value);
  }
  return entries;
}
