/**
 * The checkpoint in the state area: settings, books and the place in the log where the next start goes on reading.
 */
import { type Bytes, concat, textOf, utf8 } from "../protocol/bytes";
import {
  type CborMap,
  type CborValue,
  decodeMap,
  getArray,
  getBool,
  getBytes,
  getMap,
  getText,
  getUint,
} from "../protocol/cbor-read";
import { cborArrayHead, cborBool, cborBytes, cborMap, cborText, cborUint } from "../protocol/cbor-write";
import {
  type Attempt,
  type Block,
  type Books,
  createBooks,
  type PendingDocument,
  rowsOf,
  type ShiftBook,
} from "./books";
import { encodeRows, type VatTotal } from "./document-head";
import type { LogPosition } from "./memory-api";
import { decodeSettings, encodeSettings, type Settings } from "./settings";

export interface Checkpoint {
  readonly settings: Settings | undefined;
  readonly books: Books;
  readonly log: LogPosition;
}

const stateKey = { settings: 1, books: 2, sequence: 3, hash: 4, position: 5 } as const;

/** Fields that are looked up by name: the build gives a field and its name here the same short one. */
const fieldNames = <Names extends readonly string[]>(names: Names): Names => names;

/** Plain integers of the books, in the order of their keys 1, 2, 3 … */
const numberFields = fieldNames([
  "lastNumber",
  "lastUtcS",
  "reqnum",
  "acceptedReqnum",
  "outcomeNumber",
  "settledNumber",
  "printedNumber",
  "offlineSinceUtcS",
  "nonNullable",
  "closedSequence",
  "indexPosition",
  "ofdPort",
  "revision",
  "fiscalizedUtcS",
]);
const bookKey = {
  sealedToken: 32,
  offlineCause: 33,
  shiftHash: 34,
  overall: 35,
  ofdHost: 36,
  fiscalized: 37,
  shift: 38,
  pending: 39,
  attempt: 40,
  blocks: 41,
} as const;
const shiftFields = fieldNames(["number", "openedUtcS", "documents", "autonomous", "total"]);
const shiftKey = { open: 32, payments: 33, vat: 34 } as const;
const pendingFields = fieldNames(["position", "number", "utcS", "total"]);
const pendingKey = { vat: 32, payments: 33 } as const;
const attemptFields = fieldNames(["number", "reqnum", "version", "utcS"]);
const attemptStateKey = { sealedToken: 32 } as const;
const blockKey = { code: 1, sinceUtcS: 2 } as const;

type Entries = (readonly [Bytes, Bytes])[];

function numbers(fields: readonly string[], values: object): Entries {
  const entries: Entries = [];
  for (let index = 0; index < fields.length; index++) {
    const value = (values as { [name: string]: unknown })[fields[index] as string];
    entries.push([cborUint(index + 1), cborUint(value as number)]);
  }
  return entries;
}

/** The integers of `fields` by name; undefined when one is missing. */
function readNumbers(fields: readonly string[], map: CborMap): { [name: string]: number } | undefined {
  const values: { [name: string]: number } = {};
  for (let index = 0; index < fields.length; index++) {
    const value = getUint(map, index + 1);
    if (value === undefined) {
      return undefined;
    }
    values[fields[index] as string] = value;
  }
  return values;
}

function put(entries: Entries, key: number, value: Bytes | undefined): void {
  if (value !== undefined) {
    entries.push([cborUint(key), value]);
  }
}

function encodeShift(shift: ShiftBook): Bytes {
  const entries = numbers(shiftFields, shift);
  put(entries, shiftKey.open, cborBool(shift.open));
  put(entries, shiftKey.payments, encodeRows(shift.payments));
  put(entries, shiftKey.vat, encodeRows(shift.vat));
  return cborMap(entries);
}

function encodePending(pending: PendingDocument): Bytes {
  const entries = numbers(pendingFields, pending);
  put(entries, pendingKey.vat, encodeRows(pending.vat));
  put(entries, pendingKey.payments, encodeRows(pending.payments));
  return cborMap(entries);
}

function encodeAttempt(attempt: Attempt): Bytes {
  const entries = numbers(attemptFields, attempt);
  put(entries, attemptStateKey.sealedToken, cborBytes(attempt.sealedToken));
  return cborMap(entries);
}

function encodeBlocks(blocks: readonly Block[]): Bytes {
  const parts: Bytes[] = [cborArrayHead(blocks.length)];
  for (const block of blocks) {
    parts.push(
      cborMap([
        [cborUint(blockKey.code), cborText(utf8(block.code))],
        [cborUint(blockKey.sinceUtcS), cborUint(block.sinceUtcS)],
      ]),
    );
  }
  return concat(parts);
}

