/**
 * QR codes, model 2, byte mode, level M (ISO/IEC 18004:2015): the address where a receipt is checked.
 *
 * Versions 1 to 15 hold up to 412 bytes; a receipt's address needs version 5 or 6.
 */
import { assert } from "../assert";
import { type Bytes, byteAt } from "../bytes";

export interface QrCode {
  /** Modules on one side, without the quiet zone of 4. */
  readonly side: number;
  /** Row by row, 1 is black. */
  readonly modules: readonly number[];
}

/** Level M, version 1 first: error bytes of a block × 100 + blocks (Table 9). */
const blocksM: readonly number[] = [
  1001, 1601, 2601, 1802, 2402, 1604, 1804, 2204, 2205, 2605, 3005, 2208, 2209, 2409, 2410,
];
export const qrVersionMax = 15;

const sideOf = (version: number): number => version * 4 + 17;

/** Bytes of a version, data and errors: all modules but the function patterns, 8 a byte (Table 1). */
function codewordsOf(version: number): number {
  let modules = (16 * version + 128) * version + 64;
  if (version >= 2) {
    const alignments = Math.floor(version / 7) + 2;
    modules -= (25 * alignments - 10) * alignments - 55;
  }
  return Math.floor((version >= 7 ? modules - 36 : modules) / 8);
}

const errorBytesOf = (version: number): number => Math.floor(blocksM[version - 1]! / 100);
const blockCountOf = (version: number): number => blocksM[version - 1]! % 100;
const dataBytesOf = (version: number): number => codewordsOf(version) - errorBytesOf(version) * blockCountOf(version);
/** Bytes of the length that stands before the text (Table 3). */
const lengthBytesOf = (version: number): number => (version < 10 ? 1 : 2);

/** Modules on one side for a text of that length; undefined when it is too long. */
export function qrSide(lengthBytes: number): number | undefined {
  const version = versionFor(lengthBytes);
  return version === undefined ? undefined : sideOf(version);
}

function versionFor(lengthBytes: number): number | undefined {
  for (let version = 1; version <= qrVersionMax; version++) {
    // The mode before and the terminator behind are half a byte each.
    if (lengthBytesOf(version) + lengthBytes + 1 <= dataBytesOf(version)) {
      return version;
    }
  }
  return undefined;
}

/** Encodes a text; the mask is the one with the fewest penalty points (7.8.3). `qrSide` tells first whether it fits. */
export function encodeQr(text: Bytes): QrCode {
  const version = versionFor(text.length);
  assert(version !== undefined, "the text of a QR code fits the largest version");
  const codewords = interleave(encodeData(text, version), version);
  const grid = createGrid(version);
  drawData(grid, codewords);
  return { side: grid.side, modules: bestMask(grid) };
}

// Bytes.

/** Mode, length, text, terminator, padding (7.4): everything lies half a byte behind the byte borders. */
function encodeData(text: Bytes, version: number): number[] {
  const bytes: number[] = [];
  let before = 4;
  const push = (byte: number): void => {
    bytes.push((before % 16) * 16 + Math.floor(byte / 16));
    before = byte;
  };
  if (lengthBytesOf(version) === 2) {
    push(Math.floor(text.length / 256));
  }
  push(text.length % 256);
  for (let index = 0; index < text.length; index++) {
    push(byteAt(text, index));
  }
  push(0);
  for (let pad = 0xec; bytes.length < dataBytesOf(version); pad = 0xec + 0x11 - pad) {
    bytes.push(pad);
  }
  return bytes;
}

/** Product in GF(2^8) modulo x^8 + x^4 + x^3 + x^2 + 1. */
function multiply(left: number, right: number): number {
  let product = 0;
  for (let bit = 128; bit >= 1; bit = Math.floor(bit / 2)) {
    product *= 2;
    if (product >= 256) {
      product = (product - 256) ^ 0x1d;
    }
    if ((right & bit) !== 0) {
      product ^= left;
    }
  }
  return product;
}

function zeros(count: number): number[] {
  const list: number[] = [];
  for (let index = 0; index < count; index++) {
    list.push(0);
  }
  return list;
}

/** Coefficients of the generator polynomial with `degree` roots, the highest left out (Annex A). */
function generatorOf(degree: number): number[] {
  const generator = zeros(degree);
  generator[degree - 1] = 1;
  let root = 1;
  for (let step = 0; step < degree; step++) {
    for (let index = 0; index < degree; index++) {
      generator[index] = multiply(generator[index]!, root) ^ (generator[index + 1] ?? 0);
    }
    root = multiply(root, 2);
  }
  return generator;
}

