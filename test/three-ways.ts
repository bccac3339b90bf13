/** Every way to cut a byte string into three: a parser must not care. */
import { type Bytes, slice } from "../protocol/bytes";

export function cutInThree(bytes: Bytes, check: (pieces: readonly [Bytes, Bytes, Bytes]) => void): void {
  for (let first = 0; first <= bytes.length; first++) {
    for (let second = first; second <= bytes.length; second++) {
      check([slice(bytes, 0, first), slice(bytes, first, second), slice(bytes, second, bytes.length)]);
    }
  }
}
