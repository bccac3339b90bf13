/**
 * The books: everything that follows from the log. One function applies a record, live and at every start alike, so that
 * what the module knows is always what the flash says. A copy stands in the state area at each checkpoint (books-state.ts).
 */
import type { Hash } from "../hal/hash";
import { assert } from "../protocol/assert";
import { type Bytes, concat, repeatByte, slice, textOf } from "../protocol/bytes";
import { type CborMap, type CborValue, decodeMap, getArray, getBytes, getText, getUint } from "../protocol/cbor-read";
import { newMap } from "../protocol/platform";
import {
  attemptKey,
  eventKey,
  fiscalizationKey,
  outcomeAutonomous,
  outcomeKey,
  outcomeOnline,
  printedKey,
  recordType,
  settingsKey,
  shiftCloseKey,
  tokenKey,
} from "../protocol/records";
import { type DocumentHead, decodeRows, type VatTotal } from "./document-head";
import { assertStored } from "./flash-access";
import { smallRecordBytesMax } from "./limits";
import type { FiscalMemory, RecordRef } from "./memory-api";
import { sha256 } from "./signer";
import { findPayload, openDocument, readPrefix } from "./stored-document";

/** A document that is stored but has no outcome yet. */
export interface PendingDocument {
  readonly position: number;
  readonly number: number;
  readonly utcS: number;
  readonly total: number;
  readonly vat: readonly VatTotal[];
  readonly payments: readonly (readonly [number, number])[];
}

/** The one frame that the OFD may have seen and not answered; repeated with the same token and REQNUM until it does. */
export interface Attempt {
  readonly number: number;
  readonly sealedToken: Bytes;
  readonly reqnum: number;
  readonly version: number;
  readonly utcS: number;
}

export interface ShiftBook {
  number: number;
  open: boolean;
  openedUtcS: number;
  documents: number;
  autonomous: number;
  total: number;
  /** Rows [payment kind, count, sum]. */
  payments: number[][];
  /** Rows [rate, VAT, turnover]. */
  vat: number[][];
}

export interface Block {
  readonly code: string;
  readonly sinceUtcS: number;
}

export interface Books {
  /** Last number given to a document. */
  lastNumber: number;
  /** Of the last document, or of the fiscalization before the first one. */
  lastUtcS: number;
  shift: ShiftBook;
  sealedToken: Bytes | undefined;
  /** REQNUM of the newest attempt, and of the last document that the OFD accepted (ofd-2.0.4 §11.18). */
  reqnum: number;
  acceptedReqnum: number;
  pending: PendingDocument | undefined;
  attempt: Attempt | undefined;
  /** Documents up to here have an outcome; those up to settledNumber are with the OFD, or refused by it. */
  outcomeNumber: number;
  settledNumber: number;
  /** Papers up to here have come out of the printer; those up to outcomeNumber still must. */
  printedNumber: number;
  /** Begin of the offline period (first failed attempt) and its cause; 0 and undefined when online. */
  offlineSinceUtcS: number;
  offlineCause: Bytes | undefined;
  blocks: Block[];
  /** Never-reset sum of sales, tiyn. */
  nonNullable: number;
  shiftHash: Bytes;
  overall: Bytes;
  closedSequence: number;
  /** Position of the newest keyIndex record, 0: none. */
  indexPosition: number;
  fiscalizedUtcS: number;
  fiscalized: boolean;
  /** The OFD's address when a settings record changed it. */
  ofdHost: Bytes | undefined;
  ofdPort: number;
  revision: number;
}

export function emptyShift(number: number): ShiftBook {
  return { number, open: false, openedUtcS: 0, documents: 0, autonomous: 0, total: 0, payments: [], vat: [] };
}

export const zeroHash: Bytes = repeatByte(0, 32);

export function createBooks(): Books {
  return {
    lastNumber: 0,
    lastUtcS: 0,
    shift: emptyShift(0),
    sealedToken: undefined,
    reqnum: 0,
    acceptedReqnum: 0,
    pending: undefined,
    attempt: undefined,
    outcomeNumber: 0,
    settledNumber: 0,
    printedNumber: 0,
    offlineSinceUtcS: 0,
    offlineCause: undefined,
    blocks: [],
    nonNullable: 0,
    shiftHash: zeroHash,
    overall: zeroHash,
    closedSequence: 0,
    indexPosition: 0,
    fiscalizedUtcS: 0,
    fiscalized: false,
    ofdHost: undefined,
    ofdPort: 0,
    revision: 0,
  };
}

/** Documents that wait for the OFD. */
export const queueLength = (books: Books): number => books.outcomeNumber - books.settledNumber;

/** The map of a small record, whether signed or not. */
export function readRecordMap(memory: FiscalMemory, record: RecordRef): CborMap {
  const payload = readPrefix(memory, record, smallRecordBytesMax);
  const inner = findPayload(payload);
  const map = decodeMap(inner === undefined ? payload : slice(payload, inner.offset, inner.offset + inner.length));
  assertStored(map !== undefined);
  return map;
}