/** Error bytes of one block: the remainder of its division by the generator. */
function remainderOf(data: readonly number[], from: number, end: number, generator: readonly number[]): number[] {
  const remainder = zeros(generator.length);
  for (let at = from; at < end; at++) {
    const factor = data[at]! ^ remainder[0]!;
    for (let index = 0; index < generator.length; index++) {
      remainder[index] = (remainder[index + 1] ?? 0) ^ multiply(generator[index]!, factor);
    }
  }
  return remainder;
}

/** Splits the data in blocks, long ones last, and deals their bytes out one by one, then their error bytes (7.6). */
function interleave(data: readonly number[], version: number): number[] {
  const blockCount = blockCountOf(version);
  const generator = generatorOf(errorBytesOf(version));
  const shortLength = Math.floor(data.length / blockCount);
  const shortCount = blockCount - (data.length % blockCount);
  const startOf = (block: number): number => block * shortLength + Math.max(0, block - shortCount);
  const codewords: number[] = [];
  for (let index = 0; index <= shortLength; index++) {
    for (let block = index < shortLength ? 0 : shortCount; block < blockCount; block++) {
      codewords.push(data[startOf(block) + index]!);
    }
  }
  const errors: number[][] = [];
  for (let block = 0; block < blockCount; block++) {
    errors.push(remainderOf(data, startOf(block), startOf(block + 1), generator));
  }
  for (let index = 0; index < generator.length; index++) {
    for (const block of errors) {
      codewords.push(block[index]!);
    }
  }
  return codewords;
}

// Modules. In a grid 0 and 1 are data, 2 and 3 white and black of a function pattern.

interface Grid {
  readonly side: number;
  readonly version: number;
  readonly cells: number[];
}

function createGrid(version: number): Grid {
  const side = sideOf(version);
  const grid: Grid = { side, version, cells: zeros(side * side) };
  for (let at = 0; at < side; at++) {
    setFunction(grid, 6, at, at % 2 === 0);
    setFunction(grid, at, 6, at % 2 === 0);
  }
  drawRings(grid, 3, 3, 4, 2);
  drawRings(grid, side - 4, 3, 4, 2);
  drawRings(grid, 3, side - 4, 4, 2);
  drawAlignments(grid);
  drawFormat(grid, 0);
  drawVersion(grid);
  return grid;
}

function setFunction(grid: Grid, x: number, y: number, black: boolean): void {
  if (x >= 0 && y >= 0 && x < grid.side && y < grid.side) {
    grid.cells[y * grid.side + x] = black ? 3 : 2;
  }
}

/** A finder with its separator (radius 4, rings 2 and 4 are white) or an alignment pattern (radius 2, ring 1 is white). */
function drawRings(grid: Grid, centerX: number, centerY: number, radius: number, white: number): void {
  for (let dy = -radius; dy <= radius; dy++) {
    for (let dx = -radius; dx <= radius; dx++) {
      const ring = Math.max(Math.abs(dx), Math.abs(dy));
      setFunction(grid, centerX + dx, centerY + dy, ring !== white && ring !== 4);
    }
  }
}

/** Alignment patterns: on each axis at 6, then at even steps back from the far edge (Annex E). */
function drawAlignments(grid: Grid): void {
  const far = grid.side - 7;
  const count = Math.floor(grid.version / 7) + 2;
  const step = Math.floor((grid.version * 4 + count * 2 + 1) / (count * 2 - 2)) * 2;
  const first = far - (count - 2) * step;
  for (let x = first; x <= far && grid.version > 1; x += step) {
    for (let y = first; y <= far; y += step) {
      drawRings(grid, x, y, 2, 1);
    }
    if (x !== far) {
      drawRings(grid, x, 6, 2, 1);
      drawRings(grid, 6, x, 2, 1);
    }
  }
}

/** Level M and the mask, with BCH (15, 5) errors, twice (7.9). */
function drawFormat(grid: Grid, mask: number): void {
  let bits = withRemainder(mask, 1024, 0x537) ^ 0x5412;
  const last = grid.side - 1;
  for (let bit = 0; bit < 15; bit++) {
    const black = bits % 2 === 1;
    bits = Math.floor(bits / 2);
    if (bit < 8) {
      setFunction(grid, 8, bit < 6 ? bit : bit + 1, black);
      setFunction(grid, last - bit, 8, black);
    } else {
      setFunction(grid, bit === 8 ? 7 : 14 - bit, 8, black);
      setFunction(grid, 8, last - 14 + bit, black);
    }
  }
  setFunction(grid, 8, grid.side - 8, true);
}

