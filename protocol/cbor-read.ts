/**
 * CBOR, read (RFC 8949): what the deterministic writer writes, and what SMP clients send besides (docs/wire-format.md):
 * indefinite lengths, integers in any width, null for "absent".
 *
 * A reader is a cursor. What the world sent may be anything, so a read never throws: it answers undefined and sets
 * `failed`, after which every read answers undefined; ask once, at the end. `decodeMap` reads a whole small map.
 * Texts come as their bytes and are not checked to be UTF-8.
 */
import { type Bytes, byteAt, concat, readU16be, readU32be, slice } from "./bytes";
import { cborMajor } from "./cbor-write";
import { newMap } from "./platform";

/** Nesting of items that are skipped, and of maps that `decodeMap` builds. */
export const skipDepthMax = 16;
export const mapDepthMax = 8;
/** Keys of one map that `decodeMap` builds. */
export const mapKeysMax = 64;
/** What `readArrayHead` and `readMapHead` answer when the length is indefinite: go on while `more(count, index)`. */
export const indefiniteCount = -1;

const breakByte = 0xff;
const nullByte = 0xf6;
/** Stands for every integer of 2^53 and above, which the two machines do not hold exactly. */
export const integerTooLarge = 9007199254740992;

/** A cursor over `bytes`. The fields from `major` on are of the head that was read last. */
export interface CborReader {
  /** May be replaced, together with the offset, when more has come. */
  bytes: Bytes;
  /** Where the next item begins; may be moved. */
  offset: number;
  failed: boolean;
  major: number;
  /** Integer, length, count or tag; of a float (major 7) 25, 26 or 27. */
  value: number;
  /** Indefinite length; with major 7 the break that ends one. */
  indefinite: boolean;
}

export const createReader = (bytes: Bytes): CborReader => ({
  bytes,
  offset: 0,
  failed: false,
  major: 0,
  value: 0,
  indefinite: false,
});

export const atEnd = (reader: CborReader): boolean => reader.offset >= reader.bytes.length;

/** Major type of the next item, undefined at the end. */
export const peekMajor = (reader: CborReader): number | undefined =>
  reader.failed || atEnd(reader) ? undefined : Math.floor(byteAt(reader.bytes, reader.offset) / 32);

/** Reads the next head into the reader; false at a fault. What follows (string bytes, items) is then the caller's. */
export function readHead(reader: CborReader): boolean {
  if (reader.failed || atEnd(reader)) {
    reader.failed = true;
    return false;
  }
  const initial = byteAt(reader.bytes, reader.offset);
  const info = initial % 32;
  reader.major = Math.floor(initial / 32);
  reader.indefinite = info === 31;
  reader.value = info;
  reader.offset += 1;
  if (info >= 24 && info < 28) {
    readArgument(reader, info);
  } else if (info >= 28 && (info < 31 || reader.major < cborMajor.bytes || reader.major === cborMajor.tag)) {
    reader.failed = true;
  }
  return !reader.failed;
}

function readArgument(reader: CborReader, info: number): void {
  const sizeBytes = info === 24 ? 1 : info === 25 ? 2 : info === 26 ? 4 : 8;
  const end = reader.offset + sizeBytes;
  if (end > reader.bytes.length) {
    reader.failed = true;
    return;
  }
  const argument = readInteger(reader.bytes, reader.offset, sizeBytes);
  reader.offset = end;
  if (reader.major !== cborMajor.simple || info === 24) {
    reader.value = argument;
    // RFC 8949 §3.3: a simple value below 32 has no second byte.
    reader.failed = reader.major === cborMajor.simple && argument < 32;
  }
}

export const readUint = (reader: CborReader): number | undefined => readValue(reader, cborMajor.uint);
export const readTag = (reader: CborReader): number | undefined => readValue(reader, cborMajor.tag);
export const readBytes = (reader: CborReader): Bytes | undefined => readString(reader, cborMajor.bytes);
/** A text's UTF-8 bytes. */
export const readText = (reader: CborReader): Bytes | undefined => readString(reader, cborMajor.text);
/** The count of items, or `indefiniteCount`. */
export const readArrayHead = (reader: CborReader): number | undefined => readCount(reader, cborMajor.array);
/** The count of key and value pairs, or `indefiniteCount`. */
export const readMapHead = (reader: CborReader): number | undefined => readCount(reader, cborMajor.map);

