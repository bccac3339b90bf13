/**
 * One item of the module's log as the host uses it: what protocol/journal-read.ts made of its bytes, strictly, with the
 * payload's map by cbor-x.
 */
import { createHash } from "node:crypto";
import type { Bytes } from "../../protocol/bytes";
import { itemHash, mapOfRecord, readItem } from "../../protocol/journal-read";
import { decodeCbor } from "../device/cbor";

/** The map of a record's payload: small integer keys. */
export type LogMap = ReadonlyMap<number, unknown>;

export interface LogItem {
  readonly sequence: number;
  readonly type: number;
  readonly hash: Buffer;
  readonly prev: Buffer;
  /** Absent when the record is a secret one. */
  readonly payload?: LogMap;
}

/** Undefined when the bytes are not exactly one item of a log. */
export function readLogItem(raw: Buffer): LogItem | undefined {
  const bytes = raw.toString("latin1") as Bytes;
  const item = readItem(bytes);
  if (item === undefined) {
    return undefined;
  }
  const { sequence, type } = item;
  const hash = bufferOf(itemHash(bytes, item, sha256));
  const payload = item.kind === "record" ? (decodeCbor(bufferOf(mapOfRecord(item))) as LogMap) : undefined;
  return { sequence, type, hash, prev: bufferOf(item.prev), payload };
}

const bufferOf = (bytes: Bytes): Buffer => Buffer.from(bytes, "latin1");
export const sha256 = (bytes: Bytes): Bytes =>
  createHash("sha256").update(bufferOf(bytes)).digest().toString("latin1") as Bytes;

/** Fields of a payload; a field of another type is as good as absent. */
export function numberIn(map: LogMap, key: number): number | undefined {
  const value = map.get(key);
  return typeof value === "number" ? value : undefined;
}
export function textIn(map: LogMap, key: number): string | undefined {
  const value = map.get(key);
  return typeof value === "string" ? value : undefined;
}
export function bytesIn(map: LogMap, key: number): Buffer | undefined {
  const value = map.get(key);
  return Buffer.isBuffer(value) ? value : undefined;
}
export function boolIn(map: LogMap, key: number): boolean | undefined {
  const value = map.get(key);
  return typeof value === "boolean" ? value : undefined;
}
export function mapIn(map: LogMap, key: number): LogMap | undefined {
  const value = map.get(key);
  return value instanceof Map ? (value as LogMap) : undefined;
}
export function listIn(map: LogMap, key: number): readonly unknown[] {
  const value = map.get(key);
  return Array.isArray(value) ? value : [];
}
