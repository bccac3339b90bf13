/**
 * The pins of the emulated Firmata device, as an Arduino Mega has them.
 *
 *   0 1          the line to the host, no pins for a program
 *   2 … 53       digital; 2–13 and 44–46 know PWM; 18/19 are TX1/RX1, 20/21 are I2C
 *   54 … 69      analog inputs A0–A15, digital too
 *
 * After a reset every digital pin is an input. The firmware would make it an output; then a host that forgets to would
 * work here and fail on another board.
 */
import { analogMessage, digitalMessage, noMore, pinModes, sysex } from "../protocol/firmata";
import type { FirmataReplies, Obeyed } from "./firmata-replies";

/** What is connected: nothing, a contact to ground, or a voltage. */
export type PinInput = "open" | "closed" | "high";

export interface PinView {
  readonly mode: number;
  /** The level or the duty of an output, the level of an input. */
  readonly value: number;
}

export interface FirmataPins {
  setMode(pin: number, mode: number): Obeyed;
  writePort(port: number, bits: number): Obeyed;
  writePin(pin: number, level: number): Obeyed;
  writeAnalog(pin: number, value: number): Obeyed;
  reportDigital(port: number, on: boolean): Obeyed;
  reportAnalog(channel: number, on: boolean): Obeyed;
  tellState(pin: number): Obeyed;
  tellCapabilities(): void;
  tellAnalogMapping(): void;
  /** Tells the analog channels that are reported. */
  sampleAnalog(): void;
  isSampling(): boolean;
  /** Pins that a feature of the firmware takes for itself. */
  claim(pins: readonly number[], mode: number): void;
  setInput(pin: number, input: PinInput): void;
  view(pin: number): PinView;
  reset(): void;
}

const pinCount = 70;
const firstAnalogPin = 54;
const portCount = Math.ceil(pinCount / 8);
const analogHigh = 1023;
const dutyMax = 255;

export const i2cPins = [20, 21] as const;
export const serial1Pins = [18, 19] as const;

/** Pairs of mode and resolution. */
function modesOf(pin: number): readonly (readonly [mode: number, resolution: number])[] {
  const { input, output, analog, pwm, i2c, serial, pullup } = pinModes;
  if (pin < 2) return [];
  const modes: [number, number][] = [
    [input, 1],
    [pullup, 1],
    [output, 1],
  ];
  if (pin >= firstAnalogPin) modes.push([analog, 10]);
  if (pin <= 13 || (pin >= 44 && pin <= 46)) modes.push([pwm, 8]);
  if (pin === 20 || pin === 21) modes.push([i2c, 1]);
  // The resolution of a serial pin names it: RX1 is 2, TX1 is 3.
  if (pin === 18 || pin === 19) modes.push([serial, pin === 19 ? 2 : 3]);
  return modes;
}

function modeAtStart(pin: number): number {
  if (modesOf(pin).length === 0) return pinModes.ignore;
  return pin >= firstAnalogPin ? pinModes.analog : pinModes.input;
}

interface Pin {
  readonly modes: ReturnType<typeof modesOf>;
  mode: number;
  state: number;
  input: PinInput;
  /** What the listener was told last. */
  shown: number;
}

const isOutput = (pin: Pin): boolean => pin.mode === pinModes.output || pin.mode === pinModes.pwm;
const isInput = (pin: Pin): boolean => pin.mode === pinModes.input || pin.mode === pinModes.pullup;

function levelOf(pin: Pin): number {
  if (isOutput(pin)) return pin.state;
  if (!isInput(pin) || pin.input === "closed") return 0;
  return pin.input === "high" || pin.state === 1 ? 1 : 0;
}

