/**
 * Fiscal memory: an append-only log of signed records on a ring of flash sectors.
 *
 *   sector: | header | record | record | begin of a record |    next: | header | rest of it | record | ...
 *
 * Records of all types share one sequence and one hash chain. The ring is the buffer of unsent documents: a sector is
 * given up only when all in it is delivered, closed and 720 h old, and its bytes stay until the ring comes round to it.
 * Bytes are drawn in sector-header.ts, flash-record.ts and seals.ts; a start's decisions in tail-actions.ts.
 */
import type { Flash } from "../hal/flash";
import type { Hash } from "../hal/hash";
import { assert } from "../protocol/assert";
import { type Bytes, emptyBytes } from "../protocol/bytes";
import { cborBytes, cborMap, cborUint } from "../protocol/cbor-write";
import { recordType, reuseKey } from "../protocol/records";
import {
  dataCrcBytes,
  type LogArea,
  logAreaOf,
  readSectorHeader,
  restBytes,
  sectorAfter,
  sectorOf,
} from "./flash-record";
import { memoryReadBytesMax, retentionS, spareSectorsMin } from "./limits";
import { createLogIndex, type LogIndex } from "./log-index";
import { recoverLog } from "./log-recovery";
import { type CorruptMemory, hasSectors, type LogTail, spareSectors } from "./log-tail";
import { newCursor, readContent, readPayload } from "./log-walk";
import { beginRecord } from "./log-writer";
import type { DocumentNote, FiscalMemory, LogPosition, RecordRef, ReusePolicy } from "./memory-api";

export type { FlashFailure } from "./flash-access";
export type { CorruptMemory } from "./log-tail";

export interface OpenedMemory {
  readonly memory: FiscalMemory;
  /** Damage that no power cut leaves: the log is readable up to it, and append asserts. */
  readonly problem: CorruptMemory | undefined;
  /** A torn record at the end was left behind, and an event of the log says so. */
  readonly repaired: boolean;
}

/**
 * Opens the log. Reads from `from`, a position that an earlier logPosition() gave, or from the oldest record. Throws
 * FlashFailure when the chip fails. Without `repairs` nothing is written, not by append either.
 */
export function openFiscalMemory(
  flash: Flash,
  hash: Hash,
  callBytesMax: number,
  from: LogPosition | undefined,
  repairs = true,
): OpenedMemory {
  const area = logAreaOf(flash, callBytesMax);
  const { tail, repaired } = recoverLog(area, hash, from, repairs);
  return { memory: createMemory(tail), problem: tail.problem, repaired };
}

function createMemory(tail: LogTail): FiscalMemory {
  const { area } = tail;
  const index = createLogIndex(tail);
  const cursor = newCursor();
  const begin: FiscalMemory["begin"] = (type, lengthBytes, note) => beginRecord(tail, type, lengthBytes, note);
  return {
    lastSequence: () => tail.lastSequence,
    lastHash: () => tail.lastHash,
    logPosition: () => ({ sequence: tail.lastSequence, hash: tail.lastHash, position: tail.lastPosition }),
    begin,
    append: (type, payload, note) => append(tail, type, payload, note),
    read: (record, fromBytes, lengthBytes) => {
      assert(lengthBytes <= memoryReadBytesMax, "a read stays within its window");
      assert(fromBytes + lengthBytes <= record.lengthBytes, "a read stays inside the record");
      return lengthBytes === 0 ? emptyBytes : readPayload(area, cursor, record, fromBytes, lengthBytes);
    },
    ...index,
    noteSettled: number => {
      tail.lastSettled = Math.max(tail.lastSettled, number);
    },
    hashOf: record => readContent(area, tail.hash, record).hash,
    freeBytes: () => freeBytes(tail),
    costBytes: payloadBytes => costBytes(area, payloadBytes),
    reuseOldest: policy => reuseOldest(tail, index, policy),
  };
}

function append(tail: LogTail, type: number, payload: Bytes, note: DocumentNote | undefined): RecordRef {
  const writer = beginRecord(tail, type, payload.length, note);
  writer.write(payload);
  return writer.finish();
}

/** What the log can still grow; sectors kept back for repairs count as used until reuse has brought them back. */
function freeBytes(tail: LogTail): number {
  const { area } = tail;
  if (tail.problem !== undefined) {
    return 0;
  }
  const rest = hasSectors(tail) ? restBytes(area, tail.position) : 0;
  return Math.max(0, rest + (spareSectors(tail) - spareSectorsMin) * area.bytesPerSector);
}

/**
 * How far the end of the log moves at most: data, a head, CRC and filling for each fragment, a header for each sector,
 * the seals, and what is left unused at the end of the sectors where it begins and where its last bytes do not fit.
 */
function costBytes(area: LogArea, payloadBytes: number): number {
  const filling = area.unitBytes - 1;
  const fragmentRoom = area.bytesPerSector - area.sectorHeadBytes - area.fragmentHeadBytes - dataCrcBytes;
  const fragments = Math.floor(payloadBytes / fragmentRoom) + 3;
  const perFragment = area.sectorHeadBytes + area.fragmentHeadBytes + dataCrcBytes + filling;
  return payloadBytes + fragments * perFragment + 2 * area.sealsBytes + area.startBytesMin + 2 * area.unitBytes;
}

function reuseOldest(tail: LogTail, index: LogIndex, policy: ReusePolicy): boolean {
  const { area } = tail;
  const oldest = tail.oldestSector;
  if (!mayReuse(tail, policy)) {
    return false;
  }
  const kept = index.firstFrom(sectorAfter(area, oldest));
  if (kept === undefined) {
    return false;
  }
  const payload = cborMap([
    [cborUint(reuseKey.prev), cborBytes(tail.lastHash)],
    [cborUint(reuseKey.sector), cborUint(oldest)],
    [cborUint(reuseKey.sequence), cborUint(kept.sequence - 1)],
    [cborUint(reuseKey.hash), cborBytes(index.prevOf(kept))],
    [cborUint(reuseKey.utcS), cborUint(policy.utcS)],
  ]);
  append(tail, recordType.reuse, payload, undefined);
  tail.oldestSector = sectorAfter(area, oldest);
  return true;
}

/** Everything that begins in the oldest sector is delivered, 720 h old and closed; the checkpoint's record stays. */
function mayReuse(tail: LogTail, policy: ReusePolicy): boolean {
  const { area } = tail;
  if (!hasSectors(tail) || tail.oldestSector === sectorOf(area, tail.position)) {
    return false;
  }
  const next = readSectorHeader(area, sectorAfter(area, tail.oldestSector));
  return (
    next !== undefined &&
    next.newestDocument <= policy.settledNumber &&
    next.newestUtcS <= policy.utcS - retentionS &&
    next.firstSequence - 1 < policy.closedSequence
  );
}
