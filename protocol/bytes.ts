/**
 * Bytes: strings whose characters are all 0..255, and the only code that looks inside one.
 *
 * In Lua that is the native byte string; in Node a latin1 string, converted once at the edge by
 * `Buffer.from(bytes, "latin1")`. A string cannot be changed behind one's back, is compared by `===` and keys a Map.
 */
import { assert } from "./assert";
import * as platform from "./platform";

declare const bytesBrand: unique symbol;
export type Bytes = string & { readonly [bytesBrand]: true };

export const emptyBytes = "" as Bytes;

/** UTF-8 bytes of a text. */
export const utf8 = (text: string): Bytes => platform.utf8(text);
/** The text of UTF-8 bytes. */
export const textOf = (bytes: Bytes): string => platform.textOf(bytes);
/** Bytes of up to 64 values 0..255. */
export const bytesOf = (...values: number[]): Bytes => platform.bytesOf(...values);
/** Bytes of a list of values 0..255 of any length. */
export const packBytes = (values: readonly number[]): Bytes => platform.packBytes(values);
/** Joins pieces in one allocation: push parts to a list, then concat once. */
export const concat = (parts: readonly Bytes[]): Bytes => platform.concat(parts);
/** `count` copies of the byte `value`. */
export const repeatByte = (value: number, count: number): Bytes => platform.repeat(value, count);
/** Where `needle` begins at or after `start`, or -1. */
export const indexOf = (bytes: Bytes, needle: Bytes, start: number): number => platform.indexOf(bytes, needle, start);

/** The byte at `index`. Past the end both machines would answer NaN or nil, so the bounds are asserted. */
export function byteAt(bytes: Bytes, index: number): number {
  assert(index >= 0, "index counts from zero");
  assert(index < bytes.length, "index is inside bytes");
  return platform.byteAt(bytes, index);
}

/** The bytes from `start` (inclusive) to `end` (exclusive). */
export function slice(bytes: Bytes, start: number, end: number): Bytes {
  assert(start >= 0 && start <= end, "a slice begins before it ends");
  assert(end <= bytes.length, "a slice ends inside bytes");
  return platform.slice(bytes, start, end);
}

export const u16be = (value: number): Bytes => bytesOf(Math.floor(value / 256) % 256, value % 256);
export const u16le = (value: number): Bytes => bytesOf(value % 256, Math.floor(value / 256) % 256);
export const u32be = (value: number): Bytes =>
  bytesOf(
    Math.floor(value / 16777216) % 256,
    Math.floor(value / 65536) % 256,
    Math.floor(value / 256) % 256,
    value % 256,
  );
export const u32le = (value: number): Bytes =>
  bytesOf(
    value % 256,
    Math.floor(value / 256) % 256,
    Math.floor(value / 65536) % 256,
    Math.floor(value / 16777216) % 256,
  );
export const readU16be = (bytes: Bytes, offsetBytes: number): number =>
  byteAt(bytes, offsetBytes) * 256 + byteAt(bytes, offsetBytes + 1);
export const readU16le = (bytes: Bytes, offsetBytes: number): number =>
  byteAt(bytes, offsetBytes + 1) * 256 + byteAt(bytes, offsetBytes);
export const readU32be = (bytes: Bytes, offsetBytes: number): number =>
  readU16be(bytes, offsetBytes) * 65536 + readU16be(bytes, offsetBytes + 2);
export const readU32le = (bytes: Bytes, offsetBytes: number): number =>
  readU16le(bytes, offsetBytes + 2) * 65536 + readU16le(bytes, offsetBytes);
