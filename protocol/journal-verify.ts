/**
 * Verifies an export of the fiscal log (journal.ts) and names the first record that is not what the module wrote.
 *
 * Who is to blame? A changed record shows where it is only if it is signed or its form is broken; an unsigned one shows
 * at the next record, whose `prev` no longer fits. So a link that breaks is first a suspicion between two neighbours:
 *
 *   the older is signed          the newer one's prev is wrong          → the newer
 *   the newer is signed          its prev is what the module saw        → the older
 *   the newer fits its successor so the newer is whole                  → the older
 *   the newer fits neither                                              → the newer
 *
 * A changed length makes the reader stand in the wrong place at the next item. When no item begins where one should, but
 * the expected one begins nearby, the item before it is to blame.
 */
import { type Bytes, byteAt, concat, emptyBytes, indexOf, slice } from "./bytes";
import { cborArrayHead, cborMapHead, cborUint } from "./cbor-write";
import { coseHead, protectedHeader, type Sign1 } from "./cose-sign1";
import { toHex } from "./hex";
import { exportName, type JournalHeader, type JournalTrailer, secretKey } from "./journal";
import {
  createItemSplitter,
  feedItems,
  type ItemSplitter,
  itemBytesMax,
  itemHash,
  type JournalItem,
  readHeader,
  readItem,
  readTrailer,
  type Sha256,
  signedDigest,
} from "./journal-read";
import { typeName } from "./records";

export interface JournalKey {
  /** First 8 bytes of SHA-256 of the public key. */
  readonly kid: Bytes;
  readonly sha256: Sha256;
  /** ECDSA P-256 by the public key over a 32-byte digest; signature r, s of 64 bytes. */
  readonly verify: (digest: Bytes, signature: Bytes) => boolean;
}

/** A record by its sequence. */
export type JournalPlace = number | "header" | "trailer";
export type JournalProblemCode =
  /** Not what the module writes at this place. */
  | "MALFORMED"
  | "TOO_LARGE"
  /** The file ends inside this item. */
  | "TRUNCATED"
  /** Another record stands where this one should. */
  | "MISSING"
  | "REPEATED"
  /** Another device's signature: expected and got are key ids. */
  | "KEY_OTHER"
  | "SIGNATURE_BAD"
  /** Its hash is not the one that its successor, or the trailer, knows. */
  | "CHANGED"
  | "AFTER_TRAILER";

export interface JournalProblem {
  readonly record: JournalPlace;
  readonly problem: JournalProblemCode;
  readonly expected: string;
  readonly got: string;
}

export interface JournalVerdict {
  readonly ok: boolean;
  /** Records that were read before the first problem. */
  readonly records: number;
  readonly problem: JournalProblem | undefined;
  readonly header: JournalHeader | undefined;
  readonly trailer: JournalTrailer | undefined;
}

/** One end of a link of the chain. */
interface Link {
  readonly place: JournalPlace;
  readonly bytes: Bytes;
  readonly hash: Bytes;
  /** A signature or checksum of its own says that it is whole. */
  readonly vouched: boolean;
}

interface Suspicion {
  readonly older: Link;
  readonly newer: JournalPlace;
  readonly prev: Bytes;
}

interface Verifier {
  readonly key: JournalKey;
  splitter: ItemSplitter;
  header: JournalHeader | undefined;
  headerSha: Bytes;
  trailer: JournalTrailer | undefined;
  /** Sequence that the next record must have. */
  next: number;
  records: number;
  /** The newest item; the header before the first record. */
  last: Link | undefined;
  suspicion: Suspicion | undefined;
  problem: JournalProblem | undefined;
  /** What is wrong at the reader's place, until enough bytes behind it are here to tell who is to blame. */
  lost: JournalProblem | undefined;
}

/** Reads chunks of any size, in order. Stops at the first problem. */
export function verifyJournal(chunks: Iterable<Bytes>, key: JournalKey): JournalVerdict {
  const verifier = createVerifier(key);
  for (const chunk of chunks) {
    feedVerifier(verifier, chunk);
    if (verifier.problem !== undefined) {
      break;
    }
  }
  return finishVerifier(verifier);
}

