/**
 * How the bytes of an FRAM are used. FRAM needs no erasing, but a Flash promises that erased bytes read 0xff and are
 * programmed once; so one bit tells for each program unit whether it was programmed since its sector was erased.
 *
 *   0        64                                                    capacity
 *   | header | map of sector 0 | map of sector 1 | … | unused | sectors … |
 *
 *   header:  "KFRM" | layout version 2 | capacity 4 | length of serial 1 | serial 32, zeros behind | CRC-32 of these 4
 *   map:     16 bytes; bit n % 8 (lowest first) of byte n / 8 is program unit n
 *
 * Maps of neighbouring sectors touch, so the units of the whole flash are one row of bits.
 */
import {
  type Bytes,
  byteAt,
  bytesOf,
  concat,
  readU16be,
  readU32be,
  repeatByte,
  slice,
  u16be,
  u32be,
  utf8,
} from "../../protocol/bytes";
import { crc32 } from "../../protocol/crc32";

export const programBytes = 8;
export const sectorBytes = 1024;
export const mapBytes = sectorBytes / programBytes / 8;
export const headBytes = 64;

export interface FramLayout {
  /** Of the chip. */
  readonly framBytes: number;
  readonly sectorCount: number;
  readonly mapsOffset: number;
  readonly mapsBytes: number;
  readonly sectorsOffset: number;
}

export function layoutOf(framBytes: number): FramLayout {
  const sectorCount = Math.floor((framBytes - headBytes) / (sectorBytes + mapBytes));
  return {
    framBytes,
    sectorCount,
    mapsOffset: headBytes,
    mapsBytes: sectorCount * mapBytes,
    sectorsOffset: framBytes - sectorCount * sectorBytes,
  };
}

// ---- Header -------------------------------------------------------------------------------------------------------

const magic = utf8("KFRM");
export const layoutVersion = 1;
const serialBytesMax = 32;
const signedBytes = magic.length + 2 + 4 + 1 + serialBytesMax;
/** Of them the header takes so many; nothing stands behind. */
export const headerBytes = signedBytes + 4;

export interface FramHeader {
  readonly version: number;
  readonly capacityBytes: number;
  /** Factory number of the board that the chip belongs to. */
  readonly serial: Bytes;
}

export function encodeHeader({ version, capacityBytes, serial }: FramHeader): Bytes {
  if (serial.length > serialBytesMax) throw new RangeError(`a factory number has at most ${serialBytesMax} bytes`);
  const signed = concat([
    magic,
    u16be(version),
    u32be(capacityBytes),
    bytesOf(serial.length),
    serial,
    repeatByte(0, serialBytesMax - serial.length),
  ]);
  return concat([signed, u32be(crc32(signed)), repeatByte(0, headBytes - signedBytes - 4)]);
}

/** Undefined when these bytes are no header. */
export function decodeHeader(head: Bytes): FramHeader | undefined {
  const signed = slice(head, 0, signedBytes);
  if (slice(head, 0, magic.length) !== magic || readU32be(head, signedBytes) !== crc32(signed)) return undefined;
  const serialLength = Math.min(byteAt(head, 10), serialBytesMax);
  return { version: readU16be(head, 4), capacityBytes: readU32be(head, 6), serial: slice(head, 11, 11 + serialLength) };
}

// ---- Maps ---------------------------------------------------------------------------------------------------------

/** Which program units of the whole flash are programmed. */
export interface UnitMap {
  isProgrammed(unit: number): boolean;
  /** The changed bytes, beginning with byte `at` of the maps, as they will be once these units are programmed. */
  marked(firstUnit: number, unitCount: number): { readonly at: number; readonly bytes: Bytes };
  /** What the chip now holds from byte `at` on. */
  store(at: number, bytes: Bytes): void;
}

export function createUnitMap(maps: Bytes): UnitMap {
  const held = Buffer.from(maps, "latin1");
  return {
    isProgrammed: unit => ((held[unit >> 3] ?? 0) & (1 << (unit & 7))) !== 0,
    marked(firstUnit, unitCount) {
      const at = firstUnit >> 3;
      const lastUnit = firstUnit + unitCount - 1;
      const changed = Buffer.from(held.subarray(at, (lastUnit >> 3) + 1));
      for (let unit = firstUnit; unit <= lastUnit; unit++) {
        changed[(unit >> 3) - at] = (changed[(unit >> 3) - at] ?? 0) | (1 << (unit & 7));
      }
      return { at, bytes: changed.toString("latin1") as Bytes };
    },
    store(at, bytes) {
      held.set(Buffer.from(bytes, "latin1"), at);
    },
  };
}
