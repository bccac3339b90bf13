/** A journal as a module would write it, signed by a key made from a seed: the export that the journal tests damage. */
import { createHash, createPublicKey, verify } from "node:crypto";
import { p256 } from "@noble/curves/nist.js";
import { type Bytes, concat, repeatByte, slice, utf8 } from "../../protocol/bytes";
import { cborBytes, cborMap, cborText, cborUint } from "../../protocol/cbor-write";
import { coseHead, coseTail, externalAadOf, protectedHeader, sigStructureHead } from "../../protocol/cose-sign1";
import { exportName, headerItem, recordItem, secretItem, trailerPayload } from "../../protocol/journal";
import type { JournalKey } from "../../protocol/journal-verify";
import { type RecordTypeName, recordType, secretTypes, signedTypes } from "../../protocol/records";

export const bufferOf = (bytes: Bytes): Buffer => Buffer.from(bytes, "latin1");
export const bytesFrom = (buffer: Uint8Array): Bytes => Buffer.from(buffer).toString("latin1") as Bytes;
export const sha256 = (bytes: Bytes): Bytes => bytesFrom(createHash("sha256").update(bytes, "latin1").digest());

export interface Signer {
  /** 65 bytes. */
  readonly publicKey: Bytes;
  readonly pem: string;
  /** Its `verify` only remembers what was signed: the tests check signatures in tens of thousands of damaged files. */
  readonly key: JournalKey;
  /** ECDSA P-256 in earnest. */
  readonly verifies: JournalKey["verify"];
  /** A whole COSE_Sign1 over `payload`. */
  envelop(name: string, payload: Bytes): Bytes;
}

export function createSigner(seed: string): Signer {
  const secret = createHash("sha256").update(seed).digest();
  const publicKey = bytesFrom(p256.getPublicKey(secret, false));
  const kid = slice(sha256(publicKey), 0, 8);
  const spki = Buffer.concat([
    Buffer.from("3059301306072a8648ce3d020106082a8648ce3d030107034200", "hex"),
    bufferOf(publicKey),
  ]);
  const made = new Set<string>();
  const keyObject = createPublicKey({ key: spki, format: "der", type: "spki" });
  return {
    publicKey,
    pem: keyObject.export({ format: "pem", type: "spki" }) as string,
    key: {
      kid,
      sha256,
      verify: (digest, signature) => made.has(digest + signature),
    },
    verifies: (digest, signature) =>
      p256.verify(bufferOf(signature), bufferOf(digest), bufferOf(publicKey), { prehash: false }),
    envelop: (name, payload) => {
      const header = protectedHeader(kid);
      const digest = sha256(concat([sigStructureHead(header, externalAadOf(name), payload.length), payload]));
      const signature = bytesFrom(p256.sign(bufferOf(digest), secret, { prehash: false }));
      made.add(digest + signature);
      return concat([coseHead(header, payload.length), payload, coseTail(signature)]);
    },
  };
}

/** Whether OpenSSL, which shares no code with the module, accepts a signature over `signed`. */
export function opensslVerifies(signer: Signer, signed: Bytes, signature: Bytes): boolean {
  return verify("sha256", bufferOf(signed), { key: signer.pem, dsaEncoding: "ieee-p1363" }, bufferOf(signature));
}

/** The records of two days: every type, unsigned ones beside each other, secrets at both. */
const story: readonly RecordTypeName[] = [
  "fiscalization",
  "settings",
  "token",
  "document",
  "attempt",
  "outcome",
  "printed",
  "event",
  "event",
  "attempt",
  "token",
  "event",
  "document",
  "outcome",
  "printed",
  "attempt",
  "delivered",
  "keyIndex",
  "reuse",
  "shiftClose",
];

export interface SampleJournal {
  readonly header: Bytes;
  /** One item a record, from sequence `firstSequence` on. */
  readonly records: readonly Bytes[];
  readonly trailer: Bytes;
}

export const firstSequence = 21;

/** `types` from record 21 on; the default ends in a signed record, one that ends in "printed" does not. */
export function writeJournal(signer: Signer, types: readonly RecordTypeName[] = story): SampleJournal {
  const anchorHash = sha256(utf8("the record before"));
  const records: Bytes[] = [];
  let prev = anchorHash;
  types.forEach((name, index) => {
    const sequence = firstSequence + index;
    const map = cborMap([
      [cborUint(1), cborBytes(prev)],
      [cborUint(2), cborUint(1000 + index)],
      [cborUint(3), cborBytes(repeatByte(index, 30 + index))],
      [cborUint(4), cborText(utf8("Сүт"))],
      [cborUint(6), cborUint(1795521600 + index)],
    ]);
    const payload = signedTypes.includes(name) ? signer.envelop(name, map) : map;
    const item = recordItem(sequence, recordType[name], payload);
    const hash = sha256(item);
    records.push(secretTypes.includes(name) ? secretItem(sequence, recordType[name], hash, prev) : item);
    prev = hash;
  });
  const header = headerItem({
    serial: utf8("KZT00000001"),
    rnm: utf8("010203040506"),
    anchorSequence: firstSequence - 1,
    anchorHash,
    from: firstSequence,
    to: firstSequence + types.length - 1,
  });
  const told = { count: types.length, headerSha: sha256(header), lastHash: prev, utcS: 1795521700 };
  return { header, records, trailer: signer.envelop(exportName, trailerPayload(told)) };
}

export const joinJournal = ({ header, records, trailer }: SampleJournal): Bytes =>
  concat([header, ...records, trailer]);

/** The file with one byte changed. */
export function withByte(bytes: Bytes, offset: number, change: number): Bytes {
  const changed = bytes.charCodeAt(offset) ^ change;
  return concat([slice(bytes, 0, offset), repeatByte(changed, 1), slice(bytes, offset + 1, bytes.length)]);
}
