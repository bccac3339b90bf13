/** Rows of dots: eight a byte, the highest bit on the left, 1 black; unpacked, one number a dot. */
import { type Bytes, byteAt, packBytes, slice } from "../bytes";

export function packDots(dots: readonly number[]): Bytes {
  const bytes: number[] = [];
  for (let from = 0; from < dots.length; from += 8) {
    let byte = 0;
    for (let dot = from; dot < from + 8; dot++) {
      byte = byte * 2 + (dots[dot] ?? 0);
    }
    bytes.push(byte);
  }
  return packBytes(bytes);
}

/** The first `count` dots of a row. */
export function unpackDots(row: Bytes, count: number): number[] {
  const dots: number[] = [];
  for (let index = 0; dots.length < count; index++) {
    const byte = byteAt(row, index);
    for (let mask = 128; mask >= 1 && dots.length < count; mask = Math.floor(mask / 2)) {
      dots.push(Math.floor(byte / mask) % 2);
    }
  }
  return dots;
}

/** The `count` lowest bits of a value, the highest first. */
export function bitsOf(value: number, count: number): number[] {
  const bits: number[] = [];
  let rest = value;
  for (let index = 0; index < count; index++) {
    bits.push(rest % 2);
    rest = Math.floor(rest / 2);
  }
  return bits.reverse();
}

/** Each dot `times` times. */
export function widened(dots: readonly number[], times: number): number[] {
  const wide: number[] = [];
  for (const dot of dots) {
    for (let time = 0; time < times; time++) {
      wide.push(dot);
    }
  }
  return wide;
}

/** The dots behind `left` white ones, in a row of `widthDots`; what is too much is cut off on the right. */
export function placed(dots: readonly number[], left: number, widthDots: number): Bytes {
  const row: number[] = [];
  for (let x = 0; x < widthDots; x++) {
    row.push(dots[x - left] ?? 0);
  }
  return packDots(row);
}

/** A picture's bytes as rows. */
export function splitRows(data: Bytes, widthBytes: number): Bytes[] {
  const rows: Bytes[] = [];
  for (let from = 0; widthBytes > 0 && from + widthBytes <= data.length; from += widthBytes) {
    rows.push(slice(data, from, from + widthBytes));
  }
  return rows;
}
