/**
 * Finding the end of the log at start: walks from a checkpoint, or from the oldest record, verifies every record on the
 * way, and does what tail-actions.ts says at the end.
 */
import type { Hash } from "../hal/hash";
import { assert } from "../protocol/assert";
import { type Bytes, utf8 } from "../protocol/bytes";
import { cborBytes, cborMap, cborText, cborUint } from "../protocol/cbor-write";
import { documentKey } from "../protocol/document";
import { toHex } from "../protocol/hex";
import { eventKey, outcomeAutonomous, outcomeKey, recordType, reuseKey } from "../protocol/records";
import { asFlashFailure } from "./flash-access";
import {
  type LogArea,
  readFragmentHead,
  readSectorHeader,
  sectorAfter,
  sectorNumber,
  sectorOf,
  sectorStart,
} from "./flash-record";
import { type CorruptMemory, enterSector, type LogTail, newTail, noHash, openRepaired, spareSectors } from "./log-tail";
import { firstSlot, judgeSlot, lookAhead, readContent, readStart, type SlotFacts } from "./log-walk";
import { beginRecord } from "./log-writer";
import type { LogPosition, RecordRef } from "./memory-api";
import { bytesUnder, factsBytes, prevOf, uintUnder } from "./record-facts";
import { type TailAction, tailActions } from "./tail-actions";

/** What an event says that the memory itself wrote. */
export const tailTorn = "TAIL_TORN";
export const tailKept = "TAIL_KEPT";

export interface Recovery {
  readonly tail: LogTail;
  /** A torn end was left behind, and an event says so. */
  readonly repaired: boolean;
}

interface Walk {
  readonly tail: LogTail;
  /** Where record `tail.lastSequence + 1` is looked for. */
  cursor: number;
  /** False up to the checkpoint, whose hash vouches for what is before it. */
  verifies: boolean;
  /** The first record of a walk from the oldest one; its prev is the chain's anchor. */
  anchor: { readonly sequence: number; readonly hash: Bytes } | undefined;
  /** The anchor is the beginning of the chain, or a reuse record names it. */
  isNamed: boolean;
}

export function recoverLog(area: LogArea, hash: Hash, from: LogPosition | undefined, repairs: boolean): Recovery {
  const { tail, action } = readLog(newTail(area, hash), from, repairs);
  tail.isUncertain = !repairs;
  if (!repairs || tail.problem !== undefined || action === "tail") {
    return { tail, repaired: false };
  }
  assert(action === "keep" || action === "drop", "a walk ends at the tail, at a torn record or at damage");
  return { tail, repaired: repair(tail, action === "keep" ? tailKept : tailTorn) };
}

interface Reading {
  readonly tail: LogTail;
  readonly action: TailAction;
}

/** Without `repairs`, a chip that cannot be read is a damage: the log is readable up to it. */
function readLog(tail: LogTail, from: LogPosition | undefined, repairs: boolean): Reading {
  let reading: Reading = { tail, action: "corrupt" };
  try {
    reading = from === undefined ? readAll(tail) : readOn(tail, from);
  } catch (failure) {
    const { kind } = asFlashFailure(failure);
    if (repairs) {
      throw failure;
    }
    tail.problem = damage(tail.lastSequence + 1, "a record", kind);
  }
  return reading;
}

function readOn(tail: LogTail, from: LogPosition): Reading {
  const walk = startAtCheckpoint(tail, from);
  return { tail, action: tail.problem === undefined ? walkOn(walk, undefined) : "corrupt" };
}

/** From the oldest record, whose prev must be the beginning of the chain or be named by a reuse record. */
function readAll(tail: LogTail): Reading {
  const { area } = tail;
  const oldest = oldestSector(area);
  const walk = startAtSector(tail, oldest);
  const action = walkOn(walk, undefined);
  if (isAnchored(walk) || tail.problem !== undefined || oldest === undefined) {
    return { tail, action };
  }
  // The newest header may count on a reuse record whose seal was torn: then the sector before is still there.
  const before = (oldest + area.sectorCount - 1) % area.sectorCount;
  if (sectorNumber(area, before) > 0) {
    const earlier = startAtSector(newTail(area, tail.hash), before);
    const earlierAction = walkOn(earlier, undefined);
    if (isAnchored(earlier) && earlier.tail.problem === undefined) {
      return { tail: earlier.tail, action: earlierAction };
    }
  }
  tail.problem = damage(tail.lastSequence, "a reuse record", "none");
  return { tail, action };
}

