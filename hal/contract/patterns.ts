/** Bytes to write and to look for again. */
import { type Bytes, packBytes } from "../../protocol/bytes";

/** `lengthBytes` bytes; the value of each from its place. */
export function bytesBy(lengthBytes: number, valueAt: (this: void, index: number) => number): Bytes {
  const values: number[] = [];
  for (let index = 0; index < lengthBytes; index++) {
    values.push(valueAt(index));
  }
  return packBytes(values);
}
