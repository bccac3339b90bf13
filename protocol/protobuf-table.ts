/**
 * Messages as tables: one writer and one reader for all of them.
 *
 * A row is [field number, name, type, label]; rows stand in ascending order of numbers, and so do the fields on the
 * wire. A message is a plain object by the names of its rows; an absent field is undefined, a repeated one an array.
 */
import { assert } from "./assert";
import { type Bytes, concat, slice } from "./bytes";
import { type Civil, civil, type LocalTime, secondsOf } from "./civil";
import { pbBool, pbBytes, pbUint, readField, type WireField, wireType } from "./protobuf";

export type Label = "required" | "optional" | "repeated";
/** money: tiyn ↔ { bills, coins }; time: LocalTime ↔ date and time of the place, read with offsetMin 0. */
export type Type = "uint" | "bool" | "bytes" | "money" | "time" | Table;
export type Row = readonly [number: number, name: string, type: Type, label: Label];
export interface Table extends ReadonlyArray<Row> {}

const moneyTable: Table = [
  [1, "bills", "uint", "required"],
  [2, "coins", "uint", "required"],
];
const dateTable: Table = [
  [1, "year", "uint", "required"],
  [2, "month", "uint", "required"],
  [3, "day", "uint", "required"],
];
const clockTable: Table = [
  [1, "hour", "uint", "required"],
  [2, "minute", "uint", "required"],
  [3, "second", "uint", "optional"],
];
const timeTable: Table = [
  [1, "date", dateTable, "required"],
  [2, "time", clockTable, "required"],
];
/** Tenge whose tiyn are still below 2^53. */
const billsMax = 90071992547408;
/** More elements of one list than this are read over: a hostile answer must not fill the heap. */
const repeatedMax = 16;

/** A message by the names of its rows: the reader's result, the writer's input. */
export type Fields = { [name: string]: unknown };

const tableOf = (type: "money" | "time" | Table): Table =>
  type === "money" ? moneyTable : type === "time" ? timeTable : type;

// ---- Writing ------------------------------------------------------------------------------------------------------

/** The fields of a message, required zeros and all (proto2; OFD §2.5), in the order of the rows. */
export function encodeRows(table: Table, fields: object): Bytes {
  const values = fields as Fields;
  const parts: Bytes[] = [];
  for (const [number, name, type, label] of table) {
    const value = values[name];
    if (label === "repeated") {
      for (const element of (value as readonly unknown[] | undefined) ?? []) {
        parts.push(encodeValue(number, type, element));
      }
    } else if (value !== undefined) {
      parts.push(encodeValue(number, type, value));
    } else {
      assert(label === "optional", "a required field has a value");
    }
  }
  return concat(parts);
}

function encodeValue(number: number, type: Type, value: unknown): Bytes {
  if (type === "uint") {
    return pbUint(number, value as number);
  }
  if (type === "bool") {
    return pbBool(number, value as boolean);
  }
  if (type === "bytes") {
    return pbBytes(number, value as Bytes);
  }
  return pbBytes(number, encodeRows(tableOf(type), fieldsOf(type, value)));
}

function fieldsOf(type: "money" | "time" | Table, value: unknown): object {
  if (type === "money") {
    const tiyn = value as number;
    assert(tiyn >= 0, "money on the wire is not negative");
    return { bills: Math.floor(tiyn / 100), coins: tiyn % 100 };
  }
  if (type === "time") {
    const time = value as LocalTime;
    const shown = civil(time.utcS, time.offsetMin);
    return { date: shown, time: shown };
  }
  return value as object;
}

// ---- Reading ------------------------------------------------------------------------------------------------------

/**
 * The fields between `start` and `end`; undefined when the bytes are no protobuf. What cannot be used is as good as
 * absent: unknown fields, another wire type, integers past 2^53, an inner message without its required fields. Tables
 * are not recursive, so neither is the depth. A later field replaces an earlier one.
 */
export function decodeRows(table: Table, bytes: Bytes, start: number, end: number): Fields | undefined {
  const fields: Fields = {};
  let offset = start;
  while (offset < end) {
    const wire = readField(bytes, offset, end);
    if (wire === undefined || !decodeField(table, bytes, wire, fields)) {
      return undefined;
    }
    offset = wire.next;
  }
  return fields;
}

/** Whether every required field of the table is there. */
export function hasRequired(table: Table, fields: Fields): boolean {
  for (const [, name, , label] of table) {
    if (label === "required" && fields[name] === undefined) {
      return false;
    }
  }
  return true;
}

/** Puts one field into `fields`; false when the bytes inside it are no protobuf. */
function decodeField(table: Table, bytes: Bytes, wire: WireField, fields: Fields): boolean {
  for (const [number, name, type, label] of table) {
    if (number === wire.field && wire.wire === wireOf(type)) {
      if (type === "uint" || type === "bool" || type === "bytes") {
        keep(fields, name, label, decodeScalar(type, bytes, wire));
        return true;
      }
      const inner = decodeRows(tableOf(type), bytes, wire.start, wire.end);
      if (inner === undefined) {
        return false;
      }
      keep(fields, name, label, hasRequired(tableOf(type), inner) ? readValue(type, inner) : undefined);
      return true;
    }
  }
  return true;
}

const wireOf = (type: Type): number => (type === "uint" || type === "bool" ? wireType.varint : wireType.bytes);

function decodeScalar(type: "uint" | "bool" | "bytes", bytes: Bytes, wire: WireField): unknown {
  if (type === "bytes") {
    return slice(bytes, wire.start, wire.end);
  }
  return type === "uint" ? wire.value : wire.value !== 0;
}

function keep(fields: Fields, name: string, label: Label, value: unknown): void {
  if (value === undefined) {
    return;
  }
  if (label !== "repeated") {
    fields[name] = value;
    return;
  }
  const list = (fields[name] as unknown[] | undefined) ?? [];
  if (list.length < repeatedMax) {
    list.push(value);
  }
  fields[name] = list;
}

/** The inverse of fieldsOf: undefined when the money is no amount or the date none of the calendar. */
function readValue(type: "money" | "time" | Table, fields: Fields): unknown {
  if (type === "money") {
    const { bills, coins } = fields as { bills: number; coins: number };
    return bills <= billsMax && coins <= 99 ? bills * 100 + coins : undefined;
  }
  if (type === "time") {
    const { date, time } = fields as { date: CivilDate; time: CivilClock };
    const utcS = secondsOf({ ...date, ...time, second: time.second ?? 0 });
    return utcS === undefined ? undefined : { utcS, offsetMin: 0 };
  }
  return fields;
}
type CivilDate = Pick<Civil, "year" | "month" | "day">;
type CivilClock = Pick<Civil, "hour" | "minute"> & Partial<Pick<Civil, "second">>;
