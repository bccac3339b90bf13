/**
 * Cases of the board contract (hal/contract) that are about one device, over a simulated board that has another device in
 * the place of its own. A board's own file runs the contract whole.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { cases } from "../../hal/contract/contract";
import type { Probe } from "../../hal/contract/probe";
import type { Hal } from "../../hal/hal";
import { createSimHal } from "../../hal/sim/sim-board";

export interface DeviceUnderTest {
  readonly devices: Partial<Hal>;
  /** Cases that need more of a probe are left out. */
  readonly probe?: Probe;
}

/** `about` is what the names of the cases begin with; `create` makes a new device for each. */
export function deviceContract(kind: string, about: string, create: () => DeviceUnderTest): void {
  for (const { name, run } of cases.filter(one => one.name.startsWith(about))) {
    test(`${kind} ${name}`, () => {
      const { devices, probe = {} } = create();
      const skipped = run({ ...createSimHal().hal, ...devices }, probe);
      assert.match(skipped ?? "needs probe.", /^needs probe\./);
    });
  }
}
