/** protocol/bytes over both machines' platform: the same bytes come out. */

import type { Hash } from "../../hal/hash";
import { assert } from "../../protocol/assert";
import { byteAt, bytesOf, concat, emptyBytes, indexOf, packBytes, repeatByte, slice, utf8 } from "../../protocol/bytes";

function allValues(): number[] {
  const values: number[] = [];
  for (let value = 0; value < 256; value++) values.push(value);
  return values;
}

export const cases = [
  {
    name: "every byte value survives packing, slicing and joining",
    run: () => {
      const bytes = packBytes(allValues());
      assert(bytes.length === 256, "each value is one byte");
      for (let value = 0; value < 256; value++) assert(byteAt(bytes, value) === value, "a byte keeps its value");
      assert(concat([slice(bytes, 0, 128), slice(bytes, 128, 256)]) === bytes, "halves join");
    },
  },
  {
    name: "text becomes UTF-8: «Чек» has six bytes, ₸ three",
    run: () => {
      assert(utf8("Чек").length === 6, "two bytes for each Cyrillic letter");
      assert(utf8("₸") === bytesOf(0xe2, 0x82, 0xb8), "U+20B8 takes three bytes");
    },
  },
  {
    name: "searching finds zero bytes and special characters as they are",
    run: () => {
      const bytes = bytesOf(1, 0, 37, 46, 0, 42);
      assert(indexOf(bytes, bytesOf(0, 42), 0) === 4, "the needle begins at 4");
      assert(indexOf(bytes, bytesOf(37, 46), 0) === 2, "%. is no pattern");
      assert(indexOf(bytes, bytesOf(9), 0) === -1, "what is not there is not found");
      assert(repeatByte(0xff, 3) === bytesOf(255, 255, 255), "copies of one byte");
    },
  },
  {
    name: "the host's SHA-256 answers FIPS 180-4's empty message",
    run: (hash: Hash) => {
      const digest = hash.digest(hash.open());
      assert(digest.length === 32, "a digest has 32 bytes");
      assert(slice(digest, 0, 4) === bytesOf(0xe3, 0xb0, 0xc4, 0x42), "SHA-256 of nothing begins e3b0c442");
      assert(emptyBytes.length === 0, "nothing is empty");
    },
  },
];
