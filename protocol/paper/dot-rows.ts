/** Rows of dots: eight a byte, the highest bit on the left, 1 black. */
import { type Bytes, byteAt, concat, packBytes, repeatByte, slice } from "../bytes";

/** Writes one row of `widthDots` from the left; what is too much is cut off, what is missing stays white. */
export interface RowWriter {
  /** White dots. */
  readonly skip: (dots: number) => void;
  /** The `count` lowest bits of a value, at most 16, the highest first, each `times` times. */
  readonly bits: (value: number, count: number, times: number) => void;
  readonly done: () => Bytes;
}

export function createRowWriter(widthDots: number): RowWriter {
  const bytes: number[] = [];
  let open = 0;
  let openBits = 0;

  function push(value: number, count: number): void {
    open = open * powersOfTwo[count]! + value;
    openBits += count;
    while (openBits >= 8) {
      openBits -= 8;
      const rest = powersOfTwo[openBits]!;
      bytes.push(Math.floor(open / rest));
      open %= rest;
    }
  }
  function bits(value: number, count: number, times: number): void {
    if (times === 1) {
      push(value, count);
      return;
    }
    for (let bit = count - 1; bit >= 0; bit--) {
      const dot = Math.floor(value / powersOfTwo[bit]!) % 2;
      for (let time = 0; time < times; time++) {
        push(dot, 1);
      }
    }
  }
  return {
    skip(dots) {
      for (let left = dots; left > 0; left -= 8) {
        push(0, Math.min(8, left));
      }
    },
    bits,
    done() {
      const widthBytes = widthDots / 8;
      push(0, (8 - openBits) % 8);
      const row = packBytes(bytes);
      return row.length >= widthBytes
        ? slice(row, 0, widthBytes)
        : concat([row, repeatByte(0, widthBytes - row.length)]);
    },
  };
}

const powersOfTwo: readonly number[] = [
  1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536,
];

/** The first `count` dots of a row, one number a dot. */
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

/** A picture's bytes as rows. */
export function splitRows(data: Bytes, widthBytes: number): Bytes[] {
  const rows: Bytes[] = [];
  for (let from = 0; widthBytes > 0 && from + widthBytes <= data.length; from += widthBytes) {
    rows.push(slice(data, from, from + widthBytes));
  }
  return rows;
}
