import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import * as limits from "../../firmware/limits";
import * as receipts from "../../host/register/receipt-request";
import { readReceiptRequest } from "../../host/register/receipt-request";
import { RequestRefusal } from "../../host/register/shape";
import { headKey, lineKey, modifierKey, paymentKey } from "../../protocol/document";
import type { Facts } from "../../protocol/refusals";
import { decodeUpload } from "./fake-device";

// biome-ignore lint/suspicious/noExplicitAny: a body that a test bends
type Body = any;

const small = (): Body => ({
  operation: "sale",
  lines: [{ name: "Нан", quantity: "1", price: 65000, vat: "16" }],
  payments: [{ kind: "cash", sum: 65000 }],
});

/** The refusal that a bent body meets. */
function refusalOf(bend: (body: Body) => void): { code: string; facts: Facts } {
  const body = small();
  bend(body);
  try {
    readReceiptRequest(body);
  } catch (error) {
    if (error instanceof RequestRefusal) {
      return error.refusal;
    }
    throw error;
  }
  throw new Error("taken");
}

test("the example of the HTTP contract becomes line maps and one head map with ascending keys", () => {
  const { upload, lines } = readReceiptRequest({
    operation: "sale",
    lines: [
      {
        name: { kk: "Сүт 3,2% 1 л", ru: "Молоко 3,2% 1 л" },
        itemType: "goods",
        section: "1",
        quantity: "2",
        unit: "796",
        price: 65000,
        vat: "16",
        gtin: "4870000000012",
        ntin: "0200000000011",
      },
      {
        name: "Ботинки",
        quantity: "1",
        unit: "715",
        price: 1290000,
        vat: "16",
        marked: true,
        markings: ["010487000000003621Kz7aB3dE5fGh1"],
        discount: { name: "Жеңілдік/Скидка", sum: 90000 },
      },
    ],
    discount: { name: "Карта", sum: 1000 },
    payments: [
      { kind: "cash", sum: 329000, taken: 500000 },
      { kind: "card", sum: 1000000, rrn: "123456789012", terminal: "T1" },
    ],
    buyer: { iinBin: "960624350642" },
    language: "kk+ru",
  });
  assert.is(lines, 2);
  const [milk, boots, head] = decodeUpload(upload) as [
    Map<number, unknown>,
    Map<number, unknown>,
    Map<number, unknown>,
  ];
  assert.equal([...milk.keys()], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  assert.is(milk.get(lineKey.quantity), 2000);
  assert.is(milk.get(lineKey.vat), 16000);
  assert.is(boots.get(lineKey.section), "1", "a section that is absent is the first");
  assert.equal((boots.get(lineKey.discount) as Map<number, unknown>).get(modifierKey.sum), 90000);
  assert.equal(
    [...head.keys()],
    [headKey.operation, headKey.discount, headKey.payments, headKey.buyer, headKey.language],
  );
  const [cash] = head.get(headKey.payments) as Map<number, unknown>[];
  assert.equal(
    [...(cash as Map<number, unknown>)],
    [
      [paymentKey.kind, 0],
      [paymentKey.sum, 329000],
      [paymentKey.taken, 500000],
    ],
  );
});

test("bodies that mean the same receipt give the same bytes", () => {
  const one = readReceiptRequest(small()).upload;
  const two = readReceiptRequest({
    payments: [{ sum: 65000, kind: "cash" }],
    language: "kk+ru",
    lines: [
      {
        vat: "16",
        price: 65000,
        quantity: "1.000",
        name: "Нан",
        unit: "796",
        marked: false,
        markings: [],
        itemType: "goods",
      },
    ],
    operation: "sale",
    buyer: {},
  }).upload;
  assert.ok(one.equals(two));
});

test("one tiyn more gives other bytes", () => {
  const other = small();
  other.payments[0].sum += 1;
  assert.not(readReceiptRequest(small()).upload.equals(readReceiptRequest(other).upload));
});

test("sums past 32 bits stay integers", () => {
  const body = small();
  body.lines[0].price = 9007199254740991;
  const [line] = decodeUpload(readReceiptRequest(body).upload) as [Map<number, unknown>];
  assert.is(Number(line.get(lineKey.price)), 9007199254740991);
  assert.ok(readReceiptRequest(body).upload.includes(Buffer.from("1b001fffffffffffff", "hex")), "head byte of a u64");
});

const bent: [string, (body: Body) => void, string, Facts][] = [
  ["an unknown field", b => (b.tip = 1), "FIELD_UNKNOWN", { field: "tip" }],
  ["an unknown field of a line", b => (b.lines[0].colour = 1), "FIELD_UNKNOWN", { field: "lines[0].colour", line: 1 }],
  [
    "__proto__",
    b => (b.lines[0] = JSON.parse('{"__proto__": {}}')),
    "FIELD_UNKNOWN",
    { field: "lines[0].__proto__", line: 1 },
  ],
  [
    "an unknown field of a modifier",
    b => (b.discount = { name: "a", sum: 1, vat: "16" }),
    "FIELD_UNKNOWN",
    { field: "discount.vat" },
  ],
  ["a missing price", b => delete b.lines[0].price, "FIELD_MISSING", { field: "lines[0].price", line: 1 }],
  ["no payments", b => delete b.payments, "FIELD_MISSING", { field: "payments" }],
  [
    "a fractional price",
    b => (b.lines[0].price = 650.5),
    "FIELD_INVALID",
    { field: "lines[0].price", line: 1, got: 650.5 },
  ],
  ["a negative price", b => (b.lines[0].price = -1), "FIELD_INVALID", { field: "lines[0].price", line: 1, got: -1 }],
  [
    "a price past 2^53",
    b => (b.lines[0].price = 2 ** 53),
    "FIELD_INVALID",
    { field: "lines[0].price", line: 1, got: 2 ** 53 },
  ],
  [
    "a price as text",
    b => (b.lines[0].price = "650"),
    "FIELD_INVALID",
    { field: "lines[0].price", line: 1, got: "650" },
  ],
  [
    "a price of null",
    b => (b.lines[0].price = null),
    "FIELD_INVALID",
    { field: "lines[0].price", line: 1, got: "null" },
  ],
  [
    "a quantity as number",
    b => (b.lines[0].quantity = 2),
    "FIELD_INVALID",
    { field: "lines[0].quantity", line: 1, got: 2 },
  ],
  [
    "four decimals",
    b => (b.lines[0].quantity = "1.0005"),
    "FIELD_INVALID",
    { field: "lines[0].quantity", line: 1, got: "1.0005" },
  ],
  [
    "a quantity of nothing",
    b => (b.lines[0].quantity = "0.000"),
    "FIELD_INVALID",
    { field: "lines[0].quantity", line: 1, got: "0.000" },
  ],
  [
    "a comma in a quantity",
    b => (b.lines[0].quantity = "0,5"),
    "FIELD_INVALID",
    { field: "lines[0].quantity", line: 1, got: "0,5" },
  ],
  ["an unknown rate", b => (b.lines[0].vat = "13"), "VAT_UNKNOWN", { line: 1, got: "13" }],
  ["last year's rate on a sale", b => (b.vat = "12"), "VAT_UNKNOWN", { line: 0, got: "12" }],
  ["a rate as number", b => (b.lines[0].vat = 16), "FIELD_INVALID", { field: "lines[0].vat", line: 1, got: 16 }],
  ["an empty name", b => (b.lines[0].name = ""), "FIELD_INVALID", { field: "lines[0].name", line: 1, got: "" }],
  [
    "half a letter",
    b => (b.lines[0].name = "\ud800"),
    "FIELD_INVALID",
    { field: "lines[0].name", line: 1, got: "\ud800" },
  ],
  [
    "one language of two",
    b => (b.lines[0].name = { kk: "Нан" }),
    "FIELD_MISSING",
    { field: "lines[0].name.ru", line: 1 },
  ],
  [
    "a name of 5,000 letters",
    b => (b.lines[0].name = "Ә".repeat(5000)),
    "FIELD_INVALID",
    { field: "lines[0].name", line: 1, expected: "at most 512 bytes of UTF-8", got: "10000 bytes" },
  ],
  [
    "a Russian name of 513 bytes",
    b => (b.lines[0].name = { kk: "Нан", ru: `x${"я".repeat(256)}` }),
    "FIELD_INVALID",
    { field: "lines[0].name.ru", line: 1, expected: "at most 512 bytes of UTF-8", got: "513 bytes" },
  ],
  [
    "a discount's name of 257 bytes",
    b => (b.discount = { name: "x".repeat(257), sum: 1 }),
    "FIELD_INVALID",
    { field: "discount.name", expected: "at most 256 bytes of UTF-8", got: "257 bytes" },
  ],
  [
    "a marking of 257 bytes",
    b => (b.lines[0].markings = ["x", "x".repeat(257)]),
    "FIELD_INVALID",
    { field: "lines[0].markings[1]", line: 1, expected: "at most 256 bytes of UTF-8" },
  ],
  [
    "texts that fit in a line that does not",
    b => {
      b.lines[0].name = { kk: "x".repeat(512), ru: "x".repeat(512) };
      b.lines[0].markings = Array(10).fill("x".repeat(256));
      b.lines[0].section = b.lines[0].productId = "x".repeat(256);
    },
    "FIELD_INVALID",
    { field: "lines[0]", line: 1, expected: "at most 4096 bytes" },
  ],
  [
    "a quantity past a million",
    b => (b.lines[0].quantity = "1000000.001"),
    "FIELD_INVALID",
    { field: "lines[0].quantity", line: 1, expected: "at most 1000000", got: "1000000.001" },
  ],
  ["no lines", b => (b.lines = []), "FIELD_INVALID", { field: "lines", got: "a list of 0" }],
  ["501 lines", b => (b.lines = Array(501).fill(b.lines[0])), "LINES_TOO_MANY", { expected: 500, got: 501 }],
  [
    "four payments",
    b => (b.payments = Array(4).fill(b.payments[0])),
    "FIELD_INVALID",
    { field: "payments", got: "a list of 4" },
  ],
  [
    "an unknown kind",
    b => (b.payments[0].kind = "credit"),
    "FIELD_INVALID",
    { field: "payments[0].kind", got: "credit" },
  ],
  [
    "a short number of the buyer",
    b => (b.buyer = { iinBin: "1" }),
    "FIELD_INVALID",
    { field: "buyer.iinBin", got: "1" },
  ],
  ["a return", b => (b.operation = "saleReturn"), "OPERATION_NOT_SUPPORTED", { expected: "sale", got: "saleReturn" }],
  [
    "no operation that exists",
    b => (b.operation = "toString"),
    "FIELD_INVALID",
    { field: "operation", got: "toString" },
  ],
];
for (const [name, bend, code, facts] of bent) {
  test(`${name} is refused as ${code}`, () => {
    const refusal = refusalOf(bend);
    assert.is(refusal.code, code);
    for (const [fact, value] of Object.entries(facts)) {
      assert.is(refusal.facts[fact], value, fact);
    }
  });
}

test("what the module takes at most is refused nowhere before it, and what is more never reaches it", () => {
  const pairs: readonly (readonly [ours: number, modules: number])[] = [
    [receipts.linesMax, limits.documentLinesMax],
    [receipts.lineBytesMax, limits.lineBytesMax],
    [receipts.nameBytesMax, limits.nameBytesMax],
    [receipts.textBytesMax, limits.textBytesMax],
    [receipts.markingBytesMax, limits.markingBytesMax],
    [receipts.markingsMax, limits.markingsMax],
    [receipts.exciseStampsMax, limits.exciseStampsMax],
    [receipts.quantityMax, limits.quantityMax],
    [receipts.uploadBytesMax, limits.uploadBytesMax],
  ];
  for (const [ours, modules] of pairs) {
    assert.is(ours, modules);
  }
  const full = small();
  full.lines[0].name = "Ә".repeat(256);
  full.lines[0].quantity = "1000000.000";
  full.lines[0].markings = Array(10).fill("x".repeat(256));
  assert.is(readReceiptRequest(full).lines, 1);
});

test("no body is told as nothing", () => {
  const isTold = (error: Error): boolean => {
    assert.equal((error as RequestRefusal).refusal.facts, { field: "body", expected: "an object", got: "nothing" });
    return true;
  };
  assert.throws(() => readReceiptRequest(undefined), isTold);
});

test("a body that is no object is refused", () => {
  for (const body of [undefined, null, 7, "sale", []]) {
    assert.throws(
      () => readReceiptRequest(body),
      (error: unknown) => error instanceof RequestRefusal,
    );
  }
});

test("161 KB of document are refused, 500 lines that fit are taken", () => {
  const long = small();
  long.lines = Array(500).fill({ ...long.lines[0], name: "Ә".repeat(160) });
  const { code, facts } = refusalOf(body => Object.assign(body, long));
  assert.is(code, "DOCUMENT_TOO_LARGE");
  assert.is(facts.expected, 163840);
  long.lines = Array(500).fill(small().lines[0]);
  assert.is(readReceiptRequest(long).lines, 500);
});

test("samples/receipt.json is taken", () => {
  const sample = JSON.parse(readFileSync(new URL("../../samples/receipt.json", import.meta.url), "utf8"));
  assert.is(readReceiptRequest(sample).lines, 15);
});

test.run();
