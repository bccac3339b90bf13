/**
 * The reading side of the journal (journal.ts): a stream of bytes → items → records. Every form is exact: an item that
 * the writer would not write is no item. Pure functions; SHA-256 is a parameter.
 */
import { assert } from "./assert";
import { type Bytes, byteAt, concat, emptyBytes, slice } from "./bytes";
import {
  type CborMap,
  createReader,
  decodeMap,
  getBytes,
  getText,
  getUint,
  readArrayHead,
  readMapHead,
  readUint,
} from "./cbor-read";
import { measureStrict } from "./cbor-strict";
import { externalAadOf, parseSign1, type Sign1, sigStructureHead } from "./cose-sign1";
import {
  exportName,
  hashBytes,
  headerItem,
  headerKey,
  type JournalHeader,
  type JournalTrailer,
  journalFormat,
  prevOfMap,
  secretItem,
  secretKey,
  trailerKey,
  trailerPayload,
} from "./journal";
import { type RecordTypeName, secretTypes, signedTypes, typeName } from "./records";

export type Sha256 = (bytes: Bytes) => Bytes;

/** The largest item: a document of 160 KB with its envelope, with room to grow. */
export const itemBytesMax = 200 * 1024;

export interface ItemSplitter {
  /** What has come of the item in progress; all that came since when there is a fault. */
  readonly rest: Bytes;
  readonly fault: "none" | "malformed" | "tooLarge";
}

export const createItemSplitter = (): ItemSplitter => ({ rest: emptyBytes, fault: "none" });

/** The whole items in what came so far. Behind a fault nothing is an item any more. */
export function feedItems(splitter: ItemSplitter, chunk: Bytes): { splitter: ItemSplitter; items: Bytes[] } {
  const items: Bytes[] = [];
  const bytes = concat([splitter.rest, chunk]);
  let fault = splitter.fault;
  let offset = 0;
  while (fault === "none" && offset < bytes.length) {
    const measured = measureStrict(bytes, offset);
    if (measured.kind === "whole" && measured.lengthBytes <= itemBytesMax) {
      items.push(slice(bytes, offset, offset + measured.lengthBytes));
      offset += measured.lengthBytes;
    } else if (measured.kind === "malformed") {
      fault = "malformed";
    } else if (measured.kind === "whole" || bytes.length - offset > itemBytesMax) {
      fault = "tooLarge";
    } else {
      break;
    }
  }
  return { splitter: { rest: slice(bytes, offset, bytes.length), fault }, items };
}

export interface JournalRecord {
  readonly kind: "record";
  readonly sequence: number;
  readonly type: number;
  readonly typeName: RecordTypeName;
  /** As it stands in the log; of signed types a COSE_Sign1. */
  readonly payload: Bytes;
  readonly prev: Bytes;
  readonly sign1: Sign1 | undefined;
}

export interface JournalSecret {
  readonly kind: "secret";
  readonly sequence: number;
  readonly type: number;
  readonly typeName: RecordTypeName;
  readonly hash: Bytes;
  readonly prev: Bytes;
}

export type JournalItem = JournalRecord | JournalSecret;

/** A record or secret; undefined when `bytes` are not exactly one in its exact form. */
export function readItem(bytes: Bytes): JournalItem | undefined {
  const measured = measureStrict(bytes, 0);
  if (measured.kind !== "whole" || measured.lengthBytes !== bytes.length) {
    return undefined;
  }
  return byteAt(bytes, 0) === 0x83 ? readRecord(bytes) : readSecret(bytes);
}

/** The chain hash of an item: what the next one carries as `prev`. */
export function itemHash(bytes: Bytes, item: JournalItem, sha256: Sha256): Bytes {
  return item.kind === "secret" ? item.hash : sha256(bytes);
}

/** The map of a record: the payload itself, or the one inside its envelope. */
export const mapOfRecord = (record: JournalRecord): Bytes => mapOfPayload(record.payload, record.sign1);

const mapOfPayload = (payload: Bytes, sign1: Sign1 | undefined): Bytes =>
  sign1 === undefined ? payload : slice(payload, sign1.payloadOffset, sign1.payloadOffset + sign1.payloadLength);

