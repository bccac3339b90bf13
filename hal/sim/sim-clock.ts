/** Clocks of a simulated board: a virtual one that only moves when told, and the computer's own, shifted. */
import type { Clock } from "../clock";

export interface SimClock extends Clock {
  /** Time passes: both clocks go on. */
  advance(ms: number): void;
  /** Somebody sets the wall clock; monotonic time does not notice. */
  jump(seconds: number): void;
  /** The battery is empty: the wall clock has lost its time until it is set. */
  loseTime(): void;
  /** Power on: monotonic time starts again. */
  reset(): void;
  /** Monotonic milliseconds with fractions, for the pace of a line. */
  preciseMs(): number;
  /** By how much the wall clock is ahead of its source; undefined when lost. */
  offsetS(): number | undefined;
}

interface ClockSource {
  readonly monotonicMs: () => number;
  readonly utcMs: () => number;
  readonly advance: (ms: number) => void;
}

/** 2026-11-24 09:00:00 UTC: a working day in Almaty. */
const startUtcS = 1795510800;

/** Stands still until `advance`. */
export function createVirtualClock(utcS = startUtcS): SimClock {
  let passedMs = 0;
  const advance = (ms: number): void => {
    passedMs += ms;
  };
  return clockOn({ monotonicMs: () => passedMs, utcMs: () => utcS * 1000 + passedMs, advance }, 0);
}

/** The computer's time plus an offset that the caller keeps over restarts; undefined means lost. */
export function createRealClock(offsetS: number | undefined): SimClock {
  let addedMs = 0;
  const advance = (ms: number): void => {
    addedMs += ms;
  };
  return clockOn(
    { monotonicMs: () => performance.now() + addedMs, utcMs: () => Date.now() + addedMs, advance },
    offsetS,
  );
}

function clockOn(source: ClockSource, firstOffsetS: number | undefined): SimClock {
  let wallOffsetS = firstOffsetS;
  let startedMs = source.monotonicMs();
  /** Time that `advance` added is in the source; what must outlive the process is in the offset. */
  let advancedS = 0;
  const preciseMs = (): number => source.monotonicMs() - startedMs;
  return {
    monotonicMs: () => Math.floor(preciseMs()),
    preciseMs,
    utcS: () => (wallOffsetS === undefined ? undefined : Math.floor(source.utcMs() / 1000) + wallOffsetS),
    setUtcS(utcS) {
      wallOffsetS = utcS - Math.floor(source.utcMs() / 1000);
    },
    advance(ms) {
      source.advance(ms);
      advancedS += ms / 1000;
    },
    jump(seconds) {
      if (wallOffsetS !== undefined) wallOffsetS += seconds;
    },
    loseTime() {
      wallOffsetS = undefined;
    },
    reset() {
      startedMs = source.monotonicMs();
    },
    offsetS: () => (wallOffsetS === undefined ? undefined : wallOffsetS + Math.round(advancedS)),
  };
}
