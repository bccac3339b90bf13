import type { Bytes } from "../protocol/bytes";

/**
 * @noSelf
 */
export interface System {
  /** Why this life began, the same all through it: power came, a reset was asked for, the watchdog bit, an assertion failed. */
  resetCause(): "power" | "request" | "watchdog" | "assert";
  /** Restarts the module with the cause "request"; does not return. */
  reset(): void;
  /** Called as each tick begins, not by start(): without it for 4 s the board restarts the module. */
  feedWatchdog(): void;
  /** 8 to 16 bytes that no other board has. */
  uniqueId(): Bytes;
  /** False when the supply is too weak to finish a write: no sale begins. A board that cannot tell answers true. */
  powerGood(): boolean;
}
