/**
 * The header of one sector of the log, programmed in one call right after the sector was erased.
 *
 *   0       4        8               12             16             20          24          28            32      36
 *   | "KFM1" | number | firstSequence | newestDocument | lastSettled | newestUtcS | eraseCount | oldestSector | crc32 |
 *
 * All are u32, big-endian. `number` grows with every sector that is opened, so that the order of the ring is known and
 * a sector left over from an earlier time is told from a successor. A header that stands alone proves nothing: the cut
 * may have been in its own call. The first fragment after it does.
 */
import { type Bytes, concat, readU32be, slice, u32be, utf8 } from "../protocol/bytes";
import { crc32 } from "../protocol/crc32";

export interface SectorHeader {
  readonly number: number;
  /** Sequence of the first record that begins in this sector or after it. */
  readonly firstSequence: number;
  /** Number of the newest document that begins before this sector. */
  readonly newestDocument: number;
  /** Documents up to this number were delivered before this sector was opened. */
  readonly lastSettled: number;
  /** The latest time of a document that begins before this sector. */
  readonly newestUtcS: number;
  /** How often this sector was erased, as far as its headers tell. */
  readonly eraseCount: number;
  /** The first sector of the ring that was kept when this one was opened. */
  readonly oldestSector: number;
}

export const sectorHeaderBytes = 36;
const magic = utf8("KFM1");

export function encodeSectorHeader(header: SectorHeader): Bytes {
  const body = concat([
    magic,
    u32be(header.number),
    u32be(header.firstSequence),
    u32be(header.newestDocument),
    u32be(header.lastSettled),
    u32be(header.newestUtcS),
    u32be(header.eraseCount),
    u32be(header.oldestSector),
  ]);
  return concat([body, u32be(crc32(body))]);
}

export function decodeSectorHeader(bytes: Bytes): SectorHeader | undefined {
  if (slice(bytes, 0, 4) !== magic || readU32be(bytes, 32) !== crc32(slice(bytes, 0, 32))) {
    return undefined;
  }
  return {
    number: readU32be(bytes, 4),
    firstSequence: readU32be(bytes, 8),
    newestDocument: readU32be(bytes, 12),
    lastSettled: readU32be(bytes, 16),
    newestUtcS: readU32be(bytes, 20),
    eraseCount: readU32be(bytes, 24),
    oldestSector: readU32be(bytes, 28),
  };
}
