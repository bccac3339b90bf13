/** Receipts of unusual size in the whole module: long heads, many lines, and the heap that they need. */
import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { start } from "../../firmware/start";
import { createSimHal } from "../../hal/sim/sim-board";
import { startImage } from "../../hal/vm/hal-bridge";
import { ensureBuilt } from "../../host/build/image";
import { type ReceiptUpload, readReceiptRequest } from "../../host/register/receipt-request";
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

/** Sells these receipts online, in the image, within this heap. */
async function sellWithin(memoryMaxBytes: number, receipts: readonly ReceiptUpload[]): Promise<void> {
  const { image: file } = await ensureBuilt();
  const board = createSimHal();
  const image = await startImage({ image: readFileSync(file), hal: board.hal, memoryMaxBytes, stepTimeoutMs: 4000 });
  try {
    const shop = openSimShop(board, () => image.tick() as number);
    shop.fiscalize();
    shop.signIn();
    for (const [index, receipt] of receipts.entries()) {
      assert.is(shop.sell(receipt, `within-${index}`).outcome, "online");
    }
  } finally {
    image.close();
  }
}

/** As many marking codes as a document can hold: ten in each of 500 lines. */
function markedReceipt(): ReceiptUpload {
  const codes = Array.from({ length: 5000 }, (_, index) => `0104870${String(index).padStart(4, "0")}`);
  const lines = Array.from({ length: 500 }, (_, index) => ({
    name: "Су",
    quantity: "10",
    price: 1000,
    vat: "16",
    marked: true,
    markings: codes.slice(10 * index, 10 * index + 10),
  }));
  return readReceiptRequest({ operation: "sale", lines, payments: [{ kind: "cash", sum: 500 * 10_000 }] });
}

test("with 500 lines the image starts, sells and prints within the heap of 15, 448 KB", () =>
  sellWithin(448 * 1024, [receiptOf(15), receiptOf(500)]));

test("with 5000 marking codes too", () => sellWithin(448 * 1024, [markedReceipt()]));

test("a marking code that comes again in a receipt of 5000 is refused, whichever it is", () => {
  const { upload, lines } = markedReceipt();
  const shop = openShop();
  for (const [last, first] of [
    ["01048704999", "01048700000"],
    ["01048704999", "01048703210"],
  ] as const) {
    const again = Buffer.from(upload.toString("latin1").replace(last, first), "latin1");
    assert.throws(
      () => shop.sell({ upload: again, lines }, `twice-${first}`),
      (error: { code?: string; facts?: { line?: number } }) =>
        error.code === "MARKING_TWICE" && error.facts?.line === 500,
    );
  }
});

test.run();
