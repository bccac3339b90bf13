/**
 * A log under test and its truth in plain arrays: what was acknowledged, what was in flight when the power went. Runs
 * in Node and in Lua; the memory is a parameter, so that wrong ones can be tried.
 */
import type { openFiscalMemory as OpenFiscalMemory } from "../../firmware/fiscal-memory";
import type { FiscalMemory, LogPosition, RecordRef, ReusePolicy } from "../../firmware/memory-api";
import type { Hash } from "../../hal/hash";
import { PowerLost, partition, type SimFlash } from "../../hal/sim/sim-flash";
import { assert } from "../../protocol/assert";
import { type Bytes, concat, repeatByte } from "../../protocol/bytes";
import { cborArrayHead, cborBytes, cborMap, cborUint } from "../../protocol/cbor-write";
import { documentKey } from "../../protocol/document";
import { recordType } from "../../protocol/records";

export type Open = typeof OpenFiscalMemory;

export interface LoggedRecord {
  readonly sequence: number;
  readonly type: number;
  readonly payload: Bytes;
}

/** A hash that forgets its open handles when the power goes.
 * @noSelf
 */
export interface TestHash extends Hash {
  reset(): void;
}

/** What must be on the flash. */
export interface LogTruth {
  readonly acknowledged: LoggedRecord[];
  inFlight: LoggedRecord | undefined;
  /** Document number and time of the newest document. */
  documents: number;
  /** Documents up to this one are delivered. */
  settled: number;
  /** Documents up to this one are 720 h old. */
  aged: number;
}

export interface Shop {
  readonly flash: SimFlash;
  readonly hash: TestHash;
  readonly open: Open;
  readonly callBytesMax: number;
  readonly truth: LogTruth;
  memory: FiscalMemory;
  /** A checkpoint that starts read from; undefined: always from the oldest record. */
  checkpoint: LogPosition | undefined;
}

export const newTruth = (): LogTruth => ({ acknowledged: [], inFlight: undefined, documents: 0, settled: 0, aged: 0 });
export const copyTruth = (truth: LogTruth): LogTruth => ({ ...truth, acknowledged: [...truth.acknowledged] });

export function openShop(flash: SimFlash, hash: TestHash, open: Open, callBytesMax: number, truth: LogTruth): Shop {
  hash.reset();
  const opened = open(partition(flash, 0, flash.capacityBytes), hash, callBytesMax, undefined);
  return { flash, hash, open, callBytesMax, truth, memory: opened.memory, checkpoint: undefined };
}

/** Time of document `number`, in UTC seconds. */
export const timeOf = (number: number): number => 1000000 + number * 60;

export function documentPayload(prev: Bytes, number: number, fillBytes: number): Bytes {
  return cborMap([
    [cborUint(documentKey.prev), cborBytes(prev)],
    [cborUint(documentKey.number), cborUint(number)],
    [cborUint(documentKey.utcS), cborUint(timeOf(number))],
    [cborUint(99), cborBytes(repeatByte(number % 251, fillBytes))],
  ]);
}

/** Sells document number `documents + 1`; what is acknowledged enters the truth. */
export function sell(shop: Shop, fillBytes: number): void {
  const { memory, truth } = shop;
  const number = truth.documents + 1;
  const payload = documentPayload(memory.lastHash(), number, fillBytes);
  truth.inFlight = { sequence: memory.lastSequence() + 1, type: recordType.document, payload };
  const ref = memory.append(recordType.document, payload, { number, utcS: timeOf(number) });
  acknowledge(truth, truth.inFlight, ref);
  truth.documents = number;
}

function acknowledge(truth: LogTruth, record: LoggedRecord, ref: RecordRef): void {
  assert(ref.sequence === record.sequence && ref.lengthBytes === record.payload.length, "append tells what it wrote");
  truth.acknowledged.push(record);
  truth.inFlight = undefined;
}

/** Runs until the power goes; true when it went. */
export function untilPowerLoss(run: () => void): boolean {
  try {
    run();
  } catch (error) {
    if (error instanceof PowerLost) {
      return true;
    }
    throw error;
  }
  return false;
}