function createVerifier(key: JournalKey): Verifier {
  return {
    key,
    splitter: createItemSplitter(),
    header: undefined,
    headerSha: emptyBytes,
    trailer: undefined,
    next: 0,
    records: 0,
    last: undefined,
    suspicion: undefined,
    problem: undefined,
    lost: undefined,
  };
}

function feedVerifier(verifier: Verifier, chunk: Bytes): void {
  if (verifier.lost !== undefined) {
    verifier.splitter = { ...verifier.splitter, rest: concat([verifier.splitter.rest, chunk]) };
  } else {
    takeItems(verifier, chunk);
  }
  if (verifier.lost !== undefined && verifier.splitter.rest.length > itemBytesMax) {
    blameLost(verifier, verifier.lost, verifier.splitter.rest);
  }
}

function takeItems(verifier: Verifier, chunk: Bytes): void {
  const fed = feedItems(verifier.splitter, chunk);
  verifier.splitter = fed.splitter;
  for (let index = 0; index < fed.items.length; index++) {
    takeItem(verifier, fed.items[index]!);
    if (verifier.problem !== undefined) {
      return;
    }
    if (verifier.lost !== undefined) {
      verifier.splitter = { ...fed.splitter, rest: concat([...fed.items.slice(index), fed.splitter.rest]) };
      return;
    }
  }
  if (fed.splitter.fault !== "none") {
    const code = fed.splitter.fault === "malformed" ? "MALFORMED" : "TOO_LARGE";
    verifier.lost = problemOf(placeOfNext(verifier), code, describeNext(verifier), describeBytes(fed.splitter.rest));
  }
}

function takeItem(verifier: Verifier, bytes: Bytes): void {
  if (verifier.trailer !== undefined) {
    blame(verifier, "trailer", "AFTER_TRAILER", "the end of the file", describeBytes(bytes));
  } else if (verifier.header === undefined) {
    takeHeader(verifier, bytes);
  } else if (byteAt(bytes, 0) === trailerFirstByte) {
    takeTrailer(verifier, bytes);
  } else {
    takeRecord(verifier, bytes);
  }
}

/** Tag 18. */
const trailerFirstByte = 0xd2;

function takeHeader(verifier: Verifier, bytes: Bytes): void {
  const header = readHeader(bytes);
  if (header === undefined) {
    blame(verifier, "header", "MALFORMED", describeNext(verifier), describeBytes(bytes));
    return;
  }
  verifier.header = header;
  verifier.headerSha = verifier.key.sha256(bytes);
  verifier.next = header.from;
  verifier.last = { place: "header", bytes, hash: header.anchorHash, vouched: false };
}

function takeRecord(verifier: Verifier, bytes: Bytes): void {
  const item = readItem(bytes);
  if (item === undefined) {
    verifier.lost = problemOf(placeOfNext(verifier), "MALFORMED", describeNext(verifier), describeBytes(bytes));
    return;
  }
  if (item.sequence !== verifier.next) {
    blameSequence(verifier, item, bytes);
    return;
  }
  const sign1 = item.kind === "record" ? item.sign1 : undefined;
  if (item.kind === "record" && sign1 !== undefined) {
    checkSignature(verifier, item.sequence, item.payload, sign1, item.typeName);
  }
  if (verifier.problem === undefined) {
    linkRecord(verifier, bytes, item);
  }
}

function linkRecord(verifier: Verifier, bytes: Bytes, item: JournalItem): void {
  const vouched = item.kind === "secret" || item.sign1 !== undefined;
  checkLink(verifier, item.sequence, item.prev, vouched);
  const hash = itemHash(bytes, item, verifier.key.sha256);
  verifier.last = { place: item.sequence, bytes, hash, vouched };
  verifier.next = item.sequence + 1;
  verifier.records += verifier.problem === undefined ? 1 : 0;
}

/** The table at the top of this file. */
function checkLink(verifier: Verifier, newer: JournalPlace, prev: Bytes, newerVouched: boolean): void {
  const older = verifier.last!;
  const suspicion = verifier.suspicion;
  const fits = prev === older.hash;
  if (suspicion !== undefined) {
    blameLink(verifier, fits ? suspicion.older.place : suspicion.newer, suspicion);
  } else if (!fits) {
    const found = { older, newer, prev };
    if (older.vouched) {
      blameLink(verifier, newer, found);
    } else if (newerVouched) {
      blameLink(verifier, older.place, found);
    } else {
      verifier.suspicion = found;
    }
  }
}

