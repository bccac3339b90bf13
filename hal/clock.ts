/**
 * @noSelf
 */
export interface Clock {
  /** Whole milliseconds since start, never backwards, whatever happens to the wall clock. */
  monotonicMs(): number;
  /**
   * Whole UTC seconds since 1970, or undefined when the clock has lost its time. In Lua an integer: a float would stand on
   * the paper as 2026.0.
   */
  utcS(): number | undefined;
  /** Sets the wall clock, forward or back; it outlives the power if the board has a battery. */
  setUtcS(utcS: number): void;
}
