/**
 * Records of the fiscal log: types, names and the keys of their maps (docs/flash-format.md "Records").
 *
 * Every payload is one deterministic CBOR item: a map with key 1 = prev, the SHA-256 of the previous record's
 * [sequence, type, payload]; signed types wrap that map in COSE_Sign1 (tag 18, cose-sign1.ts).
 */
export const recordType = {
  document: 1,
  attempt: 2,
  outcome: 3,
  delivered: 4,
  printed: 5,
  shiftClose: 6,
  fiscalization: 7,
  keyIndex: 8,
  event: 9,
  token: 10,
  settings: 11,
  reuse: 12,
} as const;
export type RecordTypeName = keyof typeof recordType;

/** Signed by the module; external_aad is "kassa/1/" + the name. */
export const signedTypes: readonly RecordTypeName[] = [
  "document",
  "outcome",
  "delivered",
  "shiftClose",
  "fiscalization",
];
/** Hold a sealed secret: an export has their hash, prev and CRC in their place (secretKey of journal.ts). */
export const secretTypes: readonly RecordTypeName[] = ["attempt", "token"];

export function typeName(type: number): RecordTypeName | undefined {
  for (const [name, value] of Object.entries(recordType)) {
    if (value === type) {
      return name as RecordTypeName;
    }
  }
  return undefined;
}

/** attempt: appended before the first byte of a document's first frame leaves. */
export const attemptKey = {
  prev: 1,
  number: 2,
  sealedToken: 3,
  reqnum: 4,
  version: 5,
  settingsRevision: 6,
  utcS: 7,
} as const;
export const outcomeOnline = 0;
export const outcomeAutonomous = 1;
export const outcomeRefused = 2;
/** outcome and delivered (which has no kind, cause, code or text). */
export const outcomeKey = {
  prev: 1,
  number: 2,
  /** outcomeOnline, outcomeAutonomous or outcomeRefused. */
  kind: 3,
  /** Text: the OFD's sign, or the autonomous one in decimal. */
  sign: 4,
  qrUrl: 5,
  cause: 6,
  resultCode: 7,
  resultText: 8,
  /** The token of the answer, sealed; absent when it did not change. */
  sealedToken: 9,
  utcS: 10,
  /** SHA-256 of the frame that was asked and of the answer that was told. */
  frameSha: 11,
  answerSha: 12,
} as const;
/** printed: sha = SHA-256 of the very bytes that the printer took. */
export const printedKey = { prev: 1, number: 2, sha: 3, lengthBytes: 4, repeated: 5, utcS: 6, confirmed: 7 } as const;
/** fiscalization: card = the card's map (card.ts) without token and PINs; printer = map printerKey. */
export const fiscalizationKey = {
  prev: 1,
  serial: 2,
  utcS: 3,
  publicKey: 4,
  revision: 5,
  card: 6,
  printer: 7,
} as const;
export const printerKey = { name: 1, columns: 2, letters: 3, codeTable: 4, qr: 5, confirms: 6, cutter: 7 } as const;
/** settings: a changed OFD address. */
export const settingsKey = { prev: 1, revision: 2, host: 3, port: 4, utcS: 5 } as const;
/** shiftClose: shiftHash and overall of design §5 "Integrity"; counter = the element's monotonic counter. */
export const shiftCloseKey = {
  prev: 1,
  shift: 2,
  openedUtcS: 3,
  closedUtcS: 4,
  documents: 5,
  total: 6,
  autonomous: 7,
  /** Array of [payment kind, count, sum]. */
  payments: 8,
  /** Array of [rate, vat, turnover]. */
  vat: 9,
  nonNullable: 10,
  shiftHash: 11,
  overall: 12,
  counter: 13,
  documentNumber: 14,
} as const;
export const eventKey = { prev: 1, code: 2, utcS: 3, facts: 4 } as const;
export const tokenKey = { prev: 1, sealedToken: 2, utcS: 3 } as const;
/** keyIndex: 256 entries of 4 bytes SHA-256(key) prefix and u32be log position; `before` = position of the previous index. */
export const keyIndexKey = { prev: 1, before: 2, entries: 3 } as const;
/** reuse: a sector of the ring is given up; the chain now begins after `sequence`, whose hash is `hash`. */
export const reuseKey = { prev: 1, sector: 2, sequence: 3, hash: 4, utcS: 5 } as const;
