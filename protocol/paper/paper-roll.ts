/**
 * A printer's paper: ESC/POS events → lines of text and rows of dots.
 *
 * The printer's letters come from the same font as letters that are sent as dots, so a receipt looks the same whichever
 * way its Kazakh letters went. Letters stand on a common bottom line; a line that is full goes on in the next.
 */
import type { PrinterProfile } from "../../hal/hal";
import { type Bytes, byteAt, bytesOf, concat, emptyBytes, repeatByte, utf8 } from "../bytes";
import { type CodeTable, decodeLetter, epsonCodeTables } from "./code-tables";
import { createRowWriter, type RowWriter, splitRows, unpackDots } from "./dot-rows";
import type { Align, EscposEvent } from "./escpos-parser";
import { kazakhLetters } from "./kz1048";
import { encodeQr, qrSide } from "./qr";
import { boldRow, glyphColumns, glyphHeightDots, glyphRows, glyphWidthDots } from "./raster";
import { createRasterReader } from "./raster-text";
import { replacementCodePoint, utf8Of } from "./text";

/** The printer's own distance of lines, 1/6 inch. */
const defaultSpacingDots = 30;
/** From the last line to the cutter. */
const cutterDots = 48;

export interface PaperOptions {
  /** 48 or 32. */
  readonly columns: number;
  /** Tells what its own `codeTable` number means; without it Epson's numbers hold. */
  readonly profile?: PrinterProfile;
}

export interface PaperLine {
  readonly text: Bytes;
  readonly align: Align;
}

/** What came out of the printer until it was cut or torn off. */
export interface Paper {
  readonly lines: readonly PaperLine[];
  /** Rows of `columns` × 12 dots, eight a byte. */
  readonly rows: readonly Bytes[];
  /** Texts of the QR codes that the printer made itself. */
  readonly qrTexts: readonly Bytes[];
}

export interface PaperRoll {
  readonly apply: (event: EscposEvent) => void;
  /** Takes the paper off; the printer's settings stay. */
  readonly tear: () => Paper;
}

interface Letter {
  readonly code: number;
  /** 24 rows of 12 dots. */
  readonly rows: readonly number[];
}

interface Cell extends Letter {
  readonly bold: boolean;
  readonly widthTimes: number;
  readonly heightTimes: number;
}

/** The printer between two commands. */
interface State {
  table: CodeTable;
  usesDefinitions: boolean;
  readonly definitions: Map<number, Letter>;
  bold: boolean;
  widthTimes: number;
  heightTimes: number;
  align: Align;
  spacingDots: number;
  qrDots: number;
  qrText: Bytes;
  cells: Cell[];
}

const initialState = (): State => ({
  table: "unknown",
  usesDefinitions: false,
  definitions: new Map(),
  bold: false,
  widthTimes: 1,
  heightTimes: 1,
  align: "left",
  spacingDots: defaultSpacingDots,
  qrDots: 3,
  qrText: emptyBytes,
  cells: [],
});

/** An empty roll in a printer that was just switched on. */
export function createPaperRoll(options: PaperOptions): PaperRoll {
  const widthDots = options.columns * glyphWidthDots;
  const blank = repeatByte(0, widthDots / 8);
  const readRaster = createRasterReader();
  let lines: PaperLine[] = [];
  let rows: Bytes[] = [];
  let qrTexts: Bytes[] = [];
  let state = initialState();

  function feed(dots: number): void {
    for (let dot = 0; dot < dots; dot++) {
      rows.push(blank);
    }
  }
  /** A picture, row by row; each row `times` times. */
  function addImage(image: Image, text: Bytes): void {
    const free = Math.max(0, widthDots - image.widthDots);
    const left = state.align === "left" ? 0 : state.align === "right" ? free : Math.floor(free / 2);
    lines.push({ text, align: state.align });
    for (let y = 0; y < image.heightDots; y++) {
      const row = createRowWriter(widthDots);
      row.skip(left);
      image.draw(row, y);
      const drawn = row.done();
      for (let time = 0; time < image.times; time++) {
        rows.push(drawn);
      }
    }
  }
  /** Prints the letters that wait for the end of their line, if any. */
  function printCells(): void {
    const { cells } = state;
    if (cells.length > 0) {
      state.cells = [];
      const image = imageOfCells(cells);
      addImage(image, concat(cells.map(cell => utf8Of(cell.code))));
      feed(Math.max(0, state.spacingDots - image.heightDots));
    }
  }
  function lineFeed(): void {
    if (state.cells.length > 0) {
      printCells();
    } else {
      lines.push({ text: emptyBytes, align: "left" });
      feed(state.spacingDots);
    }
  }
  function addLetter(byte: number): void {
    const { bold, widthTimes, heightTimes } = state;
    if (widthOf(state.cells) + widthTimes * glyphWidthDots > widthDots) {
      printCells();
    }
    state.cells.push({ ...letterOf(state, byte), bold, widthTimes, heightTimes });
  }
  function addRaster({ data, widthBytes, heightDots, widthTimes, heightTimes }: RasterEvent): void {
    printCells();
    const text = readRaster(data, widthBytes, heightDots);
    const isSquare = Math.abs(widthBytes * 8 - heightDots) < 8;
    const image = imageOfRows(splitRows(data, widthBytes), widthBytes * 8, widthTimes, heightTimes);
    addImage(image, text ?? utf8(isSquare ? "[QR]" : "[image]"));
  }
  function printQr(): void {
    printCells();
    if (qrSide(state.qrText.length) !== undefined) {
      const { modules, side } = encodeQr(state.qrText);
      qrTexts.push(state.qrText);
      addImage(imageOfModules(modules, side, state.qrDots), utf8("[QR]"));
    }
  }

  function apply(event: EscposEvent): void {
    switch (event.kind) {
      case "letter":
        addLetter(event.byte);
        break;
      case "lineFeed":
        lineFeed();
        break;
      case "feedDots":
        printCells();
        feed(event.dots);
        break;
      case "feedLines":
        printCells();
        for (let line = 0; line < event.lines; line++) {
          lineFeed();
        }
        break;
      case "raster":
        addRaster(event);
        break;
      case "qrPrint":
        printQr();
        break;
      case "cut":
        printCells();
        feed(event.feeds ? cutterDots : 0);
        break;
      case "reset":
        state = initialState();
        break;
      default:
        changeState(state, event, options);
    }
  }
  function tear(): Paper {
    const paper: Paper = { lines, rows, qrTexts };
    lines = [];
    rows = [];
    qrTexts = [];
    return paper;
  }
  return { apply, tear };
}