export function readInt(reader: CborReader): number | undefined {
  if (peekMajor(reader) !== cborMajor.negative) {
    return readUint(reader);
  }
  const value = readValue(reader, cborMajor.negative);
  return value === undefined || value === integerTooLarge - 1 ? fail(reader) : -1 - value;
}

export function readBool(reader: CborReader): boolean | undefined {
  const value = readValue(reader, cborMajor.simple);
  return value === 20 || value === 21 ? value === 21 : fail(reader);
}

/** True, and read, when a null comes next. */
export const takeNull = (reader: CborReader): boolean => takeByte(reader, nullByte);

/** Whether item `index` (from 0) of an array or map with this `count` is still to come; takes the break of an indefinite one. */
export function more(reader: CborReader, count: number | undefined, index: number): boolean {
  if (reader.failed || count === undefined) {
    return false;
  }
  return count === indefiniteCount ? !takeByte(reader, breakByte) : index < count;
}

/** Reads over one item, whatever it is. False when it is malformed. */
export function skipItem(reader: CborReader): boolean {
  skipNested(reader, 1);
  return !reader.failed;
}

function skipNested(reader: CborReader, depth: number): void {
  if (depth > skipDepthMax) {
    reader.failed = true;
  }
  if (!readHead(reader)) {
    return;
  }
  const { major } = reader;
  if (major === cborMajor.bytes || major === cborMajor.text) {
    takeString(reader, major);
  } else if (major === cborMajor.array || major === cborMajor.map) {
    const itemsEach = major === cborMajor.map ? 2 : 1;
    const count = reader.indefinite ? indefiniteCount : reader.value;
    for (let index = 0; more(reader, count, index); index++) {
      for (let item = 0; item < itemsEach; item++) {
        skipNested(reader, depth + 1);
      }
    }
  } else if (major === cborMajor.tag) {
    skipNested(reader, depth + 1);
  } else if (reader.indefinite) {
    reader.failed = true;
  }
}

function fail(reader: CborReader): undefined {
  reader.failed = true;
  return undefined;
}

/** The value of a definite head of this type, below 2^53. */
function readValue(reader: CborReader, major: number): number | undefined {
  if (!readHead(reader) || reader.major !== major || reader.indefinite || reader.value === integerTooLarge) {
    return fail(reader);
  }
  return reader.value;
}

function readCount(reader: CborReader, major: number): number | undefined {
  if (!readHead(reader) || reader.major !== major) {
    return fail(reader);
  }
  return reader.indefinite ? indefiniteCount : reader.value;
}

function readString(reader: CborReader, major: number): Bytes | undefined {
  return readHead(reader) && reader.major === major ? takeString(reader, major) : fail(reader);
}

/** The bytes of a string whose head was read. */
function takeString(reader: CborReader, major: number): Bytes | undefined {
  return reader.indefinite ? takeChunks(reader, major) : takeBytes(reader);
}

function takeBytes(reader: CborReader): Bytes | undefined {
  const end = reader.offset + reader.value;
  if (end > reader.bytes.length) {
    return fail(reader);
  }
  const string = slice(reader.bytes, reader.offset, end);
  reader.offset = end;
  return string;
}

/** RFC 8949 §3.2.3: the chunks of an indefinite string are definite strings of its own type. */
function takeChunks(reader: CborReader, major: number): Bytes | undefined {
  const chunks: Bytes[] = [];
  while (!takeByte(reader, breakByte)) {
    if (!readHead(reader) || reader.major !== major || reader.indefinite) {
      return fail(reader);
    }
    const chunk = takeBytes(reader);
    if (chunk === undefined) {
      return undefined;
    }
    chunks.push(chunk);
  }
  return concat(chunks);
}

function takeByte(reader: CborReader, value: number): boolean {
  if (reader.failed || atEnd(reader) || byteAt(reader.bytes, reader.offset) !== value) {
    return false;
  }
  reader.offset += 1;
  return true;
}

/** A big-endian integer of 1, 2, 4 or 8 bytes, all inside `bytes`; `integerTooLarge` from 2^53 on. */
export function readInteger(bytes: Bytes, offsetBytes: number, sizeBytes: number): number {
  if (sizeBytes === 1) {
    return byteAt(bytes, offsetBytes);
  }
  if (sizeBytes === 2) {
    return readU16be(bytes, offsetBytes);
  }
  const high = readU32be(bytes, offsetBytes);
  if (sizeBytes === 4) {
    return high;
  }
  return high >= 2097152 ? integerTooLarge : high * 4294967296 + readU32be(bytes, offsetBytes + 4);
}

