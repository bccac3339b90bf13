/**
 * Base64 with the standard alphabet and padding (RFC 4648 §4). The decoder is strict: whole groups of four, padding
 * only at the end, unused bits zero (§3.5), so that a damaged text does not decode to something else.
 */
import { type Bytes, byteAt, bytesOf, concat } from "./bytes";

const padding = 61;

export function encodeBase64(bytes: Bytes): Bytes {
  // A short string for each group of four: a list of numbers costs sixteen bytes of heap a letter, and as much to grow.
  const groups: Bytes[] = [];
  for (let index = 0; index < bytes.length; index += 3) {
    const left = bytes.length - index;
    const group =
      byteAt(bytes, index) * 65536 +
      (left > 1 ? byteAt(bytes, index + 1) * 256 : 0) +
      (left > 2 ? byteAt(bytes, index + 2) : 0);
    groups.push(
      bytesOf(
        letterOf(Math.floor(group / 262144)),
        letterOf(Math.floor(group / 4096) % 64),
        left > 1 ? letterOf(Math.floor(group / 64) % 64) : padding,
        left > 2 ? letterOf(group % 64) : padding,
      ),
    );
  }
  return concat(groups);
}

/** The bytes, or undefined when the text is not base64. */
export function decodeBase64(text: Bytes): Bytes | undefined {
  if (text.length % 4 !== 0) {
    return undefined;
  }
  const paddingCount = countPadding(text);
  const letterCount = text.length - paddingCount;
  const groups: Bytes[] = [];
  let group = 0;
  for (let index = 0; index < letterCount; index++) {
    const digit = digitOf(byteAt(text, index));
    if (digit < 0) {
      return undefined;
    }
    group = group * 64 + digit;
    if (index % 4 === 3) {
      groups.push(bytesOf(Math.floor(group / 65536), Math.floor(group / 256) % 256, group % 256));
      group = 0;
    }
  }
  if (!pushRest(groups, group, paddingCount)) {
    return undefined;
  }
  return concat(groups);
}

/** The last group of two letters holds one byte and four zero bits, of three letters two bytes and two zero bits. */
function pushRest(groups: Bytes[], group: number, paddingCount: number): boolean {
  if (paddingCount === 2) {
    groups.push(bytesOf(Math.floor(group / 16)));
    return group % 16 === 0;
  }
  if (paddingCount === 1) {
    groups.push(bytesOf(Math.floor(group / 1024), Math.floor(group / 4) % 256));
    return group % 4 === 0;
  }
  return true;
}

function countPadding(text: Bytes): number {
  if (text.length === 0 || byteAt(text, text.length - 1) !== padding) {
    return 0;
  }
  return byteAt(text, text.length - 2) === padding ? 2 : 1;
}

/** A-Z, a-z, 0-9, +, / */
function letterOf(digit: number): number {
  if (digit < 26) {
    return 65 + digit;
  }
  if (digit < 52) {
    return 71 + digit;
  }
  if (digit < 62) {
    return digit - 4;
  }
  return digit === 62 ? 43 : 47;
}

function digitOf(letter: number): number {
  if (letter >= 97 && letter <= 122) {
    return letter - 71;
  }
  if (letter >= 65 && letter <= 90) {
    return letter - 65;
  }
  if (letter >= 48 && letter <= 57) {
    return letter + 4;
  }
  return letter === 43 ? 62 : letter === 47 ? 63 : -1;
}
