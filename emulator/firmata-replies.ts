/** What the emulated Firmata device says, and the seven-bit halves that its messages are made of. */
import { endSysex, reportVersion, startSysex, sysex } from "../protocol/firmata";

/** What became of a message; words mean that it was not obeyed, and why. */
export type Obeyed = string | undefined;

export interface FirmataReplies {
  message(...bytes: readonly number[]): void;
  sysex(feature: number, data: readonly number[]): void;
  string(words: string): void;
  version(): void;
  firmware(): void;
}

const protocolVersion = [2, 6] as const;
const firmware = { name: "ConfigurableFirmata", version: [2, 10] } as const;

export function createFirmataReplies(send: (bytes: readonly number[]) => void): FirmataReplies {
  const sendSysex = (feature: number, data: readonly number[]): void => send([startSysex, feature, ...data, endSysex]);
  return {
    message: (...bytes) => send(bytes),
    sysex: sendSysex,
    string: words => sendSysex(sysex.stringData, splitText(words)),
    version: () => send([reportVersion, ...protocolVersion]),
    firmware: () => sendSysex(sysex.reportFirmware, [...firmware.version, ...splitText(firmware.name)]),
  };
}

const splitText = (text: string): number[] => splitSevens([...Buffer.from(text, "latin1")]);

/** Each value as its low seven bits, then the next seven. */
export const splitSevens = (values: readonly number[]): number[] =>
  values.flatMap(value => [value & 0x7f, (value >> 7) & 0x7f]);

/** The values again; undefined when half of one is missing. */
export function joinSevens(data: readonly number[]): number[] | undefined {
  if (data.length % 2 !== 0) return undefined;
  return Array.from(
    { length: data.length / 2 },
    (_, index) => (data[2 * index] ?? 0) + (data[2 * index + 1] ?? 0) * 128,
  );
}
