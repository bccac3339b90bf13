/**
 * A hobby board on its own pseudo-terminal: an Arduino Mega with the firmware ConfigurableFirmata, FRAM on its I2C pins
 * and a printer at TX1 and RX1, so that johnny-five over `serialport` cannot tell it from a real one.
 *
 *   pty → line (57600 baud) → parser → obey → pins, I2C, serial
 *                                          └→ replies → line → pty
 *
 * It is stricter than the firmware: what would overrun a buffer or be taken for something else there is a violation here.
 * It is told in words, answered by a Firmata string and not obeyed.
 */
import type { Printer } from "../hal/printer";
import type { SimRandom } from "../hal/sim/sim-random";
import {
  analogMessage,
  digitalMessage,
  pinModes,
  reportAnalog,
  reportDigital,
  reportVersion,
  setPinMode,
  setPinValue,
  sysex,
  systemReset,
} from "../protocol/firmata";
import type { FramChip } from "./firmata-fram";
import { createFirmataI2c } from "./firmata-i2c";
import { type CarriedBytes, openFirmataLine } from "./firmata-line";
import { createFirmataParser, type FirmataMessage, hexOf } from "./firmata-parser";
import { createFirmataPins, i2cPins, type PinInput, type PinView, serial1Pins } from "./firmata-pins";
import { createFirmataReplies, joinSevens, type Obeyed } from "./firmata-replies";
import { createFirmataSerial } from "./firmata-serial";

export { createFramChip, type FramChip, type FramChipOptions } from "./firmata-fram";
export type { PinInput, PinView } from "./firmata-pins";

export interface FirmataDeviceOptions {
  /** They stay the caller's: `close` leaves them open. */
  readonly fram: readonly FramChip[];
  readonly printer?: Printer;
  /** At the speed of the line, unless false: then at once. */
  readonly paced?: boolean;
  readonly random: SimRandom;
  readonly log: (message: string) => void;
}

export interface FirmataFaults {
  /** Bytes of both directions are lost on the line, each with this probability. */
  loseBytes(probability: number): void;
  /** It answers nothing and obeys nothing; bytes wait. */
  stall(forMs: number): void;
  /**
   * The pseudo-terminal vanishes when the `count`-th message from now has arrived, before it is obeyed. With `after` it is
   * obeyed first; its answer is lost.
   */
  dropLinkAfterMessages(count: number, options?: { readonly after?: boolean }): void;
  /** Reads of the bus have no answer, writes go nowhere; everything else works. */
  stickI2c(on: boolean): void;
  removeFram(i2cAddress: number): void;
  /** Also adds one where none was. */
  replaceFram(chip: FramChip): void;
}

export interface FirmataDevice {
  /** The tty to open; it changes with each `plug`. While unplugged it is a name that cannot be opened. */
  readonly path: string;
  /** Told of each change of an output: level or duty. */
  onOutput?: (pin: number, value: number) => void;
  setInput(pin: number, input: PinInput): void;
  pin(pin: number): PinView;
  /** What the host did wrong, the first `violationsMax` of it. */
  violations(): string[];
  /** Firmata messages that have arrived since the start. */
  messages(): number;
  /** Bytes that its line has carried since the start. */
  carried(): CarriedBytes;
  readonly faults: FirmataFaults;
  /** The reset button: outputs off, everything forgotten, version and firmware told again. */
  reset(): void;
  /** The cable was also the power. */
  unplug(): void;
  plug(): void;
  close(): void;
}

export const violationsMax = 100;
/** A round of the firmware's loop, as far as it looks at the printer and the analog inputs. */
const roundMs = 2;
const samplingDefaultMs = 19;

