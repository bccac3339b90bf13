/**
 * The journal: what an export of the fiscal log is made of. A CBOR sequence (RFC 8742), every item deterministic:
 *
 *   header    { 1: "kassa-journal/1", 2: serial, 3: rnm, 4: anchor sequence, 5: anchor hash, 6: from, 7: to }
 *   record    [ sequence, type, payload ]                                  as it stands in the log
 *   secret    { 1: sequence, 2: type, 3: hash, 4: prev, 5: CRC-32 }        in place of a record that holds a secret
 *   trailer   COSE_Sign1 "kassa/1/export" { 1: count, 2: SHA-256 of the header, 3: hash of the last record, 4: UTC s }
 *
 * The hash of a record is SHA-256 of its item; the next record carries it as `prev` (key 1 of its map). The anchor is the
 * record before the first. A secret item tells the hash of the record that it replaces, so the chain goes on through it;
 * its CRC-32, over the hash's and prev's 64 bytes behind sequence and type, finds damage that no hash covers.
 *
 * This file is the writing side, which the image needs; journal-read.ts and journal-verify.ts are the reading one.
 */
import { assert } from "./assert";
import { type Bytes, byteAt, concat, slice, utf8 } from "./bytes";
import { cborArrayHead, cborBytes, cborMap, cborText, cborUint } from "./cbor-write";
import { crc32 } from "./crc32";

export const journalFormat = utf8("kassa-journal/1");
/** The type name in the external_aad of a trailer. */
export const exportName = "export";
export const hashBytes = 32;
/** Key 1 and the head of 32 bytes. */
const prevEntryHead = utf8("\x01\x58\x20");

export const headerKey = { format: 1, serial: 2, rnm: 3, anchorSequence: 4, anchorHash: 5, from: 6, to: 7 } as const;
export const secretKey = { sequence: 1, type: 2, hash: 3, prev: 4, crc: 5 } as const;
export const trailerKey = { count: 1, headerSha: 2, lastHash: 3, utcS: 4 } as const;

export interface JournalHeader {
  readonly serial: Bytes;
  /** Empty before fiscalization. */
  readonly rnm: Bytes;
  readonly anchorSequence: number;
  readonly anchorHash: Bytes;
  /** The first and the last record of the export; `to` is `from` − 1 when it is empty. */
  readonly from: number;
  readonly to: number;
}

export interface JournalTrailer {
  readonly count: number;
  readonly headerSha: Bytes;
  readonly lastHash: Bytes;
  readonly utcS: number;
}

/** All of a record's item that stands before its payload: the chain hashes it first. */
export const recordHead = (sequence: number, type: number): Bytes =>
  concat([cborArrayHead(3), cborUint(sequence), cborUint(type)]);

export const recordItem = (sequence: number, type: number, payload: Bytes): Bytes =>
  concat([recordHead(sequence, type), payload]);

/** What stands in an export for a record of `secretTypes`, whose hash and prev these are. */
export function secretItem(sequence: number, type: number, hash: Bytes, prev: Bytes): Bytes {
  assert(hash.length === hashBytes && prev.length === hashBytes, "a hash has 32 bytes");
  return cborMap([
    [cborUint(secretKey.sequence), cborUint(sequence)],
    [cborUint(secretKey.type), cborUint(type)],
    [cborUint(secretKey.hash), cborBytes(hash)],
    [cborUint(secretKey.prev), cborBytes(prev)],
    [cborUint(secretKey.crc), cborUint(secretCrc(sequence, type, hash, prev))],
  ]);
}

export const secretCrc = (sequence: number, type: number, hash: Bytes, prev: Bytes): number =>
  crc32(concat([cborUint(sequence), cborUint(type), hash, prev]));

export function headerItem(header: JournalHeader): Bytes {
  return cborMap([
    [cborUint(headerKey.format), cborText(journalFormat)],
    [cborUint(headerKey.serial), cborText(header.serial)],
    [cborUint(headerKey.rnm), cborText(header.rnm)],
    [cborUint(headerKey.anchorSequence), cborUint(header.anchorSequence)],
    [cborUint(headerKey.anchorHash), cborBytes(header.anchorHash)],
    [cborUint(headerKey.from), cborUint(header.from)],
    [cborUint(headerKey.to), cborUint(header.to)],
  ]);
}

/** What a trailer signs. */
export function trailerPayload(trailer: JournalTrailer): Bytes {
  return cborMap([
    [cborUint(trailerKey.count), cborUint(trailer.count)],
    [cborUint(trailerKey.headerSha), cborBytes(trailer.headerSha)],
    [cborUint(trailerKey.lastHash), cborBytes(trailer.lastHash)],
    [cborUint(trailerKey.utcS), cborUint(trailer.utcS)],
  ]);
}

/** `prev` of a record's map, its first entry: `a? 01 58 20`, 32 bytes (`b8 ?? …` from 24 keys on). Undefined when it is not there. */
export function prevOfMap(map: Bytes): Bytes | undefined {
  if (map.length === 0) {
    return undefined;
  }
  const headBytes = byteAt(map, 0) === 0xb8 ? 2 : 1;
  const end = headBytes + prevEntryHead.length + hashBytes;
  if (map.length < end || slice(map, headBytes, headBytes + prevEntryHead.length) !== prevEntryHead) {
    return undefined;
  }
  return slice(map, end - hashBytes, end);
}
