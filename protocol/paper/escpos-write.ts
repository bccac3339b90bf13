/**
 * Pieces of paper → ESC/POS bytes (Epson's command reference; the subset that every receipt printer knows).
 *
 *   begin   ESC @, line spacing, code table, user-defined letters
 *   text    [ESC a 1] [ESC E 1] [GS ! n] letters LF [back]      or  GS v 0 dots
 *   qr      GS ( k model, size, level, text, print              or  GS v 0 dots
 *   end     GS V 66: feeds the last line past the cutter and cuts
 *
 * A printer's Kazakh letters (design "Printing"): its KZ-1048 table; else its Windows-1251 table and 18 user-defined
 * letters; else whole lines as dots. A line with a character that the table lacks (₸) goes as dots everywhere.
 */
import type { PrinterProfile } from "../../hal/hal";
import { type Bytes, byteAt, bytesOf, concat, emptyBytes, packBytes, u16le, utf8 } from "../bytes";
import { encodeKz1048, kazakhLetters } from "./kz1048";
import type { PaperPiece } from "./pieces";
import { encodeQr, qrSide } from "./qr";
import {
  glyphColumns,
  glyphHeightDots,
  glyphWidthDots,
  hasGlyph,
  type Raster,
  rasterSquare,
  rasterText,
  type TextStyle,
} from "./raster";
import { codePointsOf, wrap } from "./text";

const DLE = 0x10;
const ESC = 0x1b;
const GS = 0x1d;
const lineFeed = bytesOf(0x0a);

/** Dots from one line to the next: the letters and 4 dots of air. */
export const lineSpacingDots = 28;
const questionMark = 0x3f;
/** Modules of a QR code are 3 to 6 dots: 0.4 to 0.75 mm. */
const moduleDotsMin = 3;
const moduleDotsMax = 6;
/** Modules of white around a QR code (ISO/IEC 18004). */
const quietModules = 4;
/** Lines that bring the last line past the tear bar of a printer without a cutter. */
export const tearLines = 5;

/**
 * Codes whose letters a receipt hardly ever uses, in ascending order: the 18 Kazakh letters are defined on them
 * (`ESC &` takes only codes 32 to 126). A text that does use one switches to the printer's own letter for it.
 */
const borrowedCodes: Bytes = utf8("!#$&;<>@[\\]^_`{|}~");

/** @noSelf */
export interface EscposWriter {
  /** Brings the printer into a known state, whatever was printed before. */
  begin(): Bytes;
  /** One piece; it needs nothing of the pieces before it. */
  piece(piece: PaperPiece): Bytes;
  /** Feeds and cuts: the receipt's last bytes. */
  end(): Bytes;
}

export function createEscposWriter(profile: PrinterProfile): EscposWriter {
  return {
    begin: () => begin(profile),
    piece: piece => writePiece(profile, piece),
    end: () => cut(profile),
  };
}

function begin(profile: PrinterProfile): Bytes {
  const parts: Bytes[] = [bytesOf(ESC, 0x40), bytesOf(ESC, 0x33, lineSpacingDots)];
  if (profile.letters !== "raster") {
    parts.push(bytesOf(ESC, 0x74, profile.codeTable));
  }
  if (profile.letters === "userDefined") {
    // ESC @ forgets them, so each receipt brings its own.
    for (let index = 0; index < kazakhLetters.length; index++) {
      const code = byteAt(borrowedCodes, index);
      parts.push(bytesOf(ESC, 0x26, 3, code, code, glyphWidthDots), glyphColumns(kazakhLetters[index]!));
    }
    parts.push(bytesOf(ESC, 0x25, 1));
  }
  return concat(parts);
}

function writePiece(profile: PrinterProfile, piece: PaperPiece): Bytes {
  switch (piece.kind) {
    case "text":
      return centered(piece.center, textLine(profile, codePointsOf(piece.text), piece));
    case "qr":
      return qrCode(profile, piece.text);
    case "feed":
      return bytesOf(ESC, 0x64, piece.lines);
    case "cut":
      return cut(profile);
  }
}

const cut = (profile: PrinterProfile): Bytes =>
  profile.cutter ? bytesOf(GS, 0x56, 66, 0) : bytesOf(ESC, 0x64, tearLines);

const centered = (center: boolean, bytes: Bytes): Bytes =>
  center ? concat([bytesOf(ESC, 0x61, 1), bytes, bytesOf(ESC, 0x61, 0)]) : bytes;

/**
 * Zeros that a printer passes over, and that end any command of a paper that was torn: as long as the data of the
 * largest one, a QR code or a line of double height in dots.
 */
export function tornBytesMax({ columns, qr }: PrinterProfile): number {
  const widthDots = columns * glyphWidthDots;
  return Math.floor(widthDots / 8) * (qr === "raster" ? widthDots : 2 * glyphHeightDots);
}

// Text.

function textLine(profile: PrinterProfile, codePoints: readonly number[], style: TextStyle): Bytes {
  const letters = profile.letters === "raster" ? undefined : encodeLetters(profile, codePoints);
  if (letters === undefined) {
    const dots = rasterText(codePoints, style);
    return concat([rasterBytes(dots), feedDots(Math.max(0, lineSpacingDots - dots.heightDots))]);
  }
  const bold = concat([switched(style.bold, ESC, 0x45, 1), letters, lineFeed, switched(style.bold, ESC, 0x45, 0)]);
  const size = style.wide ? 0x11 : style.tall === true ? 0x01 : 0;
  return concat([switched(size !== 0, GS, 0x21, size), bold, switched(size !== 0, GS, 0x21, 0)]);
}

