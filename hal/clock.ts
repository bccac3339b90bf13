/**
 * @noSelf
 */
export interface Clock {
  /** Milliseconds since start, never backwards, whatever happens to the wall clock. */
  monotonicMs(): number;
  /** UTC seconds since 1970, or undefined when the clock has lost its time. */
  utcS(): number | undefined;
  /** Sets the wall clock. */
  setUtcS(utcS: number): void;
}
