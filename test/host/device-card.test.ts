import { readFileSync } from "node:fs";
import { decode } from "cbor-x";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { checkCard, encodeCard } from "../../host/device/card";
import { decodeCbor, encodeCbor } from "../../host/device/cbor";
import type { DeviceRefusal } from "../../host/device/fiscal-device";

const sample = JSON.parse(readFileSync(new URL("../../samples/card.json", import.meta.url), "utf8"));

function refusalOf(change: (card: typeof sample) => void): [string, unknown] {
  const card = structuredClone(sample);
  change(card);
  try {
    checkCard(card);
  } catch (error) {
    return [(error as DeviceRefusal).code, (error as DeviceRefusal).facts.field];
  }
  return ["none", undefined];
}

test("the sample card becomes a map with integer keys", () => {
  const map = decodeCbor(encodeCard(checkCard(sample))) as Map<number, unknown>;
  assert.is(map.get(1), sample.ofdId);
  assert.is((map.get(4) as Map<number, unknown>).get(3), sample.org.iinBin);
  assert.is((map.get(7) as Map<number, unknown>[])[0]!.get(3), "0000");
  assert.equal([...map.keys()], [1, 2, 3, 4, 5, 6, 7, 8]);
});

test("every slip in a card is named with its place", () => {
  assert.equal(
    refusalOf(card => (card.extra = 1)),
    ["FIELD_UNKNOWN", "extra"],
  );
  assert.equal(
    refusalOf(card => delete card.org.oked),
    ["FIELD_MISSING", "org.oked"],
  );
  assert.equal(
    refusalOf(card => (card.token = "12")),
    ["FIELD_INVALID", "token"],
  );
  assert.equal(
    refusalOf(card => (card.pos.latitude = 51.1)),
    ["FIELD_INVALID", "pos.latitude"],
  );
  assert.equal(
    refusalOf(card => (card.operators[0].pin = 0)),
    ["FIELD_INVALID", "operators[0].pin"],
  );
  assert.equal(
    refusalOf(card => (card.operators = {})),
    ["FIELD_INVALID", "operators"],
  );
  assert.equal(
    refusalOf(card => (card.ofd = null)),
    ["FIELD_INVALID", "ofd"],
  );
});

test("the host's CBOR is deterministic: shortest integers, definite lengths, no floats", () => {
  const hex = (value: unknown): string => encodeCbor(value).toString("hex");
  assert.is(
    hex({ a: 0, b: 23, c: 24, d: 4294967296, e: Buffer.of(1), f: undefined }),
    "a5616100616217616318186164" + "1b0000000100000000" + "61654101",
  );
  assert.is(hex(new Map([[1, "Чек"]])), "a10166d0a7d0b5d0ba");
  assert.is(hex([true, -1, -4294967297]), "83f5203b0000000100000000");
  assert.equal(decode(encodeCbor({ a: 9007199254740991 })), { a: 9007199254740991n });
  assert.equal(decodeCbor(encodeCbor({ a: 9007199254740991 })), { a: 9007199254740991 });
});

test.run();