function takeTrailer(verifier: Verifier, bytes: Bytes): void {
  const read = readTrailer(bytes);
  if (read === undefined) {
    verifier.lost = problemOf(placeOfNext(verifier), "MALFORMED", describeNext(verifier), describeBytes(bytes));
    return;
  }
  checkSignature(verifier, "trailer", bytes, read.sign1, exportName);
  if (verifier.problem === undefined) {
    checkTrailer(verifier, read.trailer);
  }
  verifier.trailer = read.trailer;
}

function checkTrailer(verifier: Verifier, trailer: JournalTrailer): void {
  const { to, from } = verifier.header!;
  if (verifier.suspicion !== undefined) {
    checkLink(verifier, "trailer", trailer.lastHash, true);
  } else if (trailer.headerSha !== verifier.headerSha) {
    blame(verifier, "header", "CHANGED", toHex(trailer.headerSha), toHex(verifier.headerSha));
  } else if (verifier.next <= to) {
    const lost = problemOf(verifier.next, "MISSING", describeNext(verifier), "the trailer");
    blameLost(verifier, lost, emptyBytes);
  } else if (verifier.next > to + 1) {
    blame(verifier, to + 1, "REPEATED", `record ${to} as the last`, `record ${verifier.next - 1}`);
  } else if (trailer.count !== to + 1 - from) {
    blame(verifier, "trailer", "CHANGED", `${to + 1 - from} records`, `${trailer.count}`);
  } else {
    checkLink(verifier, "trailer", trailer.lastHash, true);
  }
}

function finishVerifier(verifier: Verifier): JournalVerdict {
  if (verifier.problem === undefined) {
    const { lost, splitter, trailer } = verifier;
    if (lost !== undefined) {
      blameLost(verifier, lost, splitter.rest);
    } else if (splitter.rest.length > 0) {
      const got = describeBytes(splitter.rest);
      blameLost(verifier, problemOf(placeOfNext(verifier), "TRUNCATED", describeNext(verifier), got), splitter.rest);
    } else if (trailer === undefined) {
      const missing = problemOf(placeOfNext(verifier), "MISSING", describeNext(verifier), "the end of the file");
      blameLost(verifier, missing, emptyBytes);
    }
  }
  const { problem, records, header, trailer } = verifier;
  return { ok: problem === undefined, records, problem, header, trailer };
}

function checkSignature(verifier: Verifier, place: JournalPlace, bytes: Bytes, sign1: Sign1, name: string): void {
  const { kid, sha256, verify } = verifier.key;
  if (sign1.kid !== kid) {
    blame(verifier, place, "KEY_OTHER", toHex(kid), toHex(sign1.kid));
  } else if (!verify(signedDigest(bytes, sign1, name, sha256), sign1.signature)) {
    blame(verifier, place, "SIGNATURE_BAD", `a signature of key ${toHex(kid)}`, toHex(sign1.signature));
  }
}

// Blame.

const problemOf = (
  record: JournalPlace,
  problem: JournalProblemCode,
  expected: string,
  got: string,
): JournalProblem => ({
  record,
  problem,
  expected,
  got,
});

/** Sets the first problem; a suspicion that could not be settled is older than it. */
function blame(
  verifier: Verifier,
  record: JournalPlace,
  code: JournalProblemCode,
  expected: string,
  got: string,
): void {
  const suspicion = verifier.suspicion;
  if (suspicion !== undefined) {
    blameLink(verifier, suspicion.newer, suspicion);
  } else {
    verifier.problem = problemOf(record, code, expected, got);
  }
}

function blameLink(verifier: Verifier, record: JournalPlace, { older, prev }: Suspicion): void {
  verifier.problem = problemOf(record, "CHANGED", toHex(prev), toHex(older.hash));
}

