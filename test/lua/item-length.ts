/** How long a CBOR item is: the tests' way to ask what skipItem reads over. */
import type { Bytes } from "../../protocol/bytes";
import { createReader, skipItem } from "../../protocol/cbor-read";

/** The whole length of the item at `offset`; undefined when it is malformed or does not end inside `bytes`. */
export function itemLength(bytes: Bytes, offset: number): number | undefined {
  const reader = createReader(bytes);
  reader.offset = offset;
  return skipItem(reader) ? reader.offset - offset : undefined;
}
