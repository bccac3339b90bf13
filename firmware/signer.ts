/**
 * What the module signs: COSE_Sign1 by the secure element's key (RFC 9052 §4.4), so that any COSE library can check the
 * log. A payload may be longer than the heap allows: it is hashed piece by piece, then signed, then written.
 */
import type { Hash } from "../hal/hash";
import type { SecureElement } from "../hal/secure-element";
import { type Bytes, concat, slice, utf8 } from "../protocol/bytes";
import { coseHead, coseTail, externalAadOf, protectedHeader, sigStructureHead } from "../protocol/cose-sign1";

/** A 64-byte signature and its byte string head. */
export const signatureTailBytes = 66;

export interface Signer {
  /** First 8 bytes of SHA-256 over the public key. */
  readonly kid: Bytes;
  readonly protectedBytes: Bytes;
  readonly hash: Hash;
  readonly element: SecureElement;
}

/** SHA-256 of bytes that are in hand, in calls of at most `callBytesMax`. */
export function sha256(hash: Hash, bytes: Bytes, callBytesMax: number): Bytes {
  const handle = hash.open();
  updateHash(hash, handle, bytes, callBytesMax);
  return hash.digest(handle);
}

/** Adds bytes to an open hash in calls that the board takes. */
export function updateHash(hash: Hash, handle: number, bytes: Bytes, callBytesMax: number): void {
  for (let offset = 0; offset < bytes.length; offset += callBytesMax) {
    hash.update(handle, slice(bytes, offset, Math.min(offset + callBytesMax, bytes.length)));
  }
}

export function createSigner(hash: Hash, element: SecureElement): Signer {
  const kid = slice(sha256(hash, element.publicKey(), 64), 0, 8);
  return { kid, protectedBytes: protectedHeader(kid), hash, element };
}

/** A signature in the making: opened with the payload's length, fed with its pieces. */
export interface Signing {
  readonly signer: Signer;
  readonly handle: number;
  readonly payloadBytes: number;
  readonly callBytesMax: number;
}

export function openSigning(signer: Signer, typeName: string, payloadBytes: number, callBytesMax: number): Signing {
  const handle = signer.hash.open();
  updateHash(
    signer.hash,
    handle,
    sigStructureHead(signer.protectedBytes, externalAadOf(typeName), payloadBytes),
    callBytesMax,
  );
  return { signer, handle, payloadBytes, callBytesMax };
}

export function feedSigning(signing: Signing, piece: Bytes): void {
  updateHash(signing.signer.hash, signing.handle, piece, signing.callBytesMax);
}

/** What stands before and after the payload in the record. */
export interface Envelope {
  readonly head: Bytes;
  readonly tail: Bytes;
}

export function closeSigning(signing: Signing): Envelope {
  const { signer } = signing;
  const signature = signer.element.sign(signer.hash.digest(signing.handle));
  return { head: coseHead(signer.protectedBytes, signing.payloadBytes), tail: coseTail(signature) };
}

/** Gives up a signature in the making. */
export function dropSigning(signing: Signing): void {
  signing.signer.hash.digest(signing.handle);
}

/** A small payload signed at once: the whole COSE_Sign1. */
export function signPayload(signer: Signer, typeName: string, payload: Bytes, callBytesMax: number): Bytes {
  const signing = openSigning(signer, typeName, payload.length, callBytesMax);
  feedSigning(signing, payload);
  const { head, tail } = closeSigning(signing);
  return concat([head, payload, tail]);
}

/** Length of the COSE_Sign1 around a payload. */
export const envelopeBytes = (signer: Signer, payloadBytes: number): number =>
  coseHead(signer.protectedBytes, payloadBytes).length + payloadBytes + signatureTailBytes;

/** Labels keep the element's one HMAC key from being used for two things. */
export const labelled = (label: string, data: Bytes): Bytes => concat([utf8("kassa/1/" + label + "/"), data]);
