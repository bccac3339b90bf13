/**
 * What a receipt's ESC/POS bytes look like: as text, and as a picture of thermal paper.
 *
 *      /\/\/\/\/\/\/\/\/\        torn above and below; white at the sides, as the print head is
 *     |  "Дала Сауда" ЖШС |      narrower than the paper: 576 of 640 dots (80 mm), 384 of 464 (58 mm)
 *      \/\/\/\/\/\/\/\/\/
 */
import { type Bytes, bytesOf, concat, repeatByte, textOf } from "../bytes";
import { createRowWriter } from "./dot-rows";
import { createEscposParser, feedEscpos } from "./escpos-parser";
import { createPaperRoll, type Paper, type PaperLine, type PaperOptions } from "./paper-roll";
import { type Deflate, encodePng } from "./png";
import { columnsOf, spaces } from "./text";

const narrowColumns = 32;
const wideColumns = 48;
const narrowMarginBytes = 5;
const wideMarginBytes = 4;
/** White above the first line and below the last. */
const edgeRows = 28;
/** A tooth of the tear-off blade: 8 dots up, 8 dots down, one dot thick lines. */
const toothRows = 8;

export interface DrawOptions extends PaperOptions {
  readonly deflate: Deflate;
}

/** Prints bytes on an empty roll. */
export function printEscpos(escpos: Bytes, options: PaperOptions): Paper {
  const roll = createPaperRoll(options);
  for (const event of feedEscpos(createEscposParser(), escpos).events) {
    roll.apply(event);
  }
  return roll.tear();
}

/**
 * The text of a receipt, a line feed behind each line; QR codes are «[QR]». The width of the paper is that of the widest
 * line, unless it is told.
 */
export function textOfEscpos(escpos: Bytes, options?: PaperOptions): string {
  const { lines } = printEscpos(escpos, options ?? { columns: wideColumns });
  const widest = lines.reduce((columns, line) => Math.max(columns, columnsOf(line.text)), 0);
  const columns = options?.columns ?? (widest > narrowColumns ? wideColumns : narrowColumns);
  return textOfLines(lines, columns);
}

/** Lines as text: centred ones are moved by spaces, empty ones at the end are left out. */
export function textOfLines(lines: readonly PaperLine[], columns: number): string {
  let last = lines.length;
  while (last > 0 && lines[last - 1]!.text === "") {
    last--;
  }
  return lines
    .slice(0, last)
    .map(({ text, align }) => {
      const free = Math.max(0, columns - columnsOf(text));
      const left = align === "left" ? 0 : align === "right" ? free : Math.floor(free / 2);
      return textOf(concat([spaces(left), text])) + "\n";
    })
    .join("");
}

/** The picture of a receipt: a PNG of one bit a dot. */
export const drawEscpos = (escpos: Bytes, options: DrawOptions): Bytes =>
  drawPaper(printEscpos(escpos, options), options);

/** The picture of what was printed. */
export function drawPaper(paper: Paper, { columns, deflate }: DrawOptions): Bytes {
  const marginBytes = columns > narrowColumns ? wideMarginBytes : narrowMarginBytes;
  const widthBytes = (columns * 12) / 8 + marginBytes * 2;
  // The sides of the paper are one dot thick.
  const left = concat([bytesOf(0x80), repeatByte(0, marginBytes - 1)]);
  const right = concat([repeatByte(0, marginBytes - 1), bytesOf(0x01)]);
  const edge = new Array<Bytes>(edgeRows).fill(repeatByte(0, (columns * 12) / 8));
  const whole = [...edge, ...paper.rows, ...edge].map(row => concat([left, row, right]));
  return encodePng(widthBytes * 8, [...teeth(widthBytes, false), ...whole, ...teeth(widthBytes, true)], deflate);
}

/** A torn edge. */
function teeth(widthBytes: number, atEnd: boolean): Bytes[] {
  const rows: Bytes[] = [];
  for (let row = 0; row < toothRows; row++) {
    const dots = createRowWriter(widthBytes * 8);
    for (let x = 0; x < widthBytes * 8; x++) {
      const phase = x % (toothRows * 2);
      const depth = phase < toothRows ? toothRows - 1 - phase : phase - toothRows;
      dots.bits(depth === (atEnd ? toothRows - 1 - row : row) ? 1 : 0, 1, 1);
    }
    rows.push(dots.done());
  }
  return rows;
}
