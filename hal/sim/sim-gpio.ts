/** Outputs that remember: what is on, and how often the drawer was opened. */
import type { Gpio, Output } from "../gpio";

export interface SimGpio extends Gpio {
  isOn(output: Output): boolean;
  /** How many times an output was switched on. */
  pulses(output: Output): number;
}

export function createSimGpio(): SimGpio {
  const on = new Set<Output>();
  const counts = new Map<Output, number>();
  return {
    set(output, isOn) {
      if (!isOn) on.delete(output);
      else {
        if (!on.has(output)) counts.set(output, (counts.get(output) ?? 0) + 1);
        on.add(output);
      }
    },
    isOn: output => on.has(output),
    pulses: output => counts.get(output) ?? 0,
  };
}