function encodeBooks(books: Books): Bytes {
  const entries = numbers(numberFields, books);
  put(entries, bookKey.sealedToken, books.sealedToken === undefined ? undefined : cborBytes(books.sealedToken));
  put(entries, bookKey.offlineCause, books.offlineCause === undefined ? undefined : cborText(books.offlineCause));
  put(entries, bookKey.shiftHash, cborBytes(books.shiftHash));
  put(entries, bookKey.overall, cborBytes(books.overall));
  put(entries, bookKey.ofdHost, books.ofdHost === undefined ? undefined : cborText(books.ofdHost));
  put(entries, bookKey.fiscalized, cborBool(books.fiscalized));
  put(entries, bookKey.shift, encodeShift(books.shift));
  put(entries, bookKey.pending, books.pending === undefined ? undefined : encodePending(books.pending));
  put(entries, bookKey.attempt, books.attempt === undefined ? undefined : encodeAttempt(books.attempt));
  put(entries, bookKey.blocks, encodeBlocks(books.blocks));
  return cborMap(entries);
}

export function encodeCheckpoint(checkpoint: Checkpoint): Bytes {
  const entries: Entries = [];
  put(entries, stateKey.settings, checkpoint.settings === undefined ? undefined : encodeSettings(checkpoint.settings));
  put(entries, stateKey.books, encodeBooks(checkpoint.books));
  put(entries, stateKey.sequence, cborUint(checkpoint.log.sequence));
  put(entries, stateKey.hash, cborBytes(checkpoint.log.hash));
  put(entries, stateKey.position, cborUint(checkpoint.log.position));
  return cborMap(entries);
}

function decodeShift(map: CborMap | undefined): ShiftBook | undefined {
  const values = map === undefined ? undefined : readNumbers(shiftFields, map);
  if (map === undefined || values === undefined) {
    return undefined;
  }
  return {
    ...(values as unknown as ShiftBook),
    open: getBool(map, shiftKey.open) ?? false,
    payments: rowsOf(map, shiftKey.payments),
    vat: rowsOf(map, shiftKey.vat),
  };
}

function decodePending(map: CborMap): PendingDocument {
  const payments: (readonly [number, number])[] = [];
  for (const row of getArray(map, pendingKey.payments) ?? []) {
    if (row.kind === "array") {
      const [kind, sum] = row.items as readonly [CborValue, CborValue];
      if (kind.kind === "int" && sum.kind === "int") {
        payments.push([kind.value, sum.value]);
      }
    }
  }
  return {
    ...(readNumbers(pendingFields, map) as unknown as PendingDocument),
    vat: rowsOf(map, pendingKey.vat) as unknown as readonly VatTotal[],
    payments,
  };
}

function decodeAttempt(map: CborMap): Attempt | undefined {
  const sealedToken = getBytes(map, attemptStateKey.sealedToken);
  return sealedToken === undefined
    ? undefined
    : { ...(readNumbers(attemptFields, map) as unknown as Attempt), sealedToken };
}

function decodeBlocks(items: readonly CborValue[]): Block[] {
  const blocks: Block[] = [];
  for (const item of items) {
    const code = item.kind === "map" ? getText(item.entries, blockKey.code) : undefined;
    const sinceUtcS = item.kind === "map" ? getUint(item.entries, blockKey.sinceUtcS) : undefined;
    if (code !== undefined && sinceUtcS !== undefined) {
      blocks.push({ code: textOf(code), sinceUtcS });
    }
  }
  return blocks;
}

function decodeBooks(map: CborMap): Books | undefined {
  const values = readNumbers(numberFields, map);
  const shiftHash = getBytes(map, bookKey.shiftHash);
  const overall = getBytes(map, bookKey.overall);
  const shift = decodeShift(getMap(map, bookKey.shift));
  if (values === undefined || shiftHash === undefined || overall === undefined || shift === undefined) {
    return undefined;
  }
  const pending = getMap(map, bookKey.pending);
  const attempt = getMap(map, bookKey.attempt);
  return {
    ...createBooks(),
    ...(values as unknown as Books),
    sealedToken: getBytes(map, bookKey.sealedToken),
    offlineCause: getText(map, bookKey.offlineCause),
    shiftHash,
    overall,
    ofdHost: getText(map, bookKey.ofdHost),
    fiscalized: getBool(map, bookKey.fiscalized) ?? false,
    shift,
    pending: pending === undefined ? undefined : decodePending(pending),
    attempt: attempt === undefined ? undefined : decodeAttempt(attempt),
    blocks: decodeBlocks(getArray(map, bookKey.blocks) ?? []),
  };
}

/** undefined when the bytes are not what encodeCheckpoint wrote. */
export function decodeCheckpoint(payload: Bytes): Checkpoint | undefined {
  const map = decodeMap(payload);
  const booksMap = map === undefined ? undefined : getMap(map, stateKey.books);
  const books = booksMap === undefined ? undefined : decodeBooks(booksMap);
  if (map === undefined || books === undefined) {
    return undefined;
  }
  const settings = getMap(map, stateKey.settings);
  const sequence = getUint(map, stateKey.sequence);
  const hash = getBytes(map, stateKey.hash);
  const position = getUint(map, stateKey.position);
  if (sequence === undefined || hash === undefined || position === undefined) {
    return undefined;
  }
  return {
    settings: settings === undefined ? undefined : decodeSettings(settings),
    books,
    log: { sequence, hash, position },
  };
}
