/** samples/receipt.json agrees with itself by the rules of money, and shows what a receipt can carry. */
import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { mulQuantity } from "../../../protocol/money";

interface SampleLine {
  readonly quantity: string;
  readonly price: number;
  readonly vat: string;
  readonly gtin?: string;
  readonly ntin?: string;
  readonly marked?: boolean;
  readonly markings?: readonly string[];
  readonly discount?: { readonly sum: number };
  readonly markup?: { readonly sum: number };
}
const sample = JSON.parse(readFileSync(new URL("../../../samples/receipt.json", import.meta.url), "utf8"));
const lines: readonly SampleLine[] = sample.lines;

test("payments pay the total, and cash is net of change", () => {
  let total = 0;
  for (const { price, quantity, discount, markup } of lines) {
    total += mulQuantity(price, Math.round(Number(quantity) * 1000))! - (discount?.sum ?? 0) + (markup?.sum ?? 0);
  }
  total -= sample.discount.sum;
  const payments: { kind: string; sum: number; taken?: number }[] = sample.payments;
  assert.is(
    payments.reduce((sum, payment) => sum + payment.sum, 0),
    total,
  );
  assert.equal(payments.map(({ kind }) => kind).sort(), ["card", "cash", "mobile"]);
  const cash = payments.find(({ kind }) => kind === "cash")!;
  assert.ok(cash.taken! > cash.sum);
});

test("15 lines carry every rate, both modifiers and a marking code", () => {
  assert.is(lines.length, 15);
  assert.equal([...new Set(lines.map(({ vat }) => vat))].sort(), ["0", "10", "16", "5", "none"]);
  assert.ok(lines.some(({ discount }) => discount) && lines.some(({ markup }) => markup));
  assert.ok(lines.some(({ marked, markings }) => marked && markings?.[0]?.includes("\x1d")));
});

test("GTIN and NTIN end in their check digits (GS1 General Specifications §7.9)", () => {
  for (const code of lines.flatMap(({ gtin, ntin }) => [gtin, ntin])) {
    const digits = [...(code ?? "0")].map(Number).reverse();
    const sum = digits.reduce((total, digit, index) => total + digit * (index % 2 === 0 ? 1 : 3), 0);
    assert.is(sum % 10, 0, code);
  }
});

test.run();
