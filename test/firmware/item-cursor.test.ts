/** Items one by one through a window, whatever their length and wherever the windows end. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { atItemsEnd, nextItem, openItems } from "../../firmware/item-cursor";
import { lineBytesMax, windowBytes } from "../../firmware/limits";
import { type Bytes, bytesOf, concat, repeatByte, slice } from "../../protocol/bytes";
import { cborBytes, cborUint } from "../../protocol/cbor-write";
import { createRandom } from "../random";

const test = suite("item cursor");
const before = bytesOf(1, 2, 3);

function open(items: readonly Bytes[]): ReturnType<typeof openItems> {
  const bytes = concat([before, ...items]);
  const readAt = (offset: number, length: number): Bytes => {
    assert.ok(length > 0 && length <= windowBytes, "no more than a window at once");
    return slice(bytes, offset, offset + length);
  };
  return openItems(readAt, before.length, bytes.length);
}

test("items of every length come out as they went in", () => {
  const random = createRandom(3);
  for (let round = 0; round < 200; round++) {
    const items = Array.from({ length: random.below(12) }, () => cborBytes(random.bytes(random.below(900))));
    const cursor = open(items);
    for (const [index, item] of items.entries()) {
      assert.ok(nextItem(cursor) === item);
      assert.is(atItemsEnd(cursor), index === items.length - 1);
    }
    assert.is(nextItem(cursor), undefined);
    assert.ok(atItemsEnd(cursor));
  }
});

test("an item that ends where a window ends is whole", () => {
  for (const rest of [-1, 0, 1]) {
    const item = cborBytes(repeatByte(7, windowBytes - 3 + rest));
    const cursor = open([item, cborUint(5)]);
    assert.ok(nextItem(cursor) === item);
    assert.ok(nextItem(cursor) === cborUint(5));
  }
});

test("an item that is too long or cut off does not come out, and stays there", () => {
  const long = open([cborBytes(repeatByte(7, lineBytesMax + windowBytes)), cborUint(5)]);
  const cut = open([cborUint(5), bytesOf(0x43, 1, 2)]);
  assert.ok(nextItem(cut) === cborUint(5));
  for (const cursor of [long, cut]) {
    assert.is(nextItem(cursor), undefined);
    assert.is(nextItem(cursor), undefined);
    assert.not(atItemsEnd(cursor));
  }
});

test.run();