function startAtSector(tail: LogTail, sector: number | undefined): Walk {
  const walk: Walk = { tail, cursor: 0, verifies: true, anchor: undefined, isNamed: false };
  if (sector !== undefined) {
    const slot = firstSlot(tail.area, sector);
    walk.cursor = slot.position;
    tail.lastSequence = slot.sequence - 1;
  }
  return walk;
}

/** The first kept sector as the newest header tells it, or the first readable one after it. */
function oldestSector(area: LogArea): number | undefined {
  let newest = readSectorHeader(area, 0);
  for (let sector = 1; sector < area.sectorCount; sector++) {
    const header = readSectorHeader(area, sector);
    if (header !== undefined && (newest === undefined || header.number > newest.number)) {
      newest = header;
    }
  }
  if (newest === undefined) {
    return undefined;
  }
  let oldest = newest.oldestSector % area.sectorCount;
  for (let hops = 0; hops < area.sectorCount && readSectorHeader(area, oldest) === undefined; hops++) {
    oldest = sectorAfter(area, oldest);
  }
  return oldest;
}

function startAtCheckpoint(tail: LogTail, from: LogPosition): Walk {
  const { area } = tail;
  const sector = sectorOf(area, from.position);
  const header = readSectorHeader(area, sector);
  const walk: Walk = { tail, cursor: 0, verifies: false, anchor: undefined, isNamed: false };
  if (header === undefined || from.position > area.flash.capacityBytes) {
    tail.problem = damage(from.sequence, "checkpoint", "no sector");
    return walk;
  }
  // From the start of its sector: what stands there before it says what was given up and which document was last.
  const slot = firstSlot(area, sector);
  enterSector(tail, header);
  const begin = readFragmentHead(area, sectorStart(area, sector));
  if (begin !== undefined && begin.type === recordType.reuse && begin.fromBytes > 0) {
    // The sector was opened inside the record that gives one up, and its header was written before that counted.
    tail.oldestSector = sectorAfter(area, header.oldestSector);
  }
  walk.cursor = slot.position;
  tail.lastSequence = slot.sequence - 1;
  walkOn(walk, from.sequence);
  if (tail.problem === undefined && (tail.lastSequence !== from.sequence || tail.lastPosition !== from.position)) {
    tail.problem = damage(from.sequence, "checkpoint", "other data");
  }
  tail.lastHash = from.hash;
  walk.verifies = true;
  return walk;
}

/** Accepts records until the log ends, or until record `last` (undefined: to the end). */
function walkOn(walk: Walk, last: number | undefined): TailAction {
  const { tail } = walk;
  const { area } = tail;
  while (last === undefined || tail.lastSequence < last) {
    const sequence = tail.lastSequence + 1;
    const facts = judgeSlot(area, walk.cursor, sequence);
    const ahead = lookAhead(area, walk.cursor, sequence, facts);
    const action = tailActions[facts.slot][ahead];
    if (action === "goOn") {
      walk.cursor = sectorStart(area, sectorAfter(area, sectorOf(area, walk.cursor)));
    } else if (action === "accept" || action === "keep") {
      acceptRecord(walk, facts);
    } else if (action === "corrupt") {
      tail.problem = damage(sequence, "a record", facts.slot);
    }
    if (tail.problem !== undefined || (action !== "goOn" && action !== "accept")) {
      return action;
    }
  }
  return "accept";
}

