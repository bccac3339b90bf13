import type { Bytes } from "../protocol/bytes";

/**
 * The serial port to the host. Never waits; `tick()` polls it.
 * @noSelf
 */
export interface Uart {
  /** Bytes that have come, at most `lengthMaxBytes`; empty when none. The board keeps at least 2048 unread bytes. */
  read(lengthMaxBytes: number): Bytes;
  /** Takes as many bytes as fit and returns how many; the caller offers the rest again. Up to 1408 are offered at once. */
  write(data: Bytes): number;
  /** Bytes taken by `write` that have not left the wire yet. */
  pendingBytes(): number;
  /** Changes the line speed; called once no byte is pending. 115200 at start, then 230400, 460800 or 921600 and back. */
  setBaud(baud: number): void;
}