/** Another number than expected: the right record with a changed number fits the chain, another record does not. */
function blameSequence(verifier: Verifier, item: JournalItem, bytes: Bytes): void {
  const last = verifier.last!;
  const expected = `record ${verifier.next}`;
  const got = `record ${item.sequence}`;
  const start = slice(bytes, 0, Math.min(bytes.length, startBytesMax));
  if (!last.vouched && beginsInside(verifier, concat([last.bytes, start]))) {
    blameLast(verifier);
  } else if (item.prev === last.hash) {
    blame(verifier, verifier.next, "CHANGED", expected, got);
  } else if (item.sequence < verifier.next) {
    blame(verifier, item.sequence, "REPEATED", expected, got);
  } else {
    blame(verifier, verifier.next, "MISSING", expected, got);
  }
}

/**
 * The expected item does not stand where it should; `rest` is what stands there. The item before it is to blame when the
 * expected one begins nearby: inside that item, or further on.
 */
function blameLost(verifier: Verifier, lost: JournalProblem, rest: Bytes): void {
  const last = verifier.last;
  const near = slice(rest, 0, Math.min(rest.length, itemBytesMax));
  if (last !== undefined && !last.vouched && beginsInside(verifier, concat([last.bytes, near]))) {
    blameLast(verifier);
  } else {
    blame(verifier, lost.record, lost.problem, lost.expected, lost.got);
  }
}

function blameLast(verifier: Verifier): void {
  const last = verifier.last!;
  blame(verifier, last.place, "MALFORMED", `${describeNext(verifier)} behind it`, describeBytes(last.bytes));
}

/** Enough of an item to recognise it: its head, sequence, type and what follows. */
const startBytesMax = 24;

/** Whether the expected item begins in `around`, elsewhere than right behind the last item. */
function beginsInside(verifier: Verifier, around: Bytes): boolean {
  if (placeOfNext(verifier) === "trailer") {
    return occurs(verifier, around, trailerStart(verifier.key.kid), () => true);
  }
  const sequence = cborUint(verifier.next);
  return (
    occurs(verifier, around, concat([recordStart, sequence]), looksLikeRecord) ||
    occurs(verifier, around, concat([secretStart, sequence]), looksLikeSecret)
  );
}

function occurs(
  verifier: Verifier,
  around: Bytes,
  needle: Bytes,
  looks: (around: Bytes, at: number) => boolean,
): boolean {
  const place = verifier.last!.bytes.length;
  for (let at = indexOf(around, needle, 1); at >= 0; at = indexOf(around, needle, at + 1)) {
    if (at !== place && looks(around, at + needle.length)) {
      return true;
    }
  }
  return false;
}

const recordStart = cborArrayHead(3);
/** A map of five, its first key. */
const secretStart = concat([cborMapHead(5), cborUint(secretKey.sequence)]);

/** Behind the sequence the next key, a type, the key of a hash. */
const looksLikeSecret = (around: Bytes, at: number): boolean =>
  at + 3 <= around.length &&
  byteAt(around, at) === secretKey.type &&
  typeName(byteAt(around, at + 1)) !== undefined &&
  byteAt(around, at + 2) === secretKey.hash;

/** Behind the sequence a known type, then a payload that begins as a map or an envelope. */
function looksLikeRecord(around: Bytes, typeOffset: number): boolean {
  if (typeOffset + 2 > around.length || typeName(byteAt(around, typeOffset)) === undefined) {
    return false;
  }
  const first = byteAt(around, typeOffset + 1);
  return first === trailerFirstByte || (first > 0xa0 && first <= 0xb8);
}

/** Tag, array, protected header with this key's id, unprotected header. */
function trailerStart(kid: Bytes): Bytes {
  const head = coseHead(protectedHeader(kid), 0);
  return slice(head, 0, head.length - 1);
}

// Words.

function placeOfNext(verifier: Verifier): JournalPlace {
  if (verifier.header === undefined) {
    return "header";
  }
  return verifier.trailer === undefined && verifier.next <= verifier.header.to ? verifier.next : "trailer";
}

function describeNext(verifier: Verifier): string {
  const place = placeOfNext(verifier);
  return place === "header" || place === "trailer" ? `a ${place}` : `record ${place}`;
}

/** The first bytes of an item. */
const describeBytes = (bytes: Bytes): string => toHex(slice(bytes, 0, Math.min(bytes.length, startBytesMax)));