function acceptRecord(walk: Walk, facts: SlotFacts): void {
  const { tail } = walk;
  const { scan } = facts;
  if (scan === undefined) {
    return;
  }
  const { ref } = scan;
  const start = readStart(tail.area, ref, factsBytes);
  if (walk.verifies) {
    verifyRecord(walk, ref, start);
    if (tail.problem !== undefined) {
      return;
    }
  }
  enterNewSector(tail, scan.end);
  noteRecord(walk, ref, start);
  tail.lastSequence = ref.sequence;
  tail.lastPosition = ref.position;
  tail.position = scan.end;
  walk.cursor = scan.end;
}

function enterNewSector(tail: LogTail, end: number): void {
  const header = readSectorHeader(tail.area, sectorOf(tail.area, end));
  if (header !== undefined && header.number !== tail.number) {
    enterSector(tail, header);
  }
}

/** CRCs, prev against the running hash, and the new running hash. */
function verifyRecord(walk: Walk, ref: RecordRef, start: Bytes): void {
  const { tail } = walk;
  const content = readContent(tail.area, tail.hash, ref);
  const prev = prevOf(start);
  if (!content.fits || prev === undefined) {
    tail.problem = damage(ref.sequence, "crc", content.fits ? "no prev" : "other data");
    return;
  }
  if (walk.anchor === undefined && tail.position === 0) {
    walk.anchor = { sequence: ref.sequence, hash: prev };
    walk.isNamed = ref.sequence === 1 && prev === noHash;
  } else if (prev !== tail.lastHash) {
    tail.problem = damage(ref.sequence, toHex(tail.lastHash), toHex(prev));
    return;
  }
  tail.lastHash = content.hash;
}

/** What later sectors, look-ups and reuse must know of a record. */
function noteRecord(walk: Walk, ref: RecordRef, start: Bytes): void {
  const { tail } = walk;
  if (ref.type === recordType.document) {
    tail.newestDocument = Math.max(tail.newestDocument, uintUnder(start, documentKey.number) ?? 0);
    tail.newestUtcS = Math.max(tail.newestUtcS, uintUnder(start, documentKey.utcS) ?? 0);
  } else if (ref.type === recordType.delivered || ref.type === recordType.outcome) {
    noteSettled(tail, start);
  } else if (ref.type === recordType.reuse) {
    noteReuse(walk, start);
  }
}

/** An autonomous receipt is not with the operator yet. */
function noteSettled(tail: LogTail, start: Bytes): void {
  if (uintUnder(start, outcomeKey.kind) !== outcomeAutonomous) {
    tail.lastSettled = Math.max(tail.lastSettled, uintUnder(start, outcomeKey.number) ?? 0);
  }
}

function noteReuse(walk: Walk, start: Bytes): void {
  const { tail, anchor } = walk;
  const sector = uintUnder(start, reuseKey.sector);
  const sequence = uintUnder(start, reuseKey.sequence);
  if (sector !== undefined && sequence !== undefined) {
    tail.oldestSector = sectorAfter(tail.area, sector);
    const isMeant = anchor !== undefined && anchor.sequence === sequence + 1;
    walk.isNamed = walk.isNamed || (isMeant && anchor.hash === bytesUnder(start, reuseKey.hash));
  }
}

/** Nothing before the oldest kept record was cut off but by a reuse. */
const isAnchored = ({ tail, anchor, isNamed }: Walk): boolean =>
  anchor === undefined ? tail.lastSequence === 0 : isNamed;

/** Goes on in a fresh sector with an event, which makes the decision about the torn record durable. */
function repair(tail: LogTail, code: string): boolean {
  if (spareSectors(tail) === 0) {
    tail.problem = damage(tail.lastSequence + 1, "a spare sector", "none");
    return false;
  }
  openRepaired(tail);
  const payload = cborMap([
    [cborUint(eventKey.prev), cborBytes(tail.lastHash)],
    [cborUint(eventKey.code), cborText(utf8(code))],
  ]);
  const writer = beginRecord(tail, recordType.event, payload.length, undefined);
  writer.write(payload);
  writer.finish();
  return true;
}

const damage = (sequence: number, expected: string, got: string): CorruptMemory => ({
  kind: "corrupt",
  sequence,
  expected,
  got,
});
