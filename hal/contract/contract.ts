/**
 * The contract of a board as a program: every case asks one thing of the Hal and says what it got. It runs in Node over
 * hal/sim and, as build/hal-contract.lua, on any Lua 5.4 over any board; docs/porting.md tells a board's maker how.
 *
 * What only somebody beside the board can do (cut its power, hold the other end of its line) is asked of a Probe. A case
 * whose probe is missing is skipped and says so. The scratch area is free to be written; any other part of the flash, and
 * the counter, only while the board is blank: nothing of a register that has sold is touched.
 */
import type { Hal } from "../hal";
import { boardCases } from "./board-cases";
import { clockCases } from "./clock-cases";
import { elementCases } from "./element-cases";
import { flashCases } from "./flash-cases";
import { hashCases } from "./hash-cases";
import { lineCases } from "./line-cases";
import type { Probe } from "./probe";
import { hasIntegers64 } from "./vm";

export interface ContractCase {
  readonly name: string;
  /** Throws what was expected and got; answers why the case was skipped, or nothing. */
  readonly run: (this: void, hal: Hal, probe: Probe) => string | undefined;
}

export const cases: readonly ContractCase[] = [
  ...boardCases,
  ...flashCases,
  ...hashCases,
  ...elementCases,
  ...clockCases,
  ...lineCases,
];

/** Runs all cases and says them as TAP 13, a line a call. Returns how many failed; a Lua without 64-bit integers fails whole. */
export function run(hal: Hal, probe: Probe | undefined, say: (this: void, line: string) => void): number {
  say("TAP version 13");
  if (!hasIntegers64()) {
    say("Bail out! This Lua has no 64-bit integers: money would not fit. Build it without LUA_32BITS.");
    return cases.length;
  }
  say(`1..${cases.length}`);
  const ended = { passed: 0, failed: 0, skipped: 0 };
  for (let index = 0; index < cases.length; index++) {
    const { name, run } = cases[index]!;
    ended[runCase(`${index + 1} - ${name}`, () => run(hal, probe ?? {}), say)] += 1;
  }
  say(`# ${ended.passed} passed, ${ended.failed} failed, ${ended.skipped} skipped`);
  return ended.failed;
}

type End = "passed" | "failed" | "skipped";

function runCase(title: string, run: () => string | undefined, say: (this: void, line: string) => void): End {
  let end: End = "passed";
  try {
    const skipped = run();
    end = skipped === undefined ? "passed" : "skipped";
    say(skipped === undefined ? `ok ${title}` : `ok ${title} # SKIP ${skipped}`);
  } catch (failure) {
    end = "failed";
    say(`not ok ${title}`);
    say(`  # ${failure}`);
  }
  return end;
}
