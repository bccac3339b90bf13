import type { Bytes } from "../protocol/bytes";

/**
 * The serial port to the host. Never waits; `tick()` polls it.
 * @noSelf
 */
export interface Uart {
  /** Bytes that have come, at most `lengthMaxBytes`; empty when none. The board keeps at least 2048 unread bytes. */
  read(lengthMaxBytes: number): Bytes;
  /** Takes as many bytes as fit and returns how many; the caller offers the rest again. */
  write(data: Bytes): number;
  /** Bytes taken by `write` that have not left the wire yet. */
  pendingBytes(): number;
  /** Changes the line speed, after the pending bytes have left. */
  setBaud(baud: number): void;
}
