/** The fiscal log as it stands on the flash, read by the right memory in Node whatever machine has written it. */
import { openFiscalMemory } from "../../firmware/fiscal-memory";
import { memoryReadBytesMax } from "../../firmware/limits";
import type { FiscalMemory, LogPosition, RecordRef } from "../../firmware/memory-api";
import type { Flash } from "../../hal/flash";
import { simFacts } from "../../hal/sim/sim-board";
import { createSimHash } from "../../hal/sim/sim-hash";
import { type Bytes, concat } from "../../protocol/bytes";
import { prevOfMap, recordItem, secretItem } from "../../protocol/journal";
import { secretTypes, typeName } from "../../protocol/records";
import { sha256 } from "./log";
import { Failure } from "./shop";

/** Reads on from `from`, or from the oldest record; after a start of the module nothing is left to repair. */
export function openFlashLog(fiscal: Flash, from: LogPosition | undefined): FiscalMemory {
  const { memory, problem, repaired } = openFiscalMemory(fiscal, createSimHash(), simFacts.callBytesMax, from);
  if (problem !== undefined || repaired) {
    throw new Failure("bricked", `the log on the flash: ${JSON.stringify(problem ?? "torn after a start")}`);
  }
  return memory;
}

/** The payload of every kept record, by sequence. */
export function readPayloads(fiscal: Flash): Map<number, Bytes> {
  const memory = openFlashLog(fiscal, undefined);
  const payloads = new Map<number, Bytes>();
  for (const record of recordsAfter(memory, undefined)) payloads.set(record.sequence, readPayload(memory, record));
  return payloads;
}

/** Export items of the records after `last`. */
export function readItems(memory: FiscalMemory, last: RecordRef | undefined): Bytes[] {
  return [...recordsAfter(memory, last)].map(record => itemOf(record, readPayload(memory, record)));
}

function* recordsAfter(memory: FiscalMemory, last: RecordRef | undefined): Generator<RecordRef> {
  for (let record = memory.next(last); record !== undefined; record = memory.next(record)) yield record;
}

function readPayload(memory: FiscalMemory, record: RecordRef): Bytes {
  const parts: Bytes[] = [];
  for (let offset = 0; offset < record.lengthBytes; offset += memoryReadBytesMax) {
    parts.push(memory.read(record, offset, Math.min(memoryReadBytesMax, record.lengthBytes - offset)));
  }
  return concat(parts);
}

function itemOf({ sequence, type }: RecordRef, payload: Bytes): Bytes {
  const item = recordItem(sequence, type, payload);
  const isSecret = secretTypes.some(name => name === typeName(type));
  const prev = isSecret ? prevOfMap(payload) : undefined;
  return prev === undefined ? item : secretItem(sequence, type, sha256(item), prev);
}
