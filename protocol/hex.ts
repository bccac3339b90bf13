/** Hexadecimal: two lower-case digits a byte, as fingerprints, hashes and test vectors are written. */
import { assert } from "./assert";
import { type Bytes, byteAt, packBytes } from "./bytes";

const digits = "0123456789abcdef";
const digitCode = (value: number): number => (value < 10 ? 48 + value : 87 + value);

export function toHex(bytes: Bytes): string {
  const parts: number[] = [];
  for (let index = 0; index < bytes.length; index++) {
    const value = byteAt(bytes, index);
    parts.push(digitCode(Math.floor(value / 16)), digitCode(value % 16));
  }
  return packBytes(parts);
}

/** Bytes of an even number of digits of either case; spaces between them are skipped. For constants: it asserts. */
export function fromHex(hex: string): Bytes {
  const values: number[] = [];
  let high = -1;
  for (let index = 0; index < hex.length; index++) {
    const character = hex.substring(index, index + 1);
    if (character === " ") {
      continue;
    }
    const digit = digits.indexOf(character.toLowerCase());
    assert(digit >= 0, "hex has only hexadecimal digits");
    if (high < 0) {
      high = digit;
    } else {
      values.push(high * 16 + digit);
      high = -1;
    }
  }
  assert(high < 0, "hex has an even number of digits");
  return packBytes(values);
}
