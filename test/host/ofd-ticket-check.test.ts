/** What the server says to receipts that are right, and to each way of being wrong. */
import { fromBinary } from "@bufbuild/protobuf";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { RequestSchema, type TicketRequest } from "../../host/ofd/proto/ofd_pb";
import { checkTicket, limitProblem, tenge } from "../../host/ofd/ticket-check";
import { utf8 } from "../../protocol/bytes";
import type { OfdItem, OfdTax, TicketTail } from "../../protocol/ofd-messages";
import { pen, type TicketOptions, ticketPayload } from "./ofd-client";

const ticketOf = (options: TicketOptions = {}): TicketRequest =>
  fromBinary(RequestSchema, Buffer.from(ticketPayload(options), "latin1")).ticket!;
const codesOf = (options: TicketOptions = {}): string[] => checkTicket(ticketOf(options)).map(({ code }) => code);

const vat16 = (sum: number): OfdTax => ({ percent: 16000, sum });
const paid = (total: number, more: Partial<TicketTail["amounts"]> = {}): Partial<TicketTail> => ({
  payments: [{ type: 1, sum: total }],
  amounts: { total, ...more },
});
const bread: OfdItem = { ...pen, name: utf8("Нан"), quantity: 1000, price: 30000, sum: 30000, tax: undefined };

test("the receipt of the reference is right", () => assert.equal(codesOf(), []));

test("the mixed receipt of the register's own API page is right: 17931 + 177931 − 12414 − 138 = 183310", () => {
  const boots: OfdItem = {
    ...pen,
    quantity: 1000,
    price: 1290000,
    sum: 1290000,
    tax: vat16(177931),
    discount: { name: utf8("Скидка"), sum: 90000, taxes: [vat16(12414)] },
  };
  const tail = paid(1329000, { discount: { sum: 1000, taxes: [vat16(138)] } });
  assert.equal(codesOf({ items: [pen, boots], tail }), []);
});

test("a line at 0 % has its entry, a line without VAT has none", () => {
  const free: OfdItem = { ...bread, tax: { percent: 0, sum: 0 } };
  assert.equal(codesOf({ items: [bread, free], tail: paid(60000) }), []);
});

test("a rounding may differ by one tiyn, no more", () => {
  assert.equal(codesOf({ items: [{ ...pen, tax: vat16(17932) }] }), []);
  assert.equal(codesOf({ items: [{ ...pen, tax: vat16(17933) }] }), ["VAT_WRONG"]);
  const odd: OfdItem = { ...bread, quantity: 333, price: 1001 };
  assert.equal(codesOf({ items: [{ ...odd, sum: 333 }], tail: paid(333) }), []);
  assert.equal(codesOf({ items: [{ ...odd, sum: 335 }], tail: paid(335) }), ["LINE_SUM_WRONG"]);
});

test("a receipt's discount is shared among the rates by largest remainder", () => {
  const items = [pen, { ...bread, tax: { percent: 5000, sum: 1429 } }];
  const shares = [vat16(112), { percent: 5000, sum: 9 }];
  const discount = { sum: 1000, taxes: shares };
  assert.equal(codesOf({ items, tail: paid(159000, { discount }) }), []);
  const wrong = { sum: 1000, taxes: [vat16(138)] };
  assert.equal(codesOf({ items, tail: paid(159000, { discount: wrong }) }), ["VAT_WRONG"]);
});

test("VAT of the whole receipt takes the place of VAT in the lines", () => {
  const items = [{ ...pen, tax: undefined }, bread];
  assert.equal(codesOf({ items, tail: { ...paid(160000), taxes: [vat16(22069)] } }), []);
  assert.equal(codesOf({ items, tail: { ...paid(160000), taxes: [vat16(23000)] } }), ["VAT_WRONG"]);
  assert.equal(codesOf({ items: [pen], tail: { ...paid(130000), taxes: [vat16(17931)] } }), ["VAT_TWICE"]);
});

test("amounts that disagree are named", () => {
  assert.equal(codesOf({ tail: paid(130001) }), ["TOTAL_WRONG"]);
  assert.equal(codesOf({ tail: { payments: [{ type: 1, sum: 129999 }], amounts: { total: 130000 } } }), [
    "PAYMENTS_WRONG",
  ]);
  const twice = [
    { type: 1, sum: 30000 },
    { type: 1, sum: 100000 },
  ];
  assert.equal(codesOf({ tail: { payments: twice, amounts: { total: 130000 } } }), ["PAYMENTS_WRONG"]);
  const cash = [{ type: 0, sum: 130000 }];
  assert.equal(codesOf({ tail: { payments: cash, amounts: { total: 130000 } } }), ["PAYMENTS_WRONG"]);
  const amounts = { total: 130000, taken: 150000, change: 1 };
  assert.equal(codesOf({ tail: { payments: cash, amounts } }), ["PAYMENTS_WRONG"]);
});

test("discount and markup of one receipt exclude each other, a discount stays below the sum", () => {
  const both = paid(130000, { discount: { sum: 1 }, markup: { sum: 1 } });
  assert.equal(codesOf({ tail: both }), ["MODIFIER_INVALID"]);
  const large = codesOf({ tail: paid(0, { discount: { sum: 130001 } }) });
  assert.ok(large.includes("MODIFIER_INVALID"));
});

test("parts that are missing are named", () => {
  assert.equal(codesOf({ items: [], tail: paid(0) }), ["ITEMS_MISSING"]);
  assert.equal(codesOf({ items: [{ ...pen, name: utf8("") }] }), ["ITEM_INVALID"]);
  assert.equal(codesOf({ items: [{ ...pen, ntin: utf8("0200000000011") }] }), ["ITEM_INVALID"]);
  assert.equal(codesOf({ items: [{ ...pen, ntin: utf8("0200000000011"), commodityType: 0 }] }), []);
  assert.equal(codesOf({ operation: 3 }), ["PARENT_MISSING"]);
  assert.equal(codesOf({ tail: { customer: { iinBin: utf8("12345") } } }), ["BUYER_INVALID"]);
  assert.equal(codesOf({ offlineNumber: 0 }), ["OFFLINE_NUMBER_INVALID"]);
});

test("a document past the limits is as good as unreadable", () => {
  const limitOf = (options: TicketOptions) => limitProblem(ticketOf(options))?.code;
  assert.is(limitOf({}), undefined);
  assert.is(limitOf({ tail: paid(10 ** 13) }), undefined);
  assert.is(limitOf({ tail: paid(10 ** 13 + 1) }), "LIMIT_EXCEEDED");
  assert.is(limitOf({ items: [{ ...pen, quantity: 10 ** 9 + 1 }] }), "LIMIT_EXCEEDED");
  const ticket = ticketOf();
  ticket.amounts!.total!.coins = 100;
  assert.is(limitProblem(ticket)?.code, "LIMIT_EXCEEDED");
  const huge = ticketOf();
  huge.items[0]!.commodity!.price!.bills = 2n ** 64n - 1n;
  assert.is(limitProblem(huge)?.code, "LIMIT_EXCEEDED");
});

test("the largest amounts are reckoned exactly", () => {
  const item: OfdItem = { ...bread, quantity: 10 ** 9, price: 10 ** 7, sum: 10 ** 13 };
  assert.equal(codesOf({ items: [item], tail: paid(10 ** 13) }), []);
});

test("amounts are told in tenge with two decimals", () => {
  assert.equal([tenge(130000n), tenge(5n), tenge(0n), tenge(-1205n)], ["1300.00", "0.05", "0.00", "-12.05"]);
});

test.run();
