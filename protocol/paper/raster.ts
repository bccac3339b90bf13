/**
 * Text and QR as dots: what is sent to a printer without Kazakh letters, and what a printer's own letters look like.
 *
 *   GS v 0   rows from the top, eight dots a byte, the highest bit on the left
 *   ESC &    columns from the left, three bytes each, the highest bit on top
 */
import { assert } from "../assert";
import { type Bytes, byteAt, concat, indexOf, packBytes, slice, utf8 } from "../bytes";
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

/** A letter for `ESC &`: 12 columns of 3 bytes. */
export function glyphColumns(code: number): Bytes {
  const rows = glyphRows(code);
  const bytes: number[] = [];
  for (let mask = 2048; mask >= 1; mask = Math.floor(mask / 2)) {
    for (let top = 0; top < glyphHeightDots; top += 8) {
      let byte = 0;
      for (let row = top; row < top + 8; row++) {
        byte = byte * 2 + (Math.floor(rows[row]! / mask) % 2);
      }
      bytes.push(byte);
    }
  }
  return packBytes(bytes);
}

/** A row of a letter in its style: 12 dots, or 24 when wide. Bold prints each dot twice, one to the right. */
export function styledRow(row: number, style: TextStyle): number {
  const bold = style.bold ? row | Math.floor(row / 2) : row;
  return style.wide ? doubled(bold) : bold;
}

function doubled(row: number): number {
  let wide = 0;
  for (let mask = 2048; mask >= 1; mask = Math.floor(mask / 2)) {
    wide = wide * 4 + (Math.floor(row / mask) % 2) * 3;
  }
  return wide;
}

/** A line of text as dots. */
export function rasterText(codePoints: readonly number[], style: TextStyle): Raster {
  const repeats = style.wide || style.tall === true ? 2 : 1;
  const letters: number[][] = [];
  for (const code of codePoints) {
    letters.push(glyphRows(code));
  }
  const rows: Bytes[] = [];
  for (let row = 0; row < glyphHeightDots; row++) {
    const packed = packRow(letters, row, style);
    for (let repeat = 0; repeat < repeats; repeat++) {
      rows.push(packed);
    }
  }
  return {
    widthDots: letters.length * glyphWidthDots * (style.wide ? 2 : 1),
    heightDots: glyphHeightDots * repeats,
    data: concat(rows),
  };
}

/** One row of a line. A wide letter is three bytes, two narrow ones are three bytes. */
function packRow(letters: readonly (readonly number[])[], row: number, style: TextStyle): Bytes {
  const bytes: number[] = [];
  const lettersPerStep = style.wide ? 1 : 2;
  for (let index = 0; index < letters.length; index += lettersPerStep) {
    let dots = styledRow(letters[index]![row]!, style);
    if (!style.wide) {
      const next = index + 1 < letters.length ? styledRow(letters[index + 1]![row]!, style) : 0;
      dots = dots * 4096 + next;
    }
    bytes.push(Math.floor(dots / 65536), Math.floor(dots / 256) % 256, dots % 256);
  }
  const odd = !style.wide && letters.length % 2 === 1;
  const packed = packBytes(bytes);
  return odd ? slice(packed, 0, packed.length - 1) : packed;
}

/** A square of modules (1 black) as dots, each `scale` by `scale`. */
export function rasterSquare(modules: readonly number[], side: number, scale: number): Raster {
  assert(modules.length === side * side, "a square has side times side modules");
  const widthBytes = Math.floor((side * scale + 7) / 8);
  const rows: Bytes[] = [];
  for (let y = 0; y < side; y++) {
    const bytes: number[] = [];
    for (let byteIndex = 0; byteIndex < widthBytes; byteIndex++) {
      let byte = 0;
      for (let dot = byteIndex * 8; dot < byteIndex * 8 + 8; dot++) {
        const x = Math.floor(dot / scale);
        byte = byte * 2 + (x < side ? modules[y * side + x]! : 0);
      }
      bytes.push(byte);
    }
    const packed = packBytes(bytes);
    for (let repeat = 0; repeat < scale; repeat++) {
      rows.push(packed);
    }
  }
  return { widthDots: side * scale, heightDots: side * scale, data: concat(rows) };
}
