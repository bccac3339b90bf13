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

export interface CborHead {
  readonly major: number;
  /** Integer, length, count or tag; of a float (major 7) 25, 26 or 27. */
  readonly value: number;
  /** Indefinite length; with major 7 the break that ends one. */
  readonly indefinite: boolean;
}

/** @noSelf */
export interface CborReader {
  /** Where the next item begins; may be moved. */
  offset: number;
  failed: boolean;
  /** Major type of the next item, undefined at the end. */
  peekMajor(): number | undefined;
  /** The next item's head; what follows it (string bytes, items) is then the caller's. */
  readHead(): CborHead | undefined;
  readUint(): number | undefined;
  readInt(): number | undefined;
  readBytes(): Bytes | undefined;
  /** A text's UTF-8 bytes. */
  readText(): Bytes | undefined;
  readBool(): boolean | undefined;
  /** The count of items, or `indefiniteCount`. */
  readArrayHead(): number | undefined;
  /** The count of key and value pairs, or `indefiniteCount`. */
  readMapHead(): number | undefined;
  readTag(): number | undefined;
  /** True, and read, when a null comes next. */
  takeNull(): boolean;
  /** Whether item `index` (from 0) of an array or map with this `count` is still to come; takes the break of an indefinite one. */
  more(count: number | undefined, index: number): boolean;
  /** Reads over one item, whatever it is. False when it is malformed. */
  skip(): boolean;
  atEnd(): boolean;
}

