/**
 * Reads a text back from the dots that rasterText made of it: each cell is looked up among the letters of the font.
 *
 * Some Latin and Cyrillic letters are equal dots. A word with a letter that only Latin has is Latin, any other is not.
 */
import { type Bytes, concat, utf8 } from "../bytes";
import { splitRows, unpackDots } from "./dot-rows";
import { fontText } from "./font-12x24";
import { glyphWidthDots, rasterText, type TextStyle } from "./raster";
import { codePointsOf, utf8Of } from "./text";

/** What one cell may be: a Latin letter, something else, or both. */
interface Candidates {
  readonly latin?: number;
  readonly other?: number;
}

interface Alphabet {
  readonly cellDots: number;
  readonly heightDots: number;
  readonly letters: Map<string, Candidates>;
}

const styles: readonly TextStyle[] = [
  { bold: false, wide: false },
  { bold: true, wide: false },
  { bold: false, wide: false, tall: true },
  { bold: true, wide: false, tall: true },
  { bold: false, wide: true },
  { bold: true, wide: true },
];
const space = 0x20;

/** Takes rows of `widthBytes`; answers undefined for a picture that is no text. */
export type RasterReader = (data: Bytes, widthBytes: number, heightDots: number) => Bytes | undefined;

/** The alphabets are made when a first picture comes. */
export function createRasterReader(): RasterReader {
  let alphabets: Alphabet[] = [];
  return (data, widthBytes, heightDots) => {
    if (alphabets.length === 0) {
      alphabets = styles.map(createAlphabet);
    }
    for (const alphabet of alphabets) {
      const cells = Math.floor((widthBytes * 8) / alphabet.cellDots);
      if (alphabet.heightDots === heightDots && widthBytes * 8 - cells * alphabet.cellDots < 8) {
        const found = readCells(alphabet, data, widthBytes, cells);
        if (found !== undefined) {
          return textOfCells(found);
        }
      }
    }
    return undefined;
  };
}

function createAlphabet(style: TextStyle): Alphabet {
  const letters = new Map<string, Candidates>();
  for (const code of fontLetters()) {
    const { data, widthDots } = rasterText([code], style);
    const rows = splitRows(data, Math.floor((widthDots + 7) / 8)).map(row => unpackDots(row, widthDots));
    const key = cellKey(rows, 0, widthDots);
    letters.set(key, { ...letters.get(key), ...(isLatin(code) ? { latin: code } : { other: code }) });
  }
  const cellDots = style.wide ? glyphWidthDots * 2 : glyphWidthDots;
  return { cellDots, heightDots: rasterText([space], style).heightDots, letters };
}

/** Each line of the font's text begins with its letter. */
function fontLetters(): number[] {
  const letters: number[] = [];
  let atStart = false;
  for (const code of codePointsOf(utf8(fontText))) {
    if (atStart) {
      letters.push(code);
    }
    atStart = code === 0x0a;
  }
  return letters;
}

const isLatin = (code: number): boolean => (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a);

function readCells(alphabet: Alphabet, data: Bytes, widthBytes: number, count: number): Candidates[] | undefined {
  const rows = splitRows(data, widthBytes).map(row => unpackDots(row, count * alphabet.cellDots));
  const found: Candidates[] = [];
  for (let cell = 0; cell < count; cell++) {
    const candidates = alphabet.letters.get(cellKey(rows, cell, alphabet.cellDots));
    if (candidates === undefined) {
      return undefined;
    }
    found.push(candidates);
  }
  return found;
}

const cellKey = (rows: readonly (readonly number[])[], cell: number, cellDots: number): string =>
  rows.map(row => row.slice(cell * cellDots, (cell + 1) * cellDots).join("")).join("");

function textOfCells(cells: readonly Candidates[]): Bytes {
  const text: Bytes[] = [];
  let from = 0;
  for (let index = 0; index <= cells.length; index++) {
    const cell = cells[index];
    if (cell === undefined || cell.other === space) {
      const word = cells.slice(from, index);
      const latin = word.some(({ other }) => other === undefined);
      text.push(
        ...word.map(letter => utf8Of((latin ? letter.latin : undefined) ?? letter.other ?? letter.latin ?? space)),
      );
      if (cell !== undefined) {
        text.push(utf8Of(space));
      }
      from = index + 1;
    }
  }
  return concat(text);
}
