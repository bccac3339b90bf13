/** What every Clock must do (hal/clock.ts). */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Clock } from "../../hal/clock";

export function clockContract(kind: string, create: () => Clock): void {
  test(`${kind} clock: monotonic time does not notice when the wall clock is set`, () => {
    const clock = create();
    const startedMs = clock.monotonicMs();
    assert.ok(Number.isInteger(startedMs) && startedMs >= 0);
    clock.setUtcS(1_000_000_000);
    assert.is(clock.utcS(), 1_000_000_000);
    clock.setUtcS(2_000_000_000);
    assert.is(clock.utcS(), 2_000_000_000);
    const passedMs = clock.monotonicMs() - startedMs;
    assert.ok(passedMs >= 0 && passedMs < 1000);
  });
}
