/**
 * One item of the module's log as the host reads it (design §5 "Export").
 *
 *   [ sequence, type, payload ]                payload: a map, or COSE_Sign1 around a map; key 1 of the map is prev
 *   { 1: sequence, 2: type, 3: hash }          a record that holds a sealed secret
 *
 * The hash of a record is SHA-256 of its first form, and the next record's prev.
 */
import { createHash } from "node:crypto";
import type { Bytes } from "../../protocol/bytes";
import { createReader } from "../../protocol/cbor-read";
import { parseSign1 } from "../../protocol/cose-sign1";
import { decodeCbor } from "../device/cbor";

/** The map of a record's payload: small integer keys. */
export type LogMap = ReadonlyMap<number, unknown>;

export interface LogItem {
  readonly sequence: number;
  readonly type: number;
  readonly hash: Buffer;
  /** Absent when the record is a secret one: it cannot be read, only its hash. */
  readonly payload?: LogMap;
}

const prevKey = 1;
const cborMapMajor = 5;

/** Undefined when the bytes are no item of a log. */
export function readLogItem(item: Buffer): LogItem | undefined {
  try {
    return item.length > 0 && (item[0] as number) >> 5 === cborMapMajor ? readSecret(item) : readRecord(item);
  } catch {
    // cbor-x throws on what is not CBOR: an item that cannot be read, like any other.
    return undefined;
  }
}

function readSecret(item: Buffer): LogItem | undefined {
  const map = decodeCbor(item);
  if (!(map instanceof Map)) {
    return undefined;
  }
  const [sequence, type, hash] = [map.get(1), map.get(2), map.get(3)];
  const isWhole = Number.isInteger(sequence) && Number.isInteger(type) && Buffer.isBuffer(hash);
  return isWhole ? { sequence, type, hash } : undefined;
}

function readRecord(item: Buffer): LogItem | undefined {
  const bytes = item.toString("latin1") as Bytes;
  const reader = createReader(bytes);
  const count = reader.readArrayHead();
  const sequence = reader.readUint();
  const type = reader.readUint();
  if (count !== 3 || sequence === undefined || type === undefined) {
    return undefined;
  }
  const payload = readPayload(item.subarray(reader.offset));
  const hash = createHash("sha256").update(item).digest();
  return payload === undefined ? undefined : { sequence, type, hash, payload };
}

function readPayload(bytes: Buffer): LogMap | undefined {
  const sign1 = parseSign1(bytes.toString("latin1") as Bytes);
  const inside =
    sign1 === undefined ? bytes : bytes.subarray(sign1.payloadOffset, sign1.payloadOffset + sign1.payloadLength);
  const map = decodeCbor(inside);
  return map instanceof Map ? (map as LogMap) : undefined;
}

export function prevOf(item: LogItem): Buffer | undefined {
  const prev = item.payload?.get(prevKey);
  return Buffer.isBuffer(prev) ? prev : undefined;
}

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
