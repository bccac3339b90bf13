import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  answerJson,
  type FrozenAnswer,
  localTime,
  numberOf,
  percentOf,
  receiptId,
  refusalOf,
} from "../../host/register/answer";

const online: FrozenAnswer = {
  outcome: "online",
  number: 1042,
  shift: 87,
  key: "7c1e",
  operation: 2,
  utcS: 1795520525,
  offsetMin: 300,
  total: 1329000,
  change: 171000,
  vat: [[16000, 183310]],
  sign: "812345678901",
  qrUrl: "https://consumer.ofd.example/?i=812345678901",
};

test("the stored answer is that of the HTTP contract, to the byte", () => {
  assert.is(
    answerJson(online, "KZT00000001"),
    '{"id":"KZT00000001-1042","key":"7c1e","documentNumber":1042,"shift":87,"operation":"sale","dateTime":"2026-11-24T16:42:05+05:00",' +
      '"total":1329000,"change":171000,"vat":[{"rate":"16","sum":183310}],"fiscalSign":"812345678901","autonomous":false,' +
      '"qrUrl":"https://consumer.ofd.example/?i=812345678901"}',
  );
});

test("the order of the module's fields does not change the bytes", () => {
  const turned = Object.fromEntries(Object.entries(online).reverse()) as unknown as FrozenAnswer;
  assert.is(answerJson(turned, "K"), answerJson(online, "K"));
});

test("an autonomous answer tells its cause", () => {
  const { autonomous, cause } = JSON.parse(answerJson({ ...online, outcome: "autonomous", cause: "silent" }, "K"));
  assert.equal([autonomous, cause], [true, "silent"]);
});

test("a refused document is a refusal with the operator's code and text", () => {
  const refusal = refusalOf({ ...online, outcome: "refused", resultCode: 17, resultText: "no" });
  assert.equal(refusal, { code: "OFD_REFUSED", facts: { number: 1042, resultCode: 17, resultText: "no" } });
});

test("times are the register's own, with their offset", () => {
  assert.is(localTime(0, 0), "1970-01-01T00:00:00+00:00");
  assert.is(localTime(0, 300), "1970-01-01T05:00:00+05:00");
  assert.is(localTime(86399, -210), "1970-01-01T20:29:59-03:30");
});

test("an id names its register, whose serial may have dashes", () => {
  assert.is(numberOf(receiptId("KZT-1", 7), "KZT-1"), 7);
  for (const id of ["KZT-1-0", "KZT-1-07", "KZT-2-7", "7", "KZT-1-", "KZT-1-7x", "KZT-1-99999999999"]) {
    assert.is(numberOf(id, "KZT-1"), undefined, id);
  }
});

test("rates are percents", () => {
  assert.equal([16000, 10000, 5000, 0].map(percentOf), ["16", "10", "5", "0"]);
});

test.run();
