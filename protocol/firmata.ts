/**
 * The bytes of Firmata 2.x that a host and a hobby board must agree on, and the bounds that we keep below what its
 * firmware can do. Source: github.com/firmata/protocol (protocol.md 2.6, i2c.md, serial-1.0.md).
 *
 *   message:  | command, bit 7 set | one or two data bytes, bit 7 clear |
 *   sysex:    | 0xf0 | feature | payload, bit 7 clear                   | 0xf7 |
 *
 * A byte that may need eight bits travels as two: the low seven bits, then the high one.
 */
import { assert } from "./assert";

/** Speed of StandardFirmata and ConfigurableFirmata, both directions, ten bits a byte. */
export const firmataBaud = 57600;

/** Commands with two data bytes; the low four bits of the first three are a port or a pin. */
export const analogMessage = 0xe0;
export const digitalMessage = 0x90;
export const reportVersion = 0xf9;
export const setPinMode = 0xf4;
export const setPinValue = 0xf5;
/** Commands with one data byte (on or off); the low four bits are an analog channel or a port. */
export const reportAnalog = 0xc0;
export const reportDigital = 0xd0;
/** Alone: the board forgets everything and starts anew. */
export const systemReset = 0xff;

export const startSysex = 0xf0;
export const endSysex = 0xf7;

/** The byte behind 0xf0. */
export const sysex = {
  serial: 0x60,
  analogMappingQuery: 0x69,
  analogMappingResponse: 0x6a,
  capabilityQuery: 0x6b,
  capabilityResponse: 0x6c,
  pinStateQuery: 0x6d,
  pinStateResponse: 0x6e,
  extendedAnalog: 0x6f,
  stringData: 0x71,
  i2cRequest: 0x76,
  i2cReply: 0x77,
  i2cConfig: 0x78,
  reportFirmware: 0x79,
  samplingInterval: 0x7a,
} as const;

export const pinModes = {
  input: 0x00,
  output: 0x01,
  analog: 0x02,
  pwm: 0x03,
  i2c: 0x06,
  serial: 0x0a,
  pullup: 0x0b,
  ignore: 0x7f,
} as const;

/** Ends the list of one pin in a capability response; the channel of a pin that is not analog. */
export const noMore = 0x7f;

/** Bits 3 and 4 of the second byte of an I2C request. */
export const i2cModes = { write: 0x00, readOnce: 0x08, readContinuously: 0x10, stopReading: 0x18 } as const;
export const i2cModeMask = 0x18;
/** Bit 5 of it: an address of ten bits. */
export const i2cTenBits = 0x20;

/** High four bits of the byte behind `sysex.serial`; the low four are the port. */
export const serialCommands = {
  config: 0x10,
  write: 0x20,
  read: 0x30,
  reply: 0x40,
  close: 0x50,
  flush: 0x60,
} as const;
/** The byte behind `serialCommands.read`. */
export const serialReadModes = { continuously: 0x00, stop: 0x01 } as const;
/** HW_SERIAL1 is RX1 and TX1 of the board. */
export const hardwareSerial1 = 1;

/** Bytes in one I2C message (after decoding), a register of two bytes included; a Wire library takes 32. */
export const i2cBytesMax = 24;
/** Bytes in one write to a serial port (after decoding). */
export const serialBytesMax = 30;
/** A register and a length are one number of two times seven bits. */
export const registerMax = 0x3fff;
/** Bytes between 0xf0 and 0xf7 that the firmware's buffer holds (MAX_DATA_BYTES). */
export const sysexBytesMax = 64;

assert(3 + 2 * i2cBytesMax <= sysexBytesMax, "an I2C request fits the firmware's buffer");
assert(2 + 2 * serialBytesMax <= sysexBytesMax, "a serial write fits the firmware's buffer");