/** A command that a plain line goes without. */
const switched = (needed: boolean, first: number, second: number, value: number): Bytes =>
  needed ? bytesOf(first, second, value) : emptyBytes;

/** The line in the printer's codes; undefined when it needs a letter that only the font has. */
function encodeLetters(profile: PrinterProfile, codePoints: readonly number[]): Bytes | undefined {
  const bytes: number[] = [];
  for (const code of codePoints) {
    const byte = encodeKz1048(code);
    if (byte === undefined && hasGlyph(code)) {
      return undefined;
    }
    // A control character would be a command, and a letter that nobody has is a question mark.
    const printable = byte === undefined || byte < 0x20 || byte === 0x7f ? questionMark : byte;
    if (profile.letters === "userDefined") {
      pushUserDefined(bytes, code, printable);
    } else {
      bytes.push(printable);
    }
  }
  return packBytes(bytes);
}

function pushUserDefined(bytes: number[], code: number, byte: number): void {
  for (let index = 0; index < kazakhLetters.length; index++) {
    if (kazakhLetters[index] === code) {
      bytes.push(byteAt(borrowedCodes, index));
      return;
    }
    if (byteAt(borrowedCodes, index) === byte) {
      bytes.push(ESC, 0x25, 0, byte, ESC, 0x25, 1);
      return;
    }
  }
  bytes.push(byte);
}

// Dots.

function rasterBytes(raster: Raster): Bytes {
  const widthBytes = Math.floor((raster.widthDots + 7) / 8);
  return concat([bytesOf(GS, 0x76, 0x30, 0), u16le(widthBytes), u16le(raster.heightDots), raster.data]);
}

const feedDots = (dots: number): Bytes => (dots === 0 ? emptyBytes : bytesOf(ESC, 0x4a, dots));

/** The code in the middle, with its white border above and below; a text that no code holds is printed as text. */
function qrCode(profile: PrinterProfile, text: Bytes): Bytes {
  const side = qrSide(text.length);
  if (side === undefined) {
    const lines: Bytes[] = [];
    for (const line of wrap(text, profile.columns)) {
      lines.push(textLine(profile, codePointsOf(line), { bold: false, wide: false }));
    }
    return concat(lines);
  }
  const scale = moduleDots(profile, side);
  const quiet = feedDots(quietModules * scale);
  const code = profile.qr === "command" ? qrCommand(text, scale) : qrRaster(text, scale);
  return concat([quiet, centered(true, code), quiet]);
}

/** The largest module that leaves a border on both sides. */
function moduleDots(profile: PrinterProfile, side: number): number {
  const fitting = Math.floor((profile.columns * glyphWidthDots) / (side + quietModules * 2));
  return Math.max(moduleDotsMin, Math.min(moduleDotsMax, fitting));
}

function qrCommand(text: Bytes, scale: number): Bytes {
  return concat([
    qrFunction(0x41, bytesOf(0x32, 0)),
    qrFunction(0x43, bytesOf(scale)),
    qrFunction(0x45, bytesOf(0x31)),
    qrFunction(0x50, concat([bytesOf(0x30), text])),
    qrFunction(0x51, bytesOf(0x30)),
  ]);
}

/** `GS ( k` with cn 49: 0x41 model, 0x43 size, 0x45 level, 0x50 store, 0x51 print. */
const qrFunction = (fn: number, parameters: Bytes): Bytes =>
  concat([bytesOf(GS, 0x28, 0x6b), u16le(parameters.length + 2), bytesOf(0x31, fn), parameters]);

function qrRaster(text: Bytes, scale: number): Bytes {
  const { modules, side } = encodeQr(text);
  return rasterBytes(rasterSquare(modules, side, scale));
}

// Questions and answers.

/** Real-time question: 1 printer, 2 why it is offline, 3 errors, 4 paper. One byte comes back. */
export const dleEot = (n: 1 | 2 | 3 | 4): Bytes => bytesOf(DLE, 0x04, n);
/** Whether this is that question and nothing else. */
export const isDleEotRequest = (data: Bytes): boolean =>
  data.length === 3 && byteAt(data, 0) === DLE && byteAt(data, 1) === 0x04;
/** The question that is answered in its turn: the answer says that everything before it was printed. */
export const gsR1: Bytes = bytesOf(GS, 0x72, 1);
/** Opens the drawer on connector 2: 50 ms on, 500 ms off. */
export const drawerPulse: Bytes = bytesOf(ESC, 0x70, 0, 25, 250);

export type PaperState = "present" | "nearEnd" | "end";

/** Fixed bits tell the answers apart: 0xx1xx10 to `DLE EOT`, 0xx0xxxx to `GS r`. */
export const isDleEotAnswer = (byte: number): boolean => (byte & 0x93) === 0x12;
export const isGsRAnswer = (byte: number): boolean => (byte & 0x90) === 0;

/** `DLE EOT 1`. */
export const parseOnline = (answer: number): boolean => (answer & 0x08) === 0;
/** `DLE EOT 2`. */
export const parseCoverOpen = (answer: number): boolean => (answer & 0x04) !== 0;
export const parseStoppedByPaper = (answer: number): boolean => (answer & 0x20) !== 0;
export const parseFailed = (answer: number): boolean => (answer & 0x40) !== 0;
/** `DLE EOT 4`. */
export const parsePaperStatus = (answer: number): PaperState => paperState(answer & 0x60, answer & 0x0c);
/** `GS r 1`. */
export const parsePrinted = (answer: number): PaperState => paperState(answer & 0x0c, answer & 0x03);

const paperState = (end: number, nearEnd: number): PaperState =>
  end !== 0 ? "end" : nearEnd !== 0 ? "nearEnd" : "present";