export function startFirmataDevice(options: FirmataDeviceOptions): FirmataDevice {
  const { fram, printer, paced = true, random, log } = options;
  const found: string[] = [];
  let messages = 0;
  let drop: { atMessage: number; after: boolean } | undefined;
  let samplingMs = samplingDefaultMs;
  let sampledAtMs = 0;

  const parser = createFirmataParser();
  const line = openFirmataLine({ paced, random, onByte, log });
  const replies = createFirmataReplies(line.send);
  const pins = createFirmataPins(replies, (pin, value) => device.onOutput?.(pin, value));
  const i2c = createFirmataI2c({ chips: fram, replies, busy: line.busy, onOpen: takeI2cPins });
  const serial = createFirmataSerial({ printer, paced, replies, busy: line.busy, onOpen: takeSerialPins, log });
  const rounds = setInterval(round, roundMs);

  function takeI2cPins(): void {
    pins.claim(i2cPins, pinModes.i2c);
  }
  function takeSerialPins(): void {
    pins.claim(serial1Pins, pinModes.serial);
  }

  function onByte(byte: number): void {
    for (const event of parser.feed(byte)) {
      if (!line.isPlugged()) return;
      if (event.kind === "message") receive(event.message);
      else refuse(event.words);
    }
  }

  function receive(message: FirmataMessage): void {
    messages++;
    const drops = drop !== undefined && messages >= drop.atMessage;
    if (!drops || drop?.after === true) {
      const words = obey(message);
      if (words !== undefined) refuse(words);
    }
    if (drops) unplug();
  }

  function refuse(words: string): void {
    if (found.length < violationsMax) found.push(words);
    log(`the device refuses: ${words}`);
    replies.string(words);
  }

  function obey({ command, channel, data }: FirmataMessage): Obeyed {
    const [first = 0, second = 0] = data;
    switch (command) {
      case digitalMessage:
        return pins.writePort(channel, first + second * 128);
      case analogMessage:
        return pins.writeAnalog(channel, first + second * 128);
      case setPinMode:
        return pins.setMode(first, second);
      case setPinValue:
        return pins.writePin(first, second);
      case reportDigital:
        return pins.reportDigital(channel, first !== 0);
      case reportAnalog:
        return pins.reportAnalog(channel, first !== 0);
      case reportVersion:
        replies.version();
        return undefined;
      case systemReset:
        forget();
        return undefined;
      default:
        return obeySysex(first, data.slice(1));
    }
  }

  function obeySysex(feature: number, data: readonly number[]): Obeyed {
    switch (feature) {
      case sysex.reportFirmware:
        replies.firmware();
        return undefined;
      case sysex.capabilityQuery:
        pins.tellCapabilities();
        return undefined;
      case sysex.analogMappingQuery:
        pins.tellAnalogMapping();
        return undefined;
      case sysex.pinStateQuery:
        return data.length === 1 ? pins.tellState(data[0] as number) : "a pin state is asked of one pin";
      case sysex.extendedAnalog:
        return writeExtended(data);
      case sysex.samplingInterval:
        return setSampling(data);
      case sysex.stringData:
        log(`the host says: ${String.fromCharCode(...(joinSevens(data) ?? [])).replaceAll("\0", "")}`);
        return undefined;
      case sysex.i2cConfig:
        return i2c.config(data);
      case sysex.i2cRequest:
        return i2c.request(data);
      case sysex.serial:
        return serial.obey(data);
      default:
        return `unknown sysex ${hexOf(feature)}`;
    }
  }

  function writeExtended([pin, ...sevens]: readonly number[]): Obeyed {
    if (pin === undefined || sevens.length === 0) return "an extended analog write without its value";
    return pins.writeAnalog(
      pin,
      sevens.reduceRight((value, seven) => value * 128 + seven, 0),
    );
  }

  function setSampling(data: readonly number[]): Obeyed {
    const interval = joinSevens(data);
    if (interval?.length !== 1) return "a sampling interval has two bytes";
    samplingMs = Math.max(1, interval[0] as number);
    return undefined;
  }

  function round(): void {
    if (!line.isPlugged() || line.isStalled()) return;
    if (serial.isActive()) serial.poll();
    if (!pins.isSampling() || performance.now() < sampledAtMs + samplingMs) return;
    sampledAtMs = performance.now();
    pins.sampleAnalog();
  }

  /** What the firmware does at its start and at the host's command. */
  function forget(): void {
    samplingMs = samplingDefaultMs;
    serial.reset();
    i2c.reset();
    pins.reset();
  }

  function boot(): void {
    line.clear();
    parser.reset();
    forget();
    replies.version();
    replies.firmware();
  }

  function unplug(): void {
    drop = undefined;
    line.unplug();
    parser.reset();
    forget();
  }

  function plug(): void {
    if (line.isPlugged()) return;
    line.plug();
    boot();
  }

  const device: FirmataDevice = {
    get path() {
      return line.path();
    },
    setInput: pins.setInput,
    pin: pins.view,
    violations: () => [...found],
    messages: () => messages,
    carried: line.carried,
    faults: {
      loseBytes: line.loseBytes,
      stall: line.stall,
      dropLinkAfterMessages(count, { after = false } = {}) {
        drop = { atMessage: messages + count, after };
      },
      stickI2c: i2c.stick,
      removeFram: i2c.remove,
      replaceFram: i2c.replace,
    },
    reset: boot,
    unplug,
    plug,
    close() {
      clearInterval(rounds);
      line.unplug();
    },
  };
  plug();
  return device;
}
