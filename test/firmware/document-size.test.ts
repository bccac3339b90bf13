/** Receipts of unusual size in the whole module: long heads, many lines, and the heap that they need. */
import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { start } from "../../firmware/start";
import { createSimHal } from "../../hal/sim/sim-board";
import { startImage } from "../../hal/vm/hal-bridge";
import { ensureBuilt } from "../../host/build/image";
import { readReceiptRequest } from "../../host/register/receipt-request";
import { createSimShop, openSimShop, receiptOf, type SimShop } from "../bench/sim-shop";

const test = suite("document size");

function openShop(): SimShop {
  const shop = createSimShop({}, board => start(board.hal));
  shop.fiscalize();
  shop.signIn();
  return shop;
}

test("a head longer than what is read of it at first is sold, printed and delivered", () => {
  const long = "Ұзын".repeat(31);
  const receipt = readReceiptRequest({
    operation: "sale",
    lines: [{ name: "Нан", quantity: "1", price: 100_000, vat: "16" }],
    discount: { name: long, sum: 1000 },
    payments: [
      { kind: "card", sum: 90_000, rrn: "123456789012345", terminal: long, cardType: long, authCode: "123456789" },
      { kind: "cash", sum: 9000 },
    ],
    buyer: { iinBin: "260140888882", email: `${"a".repeat(240)}@example.kz`, phone: "7".repeat(20) },
  });
  const shop = openShop();
  assert.is(shop.sell(receipt, "online").outcome, "online");
  shop.isOfdThere = false;
  assert.is(shop.sell(receipt, "alone").outcome, "autonomous");
  shop.isOfdThere = true;
  shop.drain();
  assert.is(shop.queueLength(), 0);
});

test("with 500 lines the image starts, sells and prints within the heap of 15, 448 KB", async () => {
  const { image: file } = await ensureBuilt();
  const board = createSimHal();
  const limits = { memoryMaxBytes: 448 * 1024, stepTimeoutMs: 4000 };
  const image = await startImage({ image: readFileSync(file), hal: board.hal, ...limits });
  try {
    const shop = openSimShop(board, () => image.tick() as number);
    shop.fiscalize();
    shop.signIn();
    for (const lines of [15, 500]) assert.is(shop.sell(receiptOf(lines), `${lines} lines`).outcome, "online");
  } finally {
    image.close();
  }
});

test.run();
