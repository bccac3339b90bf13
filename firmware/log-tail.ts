/**
 * The end of the log: the one mutable object of the fiscal memory, and how the log goes on in a fresh sector.
 *
 * A sector is erased immediately before it is opened: what an earlier power cycle erased may read differently twice.
 */
import type { Hash } from "../hal/hash";
import { assert } from "../protocol/assert";
import { type Bytes, repeatByte } from "../protocol/bytes";
import { eraseSector, flashFailure, isBlank, programFlash } from "./flash-access";
import {
  type LogArea,
  readSectorHeader,
  restBytes,
  sectorAfter,
  sectorNumber,
  sectorOf,
  sectorStart,
} from "./flash-record";
import { encodeSectorHeader, type SectorHeader, sectorHeaderBytes } from "./sector-header";

export interface CorruptMemory {
  readonly kind: "corrupt";
  /** The record that is damaged or missing. */
  readonly sequence: number;
  readonly expected: string;
  readonly got: string;
}

export interface LogTail {
  readonly area: LogArea;
  readonly hash: Hash;
  /** Where the next record goes; 0 before the first sector. */
  position: number;
  /** `number` of the newest sector. */
  number: number;
  lastSequence: number;
  lastHash: Bytes;
  /** Where record `lastSequence` begins. */
  lastPosition: number;
  newestDocument: number;
  newestUtcS: number;
  lastSettled: number;
  /** First kept sector of the ring. */
  oldestSector: number;
  /** Set by a damage that was found at open: nothing is appended. */
  problem: CorruptMemory | undefined;
  /** A record was begun and did not end yet. */
  isWriting: boolean;
  /** A call of the writer did not come back: only a new start knows what is on the flash. */
  isUncertain: boolean;
}

/** Hash before the first record. */
export const noHash = repeatByte(0, 32);

export const newTail = (area: LogArea, hash: Hash): LogTail => ({
  area,
  hash,
  position: 0,
  number: 0,
  lastSequence: 0,
  lastHash: noHash,
  lastPosition: 0,
  newestDocument: 0,
  newestUtcS: 0,
  lastSettled: 0,
  oldestSector: 0,
  problem: undefined,
  isWriting: false,
  isUncertain: false,
});

export const hasSectors = (tail: LogTail): boolean => tail.position !== 0;

/** Sectors between the newest and the oldest: free to open. */
export function spareSectors(tail: LogTail): number {
  const { sectorCount } = tail.area;
  if (!hasSectors(tail)) {
    return sectorCount;
  }
  return (tail.oldestSector - sectorOf(tail.area, tail.position) - 1 + sectorCount) % sectorCount;
}

/** Takes over what a sector's header remembers, when the walk or the writer enters it. */
export function enterSector(tail: LogTail, header: SectorHeader): void {
  tail.number = header.number;
  tail.oldestSector = header.oldestSector;
  tail.newestDocument = Math.max(tail.newestDocument, header.newestDocument);
  tail.lastSettled = Math.max(tail.lastSettled, header.lastSettled);
  tail.newestUtcS = Math.max(tail.newestUtcS, header.newestUtcS);
}

/** Erases and opens the next sector of the ring; the log goes on at its start. */
export function openSector(tail: LogTail, firstSequence: number): void {
  const { area } = tail;
  const sector = sectorAfter(area, sectorOf(area, tail.position));
  if (spareSectors(tail) === 0) {
    throw flashFailure("full", sector * area.bytesPerSector);
  }
  const old = readSectorHeader(area, sector);
  const header: SectorHeader = {
    number: tail.number + 1,
    firstSequence,
    newestDocument: tail.newestDocument,
    lastSettled: tail.lastSettled,
    newestUtcS: tail.newestUtcS,
    eraseCount: old === undefined ? 1 : old.eraseCount + 1,
    oldestSector: tail.oldestSector,
  };
  eraseSector(area, sector);
  programFlash(area, sector * area.bytesPerSector, encodeSectorHeader(header));
  tail.number = header.number;
  tail.position = sectorStart(area, sector);
}

/**
 * Leaves the newest sector after a torn record and opens the next one, so that nothing of what is left over can ever be
 * taken for a part of the log: sectors ahead that were opened, or whose header is unreadable, are erased from the far
 * end; the new number is larger than any on the flash. `position`: after the last record that counts.
 */
export function openRepaired(tail: LogTail): void {
  const { area } = tail;
  const base = sectorOf(area, tail.position);
  const spare = spareSectors(tail);
  const number = sectorNumber(area, base);
  let largest = tail.number;
  for (let sector = 0; sector < area.sectorCount; sector++) {
    largest = Math.max(largest, sectorNumber(area, sector));
  }
  for (let ahead = spare; ahead >= 1; ahead--) {
    const sector = (base + ahead) % area.sectorCount;
    if (ahead === 2 || isLeftOver(area, sector, number)) {
      eraseSector(area, sector);
    }
  }
  tail.number = largest;
  openSector(tail, tail.lastSequence + 1);
}

function isLeftOver(area: LogArea, sector: number, number: number): boolean {
  const header = readSectorHeader(area, sector);
  if (header !== undefined) {
    return header.number > number;
  }
  return !isBlank(area, sector * area.bytesPerSector, sectorHeaderBytes);
}

/** Whether a record may begin in the sector at hand. */
export const startsHere = (tail: LogTail): boolean =>
  hasSectors(tail) && restBytes(tail.area, tail.position) >= tail.area.startBytesMin;

export function assertWritable(tail: LogTail): void {
  assert(tail.problem === undefined, "nothing is appended to a damaged log");
  if (tail.isUncertain) {
    throw flashFailure("other", tail.position);
  }
  assert(!tail.isWriting, "one record is written at a time");
}