function readRecord(bytes: Bytes): JournalRecord | undefined {
  const reader = createReader(bytes);
  readArrayHead(reader);
  const sequence = readUint(reader);
  const type = readUint(reader);
  const name = type === undefined ? undefined : typeName(type);
  if (sequence === undefined || type === undefined || name === undefined || secretTypes.includes(name)) {
    return undefined;
  }
  const payload = slice(bytes, reader.offset, bytes.length);
  const isSigned = signedTypes.includes(name);
  const sign1 = isSigned ? parseSign1(payload) : undefined;
  if (isSigned && sign1 === undefined) {
    return undefined;
  }
  const map = mapOfPayload(payload, sign1);
  const prev = isOneMap(map) ? prevOfMap(map) : undefined;
  return prev === undefined ? undefined : { kind: "record", sequence, type, typeName: name, payload, prev, sign1 };
}

function isOneMap(bytes: Bytes): boolean {
  const measured = measureStrict(bytes, 0);
  const isWhole = measured.kind === "whole" && measured.lengthBytes === bytes.length;
  return isWhole && readMapHead(createReader(bytes)) !== undefined;
}

function readSecret(bytes: Bytes): JournalSecret | undefined {
  const map = decodeMap(bytes);
  if (map === undefined) {
    return undefined;
  }
  const sequence = getUint(map, secretKey.sequence);
  const type = getUint(map, secretKey.type);
  const hash = getHash(map, secretKey.hash);
  const prev = getHash(map, secretKey.prev);
  const name = type === undefined ? undefined : typeName(type);
  if (sequence === undefined || type === undefined || hash === undefined || prev === undefined) {
    return undefined;
  }
  if (name === undefined || !secretTypes.includes(name) || secretItem(sequence, type, hash, prev) !== bytes) {
    return undefined;
  }
  return { kind: "secret", sequence, type, typeName: name, hash, prev };
}

/** The header; undefined when `bytes` are not exactly one, or it contradicts itself. */
export function readHeader(bytes: Bytes): JournalHeader | undefined {
  const map = decodeMap(bytes);
  if (map === undefined || getText(map, headerKey.format) !== journalFormat) {
    return undefined;
  }
  const serial = getText(map, headerKey.serial);
  const rnm = getText(map, headerKey.rnm);
  const anchorSequence = getUint(map, headerKey.anchorSequence);
  const anchorHash = getHash(map, headerKey.anchorHash);
  const from = getUint(map, headerKey.from);
  const to = getUint(map, headerKey.to);
  if (serial === undefined || rnm === undefined || anchorSequence === undefined || anchorHash === undefined) {
    return undefined;
  }
  if (from !== anchorSequence + 1 || to === undefined || to < anchorSequence) {
    return undefined;
  }
  const header = { serial, rnm, anchorSequence, anchorHash, from, to };
  return headerItem(header) === bytes ? header : undefined;
}

/** The trailer's envelope and what it says; undefined when `bytes` are not exactly one. The signature is not checked. */
export function readTrailer(bytes: Bytes): { readonly sign1: Sign1; readonly trailer: JournalTrailer } | undefined {
  const sign1 = parseSign1(bytes);
  if (sign1 === undefined) {
    return undefined;
  }
  const payload = slice(bytes, sign1.payloadOffset, sign1.payloadOffset + sign1.payloadLength);
  const map = decodeMap(payload);
  const count = map === undefined ? undefined : getUint(map, trailerKey.count);
  const headerSha = map === undefined ? undefined : getHash(map, trailerKey.headerSha);
  const lastHash = map === undefined ? undefined : getHash(map, trailerKey.lastHash);
  const utcS = map === undefined ? undefined : getUint(map, trailerKey.utcS);
  if (count === undefined || headerSha === undefined || lastHash === undefined || utcS === undefined) {
    return undefined;
  }
  const trailer = { count, headerSha, lastHash, utcS };
  return trailerPayload(trailer) === payload ? { sign1, trailer } : undefined;
}

/** The digest that the envelope's signature is over; `signedBytes` is the whole envelope, `name` the record's type or "export". */
export function signedDigest(signedBytes: Bytes, sign1: Sign1, name: string, sha256: Sha256): Bytes {
  assert(name === exportName || (signedTypes as readonly string[]).includes(name), "only signed types have a digest");
  const payload = slice(signedBytes, sign1.payloadOffset, sign1.payloadOffset + sign1.payloadLength);
  return sha256(concat([sigStructureHead(sign1.protectedBytes, externalAadOf(name), sign1.payloadLength), payload]));
}

function getHash(map: CborMap, key: number): Bytes | undefined {
  const hash = getBytes(map, key);
  return hash !== undefined && hash.length === hashBytes ? hash : undefined;
}
