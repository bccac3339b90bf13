import type { Bytes } from "../protocol/bytes";

/**
 * SHA-256, incremental: the MCU's own or the host's, apart from the secure element. FIPS 180-4.
 * At most `openMax` (8) hashes are open at once; more is the firmware's bug and throws.
 * @noSelf
 */
export interface Hash {
  /** Begins a SHA-256 and returns its handle. */
  open(): number;
  /** Adds up to `callBytesMax` bytes. */
  update(handle: number, data: Bytes): void;
  /** The 32-byte digest of all that was added; closes the handle. */
  digest(handle: number): Bytes;
}
