/** The few primitives that Node and Lua spell differently: platform.js for Node, platform.lua in the image. */
import type { Bytes } from "./bytes";

/** The byte at `index` (0-based); the caller has checked the bounds. */
export function byteAt(this: void, bytes: Bytes, index: number): number;
/** Bytes of values 0..255; at most 64 of them. */
export function bytesOf(this: void, ...values: number[]): Bytes;
/** Joins pieces in one allocation. */
export function concat(this: void, parts: readonly Bytes[]): Bytes;
/** The bytes from `start` (inclusive) to `end` (exclusive), both inside. */
export function slice(this: void, bytes: Bytes, start: number, end: number): Bytes;
/** UTF-8 bytes of a text; in Lua a text already is its UTF-8 bytes. */
export function utf8(this: void, text: string): Bytes;
/** The text of UTF-8 bytes; the inverse of utf8 for well-formed input. */
export function textOf(this: void, bytes: Bytes): string;
/** `count` copies of one byte value. */
export function repeat(this: void, value: number, count: number): Bytes;
/** Where `needle` begins in `bytes` at or after `start`, or -1. */
export function indexOf(this: void, bytes: Bytes, needle: Bytes, start: number): number;
/** An empty map; in Lua only with get, has, set, size and forEach, in half the heap of the transpiler's own Map. */
export function newMap<Key, Value>(this: void): Map<Key, Value>;
/** Adds values 0..255 of a list to one byte string; any length. */
export function packBytes(this: void, values: readonly number[]): Bytes;
