/**
 * Text on paper: UTF-8 counted in columns, one column a code point. A continuation byte (0x80..0xbf) takes no column, so
 * even broken UTF-8 has one width, and no text can make a line longer than the paper.
 */
import { type Bytes, byteAt, bytesOf, concat, emptyBytes, repeatByte, slice, utf8 } from "../bytes";

const space = 0x20;
/** U+FFFD, for bytes that are no UTF-8. */
export const replacementCodePoint = 0xfffd;

const isContinuation = (byte: number): boolean => byte >= 0x80 && byte < 0xc0;

/** How many columns a text takes. */
export function columnsOf(text: Bytes): number {
  let columns = 0;
  for (let index = 0; index < text.length; index++) {
    if (!isContinuation(byteAt(text, index))) {
      columns++;
    }
  }
  return columns;
}

/**
 * One code point, a column each. What lies beyond U+FFFF is U+FFFD; bytes that are no UTF-8 come out as control
 * characters or as letters that nobody prints.
 */
export function codePointsOf(text: Bytes): number[] {
  const codePoints: number[] = [];
  for (let index = 0; index < text.length; index++) {
    const byte = byteAt(text, index);
    const last = codePoints.length - 1;
    if (!isContinuation(byte)) {
      codePoints.push(byte < 0x80 ? byte : byte % (byte < 0xe0 ? 32 : 16));
    } else if (last >= 0) {
      const code = codePoints[last]! * 64 + byte - 0x80;
      codePoints[last] = code > 0xffff ? replacementCodePoint : code;
    }
  }
  return codePoints;
}

/** The text of one code point up to U+FFFF: the inverse of `codePointsOf`. */
export function utf8Of(code: number): Bytes {
  const last = 0x80 + (code % 64);
  const rest = Math.floor(code / 64);
  if (code < 0x80) {
    return bytesOf(code);
  }
  return rest < 32 ? bytesOf(0xc0 + rest, last) : bytesOf(0xe0 + Math.floor(rest / 64), 0x80 + (rest % 64), last);
}

/** Where the text's first `columns` code points end, in bytes. */
function offsetOfColumn(text: Bytes, columns: number): number {
  let left = columns;
  for (let index = 0; index < text.length; index++) {
    if (!isContinuation(byteAt(text, index))) {
      if (left === 0) {
        return index;
      }
      left--;
    }
  }
  return text.length;
}

/** Words between spaces; control characters count as spaces, so that no text can steer the printer. */
function wordsOf(text: Bytes): Bytes[] {
  const words: Bytes[] = [];
  let start = 0;
  for (let index = 0; index <= text.length; index++) {
    if (index === text.length || byteAt(text, index) <= space || byteAt(text, index) === 0x7f) {
      if (index > start) {
        words.push(slice(text, start, index));
      }
      start = index + 1;
    }
  }
  return words;
}

/** Breaks a text at spaces into lines of at most `columns`; a longer word begins a line of its own and is cut. */
export function wrap(text: Bytes, columns: number): Bytes[] {
  const lines: Bytes[] = [];
  let line = emptyBytes;
  for (const word of wordsOf(text)) {
    if (line !== emptyBytes && columnsOf(line) + 1 + columnsOf(word) <= columns) {
      line = concat([line, bytesOf(space), word]);
    } else {
      if (line !== emptyBytes) {
        lines.push(line);
      }
      line = word;
      while (columnsOf(line) > columns) {
        const end = offsetOfColumn(line, columns);
        lines.push(slice(line, 0, end));
        line = slice(line, end, line.length);
      }
    }
  }
  if (line !== emptyBytes) {
    lines.push(line);
  }
  return lines;
}

export const spaces = (count: number): Bytes => repeatByte(space, count);

/** The text moved to the right edge. */
export const alignRight = (text: Bytes, columns: number): Bytes => concat([spaces(columns - columnsOf(text)), text]);

/** Integer as text. */
export const decimal = (value: number): Bytes => utf8(`${value}`);

/** Integer 0..99 as two digits. */
export const twoDigits = (value: number): Bytes => bytesOf(0x30 + Math.floor(value / 10), 0x30 + (value % 10));
