/** What all series of cuts have in common: they are prepared once on a machine, then run in units, by one or by two. */
import type { Machine } from "./machine";
import { Failure } from "./shop";

export interface Series {
  readonly name: string;
  prepare(machine: Machine): Prepared;
}

export interface Prepared {
  readonly units: number;
  run(unit: number, tally: Tally): void;
}

/** The same on boards that are not simulated. */
export interface OpenSeries {
  readonly units: number;
  run(unit: number, tally: Tally): void | Promise<void>;
  close(): Promise<void>;
}

export interface Tally {
  cuts: number;
  /** Of them, how many were not the first. */
  second: number;
  readonly failures: Failure[];
  /** Takes one cut in so many. */
  readonly thin: number;
}

export const newTally = (thin: number): Tally => ({ cuts: 0, second: 0, failures: [], thin });

/** One cut, unless it is thinned out; a failure is written down and the search goes on. */
export function attempt(tally: Tally, turn: number, isSecond: boolean, run: () => void): void {
  if (turn % tally.thin !== 0) return;
  tally.cuts += 1;
  tally.second += isSecond ? 1 : 0;
  try {
    run();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    tally.failures.push(error);
  }
}