/** Adds `values` to the row that begins with `first`, making one when there is none. */
function addToRow(rows: number[][], first: number, second: number, third: number): void {
  for (const row of rows) {
    if (row[0] === first) {
      row[1] = (row[1] as number) + second;
      row[2] = (row[2] as number) + third;
      return;
    }
  }
  rows.push([first, second, third]);
}

function applyDocument(books: Books, record: RecordRef, head: DocumentHead): void {
  assert(head.number === books.lastNumber + 1, "document numbers have no gap");
  assert(books.pending === undefined, "at most one document waits for its outcome");
  books.lastNumber = head.number;
  books.lastUtcS = head.utcS;
  if (!books.shift.open) {
    books.shift = emptyShift(head.shift);
    books.shift.open = true;
    books.shift.openedUtcS = head.utcS;
  }
  const payments: (readonly [number, number])[] = [];
  for (const payment of head.payments) {
    payments.push([payment.kind, payment.sum]);
  }
  books.pending = {
    position: record.position,
    number: head.number,
    utcS: head.utcS,
    total: head.total,
    vat: head.vat,
    payments,
  };
}

/** A receipt counts once it has a sign (design §4: a refused one is in no counter). */
function countReceipt(books: Books, receipt: PendingDocument, autonomous: boolean): void {
  const { shift } = books;
  shift.documents += 1;
  shift.autonomous += autonomous ? 1 : 0;
  shift.total += receipt.total;
  for (const [kind, sum] of receipt.payments) {
    addToRow(shift.payments, kind, 1, sum);
  }
  for (const [rate, vat, turnover] of receipt.vat) {
    addToRow(shift.vat, rate, vat, turnover);
  }
  books.nonNullable += receipt.total;
}

/** Result codes that stop the register, and the name of the stop (ofd-2.0.4 §4.3). */
export function blockOfResult(resultCode: number): string | undefined {
  if (resultCode === 2) {
    return "OFD_TOKEN_WRONG";
  }
  if (resultCode === 15 || resultCode === 18 || resultCode === 19) {
    return "OFD_BLOCKED";
  }
  if (resultCode === 1) {
    return "OFD_ID_UNKNOWN";
  }
  const correctable =
    resultCode === 0 || resultCode === 13 || resultCode === 14 || resultCode === 17 || resultCode === 11;
  return correctable ? undefined : "OFD_PROTOCOL";
}

export function addBlock(books: Books, code: string, sinceUtcS: number): void {
  for (const block of books.blocks) {
    if (block.code === code) {
      return;
    }
  }
  books.blocks.push({ code, sinceUtcS });
}

function keepBlocks(books: Books, isKept: (code: string) => boolean): void {
  const kept: Block[] = [];
  for (const block of books.blocks) {
    if (isKept(block.code)) {
      kept.push(block);
    }
  }
  books.blocks = kept;
}

/** A stop that a person ends; any other ends with the OFD's next result 0 (ofd-2.0.4 §4.3). */
export const needsPerson = (code: string): boolean => code === "QUEUE_REFUSED" || code === "OFD_TOKEN_WRONG";

/** The OFD answered the unanswered frame: its token and REQNUM are now the last accepted ones. */
function settleAttempt(books: Books, map: CborMap, accepted: boolean): void {
  if (books.attempt !== undefined && accepted) {
    books.acceptedReqnum = books.attempt.reqnum;
  }
  books.attempt = undefined;
  books.sealedToken = getBytes(map, outcomeKey.sealedToken) ?? books.sealedToken;
}

function applyOutcome(books: Books, map: CborMap): void {
  const { pending } = books;
  const number = getUint(map, outcomeKey.number);
  const kind = getUint(map, outcomeKey.kind);
  const utcS = getUint(map, outcomeKey.utcS) ?? 0;
  assert(pending !== undefined && pending.number === number, "an outcome belongs to the pending document");
  books.pending = undefined;
  books.outcomeNumber = pending.number;
  if (kind === outcomeAutonomous) {
    countReceipt(books, pending, true);
    books.offlineCause = getText(map, outcomeKey.cause);
    if (books.offlineSinceUtcS === 0) {
      books.offlineSinceUtcS = books.attempt === undefined ? utcS : books.attempt.utcS;
    }
    return;
  }
  books.settledNumber = pending.number;
  settleAttempt(books, map, kind === outcomeOnline);
  books.offlineSinceUtcS = 0;
  books.offlineCause = undefined;
  if (kind === outcomeOnline) {
    countReceipt(books, pending, false);
    return;
  }
  const block = blockOfResult(getUint(map, outcomeKey.resultCode) ?? 0);
  if (block !== undefined) {
    addBlock(books, block, utcS);
  }
}

