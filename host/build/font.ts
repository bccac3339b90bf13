/**
 * protocol/paper/font-12x24.ts from IBM Plex Mono Medium (SIL OFL 1.1): `node --import tsx host/build/font.ts`.
 *
 * Outlines are read from the package's WOFF files and filled here, in plain arithmetic, so that every machine makes the
 * same dots and a test can compare them. Stems are first moved to whole dots and made two dots thick: at this size that
 * is the difference between letters and smudges.
 *
 *   em = 20 dots across (advance 12), 21.5 down: capitals 15 and small letters 11 dots high, baseline under row 18
 */
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { type Contour, openWoff } from "./woff";

const cellWidth = 12;
const cellHeight = 24;
const baselineRow = 19;
const dotsPerUnitX = 20 / 1000;
const dotsPerUnitY = 21.5 / 1000;
/** Rows and columns are sampled this many times a dot. */
const samplesPerDot = 16;
const inkShare = 0.5;
const curveSteps = 8;

/** What the font covers: ASCII, Russian, Kazakh, and the signs of texts and prices. */
export const fontCharacters: readonly [first: number, last: number][] = [
  [0x20, 0x7e],
  [0x410, 0x44f],
  ..."ЁёӘәҒғҚқҢңӨөҰұҮүҺһІі₸№«»“”„–—…°".split("").map(letter => {
    const code = letter.codePointAt(0) ?? 0;
    return [code, code] as [number, number];
  }),
];

type Point = readonly [x: number, y: number];
/** A closed line of straight pieces, in dots; the last point is the first. */
type Polygon = readonly Point[];

/** Curves become short straight pieces; y grows downwards. */
function flatten(contour: Contour): Polygon {
  const points: Point[] = [];
  for (const [from, control, to] of contour) {
    for (let step = control === undefined ? curveSteps : 1; step <= curveSteps; step++) {
      const t = step / curveSteps;
      const through = control ?? from;
      const at = (axis: 0 | 1) => (1 - t) * (1 - t) * from[axis] + 2 * (1 - t) * t * through[axis] + t * t * to[axis];
      points.push(
        step === curveSteps
          ? [to[0] * dotsPerUnitX, baselineRow - to[1] * dotsPerUnitY]
          : [at(0) * dotsPerUnitX, baselineRow - at(1) * dotsPerUnitY],
      );
    }
  }
  return points.length === 0 ? [] : [points[points.length - 1]!, ...points];
}

// Fitting stems to the dots.

interface Edge {
  /** Where the edge is, and how much of the outline runs along it; the sign is the direction. */
  readonly at: number;
  readonly length: number;
}

/** Edges of the outline across one axis: straight or nearly straight runs, those close together taken as one. */
function edgesOf(polygons: readonly Polygon[], axis: 0 | 1): Edge[] {
  const runs: Edge[] = [];
  for (const polygon of polygons) {
    for (let index = 1; index < polygon.length; index++) {
      const from = polygon[index - 1]!;
      const to = polygon[index]!;
      const along = to[1 - axis]! - from[1 - axis]!;
      const across = to[axis] - from[axis];
      if (Math.abs(across) <= Math.abs(along) * 0.25) {
        runs.push({ at: (from[axis] + to[axis]) / 2, length: along });
      }
    }
  }
  runs.sort((left, right) => left.at - right.at || left.length - right.length);
  const edges: Edge[] = [];
  for (const run of runs) {
    const last = edges[edges.length - 1];
    if (last !== undefined && run.at - last.at < 0.35 && Math.sign(run.length) === Math.sign(last.length)) {
      const length = last.length + run.length;
      edges[edges.length - 1] = { at: (last.at * last.length + run.at * run.length) / length, length };
    } else {
      edges.push(run);
    }
  }
  return edges.filter(edge => Math.abs(edge.length) >= 2);
}

/** Pairs of edges between which there is ink, 1 to 3 dots apart. */
function stemsOf(edges: readonly Edge[]): [from: number, to: number][] {
  const stems: [number, number][] = [];
  for (let index = 1; index < edges.length; index++) {
    const first = edges[index - 1]!;
    const second = edges[index]!;
    const width = second.at - first.at;
    if (Math.sign(first.length) !== Math.sign(second.length) && width > 0.9 && width < 2.9) {
      stems.push([first.at, second.at]);
      index++;
    }
  }
  return stems;
}

type Knot = readonly [from: number, to: number];
/** Tops of capitals and small letters (698 and 516 units), and the baseline. */
const heights: readonly Knot[] = [698, 516, 0].map((units): Knot => {
  const row = baselineRow - units * dotsPerUnitY;
  return [row, Math.round(row)];
});

/** Moves each stem to whole dots, two wide, and everything between in proportion. */
function fit(polygons: readonly Polygon[], axis: 0 | 1): Polygon[] {
  const knots: Knot[] = [];
  for (const [from, to] of stemsOf(edgesOf(polygons, axis))) {
    const width = Math.max(1, Math.round(to - from));
    const left = Math.round((from + to - width) / 2);
    knots.push([from, left], [to, left + width]);
  }
  for (const anchor of axis === 1 ? heights : []) {
    if (knots.every(([from]) => Math.abs(from - anchor[0]) > 1)) {
      knots.push(anchor);
    }
  }
  knots.sort((left, right) => left[0] - right[0]);
  const moved = (value: number): number => {
    const next = knots.findIndex(([from]) => from >= value);
    if (knots.length === 0) {
      return value;
    }
    if (next <= 0) {
      const [from, to] = next === 0 ? knots[0]! : knots[knots.length - 1]!;
      return value + to - from;
    }
    const [from0, to0] = knots[next - 1]!;
    const [from1, to1] = knots[next]!;
    return to0 + ((value - from0) * (to1 - to0)) / (from1 - from0);
  };
  return polygons.map(polygon => polygon.map(([x, y]): Point => (axis === 0 ? [moved(x), y] : [x, moved(y)])));
}

