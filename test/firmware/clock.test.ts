/** A clock that has lost its time (item 42): the whole module in Node, virtual time. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { clockAheadMaxS } from "../../firmware/limits";
import { start } from "../../firmware/start";
import { testGeometry } from "../../hal/sim/geometry";
import { createNodeMachine, type Machine } from "../cuts/machine";
import { oneLine } from "../cuts/receipts";
import { openShop, type Shop, trySell } from "../cuts/shop";

interface Context {
  shop: Shop;
  /** The battery of the clock is empty. */
  loseTime(): void;
  lastUtcS: number;
}
const test = suite<Context>("the clock");

test.before.each(context => {
  let isLost = false;
  const node = createNodeMachine(start);
  const machine: Machine = {
    ...node,
    boot({ clock, ...hal }) {
      const losing: typeof clock = {
        ...clock,
        utcS: () => (isLost ? undefined : clock.utcS()),
        setUtcS: utcS => {
          isLost = false;
          clock.setUtcS(utcS);
        },
      };
      node.boot({ ...hal, clock: losing });
    },
  };
  context.shop = openShop(testGeometry, machine);
  context.loseTime = () => {
    isLost = true;
  };
  context.lastUtcS = context.shop.sell({ key: "first", receipt: oneLine }).answer.utcS;
  context.shop.rest();
});

const sells = (shop: Shop, key: string): string => {
  const said = trySell(shop, { key, receipt: oneLine });
  return said instanceof Error ? said.code : "sold";
};
const blocks = (shop: Shop): string[] => shop.status().blocks.map(({ code }) => code);

test("a clock that runs is not set", ({ shop, lastUtcS }) => {
  assert.equal([shop.setClock(lastUtcS + 100, false), shop.setClock(lastUtcS + 100, true)], [false, false]);
});

test("a lost clock stops the sales; it is set from the last document's time on, and not a second before", context => {
  const { shop, lastUtcS } = context;
  context.loseTime();
  assert.equal([sells(shop, "second"), blocks(shop)], ["CLOCK_UNSET", ["CLOCK_UNSET"]]);
  assert.is(shop.setClock(lastUtcS - 1, true), false);
  assert.is(shop.setClock(lastUtcS, false), true);
  assert.equal([sells(shop, "second"), blocks(shop)], ["sold", []]);
});

test("a clock behind the last document stops the sales, is told of, and may be set", ({ shop, lastUtcS }) => {
  shop.board.setTime(lastUtcS - 3600);
  assert.equal([sells(shop, "second"), blocks(shop)], ["CLOCK_UNSET", ["CLOCK_UNSET"]]);
  assert.is(shop.setClock(lastUtcS + 60, false), true);
  assert.equal([sells(shop, "second"), blocks(shop)], ["sold", []]);
});

test("before the first receipt the fiscalization's time counts", () => {
  let isLost = false;
  const node = createNodeMachine(start);
  const boot: Machine["boot"] = ({ clock, ...hal }) =>
    node.boot({ ...hal, clock: { ...clock, utcS: () => (isLost ? undefined : clock.utcS()) } });
  const shop = openShop(testGeometry, { ...node, boot });
  const fiscalizedUtcS = shop.board.nowS();
  isLost = true;
  assert.is(shop.setClock(fiscalizedUtcS - 3600, true), false);
  assert.is(shop.setClock(fiscalizedUtcS + 2 * clockAheadMaxS, false), false);
  assert.is(shop.setClock(fiscalizedUtcS + 60, false), true);
});

test("a lost clock is set more than a day ahead only by who is signed in", context => {
  const { shop, lastUtcS } = context;
  context.loseTime();
  assert.is(shop.setClock(lastUtcS + clockAheadMaxS + 1, false), false);
  assert.is(shop.setClock(lastUtcS + 40 * clockAheadMaxS, true), true);
  shop.signIn();
  assert.is(sells(shop, "second"), "sold");
});

test.run();
