/**
 * The outlines of a WOFF 1.0 file with TrueType glyphs: as much of the format as IBM Plex Mono needs (W3C WOFF 1.0;
 * OpenType "glyf", "loca", "cmap" format 4).
 */
import { inflateSync } from "node:zlib";

type Point = readonly [x: number, y: number];
/** From, control point of a quadratic curve or undefined for a straight line, to. */
export type Segment = readonly [from: Point, control: Point | undefined, to: Point];
export type Contour = readonly Segment[];

export interface Outlines {
  /** Contours in font units, y upwards; undefined when the font lacks the character. */
  readonly contoursOf: (codePoint: number) => Contour[] | undefined;
}

interface Tables {
  readonly cmap: Buffer;
  readonly glyf: Buffer;
  readonly loca: Buffer;
  readonly longOffsets: boolean;
}

export function openWoff(file: Buffer): Outlines {
  const tables = readTables(file);
  return {
    contoursOf: codePoint => {
      const glyph = glyphOf(tables.cmap, codePoint);
      return glyph === 0 ? undefined : contoursOf(tables, glyph).map(segmentsOf);
    },
  };
}

function readTables(file: Buffer): Tables {
  const found = new Map<string, Buffer>();
  const count = file.readUInt16BE(12);
  for (let at = 44; at < 44 + count * 20; at += 20) {
    const offset = file.readUInt32BE(at + 4);
    const packedLength = file.readUInt32BE(at + 8);
    const packed = file.subarray(offset, offset + packedLength);
    found.set(
      file.toString("latin1", at, at + 4),
      packedLength < file.readUInt32BE(at + 12) ? inflateSync(packed) : packed,
    );
  }
  const table = (tag: string): Buffer => {
    const data = found.get(tag);
    if (data === undefined) {
      throw new Error(`the font has no table ${tag}`);
    }
    return data;
  };
  return {
    cmap: table("cmap"),
    glyf: table("glyf"),
    loca: table("loca"),
    longOffsets: table("head").readInt16BE(50) === 1,
  };
}

/** The glyph of a character by the first format 4 subtable; 0 when it has none. */
function glyphOf(cmap: Buffer, codePoint: number): number {
  const subtable = cmap.subarray(cmap.readUInt32BE(8));
  const doubleCount = subtable.readUInt16BE(6);
  for (let at = 0; at < doubleCount; at += 2) {
    const start = subtable.readUInt16BE(16 + doubleCount + at);
    if (codePoint > subtable.readUInt16BE(14 + at)) {
      continue;
    }
    const delta = subtable.readUInt16BE(16 + doubleCount * 2 + at);
    const rangeAt = 16 + doubleCount * 3 + at;
    const range = subtable.readUInt16BE(rangeAt);
    if (codePoint < start) {
      return 0;
    }
    const glyph = range === 0 ? codePoint : subtable.readUInt16BE(rangeAt + range + (codePoint - start) * 2);
    return glyph === 0 ? 0 : (glyph + delta) % 65536;
  }
  return 0;
}

interface OutlinePoint {
  readonly x: number;
  readonly y: number;
  readonly onCurve: boolean;
}

function contoursOf(tables: Tables, glyph: number): OutlinePoint[][] {
  const offsetOf = (index: number): number =>
    tables.longOffsets ? tables.loca.readUInt32BE(index * 4) : tables.loca.readUInt16BE(index * 2) * 2;
  const data = tables.glyf.subarray(offsetOf(glyph), offsetOf(glyph + 1));
  if (data.length === 0) {
    return [];
  }
  const contourCount = data.readInt16BE(0);
  return contourCount < 0 ? readComposite(tables, data) : readSimple(data, contourCount);
}

/** Parts moved by whole offsets; IBM Plex Mono also mirrors some by a 2×2 matrix. */
function readComposite(tables: Tables, data: Buffer): OutlinePoint[][] {
  const contours: OutlinePoint[][] = [];
  let at = 10;
  let flags = 0x20;
  while ((flags & 0x20) !== 0) {
    flags = data.readUInt16BE(at);
    const part = contoursOf(tables, data.readUInt16BE(at + 2));
    const words = (flags & 1) !== 0;
    const dx = words ? data.readInt16BE(at + 4) : data.readInt8(at + 4);
    const dy = words ? data.readInt16BE(at + 6) : data.readInt8(at + 5);
    at += words ? 8 : 6;
    const values = (flags & 0x80) !== 0 ? 4 : (flags & 0x40) !== 0 ? 2 : (flags & 0x08) !== 0 ? 1 : 0;
    const scales = Array.from({ length: values }, (_, index) => data.readInt16BE(at + index * 2) / 16384);
    at += values * 2;
    const [xx, xy, yx, yy] = matrixOf(scales);
    for (const contour of part) {
      contours.push(
        contour.map(({ x, y, onCurve }) => ({ x: x * xx + y * yx + dx, y: x * xy + y * yy + dy, onCurve })),
      );
    }
  }
  return contours;
}

function matrixOf(scales: readonly number[]): [xx: number, xy: number, yx: number, yy: number] {
  const [first = 1, second = first, third = 0, fourth = 0] = scales;
  return scales.length === 4 ? [first, second, third, fourth] : [first, 0, 0, second];
}

function readSimple(data: Buffer, contourCount: number): OutlinePoint[][] {
  const ends = Array.from({ length: contourCount }, (_, index) => data.readUInt16BE(10 + index * 2));
  const pointCount = (ends[contourCount - 1] ?? -1) + 1;
  let at = 10 + contourCount * 2;
  at += 2 + data.readUInt16BE(at);
  const flags: number[] = [];
  while (flags.length < pointCount) {
    const flag = data.readUInt8(at++);
    const repeats = (flag & 8) !== 0 ? data.readUInt8(at++) : 0;
    flags.push(...new Array<number>(repeats + 1).fill(flag));
  }
  const readAxis = (short: number, same: number): number[] => {
    let value = 0;
    return flags.map(flag => {
      if ((flag & short) !== 0) {
        value += (flag & same) !== 0 ? data.readUInt8(at) : -data.readUInt8(at);
        at += 1;
      } else if ((flag & same) === 0) {
        value += data.readInt16BE(at);
        at += 2;
      }
      return value;
    });
  };
  const xs = readAxis(2, 16);
  const ys = readAxis(4, 32);
  const points = flags.map((flag, index) => ({ x: xs[index]!, y: ys[index]!, onCurve: (flag & 1) !== 0 }));
  return ends.map((end, index) => points.slice(index === 0 ? 0 : ends[index - 1]! + 1, end + 1));
}

/** Between two control points lies a point of the curve that the file leaves out. */
function segmentsOf(points: readonly OutlinePoint[]): Contour {
  const full: OutlinePoint[] = [];
  points.forEach((point, index) => {
    const next = points[(index + 1) % points.length]!;
    full.push(point);
    if (!point.onCurve && !next.onCurve) {
      full.push({ x: (point.x + next.x) / 2, y: (point.y + next.y) / 2, onCurve: true });
    }
  });
  const first = full.findIndex(point => point.onCurve);
  const ring = [...full.slice(first), ...full.slice(0, first), full[first]!];
  const segments: Segment[] = [];
  for (let index = 1; index < ring.length; index++) {
    const from = ring[index - 1]!;
    const to = ring[index]!;
    if (!from.onCurve) {
      continue;
    }
    const end = to.onCurve ? to : ring[index + 1]!;
    segments.push([[from.x, from.y], to.onCurve ? undefined : [to.x, to.y], [end.x, end.y]]);
  }
  return segments;
}