/** "other" is what has no use here: floats, tags, undefined, integers of 2^53 and above. */
export type CborValue =
  | { readonly kind: "int"; readonly value: number }
  | { readonly kind: "bytes"; readonly value: Bytes }
  | { readonly kind: "text"; readonly value: Bytes }
  | { readonly kind: "bool"; readonly value: boolean }
  | { readonly kind: "array"; readonly items: readonly CborValue[] }
  | { readonly kind: "map"; readonly entries: CborMap }
  | { readonly kind: "other" };

/** Keys are integers, or texts as their UTF-8 bytes. */
export type CborMap = ReadonlyMap<string | number, CborValue>;

/**
 * The map at the start of `bytes`; what follows it is ignored (SMP). Undefined when it is no map, malformed, has a key
 * twice or breaks a limit. A key whose value is null is absent.
 */
export function decodeMap(bytes: Bytes): CborMap | undefined {
  const reader = createReader(bytes);
  const map = buildMap(reader, 1);
  return reader.failed ? undefined : map;
}

function buildMap(reader: CborReader, depth: number): CborMap {
  const map = newMap<string | number, CborValue>();
  const count = readMapHead(reader);
  for (let index = 0; more(reader, count, index); index++) {
    const key = peekMajor(reader) === cborMajor.text ? readText(reader) : readInt(reader);
    if (key === undefined || map.has(key) || index >= mapKeysMax) {
      reader.failed = true;
    } else if (!takeNull(reader)) {
      map.set(key, buildValue(reader, depth));
    }
  }
  return map;
}

function buildValue(reader: CborReader, depth: number): CborValue {
  const start = reader.offset;
  const major = peekMajor(reader);
  if (major === cborMajor.bytes) {
    return { kind: "bytes", value: readBytes(reader)! };
  }
  if (major === cborMajor.text) {
    return { kind: "text", value: readText(reader)! };
  }
  if (major === cborMajor.array || major === cborMajor.map) {
    return buildNested(reader, depth + 1, major);
  }
  const value = readHead(reader) ? reader.value : integerTooLarge;
  if (major === cborMajor.uint && value < integerTooLarge) {
    return { kind: "int", value };
  }
  if (major === cborMajor.negative && value < integerTooLarge - 1) {
    return { kind: "int", value: -1 - value };
  }
  if (major === cborMajor.simple && (value === 20 || value === 21)) {
    return { kind: "bool", value: value === 21 };
  }
  reader.offset = start;
  skipItem(reader);
  return { kind: "other" };
}

function buildNested(reader: CborReader, depth: number, major: number): CborValue {
  if (depth > mapDepthMax) {
    reader.failed = true;
  }
  if (major === cborMajor.map) {
    return { kind: "map", entries: buildMap(reader, depth) };
  }
  const items: CborValue[] = [];
  const count = readArrayHead(reader);
  for (let index = 0; more(reader, count, index); index++) {
    items.push(buildValue(reader, depth));
  }
  return { kind: "array", items };
}

export function getUint(map: CborMap, key: string | number): number | undefined {
  const item = map.get(key);
  return item !== undefined && item.kind === "int" && item.value >= 0 ? item.value : undefined;
}

export function getBytes(map: CborMap, key: string | number): Bytes | undefined {
  const item = map.get(key);
  return item !== undefined && item.kind === "bytes" ? item.value : undefined;
}

export function getText(map: CborMap, key: string | number): Bytes | undefined {
  const item = map.get(key);
  return item !== undefined && item.kind === "text" ? item.value : undefined;
}

export function getBool(map: CborMap, key: string | number): boolean | undefined {
  const item = map.get(key);
  return item !== undefined && item.kind === "bool" ? item.value : undefined;
}

export function getArray(map: CborMap, key: string | number): readonly CborValue[] | undefined {
  const item = map.get(key);
  return item !== undefined && item.kind === "array" ? item.items : undefined;
}

export function getMap(map: CborMap, key: string | number): CborMap | undefined {
  const item = map.get(key);
  return item !== undefined && item.kind === "map" ? item.entries : undefined;
}
