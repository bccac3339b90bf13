/**
 * Text and QR as dots: what is sent to a printer without Kazakh letters, and what a printer's own letters look like.
 *
 *   GS v 0   rows from the top, eight dots a byte, the highest bit on the left
 *   ESC &    columns from the left, three bytes each, the highest bit on top
 */
import { assert } from "../assert";
import { type Bytes, byteAt, concat, indexOf, packBytes, utf8 } from "../bytes";
import { fontText } from "./font-12x24";
import { utf8Of } from "./text";

export const glyphWidthDots = 12;
export const glyphHeightDots = 24;

/** How letters are printed. `wide` doubles both sides, `tall` only the height. */
export interface TextStyle {
  readonly bold: boolean;
  readonly wide: boolean;
  readonly tall?: boolean;
}

export interface Raster {
  readonly widthDots: number;
  readonly heightDots: number;
  /** Rows of whole bytes. */
  readonly data: Bytes;
}

/** Values below are rows of the font's first line, this one comes before a row that is not there, those above count. */
const rareRow = 64;
/** Drawn for a code point that the font lacks. */
const missingGlyph = 0x3f;
const font = utf8(fontText);

/** Where a letter's line begins in the font: behind a line feed, which no letter is. */
function lineOf(letter: Bytes): number {
  return indexOf(font, concat([utf8("\n"), letter]), 0);
}

/** Whether the font has a letter. */
export const hasGlyph = (code: number): boolean => lineOf(utf8Of(code)) >= 0;

/** The 24 rows of a letter, 12 bits each, the highest on the left; a question mark when the font lacks it. */
export function glyphRows(code: number): number[] {
  const letter = utf8Of(code);
  const line = lineOf(letter);
  if (line < 0) {
    return glyphRows(missingGlyph);
  }
  const rows: number[] = [];
  let count = 1;
  for (let at = line + 1 + letter.length; rows.length < glyphHeightDots; at++) {
    const value = valueAt(at);
    if (value > rareRow) {
      count = value - rareRow + 1;
    } else {
      const row = value < rareRow ? value * 2 : at + 1;
      at += value < rareRow ? 0 : 2;
      for (; count > 0; count--) {
        rows.push(valueAt(row) * 64 + valueAt(row + 1));
      }
      count = 1;
    }
  }
  return rows;
}

/** A character of the font is a value: ! is 0, z is 87; backslash and backquote are left out. */
function valueAt(offset: number): number {
  const code = byteAt(font, offset);
  return code - 0x21 - (code > 0x5c ? 1 : 0) - (code > 0x60 ? 1 : 0);
}

/** Eight dots a byte; the last byte is filled up with white. */
function packDots(dots: readonly number[]): Bytes {
  const bytes: number[] = [];
  let byte = 0;
  for (let index = 0; index < dots.length || index % 8 !== 0; index++) {
    byte = byte * 2 + (dots[index] ?? 0);
    if (index % 8 === 7) {
      bytes.push(byte);
      byte = 0;
    }
  }
  return packBytes(bytes);
}

/** A letter for `ESC &`: 12 columns of 3 bytes. */
export function glyphColumns(code: number): Bytes {
  const rows = glyphRows(code);
  const dots: number[] = [];
  for (let mask = 2048; mask >= 1; mask = Math.floor(mask / 2)) {
    for (const row of rows) {
      dots.push((row & mask) === 0 ? 0 : 1);
    }
  }
  return packDots(dots);
}

/** A row of a bold letter: each dot twice, one to the right. */
export const boldRow = (row: number): number => row | Math.floor(row / 2);

/** A line of text as dots. */
export function rasterText(codePoints: readonly number[], style: TextStyle): Raster {
  const widthTimes = style.wide ? 2 : 1;
  const heightTimes = style.wide || style.tall === true ? 2 : 1;
  const letters: number[][] = [];
  for (const code of codePoints) {
    letters.push(glyphRows(code));
  }
  const rows: Bytes[] = [];
  for (let y = 0; y < glyphHeightDots; y++) {
    const dots: number[] = [];
    for (const letter of letters) {
      const row = style.bold ? boldRow(letter[y]!) : letter[y]!;
      for (let mask = 2048; mask >= 1; mask = Math.floor(mask / 2)) {
        pushTimes(dots, (row & mask) === 0 ? 0 : 1, widthTimes);
      }
    }
    pushTimes(rows, packDots(dots), heightTimes);
  }
  return rasterOf(letters.length * glyphWidthDots * widthTimes, rows);
}

/** A square of modules (1 black) as dots, each `scale` by `scale`. */
export function rasterSquare(modules: readonly number[], side: number, scale: number): Raster {
  assert(modules.length === side * side, "a square has side times side modules");
  const rows: Bytes[] = [];
  for (let y = 0; y < side; y++) {
    const dots: number[] = [];
    for (let x = 0; x < side; x++) {
      pushTimes(dots, modules[y * side + x]!, scale);
    }
    pushTimes(rows, packDots(dots), scale);
  }
  return rasterOf(side * scale, rows);
}

const rasterOf = (widthDots: number, rows: readonly Bytes[]): Raster => ({
  widthDots,
  heightDots: rows.length,
  data: concat(rows),
});

function pushTimes<Item>(list: Item[], item: Item, times: number): void {
  for (let time = 0; time < times; time++) {
    list.push(item);
  }
}
