/**
 * COSE_Sign1 (RFC 9052 §4.2, §4.4): the envelope of what the module signs, ES256 over a payload that is attached.
 *
 *   d2 84                                 tag 18, array of 4
 *      4d a2 01 26 04 48 <kid>            protected: { 1 alg: -7 ES256, 4 kid: 8 bytes }
 *      a0                                 unprotected: nothing
 *      <bstr head> <payload>
 *      58 40 <r> <s>                      signature, 64 bytes
 *
 * What is signed is SHA-256 of Sig_structure = ["Signature1", protected, external_aad, payload]. Both are given in
 * pieces around the payload, so that a payload can be hashed and written while it streams and is never held whole.
 *
 * kid = first 8 bytes of SHA-256 of the public key (65 bytes). external_aad = "kassa/1/" + the type of the record.
 */
import { assert } from "./assert";
import { type Bytes, concat, slice, utf8 } from "./bytes";
import { createReader, readArrayHead, readBytes, readHead, readMapHead, readTag } from "./cbor-read";
import {
  cborArrayHead,
  cborBytes,
  cborBytesHead,
  cborInt,
  cborMap,
  cborMapHead,
  cborTagHead,
  cborText,
  cborUint,
} from "./cbor-write";

export const kidBytes = 8;
export const signatureBytes = 64;
/** What tag, headers, payload head (up to 64 KB: 3, above: 5) and signature add to a payload at most. */
export const coseOverheadBytesMax = 2 + 14 + 1 + 5 + 2 + signatureBytes;

const sign1Tag = 18;
const algKey = 1;
const kidKey = 4;
const algEs256 = -7;

/** The content of the protected header: the map, not yet wrapped in a byte string. */
export function protectedHeader(kid: Bytes): Bytes {
  assert(kid.length === kidBytes, "a kid has 8 bytes");
  return cborMap([
    [cborUint(algKey), cborInt(algEs256)],
    [cborUint(kidKey), cborBytes(kid)],
  ]);
}

/** external_aad of a record type: "document", "outcome" … or "export" (records.ts). */
export const externalAadOf = (typeName: string): Bytes => concat([utf8("kassa/1/"), utf8(typeName)]);

/** All of Sig_structure that stands before the payload's bytes. */
export function sigStructureHead(protectedBytes: Bytes, externalAad: Bytes, payloadLengthBytes: number): Bytes {
  return concat([
    cborArrayHead(4),
    cborText(utf8("Signature1")),
    cborBytes(protectedBytes),
    cborBytes(externalAad),
    cborBytesHead(payloadLengthBytes),
  ]);
}

/** All of COSE_Sign1 that stands before the payload's bytes. */
export function coseHead(protectedBytes: Bytes, payloadLengthBytes: number): Bytes {
  return concat([
    cborTagHead(sign1Tag),
    cborArrayHead(4),
    cborBytes(protectedBytes),
    cborMapHead(0),
    cborBytesHead(payloadLengthBytes),
  ]);
}

/** All of COSE_Sign1 that stands behind the payload's bytes. */
export function coseTail(signature: Bytes): Bytes {
  assert(signature.length === signatureBytes, "an ES256 signature has 64 bytes");
  return cborBytes(signature);
}

export interface Sign1 {
  readonly protectedBytes: Bytes;
  readonly kid: Bytes;
  /** Where the payload's bytes are in the parsed bytes. */
  readonly payloadOffset: number;
  readonly payloadLength: number;
  readonly signature: Bytes;
}

/** The parts of a COSE_Sign1; undefined unless it has exactly the form above, to the last byte. */
export function parseSign1(bytes: Bytes): Sign1 | undefined {
  const reader = createReader(bytes);
  readTag(reader);
  readArrayHead(reader);
  const protectedBytes = readBytes(reader);
  readMapHead(reader);
  readHead(reader);
  if (protectedBytes === undefined || reader.failed || reader.value > bytes.length - reader.offset) {
    return undefined;
  }
  const payloadOffset = reader.offset;
  const payloadLength = reader.value;
  reader.offset = payloadOffset + payloadLength;
  const signature = readBytes(reader);
  const kid = slice(protectedBytes, Math.max(0, protectedBytes.length - kidBytes), protectedBytes.length);
  if (signature === undefined || signature.length !== signatureBytes || kid.length !== kidBytes) {
    return undefined;
  }
  // Writing it again and comparing leaves no second form of any head.
  const before = slice(bytes, 0, payloadOffset);
  const after = slice(bytes, payloadOffset + payloadLength, bytes.length);
  if (before !== coseHead(protectedHeader(kid), payloadLength) || after !== coseTail(signature)) {
    return undefined;
  }
  return { protectedBytes, kid, payloadOffset, payloadLength, signature };
}