/** Starts again and holds the log against the truth, which learns whether the record in flight made it. */
export function reboot(shop: Shop): void {
  const { flash, hash } = shop;
  hash.reset();
  const opened = shop.open(partition(flash, 0, flash.capacityBytes), hash, shop.callBytesMax, shop.checkpoint);
  assert(opened.problem === undefined, "a power cut is not taken for damage");
  shop.memory = opened.memory;
  compare(shop);
}

/** The log holds every acknowledged record that is kept, at most the one in flight besides, and events of its own. */
export function compare(shop: Shop): void {
  const { memory, truth } = shop;
  const anchor = memory.anchor();
  const kept = readLog(shop, anchor.hash);
  const first = anchor.sequence;
  for (const expected of truth.acknowledged) {
    const found = kept[expected.sequence - first];
    if (expected.sequence >= first) {
      assert(found !== undefined, "an acknowledged record is found");
      assert(found.payload === expected.payload && found.type === expected.type, "a record keeps its bytes");
    } else {
      assert(isReusable(expected, truth), "only what is delivered is given up");
    }
  }
  adopt(shop, kept, first);
  assert(memory.lastSequence() === first + kept.length - 1, "the newest record is the last one found");
}

/** Whatever lies beyond the acknowledged records is the one in flight, or the memory's own. */
function adopt(shop: Shop, kept: readonly LoggedRecord[], first: number): void {
  const { truth } = shop;
  const last = truth.acknowledged.length === 0 ? 0 : truth.acknowledged[truth.acknowledged.length - 1]!.sequence;
  for (const record of kept) {
    if (record.sequence > last && record.sequence >= first) {
      const { inFlight } = truth;
      const isInFlight = inFlight !== undefined && inFlight.payload === record.payload;
      assert(isInFlight || isOwn(record), "nothing is found that nobody wrote");
      truth.acknowledged.push(record);
      if (isInFlight && record.type === recordType.document) {
        truth.documents += 1;
      }
    }
  }
  truth.inFlight = undefined;
}

const isOwn = (record: LoggedRecord): boolean => record.type === recordType.event || record.type === recordType.reuse;

function isReusable(record: LoggedRecord, truth: LogTruth): boolean {
  // Documents carry their number right after prev: map head, key 1, 34 bytes of prev, key 2.
  return record.type !== recordType.document || numberOf(record) <= Math.min(truth.settled, truth.aged);
}

function numberOf(record: LoggedRecord): number {
  for (let number = 1; number <= 100000; number++) {
    const head = concat([cborUint(documentKey.number), cborUint(number)]);
    if (record.payload.substring(36, 36 + head.length) === head) {
      return number;
    }
  }
  return 0;
}

/** All kept records by `next`, their chain checked from the anchor. */
function readLog(shop: Shop, anchorHash: Bytes): LoggedRecord[] {
  const { memory } = shop;
  const records: LoggedRecord[] = [];
  let prev = anchorHash;
  let ref = memory.next(undefined);
  while (ref !== undefined) {
    const payload = readWhole(memory, ref);
    assert(payload.substring(4, 36) === prev, "prev is the hash of the record before");
    records.push({ sequence: ref.sequence, type: ref.type, payload });
    prev = chainHash(shop.hash, ref, payload);
    ref = memory.next(ref);
  }
  assert(prev === memory.lastHash(), "the newest hash is the next prev");
  return records;
}

export function readWhole(memory: FiscalMemory, ref: RecordRef): Bytes {
  const parts: Bytes[] = [];
  for (let offset = 0; offset < ref.lengthBytes; offset += 1000) {
    parts.push(memory.read(ref, offset, Math.min(1000, ref.lengthBytes - offset)));
  }
  return concat(parts);
}

export function chainHash(hash: Hash, ref: RecordRef, payload: Bytes): Bytes {
  const handle = hash.open();
  hash.update(handle, concat([cborArrayHead(3), cborUint(ref.sequence), cborUint(ref.type), payload]));
  return hash.digest(handle);
}

/** Delivers all documents but the newest `undelivered`, and lets all but the newest `young` get 720 h old. */
export function policyOf(shop: Shop, undelivered: number, young: number): ReusePolicy {
  const { truth, memory } = shop;
  truth.settled = Math.max(truth.settled, truth.documents - undelivered);
  truth.aged = Math.max(truth.aged, truth.documents - young);
  return {
    settledNumber: truth.settled,
    closedSequence: memory.lastSequence(),
    utcS: timeOf(truth.aged) + 720 * 3600,
  };
}
