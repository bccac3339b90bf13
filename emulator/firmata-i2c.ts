/**
 * The I2C bus of the emulated Firmata device, with FRAM chips on it.
 *
 *   write:   | address | 0x00 | memory address hi | lo | data ... |      each value as two 7-bit bytes
 *   read:    | address | 0x08 | (register) | length |   →   | address | register or 0 | data ... |
 *
 * As ConfigurableFirmata does, a read from an address where nobody is is answered by a sentence and a reply without data,
 * and a write there by nothing. A register is one byte on the bus, whatever the message can carry.
 */
import type { Bytes } from "../protocol/bytes";
import { packBytes } from "../protocol/bytes";
import { i2cBytesMax, i2cModeMask, i2cModes, i2cTenBits, registerMax, sysex } from "../protocol/firmata";
import { type FramChip, framBankBytes } from "./firmata-fram";
import { type FirmataReplies, joinSevens, type Obeyed, splitSevens } from "./firmata-replies";

export interface FirmataI2c {
  config(data: readonly number[]): Obeyed;
  request(data: readonly number[]): Obeyed;
  stick(on: boolean): void;
  remove(address: number): void;
  replace(chip: FramChip): void;
  /** The chips keep their bytes and forget their counter. */
  reset(): void;
}

export interface FirmataI2cOptions {
  readonly chips: readonly FramChip[];
  readonly replies: FirmataReplies;
  /** The bus takes its time, and the firmware waits for it. */
  readonly busy: (forMs: number) => void;
  /** The bus takes its pins. */
  readonly onOpen: () => void;
}

/** Arduino's Wire library; nine bits a byte. */
const busHz = 100_000;

interface Place {
  readonly chip: FramChip;
  /** The chip's counter: where the next read begins. */
  cursor: number;
}

export function createFirmataI2c({ chips, replies, busy, onOpen }: FirmataI2cOptions): FirmataI2c {
  const places = new Map<number, Place>();
  let configured = false;
  let stuck = false;

  function remove(address: number): void {
    for (const taken of places.get(address)?.chip.i2cAddresses ?? []) places.delete(taken);
  }
  function replace(chip: FramChip): void {
    chip.i2cAddresses.forEach(remove);
    const place = { chip, cursor: 0 };
    for (const address of chip.i2cAddresses) places.set(address, place);
  }
  const occupy = (bytes: number): void => busy(((bytes + 1) * 9 * 1000) / busHz);

  chips.forEach(replace);

  function write(address: number, bytes: Bytes): void {
    occupy(bytes.length);
    const place = places.get(address);
    if (place !== undefined && !stuck) receive(place, address, bytes);
  }

  function read(address: number, register: number | undefined, lengthBytes: number): void {
    if (register !== undefined) write(address, packBytes([register]));
    if (stuck) return;
    const place = places.get(address);
    occupy(place === undefined ? 0 : lengthBytes);
    if (place === undefined) replies.string("I2C: Too few bytes received");
    const bytes = place === undefined ? "" : send(place, lengthBytes);
    replies.sysex(sysex.i2cReply, splitSevens([address, register ?? 0, ...Buffer.from(bytes, "latin1")]));
  }

  function readOnce(address: number, rest: readonly number[]): Obeyed {
    if (rest.length !== 2 && rest.length !== 4) return `I2C: a read is a register of up to ${registerMax} and a length`;
    const values = joinSevens(rest) as readonly number[];
    const lengthBytes = values.at(-1) as number;
    const register = values.length === 2 ? values[0] : undefined;
    if (lengthBytes === 0 || lengthBytes > i2cBytesMax)
      return `I2C: a read of 1 to ${i2cBytesMax} bytes, not ${lengthBytes}`;
    if (register !== undefined && register > 0xff) return `I2C: register ${register} does not fit one byte`;
    read(address, register, lengthBytes);
    return undefined;
  }

  function writeAll(address: number, rest: readonly number[]): Obeyed {
    const values = joinSevens(rest);
    if (values === undefined) return "I2C: half a byte";
    if (values.length > i2cBytesMax) return `I2C: a write of at most ${i2cBytesMax} bytes, not ${values.length}`;
    if (values.some(value => value > 0xff)) return "I2C: a value above 255";
    write(address, packBytes(values));
    return undefined;
  }

  return {
    config(data) {
      if (data.length !== 0 && data.length !== 2) return "I2C: a config has no or two bytes";
      configured = true;
      onOpen();
      return undefined;
    },
    request(data) {
      const [address, mode, ...rest] = data;
      if (address === undefined || mode === undefined) return "I2C: a request without an address";
      if (!configured) return "I2C: a request before the config";
      if ((mode & i2cTenBits) !== 0) return "10-bit addressing not supported";
      if ((mode & i2cModeMask) === i2cModes.write) return writeAll(address, rest);
      if ((mode & i2cModeMask) === i2cModes.readOnce) return readOnce(address, rest);
      if ((mode & i2cModeMask) === i2cModes.readContinuously) return "I2C: continuous reading not supported";
      return undefined;
    },
    stick(on) {
      stuck = on;
    },
    remove,
    replace,
    reset() {
      configured = false;
      for (const place of places.values()) place.cursor = 0;
    },
  };
}

/** The memory address, then data. One byte alone changes the upper half of the address only. */
function receive(place: Place, address: number, bytes: Bytes): void {
  const { chip } = place;
  if (bytes.length === 0) return;
  const bank = (address - chip.i2cAddress) * framBankBytes;
  const low = bytes.length > 1 ? bytes.charCodeAt(1) : place.cursor % 256;
  const begin = (bank + bytes.charCodeAt(0) * 256 + low) % chip.capacityBytes;
  const data = bytes.slice(2) as Bytes;
  chip.write(begin, data);
  place.cursor = (begin + data.length) % chip.capacityBytes;
}

/** Goes on where the counter stands: the address bit of a read is not looked at. */
function send(place: Place, lengthBytes: number): Bytes {
  const bytes = place.chip.read(place.cursor, lengthBytes);
  place.cursor = (place.cursor + lengthBytes) % place.chip.capacityBytes;
  return bytes;
}