/** From version 7 on the number itself, with BCH (18, 6) errors, twice (7.10). */
function drawVersion(grid: Grid): void {
  if (grid.version < 7) {
    return;
  }
  let bits = withRemainder(grid.version, 4096, 0x1f25);
  for (let bit = 0; bit < 18; bit++) {
    const black = bits % 2 === 1;
    bits = Math.floor(bits / 2);
    const near = Math.floor(bit / 3);
    const far = grid.side - 11 + (bit % 3);
    setFunction(grid, far, near, black);
    setFunction(grid, near, far, black);
  }
}

/** The value × `limit`, and the remainder of that by the generator. */
function withRemainder(value: number, limit: number, generator: number): number {
  let remainder = value;
  for (let factor = 1; factor < limit; factor *= 2) {
    remainder *= 2;
    if (remainder >= limit) {
      remainder ^= generator;
    }
  }
  return value * limit + remainder;
}

/** Up and down in pairs of columns from the right edge, past the timing column (7.7.3). */
function drawData(grid: Grid, codewords: readonly number[]): void {
  let index = 0;
  let mask = 128;
  let upward = true;
  for (let right = grid.side - 1; right >= 1; right -= right === 8 ? 3 : 2) {
    for (let step = 0; step < grid.side; step++) {
      const row = (upward ? grid.side - 1 - step : step) * grid.side;
      for (let cell = row + right; cell >= row + right - 1; cell--) {
        if (grid.cells[cell]! < 2 && index < codewords.length) {
          grid.cells[cell] = (codewords[index]! & mask) === 0 ? 0 : 1;
          index += mask === 1 ? 1 : 0;
          mask = mask === 1 ? 128 : Math.floor(mask / 2);
        }
      }
    }
    upward = !upward;
  }
}

// Masks.

function bestMask(grid: Grid): number[] {
  let best: number[] = [];
  let bestPenalty = 0;
  for (let mask = 0; mask < 8; mask++) {
    drawFormat(grid, mask);
    const modules = masked(grid, mask);
    const points = penalty(modules, grid.side);
    if (mask === 0 || points < bestPenalty) {
      best = modules;
      bestPenalty = points;
    }
  }
  return best;
}

function masked(grid: Grid, mask: number): number[] {
  const modules: number[] = [];
  for (let y = 0; y < grid.side; y++) {
    for (let x = 0; x < grid.side; x++) {
      const cell = grid.cells[y * grid.side + x]!;
      modules.push(cell >= 2 ? cell - 2 : isFlipped(mask, x, y) ? 1 - cell : cell);
    }
  }
  return modules;
}

/** Table 10. */
function isFlipped(mask: number, x: number, y: number): boolean {
  const product = x * y;
  if (mask < 4) {
    return (mask === 0 ? (x + y) % 2 : mask === 1 ? y % 2 : mask === 2 ? x % 3 : (x + y) % 3) === 0;
  }
  if (mask === 4) {
    return (Math.floor(x / 3) + Math.floor(y / 2)) % 2 === 0;
  }
  const parts = ((mask === 7 ? x + y : product) % 2) + (product % 3);
  return (mask === 5 ? parts : parts % 2) === 0;
}

/** Table 11: runs, blocks, patterns that look like finders, share of black. */
function penalty(modules: readonly number[], side: number): number {
  let points = 0;
  for (let line = 0; line < side; line++) {
    points += linePenalty(modules, side, line * side, 1) + linePenalty(modules, side, line, side);
  }
  let black = 0;
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      black += modules[y * side + x]!;
      if (x + 1 < side && y + 1 < side && isBlock(modules, side, y * side + x)) {
        points += 3;
      }
    }
  }
  const total = side * side;
  const tenths = Math.floor((Math.abs(black * 20 - total * 10) + total - 1) / total);
  return points + Math.max(0, tenths - 1) * 10;
}

function isBlock(modules: readonly number[], side: number, at: number): boolean {
  const color = modules[at]!;
  return modules[at + 1] === color && modules[at + side] === color && modules[at + side + 1] === color;
}

/** Runs of five and more, and 1:1:3:1:1 with four white modules on a side, in one row or column. */
function linePenalty(modules: readonly number[], side: number, from: number, step: number): number {
  let points = 0;
  let run = 0;
  let color = -1;
  let window = 0;
  for (let index = 0; index < side; index++) {
    const module = modules[from + index * step]!;
    run = module === color ? run + 1 : 1;
    color = module;
    points += run === 5 ? 3 : run > 5 ? 1 : 0;
    window = (window * 2 + module) % 2048;
    if (index >= 10 && (window === 0x05d || window === 0x5d0)) {
      points += 40;
    }
  }
  return points;
}
