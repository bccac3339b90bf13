/**
 * One record on flash: fragments, each inside one sector, and seals after the last.
 *
 *   | head | data ... | crc32(data) |  ...next sector...  | head | data | crc32(data) | seal | latch |
 *
 *   head: 0     1      2          6              10                  14          18      22
 *         | "R" | type | sequence | record bytes | offset of this data | data bytes | crc32 |
 *
 * u32 big-endian; every part is filled up to whole program units. A record exists once its seal is programmed
 * (seals.ts). The head has its own CRC: a torn length must not send a reader past the end.
 */

import type { Flash } from "../hal/flash";
import { assert } from "../protocol/assert";
import { type Bytes, byteAt, bytesOf, concat, readU32be, slice, u32be } from "../protocol/bytes";
import { crc32 } from "../protocol/crc32";
import { areaOf, type FlashArea, padded, readFlash } from "./flash-access";
import { sealsBytes } from "./seals";
import { decodeSectorHeader, type SectorHeader, sectorHeaderBytes } from "./sector-header";

export interface FragmentHead {
  readonly type: number;
  readonly sequence: number;
  /** Of the whole record. */
  readonly lengthBytes: number;
  /** Where this fragment's data belong in the record. */
  readonly fromBytes: number;
  readonly dataBytes: number;
}

export const fragmentHeadBytes = 22;
export const dataCrcBytes = 4;
const marker = 0x52;

/** A flash that holds a log, and what its parts take there. */
export interface LogArea extends FlashArea {
  readonly sectorHeadBytes: number;
  readonly fragmentHeadBytes: number;
  readonly sealsBytes: number;
  /** A record begins in a sector only when at least this much is left of it, whatever its length. */
  readonly startBytesMin: number;
}

export function logAreaOf(flash: Flash, callBytesMax: number): LogArea {
  const area = areaOf(flash, callBytesMax);
  const sectorHead = padded(area, sectorHeaderBytes);
  const fragmentHead = padded(area, fragmentHeadBytes);
  const seals = sealsBytes(area);
  const startBytesMin = fragmentHead + padded(area, 1 + dataCrcBytes) + seals;
  assert(sectorHead + startBytesMin <= area.bytesPerSector, "a sector holds its header and a record of one byte");
  return { ...area, sectorHeadBytes: sectorHead, fragmentHeadBytes: fragmentHead, sealsBytes: seals, startBytesMin };
}

export function encodeFragmentHead(head: FragmentHead): Bytes {
  const body = concat([
    bytesOf(marker, head.type),
    u32be(head.sequence),
    u32be(head.lengthBytes),
    u32be(head.fromBytes),
    u32be(head.dataBytes),
  ]);
  return concat([body, u32be(crc32(body))]);
}

export function decodeFragmentHead(bytes: Bytes): FragmentHead | undefined {
  if (byteAt(bytes, 0) !== marker || readU32be(bytes, 18) !== crc32(slice(bytes, 0, 18))) {
    return undefined;
  }
  return {
    type: byteAt(bytes, 1),
    sequence: readU32be(bytes, 2),
    lengthBytes: readU32be(bytes, 6),
    fromBytes: readU32be(bytes, 10),
    dataBytes: readU32be(bytes, 14),
  };
}

/** What of `remainingBytes` goes into a fragment at `position`: all with its seals, or what the sector takes, less one
 * byte that keeps the seals company in the next sector. */
export function fragmentDataBytes(area: LogArea, position: number, remainingBytes: number): number {
  const roomBytes = area.bytesPerSector - (position % area.bytesPerSector) - area.fragmentHeadBytes;
  if (padded(area, remainingBytes + dataCrcBytes) + area.sealsBytes <= roomBytes) {
    return remainingBytes;
  }
  return Math.min(roomBytes - dataCrcBytes, remainingBytes - 1);
}

export const isLastFragment = (head: FragmentHead): boolean => head.fromBytes + head.dataBytes === head.lengthBytes;

/** Where the data of a fragment begin, and where they end, CRC and filling included. */
export const dataStart = (area: LogArea, position: number): number => position + area.fragmentHeadBytes;
export const dataEnd = (area: LogArea, position: number, head: FragmentHead): number =>
  dataStart(area, position) + padded(area, head.dataBytes + dataCrcBytes);

/**
 * The sector of the log position `position`. A position always follows something (a header, a record), so the end of a
 * full sector still belongs to it. Position 0 stands for "no sector yet": sector -1.
 */
export const sectorOf = (area: LogArea, position: number): number => Math.floor((position - 1) / area.bytesPerSector);
export const sectorAfter = (area: LogArea, sector: number): number => (sector + 1) % area.sectorCount;
export const sectorStart = (area: LogArea, sector: number): number =>
  sector * area.bytesPerSector + area.sectorHeadBytes;
export const sectorEnd = (area: LogArea, sector: number): number => (sector + 1) * area.bytesPerSector;
/** What is left of its sector after `position`. */
export const restBytes = (area: LogArea, position: number): number =>
  sectorEnd(area, sectorOf(area, position)) - position;

export const readSectorHeader = (area: LogArea, sector: number): SectorHeader | undefined =>
  decodeSectorHeader(readFlash(area, sector * area.bytesPerSector, sectorHeaderBytes));

export const readFragmentHead = (area: LogArea, position: number): FragmentHead | undefined =>
  decodeFragmentHead(readFlash(area, position, fragmentHeadBytes));

/** `number` of a sector's header: 0 before the first sector and where none is readable. */
export function sectorNumber(area: LogArea, sector: number): number {
  const header = sector < 0 ? undefined : readSectorHeader(area, sector);
  return header === undefined ? 0 : header.number;
}