function applyDelivered(books: Books, map: CborMap): void {
  const number = getUint(map, outcomeKey.number);
  assert(number === books.settledNumber + 1, "documents are delivered oldest first");
  books.settledNumber = number;
  settleAttempt(books, map, true);
  if (queueLength(books) === 0) {
    books.offlineSinceUtcS = 0;
    books.offlineCause = undefined;
  }
}

function applyAttempt(books: Books, map: CborMap): void {
  const number = getUint(map, attemptKey.number);
  const sealedToken = getBytes(map, attemptKey.sealedToken);
  const reqnum = getUint(map, attemptKey.reqnum);
  const version = getUint(map, attemptKey.version);
  assert(number !== undefined && sealedToken !== undefined && reqnum !== undefined, "an attempt names its frame");
  books.attempt = { number, sealedToken, reqnum, version: version ?? 0, utcS: getUint(map, attemptKey.utcS) ?? 0 };
  books.reqnum = reqnum;
}

function applyShiftClose(books: Books, record: RecordRef, map: CborMap): void {
  books.shift = emptyShift(books.shift.number);
  books.closedSequence = record.sequence;
  books.overall = getBytes(map, shiftCloseKey.overall) ?? books.overall;
  books.shiftHash = zeroHash;
}

/** Events that stop the register until another record ends the stop. */
const blockCodes: readonly string[] = [
  "QUEUE_REFUSED",
  "OFD_BLOCKED",
  "OFD_TOKEN_WRONG",
  "OFD_ID_UNKNOWN",
  "OFD_PROTOCOL",
];

function isBlock(code: string): boolean {
  for (const known of blockCodes) {
    if (known === code) {
      return true;
    }
  }
  return false;
}

function applyEvent(books: Books, map: CborMap): void {
  const code = getText(map, eventKey.code);
  const utcS = getUint(map, eventKey.utcS) ?? 0;
  if (code === ("UNBLOCKED" as Bytes)) {
    keepBlocks(books, needsPerson);
  } else if (code !== undefined && isBlock(textOf(code))) {
    addBlock(books, textOf(code), utcS);
  }
}

/**
 * shiftHash = SHA-256(shiftHash, prev) for each record, its prev being the hash of the record before it: when the
 * closing record is applied, all records of the shift are in (docs/flash-format.md "Integrity").
 */
export function foldShiftHash(hash: Hash, shiftHash: Bytes, prev: Bytes): Bytes {
  return sha256(hash, concat([shiftHash, prev]), 64);
}

/** Applies one record. Returns the head when it was a document, for the key index. */
export function applyRecord(
  books: Books,
  memory: FiscalMemory,
  hash: Hash,
  record: RecordRef,
): DocumentHead | undefined {
  if (record.type === recordType.document) {
    const { head } = openDocument(memory, record);
    books.shiftHash = foldShiftHash(hash, books.shiftHash, head.prev);
    applyDocument(books, record, head);
    return head;
  }
  if (record.type === recordType.keyIndex) {
    books.indexPosition = record.position;
  }
  const map = record.type === recordType.keyIndex ? readStartMap(memory, record) : readRecordMap(memory, record);
  books.shiftHash = foldShiftHash(hash, books.shiftHash, getBytes(map, 1) as Bytes);
  applyMap(books, record, map);
  return undefined;
}

/** Only prev of a record whose payload is larger than one read: map head, key 1, bstr of 32. */
function readStartMap(memory: FiscalMemory, record: RecordRef): CborMap {
  const start = memory.read(record, 0, 36);
  return newMap<number, CborValue>().set(1, { kind: "bytes", value: slice(start, 4, 36) });
}

function applyMap(books: Books, record: RecordRef, map: CborMap): void {
  const { type } = record;
  if (type === recordType.attempt) {
    applyAttempt(books, map);
  } else if (type === recordType.outcome) {
    applyOutcome(books, map);
  } else if (type === recordType.delivered) {
    applyDelivered(books, map);
  } else if (type === recordType.printed) {
    books.printedNumber = getUint(map, printedKey.number) ?? books.printedNumber;
  } else if (type === recordType.shiftClose) {
    applyShiftClose(books, record, map);
  } else if (type === recordType.fiscalization) {
    books.fiscalized = true;
    books.fiscalizedUtcS = getUint(map, fiscalizationKey.utcS) ?? 0;
    books.lastUtcS = books.fiscalizedUtcS;
    books.revision = 1;
  } else if (type === recordType.token) {
    books.sealedToken = getBytes(map, tokenKey.sealedToken);
    books.attempt = undefined;
    keepBlocks(books, block => block !== "OFD_TOKEN_WRONG");
  } else if (type === recordType.settings) {
    books.ofdHost = getText(map, settingsKey.host);
    books.ofdPort = getUint(map, settingsKey.port) ?? 0;
    books.revision = getUint(map, settingsKey.revision) ?? books.revision;
  } else if (type === recordType.event) {
    applyEvent(books, map);
  }
}

/** Rows of a state map back. */
export const rowsOf = (map: CborMap, key: number): number[][] => decodeRows(getArray(map, key), 3);
