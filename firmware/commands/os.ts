/**
 * SMP group 0: what every SMP client may ask of any device (smp.md §4). No session.
 */
import { type Bytes, emptyBytes, slice, textOf, utf8 } from "../../protocol/bytes";
import { type CborMap, getBytes, getText } from "../../protocol/cbor-read";
import { civil, secondsOf } from "../../protocol/civil";
import { messageBytesMax } from "../../protocol/smp-frame";
import { smpRc } from "../../protocol/smp-message";
import { clockAheadMaxS, resetDelayMs } from "../limits";
import { firmwareVersion, type Module, nowMs, nowUtcS } from "../module";
import { clockRefusal } from "../sale";
import { useSession } from "../sessions";
import { isDigits } from "../settings";
import { done, type Reply, smpError, textField, uintField, wordField } from "./reply";

/** Swap using move, with test, confirm and revert (smp.md §4.8). */
const bootModeSwapMove = 3;

export function echo(_module: Module, request: CborMap): Reply {
  const value = request.get("d");
  if (value !== undefined && value.kind !== "text") {
    return smpError(smpRc.invalid);
  }
  return done([textField("r", value === undefined ? emptyBytes : value.value)]);
}

export function parameters(): Reply {
  return done([uintField("buf_size", messageBytesMax), uintField("buf_count", 1)]);
}

const twoDigits = (value: number): string => (value < 10 ? "0" : "") + `${value}`;

/** UTC, seconds, no zone: what every client parses (smp.md §4.4). */
export function readTime(module: Module): Reply {
  const utcS = nowUtcS(module);
  if (utcS === undefined) {
    return smpError(smpRc.noEntry);
  }
  const at = civil(utcS, 0);
  const date = `${at.year}` + "-" + twoDigits(at.month) + "-" + twoDigits(at.day);
  const time = twoDigits(at.hour) + ":" + twoDigits(at.minute) + ":" + twoDigits(at.second);
  return done([wordField("datetime", date + "T" + time)]);
}

function readDigits(text: Bytes, start: number, length: number): number | undefined {
  if (start + length > text.length) {
    return undefined;
  }
  const digits = slice(text, start, start + length);
  if (!isDigits(digits, length, length)) {
    return undefined;
  }
  let value = 0;
  for (let index = 0; index < length; index++) {
    value = value * 10 + (digits.charCodeAt(index) - 48);
  }
  return value;
}

/** `yyyy-MM-ddTHH:mm:ss[.ffffff][Z|±hh:mm]` as UTC seconds; undefined when it is not that. */
export function parseTime(text: Bytes): number | undefined {
  const numbers: number[] = [];
  const places: readonly (readonly [number, number])[] = [
    [0, 4],
    [5, 2],
    [8, 2],
    [11, 2],
    [14, 2],
    [17, 2],
  ];
  for (const [start, length] of places) {
    const value = readDigits(text, start, length);
    if (value === undefined) {
      return undefined;
    }
    numbers.push(value);
  }
  const [year, month, day, hour, minute, second] = numbers as [number, number, number, number, number, number];
  const utcS = secondsOf({ year, month, day, hour, minute, second });
  if (utcS === undefined) {
    return undefined;
  }
  const zone = text.length >= 25 ? textOf(slice(text, text.length - 6, text.length - 5)) : "";
  if (zone === "+" || zone === "-") {
    const hours = readDigits(text, text.length - 5, 2);
    const minutes = readDigits(text, text.length - 2, 2);
    if (hours === undefined || minutes === undefined) {
      return undefined;
    }
    const offsetS = hours * 3600 + minutes * 60;
    return zone === "+" ? utcS - offsetS : utcS + offsetS;
  }
  return utcS;
}

/**
 * Sets the clock, only when it is lost or behind the last document, and never behind the last document (item 42). Far after it only somebody who is
 * signed in may set it: one wrong entry would lock the clock there.
 */
export function setTime(module: Module, request: CborMap): Reply {
  const text = getText(request, "datetime");
  const utcS = text === undefined ? undefined : parseTime(text);
  if (utcS === undefined) {
    return smpError(smpRc.invalid);
  }
  const { lastUtcS } = module.books;
  const isFar = lastUtcS > 0 && utcS > lastUtcS + clockAheadMaxS;
  const mayNot = isFar && useSession(module.sessions, getBytes(request, "session"), nowMs(module)) === undefined;
  if (clockRefusal(module) === undefined || utcS < lastUtcS || mayNot) {
    return smpError(smpRc.accessDenied);
  }
  module.hal.clock.setUtcS(utcS);
  return done([]);
}

/** Answers first; the reset follows when the answer has left. Busy while a document is being stored. */
export function reset(module: Module, _request: CborMap): Reply {
  if (module.sale !== undefined || module.books.pending !== undefined) {
    return smpError(smpRc.busy);
  }
  module.resetAtMs = nowMs(module) + resetDelayMs;
  return done([]);
}

/** Fields in the fixed order of smp.md §4.7. */
export function information(module: Module, request: CborMap): Reply {
  const format = getText(request, "format") ?? utf8("s");
  const board = module.hal.board;
  const values: readonly (readonly [string, string])[] = [
    ["s", "Kassa"],
    ["n", board.serial],
    ["r", firmwareVersion],
    ["v", firmwareVersion],
    ["m", "lua"],
    ["p", "lua5.4"],
    ["i", board.kind],
    ["o", "Kassa"],
  ];
  let output = "";
  let found = 0;
  const letters = textOf(format);
  const all = letters.includes("a");
  for (const [letter, value] of values) {
    if (all || letters.includes(letter)) {
      output = output === "" ? value : output + " " + value;
      found += 1;
    }
  }
  return found === 0 ? smpError(smpRc.invalid) : done([wordField("output", output)]);
}

/** mcumgrctl asks this before an update and works only with exactly this answer. */
export function bootloader(_module: Module, request: CborMap): Reply {
  const query = getText(request, "query");
  if (query === undefined) {
    return done([wordField("bootloader", "MCUboot")]);
  }
  return query === utf8("mode") ? done([uintField("mode", bootModeSwapMove)]) : smpError(smpRc.noEntry);
}
