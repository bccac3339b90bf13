/** What every Hash must do (hal/hash.ts). */
import { type Bytes, slice, utf8 } from "../../protocol/bytes";
import { toHex } from "../../protocol/hex";
import type { Hash } from "../hash";
import type { ContractCase } from "./contract";
import { expectEqual } from "./expect";
import { bytesBy } from "./patterns";

/** FIPS 180-4, "Secure Hash Standard", and its examples at csrc.nist.gov. */
const vectors: readonly (readonly [text: string, sha256: string])[] = [
  ["", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
  ["abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
  [
    "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
  ],
];

/** 300 bytes that go through all values: byte n is 7 n mod 256. */
const longBytes = 300;
const longSha256 = "9a76b8af8f16f19d60de2b3999c22f9d10be4395c90ea3bfc5eb6cd6254243af";
const cuts: readonly number[] = [0, 1, 55, 56, 63, 64, 65, 128, 299];

const openMax = 8;
/** SHA-256 of "0" to "7". */
const digitSha256: readonly string[] = [
  "5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9",
  "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b",
  "d4735e3a265e16eee03f59718b9b5d03019c07d8b6c51f90da3a666eec13ab35",
  "4e07408562bedb8b60ce05c1decfe3ad16b72230967de01f640b7e4729b49fce",
  "4b227777d4dd1fc61c6f884f48641d02b4d121d3fd328cb08b5531fcacdabf8a",
  "ef2d127de37b942baad06145e54b0c619a1f22327b2ebbcfbec78f5564afe39d",
  "e7f6c011776e8db7cd330b54174fd76f7d0216b612387a5ffcfb81e6f0919683",
  "7902699be42c8a8e46fbbb4501726517e86b22c56a189f7625a6da49081b2451",
];

/** SHA-256 of pieces, each within a call. */
export function sha256Of(hash: Hash, pieces: readonly Bytes[]): Bytes {
  const handle = hash.open();
  for (const piece of pieces) {
    hash.update(handle, piece);
  }
  return hash.digest(handle);
}

export const hashCases: readonly ContractCase[] = [
  {
    name: "hash: SHA-256 of the examples of FIPS 180-4",
    run: ({ hash }) => {
      for (const [text, sha256] of vectors) {
        expectEqual(toHex(sha256Of(hash, [utf8(text)])), sha256, `SHA-256 of "${text}"`);
      }
      return undefined;
    },
  },
  {
    name: "hash: pieces of any size make the digest of the whole, zero and high bytes too",
    run: ({ hash, board }) => {
      const whole = bytesBy(longBytes, index => (index * 7) % 256);
      for (const cut of cuts) {
        const pieces: Bytes[] = [slice(whole, 0, Math.min(cut, board.callBytesMax))];
        for (let done = pieces[0]!.length; done < longBytes; done += board.callBytesMax) {
          pieces.push(slice(whole, done, Math.min(longBytes, done + board.callBytesMax)));
        }
        expectEqual(toHex(sha256Of(hash, pieces)), longSha256, `cut after ${cut} bytes`);
      }
      return undefined;
    },
  },
  {
    name: "hash: eight are open at once and do not mix, and eight again",
    run: ({ hash }) => {
      for (let round = 0; round < 2; round++) {
        const handles: number[] = [];
        for (let index = 0; index < openMax; index++) {
          handles.push(hash.open());
        }
        for (let index = 0; index < openMax; index++) {
          hash.update(handles[index]!, utf8(`${index}`));
        }
        for (let index = openMax - 1; index >= 0; index--) {
          expectEqual(toHex(hash.digest(handles[index]!)), digitSha256[index]!, `hash ${index} of eight`);
        }
      }
      return undefined;
    },
  },
];
