/** Receipts at the edges of what may be sold, on the whole module in Node and in Lua: each is sold, or refused with a code. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { amountMax, salesMax } from "../../firmware/limits";
import { emulatorGeometry, testGeometry } from "../../hal/sim/geometry";
import { readReceiptRequest } from "../../host/register/receipt-request";
import { RequestRefusal } from "../../host/register/shape";
import type { Machine } from "../cuts/machine";
import { createMachine, machines as machineNames } from "../cuts/plan";
import { fifteenLines, oneLine } from "../cuts/receipts";
import { openShop, type Shop, trySell } from "../cuts/shop";

const test = suite<{ machines: readonly Machine[] }>("hard receipts");
test.before(async context => {
  context.machines = await Promise.all(machineNames.map(createMachine));
});
test.after(({ machines = [] }) => {
  for (const machine of machines) machine.close();
});

/** "online", or the code of the refusal. */
function sell(shop: Shop, key: string, body: object): string {
  try {
    const { upload, lines } = readReceiptRequest({ operation: "sale", ...body });
    const said = trySell(shop, { key, receipt: { bytes: upload, lines } });
    return said instanceof Error ? said.code : said.answer.outcome;
  } catch (error) {
    if (error instanceof RequestRefusal) return `at the door: ${error.refusal.code}`;
    throw error;
  }
}

const line = (price: number, more: object = {}): object => ({ name: "Сүт", quantity: "1", price, vat: "16", ...more });
const off = (sum: number): object => ({ name: "Карта", sum });
const cash = (sum: number): object => ({ payments: [{ kind: "cash", sum }] });

const edges: readonly (readonly [name: string, body: object, said: string])[] = [
  ["a free line", { lines: [line(0)], ...cash(0) }, "online"],
  ["a line that is given away", { lines: [line(100, { discount: off(100) }), line(5000)], ...cash(5000) }, "online"],
  ["a thousandth of a tiyn", { lines: [line(1, { quantity: "0.001" })], ...cash(0) }, "online"],
  ["two lines, all of it off", { lines: Array(2).fill(line(10000)), discount: off(20000), ...cash(0) }, "online"],
  ["ten lines, nearly all off", { lines: Array(10).fill(line(10000)), discount: off(99990), ...cash(10) }, "online"],
  ["a markup on nothing", { lines: [line(0)], markup: off(100), ...cash(100) }, "FIELD_INVALID"],
  [
    "a gift at another rate, and a card discount",
    { lines: [line(10000), line(500, { vat: "5", discount: off(500) })], discount: off(1000), ...cash(9000) },
    "online",
  ],
];

test("a register whose sums are nearly 2^53 tiyn sells no more, closes its shift and says how much it was", ({
  machines,
}) => {
  const shop = openShop(emulatorGeometry, machines[0]!);
  const dearest = { lines: Array(5).fill(line(amountMax / 5)), ...cash(amountMax) };
  let sold = 0;
  let said = "online";
  while (said === "online" && sold < 1000) {
    said = sell(shop, `dear ${sold}`, dearest);
    if (said === "online") sold += 1;
    if (sold % 20 === 0) shop.signIn();
  }
  shop.rest();
  assert.equal([said, sold], ["AMOUNT_TOO_LARGE", salesMax / amountMax + 1]);
  assert.ok(sold * amountMax < Number.MAX_SAFE_INTEGER);
  shop.closeShift();
  assert.is(shop.status().shift.open, false);
});

for (const [index, name] of machineNames.entries()) {
  test(`${name}: sums of zero and discounts of everything are sold, and the operator agrees`, ({ machines }) => {
    const shop = openShop(testGeometry, machines[index]!);
    assert.equal(
      edges.map(([edge, body]) => [edge, sell(shop, edge, body)]),
      edges.map(([edge, , said]) => [edge, said]),
    );
  });

  test(`${name}: a line that is as long as it may be reads back, a longer one is refused`, ({ machines }) => {
    const shop = openShop(testGeometry, machines[index]!);
    const said = new Set<string>();
    const discount = { name: "d".repeat(200), sum: 1 };
    for (let letters = 1; letters <= 256; letters += 5) {
      const markings = Array.from({ length: 10 }, (_, code) => `${code}`.padEnd(256, "m"));
      const long = { name: { kk: "n".repeat(512), ru: "r".repeat(512) }, markings, productId: "p".repeat(letters) };
      said.add(sell(shop, `${letters}`, { lines: [line(65000, { ...long, discount })], ...cash(64999) }));
    }
    assert.equal([...said].sort(), ["DOCUMENT_TOO_LARGE", "at the door: FIELD_INVALID", "online"]);
    shop.reboot();
    shop.signIn();
    assert.is(shop.sell({ key: "after", receipt: oneLine }).answer.outcome, "online");
  });
}

test("after a restart and a sale, the operator's signs of receipts delivered late are still found", ({ machines }) => {
  const shop = openShop(testGeometry, machines[0]!);
  shop.link = false;
  const keys = Array.from({ length: 8 }, (_, number) => `late ${number}`);
  for (const key of keys) shop.sell({ key, receipt: oneLine });
  shop.link = true;
  shop.rest();
  shop.reboot();
  shop.signIn();
  shop.sell({ key: "long", receipt: fifteenLines });
  assert.equal(
    keys.filter(key => shop.lookup(key)?.live?.ofdSign === undefined),
    [],
  );
});

test.run();