export function createReader(bytes: Bytes): CborReader {
  let headMajor = 0;
  let headValue = 0;
  let headIndefinite = false;

  function fail(): undefined {
    reader.failed = true;
    return undefined;
  }

  function nextHead(): boolean {
    if (reader.failed || reader.offset >= bytes.length) {
      fail();
      return false;
    }
    const initial = byteAt(bytes, reader.offset);
    const info = initial % 32;
    headMajor = Math.floor(initial / 32);
    headIndefinite = info === 31;
    reader.offset += 1;
    if (info < 24) {
      headValue = info;
    } else if (info < 28) {
      readArgument(info);
    } else if (info < 31 || headMajor < cborMajor.bytes || headMajor === cborMajor.tag) {
      fail();
    } else {
      headValue = 31;
    }
    return !reader.failed;
  }

  function readArgument(info: number): void {
    const sizeBytes = info === 24 ? 1 : info === 25 ? 2 : info === 26 ? 4 : 8;
    if (reader.offset + sizeBytes > bytes.length) {
      fail();
      return;
    }
    headValue = readInteger(bytes, reader.offset, sizeBytes);
    reader.offset += sizeBytes;
    if (headMajor === cborMajor.simple) {
      // RFC 8949 §3.3: a simple value below 32 has no second byte.
      if (info === 24 && headValue < 32) {
        fail();
      } else if (info !== 24) {
        headValue = info;
      }
    }
  }

  /** The value of a definite head of this type, below 2^53. */
  function readValue(major: number): number | undefined {
    if (!nextHead() || headMajor !== major || headIndefinite || headValue === integerTooLarge) {
      return fail();
    }
    return headValue;
  }

  function readCount(major: number): number | undefined {
    if (!nextHead() || headMajor !== major) {
      return fail();
    }
    return headIndefinite ? indefiniteCount : headValue;
  }

  function takeByte(value: number): boolean {
    if (reader.failed || reader.offset >= bytes.length || byteAt(bytes, reader.offset) !== value) {
      return false;
    }
    reader.offset += 1;
    return true;
  }

  /** The bytes of a definite string whose head was read. */
  function takeString(): Bytes | undefined {
    const end = reader.offset + headValue;
    if (end > bytes.length) {
      return fail();
    }
    const string = slice(bytes, reader.offset, end);
    reader.offset = end;
    return string;
  }

  function readString(major: number): Bytes | undefined {
    if (!nextHead() || headMajor !== major) {
      return fail();
    }
    return headIndefinite ? readChunks(major) : takeString();
  }

  /** RFC 8949 §3.2.3: the chunks of an indefinite string are definite strings of its own type. */
  function readChunks(major: number): Bytes | undefined {
    const chunks: Bytes[] = [];
    while (!takeByte(breakByte)) {
      if (!nextHead() || headMajor !== major || headIndefinite) {
        return fail();
      }
      const chunk = takeString();
      if (chunk === undefined) {
        return undefined;
      }
      chunks.push(chunk);
    }
    return concat(chunks);
  }

  function more(count: number | undefined, index: number): boolean {
    if (reader.failed || count === undefined) {
      return false;
    }
    return count === indefiniteCount ? !takeByte(breakByte) : index < count;
  }

  function skipItem(depth: number): void {
    if (depth > skipDepthMax) {
      fail();
    }
    if (!nextHead()) {
      return;
    }
    const major = headMajor;
    if (major === cborMajor.bytes || major === cborMajor.text) {
      if (headIndefinite) {
        readChunks(major);
      } else {
        takeString();
      }
    } else if (major === cborMajor.array || major === cborMajor.map) {
      const itemsEach = major === cborMajor.map ? 2 : 1;
      const count = headIndefinite ? indefiniteCount : headValue;
      for (let index = 0; more(count, index); index++) {
        for (let item = 0; item < itemsEach; item++) {
          skipItem(depth + 1);
        }
      }
    } else if (major === cborMajor.tag) {
      skipItem(depth + 1);
    } else if (headIndefinite) {
      fail();
    }
  }

  const reader: CborReader = {
    offset: 0,
    failed: false,
    peekMajor: () =>
      reader.failed || reader.offset >= bytes.length ? undefined : Math.floor(byteAt(bytes, reader.offset) / 32),
    readHead: () => (nextHead() ? { major: headMajor, value: headValue, indefinite: headIndefinite } : undefined),
    readUint: () => readValue(cborMajor.uint),
    readInt: () => {
      if (reader.peekMajor() !== cborMajor.negative) {
        return readValue(cborMajor.uint);
      }
      const value = readValue(cborMajor.negative);
      return value === undefined || value === integerTooLarge - 1 ? fail() : -1 - value;
    },
    readBytes: () => readString(cborMajor.bytes),
    readText: () => readString(cborMajor.text),
    readBool: () => {
      const value = readValue(cborMajor.simple);
      return value === 20 || value === 21 ? value === 21 : fail();
    },
    readArrayHead: () => readCount(cborMajor.array),
    readMapHead: () => readCount(cborMajor.map),
    readTag: () => readValue(cborMajor.tag),
    takeNull: () => takeByte(nullByte),
    more,
    skip: () => {
      skipItem(1);
      return !reader.failed;
    },
    atEnd: () => reader.offset >= bytes.length,
  };
  return reader;
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

/** The whole length of the item at `offset`; undefined when it is malformed or does not end inside `bytes`. */
export function itemLength(bytes: Bytes, offset: number): number | undefined {
  const reader = createReader(bytes);
  reader.offset = offset;
  return reader.skip() ? reader.offset - offset : undefined;
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
  const map = new Map<string | number, CborValue>();
  const count = reader.readMapHead();
  for (let index = 0; reader.more(count, index); index++) {
    const key = reader.peekMajor() === cborMajor.text ? reader.readText() : reader.readInt();
    if (key === undefined || map.has(key) || index >= mapKeysMax) {
      reader.failed = true;
    } else if (!reader.takeNull()) {
      map.set(key, buildValue(reader, depth));
    }
  }
  return map;
}

function buildValue(reader: CborReader, depth: number): CborValue {
  const start = reader.offset;
  const major = reader.peekMajor();
  if (major === cborMajor.bytes) {
    return { kind: "bytes", value: reader.readBytes()! };
  }
  if (major === cborMajor.text) {
    return { kind: "text", value: reader.readText()! };
  }
  if (major === cborMajor.array || major === cborMajor.map) {
    return buildNested(reader, depth + 1, major);
  }
  const value = reader.readHead()?.value ?? integerTooLarge;
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
  reader.skip();
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
  const count = reader.readArrayHead();
  for (let index = 0; reader.more(count, index); index++) {
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
