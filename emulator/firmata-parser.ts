/**
 * Bytes from the host become Firmata messages, one byte at a time, so that it does not matter how they were cut.
 *
 *   a command   → so many data bytes → "message"
 *   0xf0        → payload → 0xf7     → "message" whose data begin with the feature
 *
 * What a real firmware would take for something else is a violation and nothing more: a command inside a message, a
 * payload too long for the buffer, data without a command. After one, the next command begins a message.
 */
import {
  analogMessage,
  digitalMessage,
  endSysex,
  reportAnalog,
  reportDigital,
  reportVersion,
  setPinMode,
  setPinValue,
  startSysex,
  sysexBytesMax,
  systemReset,
} from "../protocol/firmata";

export interface FirmataMessage {
  /** Without its port or pin. */
  readonly command: number;
  /** The low four bits of a command below 0xf0. */
  readonly channel: number;
  readonly data: readonly number[];
}

export type FirmataEvent =
  | { readonly kind: "message"; readonly message: FirmataMessage }
  | { readonly kind: "violation"; readonly words: string };

export interface FirmataParser {
  feed(byte: number): readonly FirmataEvent[];
  reset(): void;
}

/** How many data bytes follow. */
const dataBytes: ReadonlyMap<number, number> = new Map([
  [analogMessage, 2],
  [digitalMessage, 2],
  [setPinMode, 2],
  [setPinValue, 2],
  [reportAnalog, 1],
  [reportDigital, 1],
  [reportVersion, 0],
  [systemReset, 0],
]);

const none: readonly FirmataEvent[] = [];

/** A byte as people write it. */
export const hexOf = (value: number): string => `0x${value.toString(16).padStart(2, "0")}`;

/** `noise` and `broken` tell a violation once: noise ends with any command, a broken sysex with its end or a new begin. */
type ParserState = "idle" | "data" | "sysex" | "noise" | "broken";

export function createFirmataParser(): FirmataParser {
  let state: ParserState = "idle";
  let command = 0;
  let channel = 0;
  let data: number[] = [];

  function enter(next: ParserState): void {
    state = next;
    data = [];
  }

  function refuse(words: string, next: ParserState): readonly FirmataEvent[] {
    enter(next);
    return [{ kind: "violation", words }];
  }

  function finish(): readonly FirmataEvent[] {
    const message = { command, channel, data };
    enter("idle");
    return [{ kind: "message", message }];
  }

  function begin(byte: number): readonly FirmataEvent[] {
    command = byte < startSysex ? byte & 0xf0 : byte;
    channel = byte < startSysex ? byte & 0x0f : 0;
    const wanted = dataBytes.get(command);
    enter(command === startSysex ? "sysex" : "data");
    if (command === startSysex) return none;
    if (wanted === undefined) return refuse(`unknown command ${hexOf(byte)}`, "noise");
    return wanted === 0 ? finish() : none;
  }

  function takeData(byte: number): readonly FirmataEvent[] {
    if (state === "noise" || state === "broken") return none;
    if (state === "idle") return refuse("data without a command", "noise");
    if (state === "sysex" && data.length === sysexBytesMax)
      return refuse(`sysex longer than ${sysexBytesMax} bytes`, "broken");
    data.push(byte);
    return state === "data" && data.length === dataBytes.get(command) ? finish() : none;
  }

  function takeEnd(): readonly FirmataEvent[] {
    if (state === "sysex") return data.length > 0 ? finish() : refuse("empty sysex", "idle");
    if (state === "broken") enter("idle");
    else if (state !== "noise") return refuse("end of a sysex that did not begin", "idle");
    return none;
  }

  function takeCommand(byte: number): readonly FirmataEvent[] {
    if (byte === endSysex) return takeEnd();
    // These two are never data of anything.
    const isBegin = byte === startSysex || byte === systemReset;
    if (state === "broken" && !isBegin) return none;
    if (state === "sysex") {
      const refused = refuse(`byte ${hexOf(byte)} inside a sysex`, "broken");
      return isBegin ? [...refused, ...begin(byte)] : refused;
    }
    const refused = state === "data" ? refuse(`command ${hexOf(command)} without its data`, "idle") : none;
    return [...refused, ...begin(byte)];
  }

  return {
    feed: byte => (byte > 0x7f ? takeCommand(byte) : takeData(byte)),
    reset: () => enter("idle"),
  };
}
