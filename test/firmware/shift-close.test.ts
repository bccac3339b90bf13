/** Closing a shift, and the power fails on the way: the whole module in Node, virtual time. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { start } from "../../firmware/start";
import { nextZ, readZ } from "../../firmware/z-area";
import { type Geometry, testGeometry } from "../../hal/sim/geometry";
import { decodeMap, getBytes, getUint } from "../../protocol/cbor-read";
import { mapOfRecord, readItem } from "../../protocol/journal-read";
import { shiftCloseKey } from "../../protocol/records";
import { readLog } from "../cuts/log";
import { createNodeMachine } from "../cuts/machine";
import { oneLine } from "../cuts/receipts";
import { ringGeometry, sellUnlessFull } from "../cuts/ring";
import { openShop, type Shop } from "../cuts/shop";
import { callWords, type Point, watch } from "../cuts/watch";

const test = suite("closing a shift");
const dayS = 86_400;

/** What a Z record and its control record both say. */
interface Close {
  readonly sequence: number;
  readonly shift: number | undefined;
  readonly counter: number | undefined;
  readonly overall: string | undefined;
}

function closesInLog(shop: Shop): Close[] {
  return readLog(shop, shop.oldestRecord().firstSeq).flatMap(bytes => {
    const item = readItem(bytes);
    if (item?.kind !== "record" || item.typeName !== "shiftClose") return [];
    return [closeOf(decodeMap(mapOfRecord(item))!, item.sequence)];
  });
}

/** Slots of the z area, oldest first. */
function closesInControl({ board }: Shop): Close[] {
  const { callBytesMax } = board.hal().board;
  const closes: Close[] = [];
  for (let slot = nextZ(board.z, callBytesMax, 0); slot !== undefined; ) {
    const map = decodeMap(readZ(board.z, callBytesMax, slot))!;
    closes.push(closeOf(map, getUint(map, shiftCloseKey.documentNumber) ?? 0));
    slot = nextZ(board.z, callBytesMax, slot + 1);
  }
  return closes;
}

const closeOf = (map: NonNullable<ReturnType<typeof decodeMap>>, sequence: number): Close => ({
  sequence,
  shift: getUint(map, shiftCloseKey.shift),
  counter: getUint(map, shiftCloseKey.counter),
  overall: getBytes(map, shiftCloseKey.overall),
});

/** A shop that has closed two shifts and sold one receipt more, and every call that closing the third one makes. */
function thirdClose(geometry: Geometry): { shop: Shop; points: Point[] } {
  const shop = openShop(geometry, createNodeMachine(start));
  for (let shift = 1; shift <= 3; shift++) {
    shop.sell({ key: `shift ${shift}`, receipt: oneLine });
    shop.rest();
    if (shift < 3) shop.closeShift();
  }
  return { shop, points: watch(shop, 0, () => shop.closeShift()) };
}

test("wherever the power fails, each Z record has its control record, and the element one step for each", () => {
  const { shop, points } = thirdClose(testGeometry);
  assert.ok(points.length > 15, `${points.length} calls`);
  for (const { world, call } of points) {
    shop.enter(world, `without power before ${callWords(call)}`);
    shop.boot();
    shop.signIn();
    assert.equal(closesInControl(shop), closesInLog(shop), callWords(call));
    if (shop.status().shift.open) shop.closeShift();
    const closes = closesInLog(shop);
    assert.equal(closesInControl(shop), closes, callWords(call));
    assert.equal(
      closes.map(({ shift, counter }) => [shift, counter]),
      [1, 2, 3].map(number => [number, number]),
      callWords(call),
    );
    assert.is(shop.board.hal().secureElement.counter(), 3);
  }
});

test("a ring that wraps after a closing was cut short keeps what the next start reads", () => {
  const { shop, points } = thirdClose(ringGeometry);
  const checkpoints = points.filter(({ call }) => call.kind === "erase" && call.part === "state");
  assert.ok(checkpoints.length > 0, "closing writes a checkpoint");
  shop.enter(checkpoints[0]!.world, "without its checkpoint");
  shop.boot();
  shop.signIn();
  shop.board.setTime(shop.board.nowS() + 31 * dayS);
  let sold = 0;
  while (sellUnlessFull(shop, { key: `day 31, ${sold}`, receipt: oneLine })) {
    sold += 1;
    if (sold % 10 === 0) shop.rest();
  }
  assert.ok(sold > 100, `${sold} receipts`);
  shop.rest();
  shop.reboot();
  assert.equal([shop.status().state, shop.status().blocks], ["ready", []]);
});

test.run();
