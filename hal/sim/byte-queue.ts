/** Bytes waiting in order. */
import type { Bytes } from "../../protocol/bytes";

export interface ByteQueue {
  length(): number;
  push(bytes: string): void;
  /** The first bytes, at most `lengthMax` of them. */
  take(lengthMax: number): Bytes;
  clear(): void;
}

export function createByteQueue(): ByteQueue {
  let waiting = "";
  return {
    length: () => waiting.length,
    push(bytes) {
      waiting += bytes;
    },
    take(lengthMax) {
      const taken = waiting.slice(0, lengthMax);
      waiting = waiting.slice(taken.length);
      return taken as Bytes;
    },
    clear() {
      waiting = "";
    },
  };
}
