import type { Bytes } from "../protocol/bytes";

/**
 * Keys that never leave the chip. They are made at first boot, never imported or exported. Calls answer within 100 ms.
 * @noSelf
 */
export interface SecureElement {
  /** Uncompressed P-256 point, 65 bytes (0x04, x, y). */
  publicKey(): Bytes;
  /** ECDSA P-256 over a 32-byte digest: r then s, 64 bytes, s in the lower half. */
  sign(digest: Bytes): Bytes;
  /** HMAC-SHA-256 by the element's own key, at most 1024 bytes of data. */
  hmac(data: Bytes): Bytes;
  /** AEAD under the element's own key with a fresh random nonce: nonce, ciphertext, tag; 28 bytes longer than the input. */
  seal(plain: Bytes): Bytes;
  /** The plain bytes, or undefined when this element did not seal them. */
  unseal(sealed: Bytes): Bytes | undefined;
  /** Monotonic counter: survives power, only goes up. */
  counter(): number;
  /** Steps the counter by one and returns the new value, once it would survive the power. */
  counterStep(): number;
  /** Verifies an ECDSA P-256 signature by any public key (65 bytes); false for whatever is no key or no signature. */
  verifyP256(publicKey: Bytes, digest: Bytes, signature: Bytes): boolean;
  /** `lengthBytes` random bytes, at most 256. */
  random(lengthBytes: number): Bytes;
}
