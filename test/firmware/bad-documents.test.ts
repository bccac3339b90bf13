/**
 * Documents that a module must not take, however they came: the host's own checks are passed by, the bytes go straight to
 * the module over SMP. In Node and in Lua. Each is a refusal with its facts; no number is used, no record is written.
 */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { documentBytesMax, documentLinesMax } from "../../firmware/limits";
import { testGeometry } from "../../hal/sim/geometry";
import { encodeCbor } from "../../host/device/cbor";
import { headKey, lineKey, modifierKey, paymentKey } from "../../protocol/document";
import type { Facts } from "../../protocol/refusals";
import type { Machine } from "../cuts/machine";
import { createMachine, machines as machineNames } from "../cuts/plan";
import { oneLine, type Receipt } from "../cuts/receipts";
import { openShop, type Shop, trySell } from "../cuts/shop";

type Fields = readonly (readonly [key: number, value: unknown])[];
type Bad = readonly [name: string, receipt: Receipt, code: string, facts?: Facts];

const price = 65000;
const goodLine: Fields = [
  [lineKey.name, "Сүт"],
  [lineKey.itemType, 0],
  [lineKey.section, "1"],
  [lineKey.quantity, 1000],
  [lineKey.unit, "796"],
  [lineKey.price, price],
  [lineKey.vat, 16000],
];
const cash = (sum: number, more: Fields = []): Map<number, unknown> =>
  new Map([[paymentKey.kind, 0] as const, [paymentKey.sum, sum] as const, ...more]);
const goodHead: Fields = [
  [headKey.operation, 2],
  [headKey.payments, [cash(price)]],
  [headKey.language, 0],
];

/** The fields with some replaced or added; keys ascend, undefined takes a field away. */
function replaced(fields: Fields, changes: Fields): Map<number, unknown> {
  const map = new Map([...fields, ...changes]);
  return new Map([...map].filter(([, value]) => value !== undefined).sort(([a], [b]) => a - b));
}
const line = (...changes: Fields): Map<number, unknown> => replaced(goodLine, changes);
const head = (...changes: Fields): Map<number, unknown> => replaced(goodHead, changes);
const modifier = (sum: unknown): Map<number, unknown> =>
  new Map<number, unknown>([
    [modifierKey.name, "Карта"],
    [modifierKey.sum, sum],
  ]);

function receipt(lines: readonly unknown[], tail: unknown = head()): Receipt {
  const items = [...lines, tail].map(item => encodeCbor(item));
  return { bytes: Buffer.concat(items), lines: lines.length };
}
const ofLine = (...changes: Fields): Receipt => receipt([line(...changes)]);
const ofHead = (...changes: Fields): Receipt => receipt([line()], head(...changes));
const raw = (hex: string, lines = 1): Receipt => ({ bytes: Buffer.from(hex, "hex"), lines });
const amountMax = 10_000_000_000_000;

