import type { Bytes } from "../protocol/bytes";

/**
 * @noSelf
 */
export interface System {
  /** Why the module runs: power came, it asked for a reset, the watchdog bit, or an assertion failed. */
  resetCause(): "power" | "request" | "watchdog" | "assert";
  /** Restarts the module; does not return. */
  reset(): void;
  /** Must be called at least every 4 s. */
  feedWatchdog(): void;
  /** 8 to 16 bytes that no other board has. */
  uniqueId(): Bytes;
  /** False when the supply is too weak to finish a write. */
  powerGood(): boolean;
}