// Filling.

/** Rows of dots, 12 bits each, the highest on the left: a dot is black when half of it is inside (nonzero winding). */
function fill(polygons: readonly Polygon[]): number[] {
  const rows: number[] = [];
  for (let row = 0; row < cellHeight; row++) {
    const cover = new Array<number>(cellWidth).fill(0);
    for (let sample = 0; sample < samplesPerDot; sample++) {
      addSpans(cover, polygons, row + (sample + 0.5) / samplesPerDot);
    }
    rows.push(cover.reduce((bits, share) => bits * 2 + (share >= inkShare * samplesPerDot ? 1 : 0), 0));
  }
  return rows;
}

function addSpans(cover: number[], polygons: readonly Polygon[], y: number): void {
  const crossings: [x: number, winding: number][] = [];
  for (const polygon of polygons) {
    for (let index = 1; index < polygon.length; index++) {
      const [x0, y0] = polygon[index - 1]!;
      const [x1, y1] = polygon[index]!;
      if (y0 <= y !== y1 <= y) {
        crossings.push([x0 + ((x1 - x0) * (y - y0)) / (y1 - y0), y0 < y1 ? 1 : -1]);
      }
    }
  }
  crossings.sort((left, right) => left[0] - right[0]);
  let winding = 0;
  for (let index = 0; index + 1 < crossings.length; index++) {
    winding += crossings[index]![1];
    for (let dot = 0; dot < cellWidth && winding !== 0; dot++) {
      const from = Math.max(dot, crossings[index]![0]);
      const to = Math.min(dot + 1, crossings[index + 1]![0]);
      cover[dot]! += Math.max(0, to - from);
    }
  }
}

/** The 24 rows of each character. */
export function rasterizeFont(): Map<number, number[]> {
  const require = createRequire(import.meta.url);
  const fonts = ["latin", "latin-ext", "cyrillic", "cyrillic-ext"].map(subset =>
    openWoff(readFileSync(require.resolve(`@fontsource/ibm-plex-mono/files/ibm-plex-mono-${subset}-500-normal.woff`))),
  );
  const glyphs = new Map<number, number[]>();
  for (const [first, last] of fontCharacters) {
    for (let code = first; code <= last; code++) {
      const contours = fonts.map(font => font.contoursOf(code)).find(found => found !== undefined);
      if (contours === undefined) {
        throw new Error(`IBM Plex Mono has no U+${code.toString(16)}`);
      }
      const polygons = contours.map(flatten);
      glyphs.set(code, fill(fit(fit(polygons, 0), 1)));
    }
  }
  return glyphs;
}

// The file. Values 0 to 87 are one character each; see fileHead.

const commonRowsMax = 64;
const rareRow = 64;

/** The source of protocol/paper/font-12x24.ts. */
export function fontSource(): string {
  const glyphs = [...rasterizeFont()];
  const common = commonRows(glyphs.map(([, rows]) => rows));
  const lines = glyphs.map(([code, rows]) => escaped(String.fromCodePoint(code)) + packRows(rows, common));
  return `${fileHead}${common.map(twoCharacters).join("")}\n${lines.join("\n")}\n\`;\n`;
}

/** The rows that runs of equal rows have most often. */
function commonRows(glyphs: readonly (readonly number[])[]): number[] {
  const counts = new Map<number, number>();
  for (const rows of glyphs) {
    for (const { row } of runsOf(rows)) {
      counts.set(row, (counts.get(row) ?? 0) + 1);
    }
  }
  const byCount = [...counts].sort(([leftRow, left], [rightRow, right]) => right - left || leftRow - rightRow);
  return byCount.slice(0, commonRowsMax).map(([row]) => row);
}

function runsOf(rows: readonly number[]): { row: number; count: number }[] {
  const runs: { row: number; count: number }[] = [];
  for (const row of rows) {
    const last = runs[runs.length - 1];
    if (last?.row === row) {
      last.count++;
    } else {
      runs.push({ row, count: 1 });
    }
  }
  return runs;
}

function packRows(rows: readonly number[], common: readonly number[]): string {
  return runsOf(rows)
    .map(({ row, count }) => {
      const index = common.indexOf(row);
      const packed = index >= 0 ? character(index) : character(rareRow) + twoCharacters(row);
      return (count > 1 ? character(rareRow + count - 1) : "") + packed;
    })
    .join("");
}

const twoCharacters = (row: number): string => character(Math.floor(row / 64)) + character(row % 64);

/** ! to z without the backslash and the backquote. */
function character(value: number): string {
  const code = 0x21 + value;
  return String.fromCharCode(code < 0x5c ? code : code + 1 < 0x60 ? code + 1 : code + 2);
}

const escaped = (letter: string): string => letter.replace(/[\\`]/, "\\$&");

const fileHead = `/**
 * The letters of the paper, 12 by 24 dots: IBM Plex Mono Medium (SIL Open Font License 1.1), made by host/build/font.ts.
 *
 * A character is a value: ! is 0, z is 87; backslash and backquote are left out. A row is two of them, six dots each.
 * The first line has the 64 commonest rows. A line is a letter and its rows from the top: 0 to 63 is one of the common
 * rows, 64 comes before a row that is not among them, 65 to 87 say that the next row stands 2 to 24 times.
 */
export const fontText = \``;

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(fileURLToPath(new URL("../../protocol/paper/font-12x24.ts", import.meta.url)), fontSource());
}
