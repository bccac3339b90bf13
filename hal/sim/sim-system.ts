/** System of a simulated board. A reset leaves the image as an exception: whoever runs the board starts it again. */
import type { Bytes } from "../../protocol/bytes";
import type { System } from "../system";

export type ResetCause = ReturnType<System["resetCause"]>;

/** Thrown by `reset()`, which does not return. */
export class ResetRequested extends Error {
  override readonly name = "ResetRequested";
}

export interface SimSystem extends System {
  /** Power on, for this reason. */
  boot(cause: ResetCause): void;
  setPowerGood(good: boolean): void;
  /** True when the image has not fed the watchdog for 4 s. */
  watchdogBites(): boolean;
}

const watchdogMs = 4000;

export function createSimSystem(uniqueId: Bytes, nowMs: () => number): SimSystem {
  let cause: ResetCause = "power";
  let powerGood = true;
  let fedMs = nowMs();
  return {
    resetCause: () => cause,
    reset() {
      throw new ResetRequested("the image asked for a reset");
    },
    feedWatchdog() {
      fedMs = nowMs();
    },
    uniqueId: () => uniqueId,
    powerGood: () => powerGood,
    boot(nextCause) {
      cause = nextCause;
      fedMs = nowMs();
    },
    setPowerGood(good) {
      powerGood = good;
    },
    watchdogBites: () => nowMs() - fedMs > watchdogMs,
  };
}
