import { test } from "uvu";
import * as assert from "uvu/assert";
import { newToken, seqOfSign, signOf } from "../../host/ofd/sign";
import { createRandom } from "../random";

const key = Buffer.alloc(32, 7);
const random = createRandom(59);

test("signs have 12 digits, never repeat for a device, and tell their document", () => {
  const signs = new Set<string>();
  for (let seq = 0; seq < 5000; seq++) {
    const sign = signOf(key, 300001, seq);
    assert.match(sign, /^[1-9]\d{11}$/);
    assert.is(seqOfSign(key, 300001, sign), seq);
    signs.add(sign);
  }
  assert.is(signs.size, 5000);
});

test("the permutation holds over its whole range", () => {
  for (let count = 0; count < 500; count++) {
    const seq = random.below(900_000_000_000);
    assert.is(seqOfSign(key, 1, signOf(key, 1, seq)), seq);
  }
});

test("another device or another key gives other signs", () => {
  assert.is.not(signOf(key, 1, 0), signOf(key, 2, 0));
  assert.is.not(signOf(key, 1, 0), signOf(Buffer.alloc(32, 8), 1, 0));
});

test("signs do not grow with the documents", () => {
  const signs = Array.from({ length: 100 }, (_, seq) => signOf(key, 1, seq));
  const sorted = [...signs].sort();
  assert.not.equal(signs, sorted);
});

test("what is no sign tells nothing", () => {
  for (const text of ["", "1", "012345678901", "1234567890123", "12345678901x"]) {
    assert.is(seqOfSign(key, 1, text), undefined);
  }
});

test("a token is never 0 nor one of the last two", () => {
  for (let count = 0; count < 1000; count++) {
    const token = newToken([5, null]);
    assert.ok(token >= 1 && token < 2 ** 32 && token !== 5);
  }
});

test.run();
