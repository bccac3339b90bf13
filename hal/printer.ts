import type { Bytes } from "../protocol/bytes";

/**
 * A receipt printer as a pipe of ESC/POS bytes in both directions. Never waits. The firmware speaks `DLE EOT n` and
 * `GS r 1` over it (protocol/paper/escpos-write.ts) and decides itself what was printed.
 * @noSelf
 */
export interface Printer {
  /** Takes as many bytes as fit and returns how many (0 when the printer's buffer is full or it is switched off). */
  write(data: Bytes): number;
  /** Bytes that the printer sent back, at most `lengthMaxBytes`. */
  read(lengthMaxBytes: number): Bytes;
}
