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

/** Level M: [error bytes of a block, blocks] (Table 9), version 1 first. */
const blocksM: readonly (readonly [number, number])[] = [
  [10, 1],
  [16, 1],
  [26, 1],
  [18, 2],
  [24, 2],
  [16, 4],
  [18, 4],
  [22, 4],
  [22, 5],
  [26, 5],
  [30, 5],
  [22, 8],
  [22, 9],
  [24, 9],
  [24, 10],
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

function dataCodewordsOf(version: number): number {
  const [errorBytes, blocks] = blocksM[version - 1]!;
  return codewordsOf(version) - errorBytes * blocks;
}

/** Modules on one side for a text of that length; undefined when it is too long. */
export function qrSide(lengthBytes: number): number | undefined {
  const version = versionFor(lengthBytes);
  return version === undefined ? undefined : sideOf(version);
}

function versionFor(lengthBytes: number): number | undefined {
  for (let version = 1; version <= qrVersionMax; version++) {
    const headBits = version < 10 ? 12 : 20;
    if (headBits + lengthBytes * 8 <= dataCodewordsOf(version) * 8) {
      return version;
    }
  }
  return undefined;
}

/** Encodes a text; the mask is the one with the fewest penalty points (7.8.3). `qrSide` tells first whether it fits. */
export function encodeQr(text: Bytes): QrCode {
  const version = versionFor(text.length);
  assert(version !== undefined, "the text of a QR code fits the largest version");
  const codewords = interleave(dataBytes(text, version), version);
  const grid = createGrid(version);
  drawData(grid, codewords);
  return { side: grid.side, modules: bestMask(grid) };
}

// Bytes.

/** Mode, length, text, end, padding (7.4). */
function dataBytes(text: Bytes, version: number): number[] {
  const bits: number[] = [];
  pushBits(bits, 4, 4);
  pushBits(bits, text.length, version < 10 ? 8 : 16);
  for (let index = 0; index < text.length; index++) {
    pushBits(bits, byteAt(text, index), 8);
  }
  const capacityBytes = dataCodewordsOf(version);
  pushBits(bits, 0, Math.min(4, capacityBytes * 8 - bits.length));
  pushBits(bits, 0, (8 - (bits.length % 8)) % 8);
  const bytes: number[] = [];
  for (let index = 0; index < bits.length; index += 8) {
    let byte = 0;
    for (let bit = index; bit < index + 8; bit++) {
      byte = byte * 2 + bits[bit]!;
    }
    bytes.push(byte);
  }
  for (let pad = 0xec; bytes.length < capacityBytes; pad = pad === 0xec ? 0x11 : 0xec) {
    bytes.push(pad);
  }
  return bytes;
}

function pushBits(bits: number[], value: number, count: number): void {
  for (let bit = count - 1; bit >= 0; bit--) {
    bits.push(Math.floor(value / powerOfTwo(bit)) % 2);
  }
}

function powerOfTwo(exponent: number): number {
  let power = 1;
  for (let step = 0; step < exponent; step++) {
    power *= 2;
  }
  return power;
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

/** Coefficients of the generator polynomial with `degree` roots, the highest left out (Annex A). */
function generatorOf(degree: number): number[] {
  const generator: number[] = [];
  for (let index = 1; index < degree; index++) {
    generator.push(0);
  }
  generator.push(1);
  let root = 1;
  for (let step = 0; step < degree; step++) {
    for (let index = 0; index < degree; index++) {
      const next = index + 1 < degree ? generator[index + 1]! : 0;
      generator[index] = multiply(generator[index]!, root) ^ next;
    }
    root = multiply(root, 2);
  }
  return generator;
}

/** Error bytes of one block: the remainder of its division by the generator. */
function errorBytesOf(block: readonly number[], generator: readonly number[]): number[] {
  const remainder: number[] = [];
  for (let index = 0; index < generator.length; index++) {
    remainder.push(0);
  }
  for (const byte of block) {
    const factor = byte ^ remainder[0]!;
    for (let index = 0; index < generator.length; index++) {
      const next = index + 1 < generator.length ? remainder[index + 1]! : 0;
      remainder[index] = next ^ multiply(generator[index]!, factor);
    }
  }
  return remainder;
}

/** Splits the data in blocks, long ones last, and deals their bytes out one by one (7.6). */
function interleave(data: readonly number[], version: number): number[] {
  const [errorLength, blockCount] = blocksM[version - 1]!;
  const generator = generatorOf(errorLength);
  const shortLength = Math.floor(data.length / blockCount);
  const shortCount = blockCount - (data.length % blockCount);
  const blocks: number[][] = [];
  const errors: number[][] = [];
  let from = 0;
  for (let block = 0; block < blockCount; block++) {
    const length = block < shortCount ? shortLength : shortLength + 1;
    const bytes: number[] = [];
    for (let index = from; index < from + length; index++) {
      bytes.push(data[index]!);
    }
    from += length;
    blocks.push(bytes);
    errors.push(errorBytesOf(bytes, generator));
  }
  const codewords: number[] = [];
  deal(codewords, blocks, shortLength + 1);
  deal(codewords, errors, errorLength);
  return codewords;
}

function deal(codewords: number[], blocks: readonly (readonly number[])[], longest: number): void {
  for (let index = 0; index < longest; index++) {
    for (const block of blocks) {
      if (index < block.length) {
        codewords.push(block[index]!);
      }
    }
  }
}

// Modules. In a grid 0 and 1 are data, 2 and 3 white and black of a function pattern.

interface Grid {
  readonly side: number;
  readonly version: number;
  readonly cells: number[];
}

function createGrid(version: number): Grid {
  const side = sideOf(version);
  const cells: number[] = [];
  for (let index = 0; index < side * side; index++) {
    cells.push(0);
  }
  const grid: Grid = { side, version, cells };
  for (let at = 0; at < side; at++) {
    setFunction(grid, 6, at, at % 2 === 0);
    setFunction(grid, at, 6, at % 2 === 0);
  }
  drawFinder(grid, 3, 3);
  drawFinder(grid, side - 4, 3);
  drawFinder(grid, 3, side - 4);
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

/** A finder with its separator: rings around the centre; 2 and 4 are white. */
function drawFinder(grid: Grid, centerX: number, centerY: number): void {
  for (let dy = -4; dy <= 4; dy++) {
    for (let dx = -4; dx <= 4; dx++) {
      const ring = Math.max(Math.abs(dx), Math.abs(dy));
      setFunction(grid, centerX + dx, centerY + dy, ring !== 2 && ring !== 4);
    }
  }
}

/** Centres of the alignment patterns on each axis (Annex E): 6, then even steps back from the far edge. */
function alignmentCenters(version: number, side: number): number[] {
  const centers: number[] = [];
  if (version > 1) {
    const count = Math.floor(version / 7) + 2;
    const step = Math.floor((version * 4 + count * 2 + 1) / (count * 2 - 2)) * 2;
    for (let back = count - 2; back >= 0; back--) {
      centers.push(side - 7 - back * step);
    }
  }
  return centers;
}

function drawAlignments(grid: Grid): void {
  const far = alignmentCenters(grid.version, grid.side);
  for (const x of far) {
    for (const y of far) {
      drawAlignment(grid, x, y);
    }
    if (x !== grid.side - 7) {
      drawAlignment(grid, x, 6);
      drawAlignment(grid, 6, x);
    }
  }
}

function drawAlignment(grid: Grid, centerX: number, centerY: number): void {
  for (let dy = -2; dy <= 2; dy++) {
    for (let dx = -2; dx <= 2; dx++) {
      setFunction(grid, centerX + dx, centerY + dy, Math.max(Math.abs(dx), Math.abs(dy)) !== 1);
    }
  }
}

/** Level M and the mask, with BCH (15, 5) errors, twice (7.9). */
function drawFormat(grid: Grid, mask: number): void {
  const bits = withRemainder(mask, 10, 0x537) ^ 0x5412;
  const last = grid.side - 1;
  for (let bit = 0; bit < 15; bit++) {
    const black = Math.floor(bits / powerOfTwo(bit)) % 2 === 1;
    const along = bit < 6 ? bit : bit < 8 ? bit + 1 : 14 - bit;
    if (bit < 8) {
      setFunction(grid, 8, along, black);
      setFunction(grid, last - bit, 8, black);
    } else {
      setFunction(grid, bit === 8 ? 7 : along, 8, black);
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
  const bits = withRemainder(grid.version, 12, 0x1f25);
  for (let bit = 0; bit < 18; bit++) {
    const black = Math.floor(bits / powerOfTwo(bit)) % 2 === 1;
    const near = Math.floor(bit / 3);
    const far = grid.side - 11 + (bit % 3);
    setFunction(grid, far, near, black);
    setFunction(grid, near, far, black);
  }
}

/** The value followed by `count` bits, its remainder by the generator. */
function withRemainder(value: number, count: number, generator: number): number {
  let remainder = value;
  for (let step = 0; step < count; step++) {
    remainder *= 2;
    if (remainder >= powerOfTwo(count)) {
      remainder ^= generator;
    }
  }
  return value * powerOfTwo(count) + remainder;
}

/** Up and down in pairs of columns from the right edge, past the timing column (7.7.3). */
function drawData(grid: Grid, codewords: readonly number[]): void {
  let bit = 0;
  let upward = true;
  for (let right = grid.side - 1; right >= 1; right -= 2) {
    if (right === 6) {
      right = 5;
    }
    for (let step = 0; step < grid.side; step++) {
      const y = upward ? grid.side - 1 - step : step;
      for (let x = right; x >= right - 1; x--) {
        const cell = y * grid.side + x;
        if (grid.cells[cell]! < 2 && bit < codewords.length * 8) {
          grid.cells[cell] = Math.floor(codewords[Math.floor(bit / 8)]! / powerOfTwo(7 - (bit % 8))) % 2;
          bit++;
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
  switch (mask) {
    case 0:
      return (x + y) % 2 === 0;
    case 1:
      return y % 2 === 0;
    case 2:
      return x % 3 === 0;
    case 3:
      return (x + y) % 3 === 0;
    case 4:
      return (Math.floor(x / 3) + Math.floor(y / 2)) % 2 === 0;
    case 5:
      return ((x * y) % 2) + ((x * y) % 3) === 0;
    case 6:
      return (((x * y) % 2) + ((x * y) % 3)) % 2 === 0;
    default:
      return (((x + y) % 2) + ((x * y) % 3)) % 2 === 0;
  }
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
