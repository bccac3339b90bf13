/** Chance by seed (Park and Miller's generator): the same seed gives the same values, on every machine. */
import { type Bytes, packBytes } from "../protocol/bytes";

export interface Random {
  /** A whole number 0 … `limit` − 1; `limit` up to 2^53. */
  below(limit: number): number;
  /** Mostly small, sometimes large: numbers of every length get their turn. */
  uint(): number;
  bytes(lengthBytes: number): Bytes;
  pick<Item>(items: readonly Item[]): Item;
}

const modulus = 2147483647;

export function createRandom(seed: number): Random {
  let state = (seed % (modulus - 1)) + 1;
  const step = (): number => {
    state = (state * 48271) % modulus;
    return state - 1;
  };
  const below = (limit: number): number => {
    if (limit <= modulus - 1) {
      return step() % limit;
    }
    return ((step() % 8388608) * 1073741824 + (step() % 1073741824)) % limit;
  };
  const bytes = (lengthBytes: number): Bytes => {
    const values: number[] = [];
    for (let index = 0; index < lengthBytes; index++) {
      values.push(below(256));
    }
    return packBytes(values);
  };
  return {
    below,
    uint: () => below([24, 256, 65536, 4294967296, 9007199254740992][below(5)]!),
    bytes,
    pick: items => items[below(items.length)]!,
  };
}