export function createFirmataPins(
  replies: FirmataReplies,
  onOutput: (pin: number, value: number) => void,
): FirmataPins {
  const pins: Pin[] = Array.from({ length: pinCount }, (_, pin) => ({
    modes: modesOf(pin),
    mode: modeAtStart(pin),
    state: 0,
    input: "open",
    shown: 0,
  }));
  const reported = new Set<number>();
  const told = new Map<number, number>();
  const sampled = new Set<number>();
  const absent = (pin: number): Obeyed => `no pin ${pin}`;

  function bitsOf(port: number): number {
    let bits = 0;
    for (let bit = 0; bit < 8; bit++) {
      const pin = pins[8 * port + bit];
      if (pin !== undefined && isInput(pin)) bits += levelOf(pin) << bit;
    }
    return bits;
  }

  function tellPort(port: number): void {
    const bits = bitsOf(port);
    told.set(port, bits);
    replies.message(digitalMessage + port, bits & 0x7f, bits >> 7);
  }

  /** After anything that may have changed a pin. */
  function settle(number: number): void {
    const pin = pins[number] as Pin;
    const shown = isOutput(pin) ? pin.state : 0;
    const port = number >> 3;
    if (reported.has(port) && told.get(port) !== bitsOf(port)) tellPort(port);
    if (shown === pin.shown) return;
    pin.shown = shown;
    onOutput(number, shown);
  }

  function enter(number: number, mode: number): void {
    const pin = pins[number] as Pin;
    pin.mode = mode;
    pin.state = mode === pinModes.pullup ? 1 : 0;
    settle(number);
  }

  /** An output changes; on an input a one switches its pull-up on, as Arduino has it. */
  function drive(number: number, level: number): void {
    const pin = pins[number];
    if (pin === undefined || (pin.mode !== pinModes.output && pin.mode !== pinModes.input)) return;
    pin.state = level;
    settle(number);
  }

  function tellAnalog(channel: number): void {
    const value = pins[firstAnalogPin + channel]?.input === "high" ? analogHigh : 0;
    replies.message(analogMessage + channel, value & 0x7f, value >> 7);
  }

  function reset(): void {
    reported.clear();
    sampled.clear();
    told.clear();
    for (const number of pins.keys()) enter(number, modeAtStart(number));
  }

  return {
    reset,
    setMode(number, mode) {
      const pin = pins[number];
      if (pin === undefined) return absent(number);
      if (!pin.modes.some(([known]) => known === mode)) return `pin ${number} has no mode ${mode}`;
      enter(number, mode);
      return undefined;
    },
    writePort(port, bits) {
      if (port >= portCount) return `no port ${port}`;
      for (let bit = 0; bit < 8; bit++) drive(8 * port + bit, (bits >> bit) & 1);
      return undefined;
    },
    writePin(number, level) {
      if (pins[number] === undefined) return absent(number);
      if (pins[number]?.mode === pinModes.output) drive(number, level === 0 ? 0 : 1);
      return undefined;
    },
    writeAnalog(number, value) {
      const pin = pins[number];
      if (pin === undefined) return absent(number);
      if (value > dutyMax) return `PWM of ${value}, at most ${dutyMax}`;
      if (pin.mode !== pinModes.pwm) return undefined;
      pin.state = value;
      settle(number);
      return undefined;
    },
    reportDigital(port, on) {
      if (port >= portCount) return `no port ${port}`;
      reported.delete(port);
      if (!on) return undefined;
      reported.add(port);
      tellPort(port);
      return undefined;
    },
    reportAnalog(channel, on) {
      sampled.delete(channel);
      if (!on) return undefined;
      sampled.add(channel);
      tellAnalog(channel);
      return undefined;
    },
    sampleAnalog() {
      for (const channel of sampled) {
        if (pins[firstAnalogPin + channel]?.mode === pinModes.analog) tellAnalog(channel);
      }
    },
    isSampling: () => sampled.size > 0,
    tellState(number) {
      const pin = pins[number];
      if (pin === undefined) return absent(number);
      const high = pin.state > 0x7f ? [pin.state >> 7] : [];
      replies.sysex(sysex.pinStateResponse, [number, pin.mode, pin.state & 0x7f, ...high]);
      return undefined;
    },
    tellCapabilities() {
      replies.sysex(
        sysex.capabilityResponse,
        pins.flatMap(pin => [...pin.modes.flat(), noMore]),
      );
    },
    tellAnalogMapping() {
      replies.sysex(
        sysex.analogMappingResponse,
        pins.map((_, pin) => (pin >= firstAnalogPin ? pin - firstAnalogPin : noMore)),
      );
    },
    claim(numbers, mode) {
      for (const number of numbers) enter(number, mode);
    },
    setInput(number, input) {
      const pin = pins[number];
      if (pin === undefined) throw new RangeError(`the device has pins 0 to ${pinCount - 1}, not ${number}`);
      pin.input = input;
      settle(number);
    },
    view(number) {
      const pin = pins[number];
      if (pin === undefined) throw new RangeError(`the device has pins 0 to ${pinCount - 1}, not ${number}`);
      return { mode: pin.mode, value: levelOf(pin) };
    },
  };
}