type RasterEvent = Extract<EscposEvent, { kind: "raster" }>;

/** Commands that print nothing. */
function changeState(state: State, event: EscposEvent, options: PaperOptions): void {
  switch (event.kind) {
    case "lineSpacing":
      state.spacingDots = event.dots ?? defaultSpacingDots;
      break;
    case "codeTable":
      state.table = tableOf(event.number, options.profile);
      break;
    case "userDefined":
      state.usesDefinitions = event.on;
      break;
    case "define":
      state.definitions.set(event.byte, letterOfColumns(event.columns));
      break;
    case "undefine":
      state.definitions.delete(event.byte);
      break;
    case "bold":
      state.bold = event.on;
      break;
    case "size":
      state.widthTimes = event.widthTimes;
      state.heightTimes = event.heightTimes;
      break;
    case "align":
      state.align = event.align;
      break;
    case "qrSize":
      state.qrDots = Math.min(16, Math.max(1, event.dots));
      break;
    case "qrStore":
      state.qrText = event.text;
      break;
  }
}

function tableOf(number: number, profile: PrinterProfile | undefined): CodeTable {
  if (profile !== undefined && profile.letters !== "raster" && profile.codeTable === number) {
    return profile.letters === "table" ? "kz1048" : "windows1251";
  }
  return epsonCodeTables.find(([known]) => known === number)?.[1] ?? "unknown";
}

function letterOf(state: State, byte: number): Letter {
  const own = state.usesDefinitions ? state.definitions.get(byte) : undefined;
  const code = decodeLetter(state.table, byte);
  return own ?? { code, rows: glyphRows(code) };
}

/** A user-defined letter: its dots, and which Kazakh letter they show. Columns that are not given stay white. */
function letterOfColumns(columns: Bytes): Letter {
  const rows: number[] = [];
  for (let row = 0; row < glyphHeightDots; row++) {
    let bits = 0;
    for (let at = Math.floor(row / 8); at < glyphWidthDots * 3; at += 3) {
      const byte = at < columns.length ? byteAt(columns, at) : 0;
      bits = bits * 2 + unpackDots(bytesOf(byte), 8)[row % 8]!;
    }
    rows.push(bits);
  }
  return { code: kazakhLetters.find(code => glyphColumns(code) === columns) ?? replacementCodePoint, rows };
}

const widthOf = (cells: readonly Cell[]): number =>
  cells.reduce((dots, cell) => dots + cell.widthTimes * glyphWidthDots, 0);

// Pictures.

interface Image {
  readonly widthDots: number;
  readonly heightDots: number;
  /** How often each row is printed. */
  readonly times: number;
  readonly draw: (row: RowWriter, y: number) => void;
}

/** A line of letters on a common bottom line. */
function imageOfCells(cells: readonly Cell[]): Image {
  const heightDots = Math.max(...cells.map(cell => cell.heightTimes)) * glyphHeightDots;
  const draw = (row: RowWriter, y: number): void => {
    for (const { rows, bold, widthTimes, heightTimes } of cells) {
      const dots = rows[glyphHeightDots - 1 - Math.floor((heightDots - 1 - y) / heightTimes)] ?? 0;
      row.bits(bold ? boldRow(dots) : dots, glyphWidthDots, widthTimes);
    }
  };
  return { widthDots: widthOf(cells), heightDots, times: 1, draw };
}

function imageOfRows(rows: readonly Bytes[], rowDots: number, widthTimes: number, heightTimes: number): Image {
  const draw = (row: RowWriter, y: number): void => {
    const dots = rows[y]!;
    for (let index = 0; index < dots.length; index++) {
      row.bits(byteAt(dots, index), 8, widthTimes);
    }
  };
  return { widthDots: rowDots * widthTimes, heightDots: rows.length, times: heightTimes, draw };
}

function imageOfModules(modules: readonly number[], side: number, dots: number): Image {
  const draw = (row: RowWriter, y: number): void => {
    for (let x = 0; x < side; x++) {
      row.bits(modules[y * side + x]!, 1, dots);
    }
  };
  return { widthDots: side * dots, heightDots: side, times: dots, draw };
}
