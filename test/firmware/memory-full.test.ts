/**
 * A full log (design §5 "Space"): the sale is refused with what is free and what it needs, and everything that settles what
 * was sold still fits. The whole module in Node on a ring of 128 KB, virtual time.
 */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { reconnectMs, retentionS } from "../../firmware/limits";
import { start } from "../../firmware/start";
import type { Facts } from "../../protocol/refusals";
import { readLog } from "../cuts/log";
import { createNodeMachine } from "../cuts/machine";
import { refuseFrame } from "../cuts/operator";
import { fifteenLines } from "../cuts/receipts";
import { ringGeometry } from "../cuts/ring";
import { openShop, Refused, type Shop, trySell } from "../cuts/shop";

const test = suite<{ shop: Shop }>("a full log");
const receiptsMax = 100;

test.before.each(context => {
  context.shop = openShop(ringGeometry, createNodeMachine(start));
});

/** Sells until the log is full; how many were sold, and what the refusal said. */
function fill(shop: Shop): { sold: number; facts: Facts } {
  for (let sold = 0; sold < receiptsMax; sold++) {
    const said = trySell(shop, { key: `receipt ${sold}`, receipt: fifteenLines });
    if (!(said instanceof Error)) continue;
    if (said.code === "MEMORY_FULL") return { sold, facts: said.facts };
    throw new Refused(said);
  }
  throw new Error("128 KB are full one day");
}

test("a full log refuses the sale with what is free and what it needs, and uses no number", ({ shop }) => {
  const { sold, facts } = fill(shop);
  assert.ok(sold > 10, `${sold} receipts`);
  assert.ok(Number(facts.freeBytes) < Number(facts.neededBytes), JSON.stringify(facts));
  const last = shop.lookup(`receipt ${sold - 1}`);
  assert.is(last?.number, sold);
  shop.reboot();
  shop.signIn();
  assert.is(fill(shop).sold, sold, "after a restart too: what was sold is found, the next is refused");
});

test("with a full log the last paper comes out, the shift is closed and the log is exported", ({ shop }) => {
  const { sold } = fill(shop);
  shop.rest();
  assert.is(shop.lookup(`receipt ${sold - 1}`)?.live?.printed, "yes");
  shop.closeShift();
  assert.is(shop.status().shift.open, false);
  const { firstSeq } = shop.oldestRecord();
  const items = readLog(shop, firstSeq);
  assert.ok(shop.exportTrailer(items.length, "h".repeat(32) as never, firstSeq + items.length - 1).length > 0);
});

test("a stop that came with the last receipt that fitted is lifted by the operator's 0", ({ shop }) => {
  const { sold } = fill(shop);
  const other = openShop(ringGeometry, createNodeMachine(start));
  for (let index = 0; index < sold - 1; index++) other.sell({ key: `receipt ${index}`, receipt: fifteenLines });
  other.rest();
  other.answerWith = frame => refuseFrame(frame, 15, "blocked");
  assert.is(other.sell({ key: "last", receipt: fifteenLines }).answer.outcome, "refused");
  other.answerWith = undefined;
  other.board.wait(reconnectMs);
  while (other.carry());
  assert.equal(other.status().blocks, []);
});

test("an operator that blocks and unblocks a thousand times takes no room that the shift needs", ({ shop }) => {
  const { sold } = fill(shop);
  shop.rest();
  const { usedBytes } = shop.status().memory;
  for (let count = 0; count < 1000; count++) {
    shop.answerWith = count % 2 === 0 ? frame => refuseFrame(frame, 15, "") : undefined;
    shop.board.wait(reconnectMs);
    shop.carry();
  }
  assert.is(shop.status().memory.usedBytes, usedBytes);
  shop.reboot();
  shop.signIn();
  assert.is(shop.lookup(`receipt ${sold - 1}`)?.number, sold);
  shop.closeShift();
});

test("a log that is full of autonomous receipts is delivered whole, and sells again when they are old", ({ shop }) => {
  shop.link = false;
  const { sold } = fill(shop);
  assert.is(shop.status().queue.length, sold);
  shop.link = true;
  shop.rest();
  assert.is(shop.status().queue.length, 0);
  assert.is(shop.world().operator.tickets.length, sold);
  shop.closeShift();
  // What was reserved for their delivery is free now; nothing young is given up for more.
  const more = fill(shop).sold;
  assert.ok(more > sold, `${sold}, then ${more} receipts`);
  assert.is(shop.oldestRecord().firstSeq, 1);
  shop.board.setTime(shop.board.nowS() + retentionS);
  assert.is(shop.sell({ key: `receipt ${more}`, receipt: fifteenLines }).number, more + 1);
  assert.ok(shop.oldestRecord().firstSeq > 1);
});

test.run();
