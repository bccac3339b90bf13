/**
 * Which wiring a device can have: each pin must offer what hangs on it. So a board of another make, or one whose firmware
 * was built without I2C or serial ports, is refused by name before any of its pins is driven.
 */
import type { Firmata } from "firmata-io";
import { type AwayReason, awayBy } from "./away-reason";
import { type Wiring, type WiringName, wiringNames, wirings } from "./wiring";

type Device = Pick<Firmata, "pins" | "MODES">;
type Mode = keyof Firmata["MODES"];

/** The wanted wiring, else the first that fits; the reason when there is none. */
export function fitWiring(device: Device, wanted: WiringName | undefined): Wiring | AwayReason {
  const facts: Record<string, number | string> = { pins: device.pins.length };
  for (const name of wanted === undefined ? wiringNames : [wanted]) {
    const lack = lackOf(device, wirings[name]);
    if (lack === undefined) return wirings[name];
    facts[name] = lack;
  }
  return awayBy("BOARD_UNFIT", facts);
}

/** The first pin that cannot do its work, in words. */
function lackOf({ pins, MODES }: Device, { pins: ours, i2c, printer }: Wiring): string | undefined {
  const needs: readonly (readonly [mode: Mode, pins: readonly number[]])[] = [
    ["I2C", [i2c.sda, i2c.scl]],
    ["SERIAL", [printer.rx, printer.tx]],
    ["OUTPUT", [ours.ready, ours.offline, ours.blocked, ours.buzzer, ours.drawer]],
    ["PULLUP", [ours.paperOut, ours.coverOpen, ours.feed]],
  ];
  for (const [mode, numbers] of needs) {
    const lacking = numbers.find(pin => pins[pin]?.supportedModes.includes(MODES[mode]) !== true);
    if (lacking !== undefined) return `pin ${lacking} has no ${mode}`;
  }
  return undefined;
}