const bads: readonly Bad[] = [
  ["an unknown field in a line", ofLine([99, 1]), "FIELD_UNKNOWN", { line: 1 }],
  ["an unknown field in the head", ofHead([99, 1]), "FIELD_UNKNOWN"],
  ["a negative price", ofLine([lineKey.price, -1]), "FIELD_INVALID", { line: 1 }],
  ["a fractional price", ofLine([lineKey.price, 650.5]), "FIELD_INVALID", { line: 1 }],
  ["a price in words", ofLine([lineKey.price, "650"]), "FIELD_INVALID", { line: 1 }],
  ["no price", ofLine([lineKey.price, undefined]), "FIELD_MISSING", { line: 1, field: "price" }],
  ["no quantity", ofLine([lineKey.quantity, 0]), "FIELD_INVALID", { line: 1, field: "quantity" }],
  ["an unknown VAT rate", ofLine([lineKey.vat, 13000]), "VAT_UNKNOWN", { line: 1, got: 13000 }],
  ["a rate in the line and in the head", ofHead([headKey.vat, 16000]), "VAT_TWICE"],
  [
    "a product past 2^53",
    ofLine([lineKey.price, Number.MAX_SAFE_INTEGER], [lineKey.quantity, 1_000_000_000]),
    "AMOUNT_TOO_LARGE",
    { line: 1, expected: amountMax },
  ],
  ["a price of 2^53", ofLine([lineKey.price, 2 ** 53]), "FIELD_INVALID", { line: 1 }],
  [
    "a total past 10^13",
    receipt(Array(2).fill(line([lineKey.price, amountMax / 2 + 1]))),
    "AMOUNT_TOO_LARGE",
    { line: 2 },
  ],
  [
    "payments that are one tiyn short",
    ofHead([headKey.payments, [cash(price - 1)]]),
    "PAYMENT_MISMATCH",
    { expected: price, got: price - 1 },
  ],
  ["a negative payment", ofHead([headKey.payments, [cash(-price)]]), "FIELD_INVALID"],
  ["the same kind twice", ofHead([headKey.payments, [cash(1), cash(price - 1)]]), "PAYMENT_KIND_TWICE"],
  [
    "less cash than it pays",
    ofHead([headKey.payments, [cash(price, [[paymentKey.taken, price - 1]])]]),
    "TAKEN_TOO_SMALL",
    { expected: price, got: price - 1 },
  ],
  ["no payment", ofHead([headKey.payments, []]), "FIELD_INVALID"],
  ["a return", ofHead([headKey.operation, 3]), "OPERATION_NOT_SUPPORTED", { got: 3 }],
  [
    "a discount above its line",
    ofLine([lineKey.discount, modifier(price + 1)]),
    "DISCOUNT_TOO_LARGE",
    { line: 1, expected: price, got: price + 1 },
  ],
  ["a discount above the receipt", ofHead([headKey.discount, modifier(price + 1)]), "DISCOUNT_TOO_LARGE"],
  [
    "discount and markup of one line",
    ofLine([lineKey.discount, modifier(1)], [lineKey.markup, modifier(1)]),
    "DISCOUNT_AND_MARKUP",
    { line: 1 },
  ],
  ["a marked item without its code", ofLine([lineKey.marked, true]), "MARKING_MISSING", { line: 1 }],
  [
    "one marking code twice",
    receipt([line([lineKey.markings, ["0104870000000036"]]), line([lineKey.markings, ["0104870000000036"]])]),
    "MARKING_TWICE",
    { line: 2 },
  ],
  ["the words of a fiscal receipt as a name", ofLine([lineKey.name, "Ф и с к а л ь н ы й  ч е к"]), "FISCAL_WORDS"],
  ["a control character in a name", ofLine([lineKey.name, "a\u001b@"]), "FIELD_INVALID", { line: 1 }],
  ["a name that is no UTF-8", receipt([Buffer.from("ff", "hex")]), "FIELD_INVALID"],
  [
    `${documentLinesMax + 1} lines`,
    receipt(Array(documentLinesMax + 1).fill(line())),
    "LINES_TOO_MANY",
    { expected: documentLinesMax, got: documentLinesMax + 1 },
  ],
  ["more lines than it says", { ...receipt([line(), line()]), lines: 1 }, "FIELD_INVALID"],
  ["fewer lines than it says", { ...receipt([line()]), lines: 2 }, "FIELD_INVALID"],
  ["no CBOR", raw("ffffffff"), "FIELD_INVALID"],
  ["a map of 2^32 entries", raw("baffffffff01"), "FIELD_INVALID"],
  ["an item that ends too early", raw("a10165"), "FIELD_INVALID"],
  ["arrays in arrays in arrays", raw("81".repeat(2000)), "FIELD_INVALID"],
  ["a line of 64 KB", ofLine([lineKey.name, "Ә".repeat(32_768)]), "FIELD_INVALID"],
  ["one byte above 160 KB", { bytes: Buffer.alloc(documentBytesMax + 1), lines: 500 }, "DOCUMENT_TOO_LARGE"],
  [
    "160 KB that grow above it when number, sums and signature are added",
    receipt(
      Array(documentLinesMax).fill(line([lineKey.name, "Ә".repeat(144)])),
      head([headKey.payments, [cash(documentLinesMax * price)]]),
    ),
    "DOCUMENT_TOO_LARGE",
    { expected: documentBytesMax },
  ],
];

const test = suite<{ machines: readonly Machine[] }>("bad documents");
test.before(async context => {
  context.machines = await Promise.all(machineNames.map(createMachine));
});
test.after(({ machines = [] }) => {
  for (const machine of machines) machine.close();
});

function refusalOf(shop: Shop, order: Receipt): { code: string; facts: Facts } {
  const said = trySell(shop, { key: "bad", receipt: order });
  return said instanceof Error ? said : { code: "SOLD", facts: {} };
}

for (const [index, machine] of machineNames.entries()) {
  test(`${machine}: each is refused with its facts, no number is used and no record written`, ({ machines }) => {
    const shop = openShop(testGeometry, machines[index]!);
    const { usedBytes } = shop.status().memory;
    const wrong: unknown[] = [];
    for (const [name, order, code, facts = {}] of bads) {
      const refusal = refusalOf(shop, order);
      const told = Object.fromEntries(Object.keys(facts).map(fact => [fact, refusal.facts[fact]]));
      const isRight = refusal.code === code && JSON.stringify(told) === JSON.stringify(facts);
      if (!isRight) wrong.push([name, refusal.code, refusal.facts]);
    }
    assert.equal(wrong, []);
    assert.is(shop.status().memory.usedBytes, usedBytes);
    assert.is(shop.sell({ key: "bad", receipt: oneLine }).number, 1);
  });
}

test("a receipt may have the key under which a card comes, and no second card is taken", ({ machines }) => {
  for (const machine of machines) {
    const shop = openShop(testGeometry, machine);
    const { answer } = shop.sell({ key: "card", receipt: oneLine });
    assert.is(shop.lookup("card")?.answer?.sign, answer.sign);
    assert.throws(() => shop.fiscalize(), /ALREADY_FISCALIZED/);
  }
});

test.run();
