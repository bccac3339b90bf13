/**
 * Finding records without an index of its own: sector headers carry the sequence, document and delivery numbers, so a
 * binary search over the kept sectors finds the sector, and a walk through it the record.
 */
import type { Bytes } from "../protocol/bytes";
import { assertStored } from "./flash-access";
import { readFragmentHead, readSectorHeader, sectorAfter, sectorOf, sectorStart } from "./flash-record";
import { hasSectors, type LogTail, noHash } from "./log-tail";
import { firstSlot, judgeSlot, lookAhead, readStart, scanRecord } from "./log-walk";
import type { FiscalMemory, RecordRef } from "./memory-api";
import { factsBytes, prevOf } from "./record-facts";
import type { SectorHeader } from "./sector-header";
import { tailActions } from "./tail-actions";

/** @noSelf */
export interface LogIndex
  extends Pick<FiscalMemory, "next" | "at" | "find" | "nearDocument" | "nearSettled" | "anchor"> {
  /** The first record that begins in this kept sector or after it. */
  readonly firstFrom: (sector: number) => RecordRef | undefined;
  readonly prevOf: (record: RecordRef) => Bytes;
}

export function createLogIndex(tail: LogTail): LogIndex {
  const { area } = tail;
  /** Where the record ends that was found last: `next` usually asks for the one after it. */
  let lastFound: { readonly sequence: number; readonly end: number } | undefined;

  const keptSectors = (): number =>
    hasSectors(tail)
      ? ((sectorOf(area, tail.position) - tail.oldestSector + area.sectorCount) % area.sectorCount) + 1
      : 0;
  const keptSector = (rank: number): number => (tail.oldestSector + rank) % area.sectorCount;

  /** Record `sequence`, which is kept and whose slot is at `position` or in the sector that goes on for it. */
  function locate(position: number, sequence: number): RecordRef | undefined {
    let at = position;
    for (let hops = 0; hops < area.sectorCount && sequence <= tail.lastSequence; hops++) {
      const facts = judgeSlot(area, at, sequence);
      const action = tailActions[facts.slot][lookAhead(area, at, sequence, facts)];
      if (facts.scan !== undefined && (action === "accept" || action === "keep")) {
        lastFound = { sequence, end: facts.scan.end };
        return facts.scan.ref;
      }
      assertStored(action === "goOn");
      at = sectorStart(area, sectorAfter(area, sectorOf(area, at)));
    }
    return undefined;
  }

  function firstFrom(sector: number): RecordRef | undefined {
    const slot = firstSlot(area, sector);
    return locate(slot.position, slot.sequence);
  }

  const oldest = (): RecordRef | undefined => (hasSectors(tail) ? firstFrom(tail.oldestSector) : undefined);

  /** The ring may have come round to it. */
  function isGivenUp(record: RecordRef): boolean {
    const header = readSectorHeader(area, tail.oldestSector);
    return header !== undefined && record.sequence + 1 < header.firstSequence;
  }

  function next(record: RecordRef | undefined): RecordRef | undefined {
    if (record === undefined || isGivenUp(record)) {
      return oldest();
    }
    if (lastFound !== undefined && lastFound.sequence === record.sequence) {
      return locate(lastFound.end, record.sequence + 1);
    }
    const head = readFragmentHead(area, record.position);
    if (head === undefined || head.sequence !== record.sequence) {
      return find(record.sequence + 1);
    }
    return locate(scanRecord(area, record.position, head).end, record.sequence + 1);
  }

  /** The last kept sector whose header passes a test that, along the ring, is true first and then false. */
  function lastSectorWhere(passes: (header: SectorHeader) => boolean): number | undefined {
    let low = 0;
    let high = keptSectors();
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const header = readSectorHeader(area, keptSector(middle));
      assertStored(header !== undefined);
      if (passes(header)) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low === 0 ? undefined : keptSector(low - 1);
  }

  /** Walks from the first record of a sector to the first one that is there: sequence or position not below. */
  function walkTo(sector: number, isThere: (record: RecordRef) => boolean): RecordRef | undefined {
    let record = firstFrom(sector);
    while (record !== undefined && !isThere(record)) {
      record = next(record);
    }
    return record;
  }

  function find(sequence: number): RecordRef | undefined {
    if (sequence < 1 || sequence > tail.lastSequence) {
      return undefined;
    }
    const sector = lastSectorWhere(header => header.firstSequence <= sequence);
    const found = sector === undefined ? undefined : walkTo(sector, record => record.sequence >= sequence);
    return found !== undefined && found.sequence === sequence ? found : undefined;
  }

  function at(position: number): RecordRef | undefined {
    const sector = sectorOf(area, position);
    const rank = sector < 0 ? keptSectors() : (sector - tail.oldestSector + area.sectorCount) % area.sectorCount;
    if (rank >= keptSectors()) {
      return undefined;
    }
    const found = walkTo(sector, record => record.position >= position || sectorOf(area, record.position) !== sector);
    return found !== undefined && found.position === position ? found : undefined;
  }

  function nearDocument(number: number): RecordRef | undefined {
    if (number > tail.newestDocument) {
      return undefined;
    }
    const sector = lastSectorWhere(header => header.newestDocument < number);
    return sector === undefined ? undefined : firstFrom(sector);
  }

  function nearSettled(number: number): RecordRef | undefined {
    const sector = lastSectorWhere(header => header.lastSettled < number);
    const header = sector === undefined ? undefined : readSectorHeader(area, sector);
    if (header === undefined) {
      return undefined;
    }
    // The record that delivered it may have begun before that sector and ended in it.
    return find(header.firstSequence - 1) ?? oldest();
  }

  function prevOfRecord(record: RecordRef): Bytes {
    const prev = prevOf(readStart(area, record, factsBytes));
    assertStored(prev !== undefined);
    return prev;
  }

  function anchor(): { readonly sequence: number; readonly hash: Bytes } {
    const record = oldest();
    return record === undefined
      ? { sequence: 1, hash: noHash }
      : { sequence: record.sequence, hash: prevOfRecord(record) };
  }

  return { next, at, find, nearDocument, nearSettled, anchor, firstFrom, prevOf: prevOfRecord };
}
