/** What every Clock must do (hal/clock.ts). */
import type { Clock } from "../clock";
import type { Hal } from "../hal";
import type { ContractCase } from "./contract";
import { expect, expectInteger } from "./expect";
import { type Probe, withProbe } from "./probe";

const dayS = 86400;
/** 2026-01-01 00:00:00 UTC. */
const someUtcS = 1767225600;
const waitMs = 50;
const waitMaxMs = 5000;

function isWhole({ clock }: Hal): undefined {
  let last = clock.monotonicMs();
  expectInteger(last, "monotonic milliseconds");
  expect(last >= 0, `monotonic milliseconds are not negative, got ${last}`);
  for (let reading = 0; reading < 1000; reading++) {
    const now = clock.monotonicMs();
    expect(now >= last, `monotonic time goes from ${last} to ${now}`);
    last = now;
  }
  return undefined;
}

/** Steps the wall clock a day to both sides and back, and looks at the monotonic one after each. */
function standsSteps({ clock }: Hal): undefined {
  const found = clock.utcS();
  const begin = found ?? someUtcS;
  let last = clock.monotonicMs();
  const first = last;
  for (const stepS of [0, dayS, -dayS, 0]) {
    setWall(clock, begin + stepS);
    const now = clock.monotonicMs();
    expect(
      now >= last && now - first < waitMaxMs,
      `a wall clock set by ${stepS} s takes monotonic time from ${last} to ${now}`,
    );
    last = now;
  }
  return undefined;
}

/** It reads back, or is a second on. */
function setWall(clock: Clock, utcS: number): void {
  clock.setUtcS(utcS);
  const read = clock.utcS();
  if (read !== undefined) {
    expectInteger(read, "the wall clock's seconds");
  }
  expect(
    read !== undefined && read >= utcS && read <= utcS + 1,
    `a clock set to ${utcS} says ${read ?? "that it is lost"}`,
  );
}

function goesOn({ clock }: Hal, probe: Required<Pick<Probe, "waitMs">>): undefined {
  const before = clock.monotonicMs();
  probe.waitMs(waitMs);
  const passed = clock.monotonicMs() - before;
  expect(passed >= waitMs - 1 && passed <= waitMaxMs, `${waitMs} ms are ${passed} ms of monotonic time`);
  return undefined;
}

function keepsWall({ clock }: Hal, { reboot }: Required<Pick<Probe, "reboot">>): undefined {
  if (clock.utcS() === undefined) {
    clock.setUtcS(someUtcS);
  }
  const before = clock.utcS()!;
  const later = reboot().clock.utcS();
  // A board without a battery says that it has lost its time; one with a wrong time would be believed.
  expect(
    later === undefined || (later >= before && later - before < dayS),
    `after the power was off ${before} is ${later ?? "lost"}`,
  );
  return undefined;
}

export const clockCases: readonly ContractCase[] = [
  { name: "clock: monotonic time is whole milliseconds and never goes back", run: isWhole },
  { name: "clock: monotonic time does not notice steps of the wall clock, which reads back", run: standsSteps },
  { name: "clock: monotonic time goes on", run: withProbe(["waitMs"], goesOn) },
  {
    name: "clock: after the power was off the wall clock goes on or is known to be lost",
    run: withProbe(["reboot"], keepsWall),
  },
];
