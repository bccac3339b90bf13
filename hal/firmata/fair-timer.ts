/**
 * A timer for answers of the device. One that fires late proves that this computer was busy, not that the device is silent: the
 * answer may wait unread. So it is set again, a few times at most.
 */
import { lateMs, lateTimesMax } from "./limits";

/** Calls `onOver` after this time in which we listened; the function returned stops it. */
export function startFairTimer(timeoutMs: number, onOver: () => void): () => void {
  let timer: NodeJS.Timeout;
  function set(timesLeft: number): void {
    const setAtMs = performance.now();
    timer = setTimeout(() => {
      const isLate = performance.now() - setAtMs > timeoutMs + lateMs;
      if (isLate && timesLeft > 0) set(timesLeft - 1);
      else onOver();
    }, timeoutMs);
  }
  set(lateTimesMax);
  return () => clearTimeout(timer);
}
