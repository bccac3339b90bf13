import { test } from "uvu";
import * as assert from "uvu/assert";
import { mulQuantity, shareLargestRemainder, vatInside } from "../../protocol/money";
import { createRandom } from "../random";

const exactMax = 9007199254740991n;

test("5000 random products are those of exact arithmetic", () => {
  const random = createRandom(1);
  for (let round = 0; round < 5000; round++) {
    const [price, quantity] = [random.uint(), random.uint()];
    const product = BigInt(price) * BigInt(quantity);
    const expected = product > exactMax ? undefined : Number((product + 500n) / 1000n);
    assert.is(mulQuantity(price, quantity), expected, `${price} × ${quantity}`);
  }
});

test("5000 random VAT sums are those of exact arithmetic", () => {
  const random = createRandom(2);
  for (let round = 0; round < 5000; round++) {
    const sum = random.uint();
    const rate = random.pick([0, 5000, 10000, 12000, 16000, random.below(100001)]);
    const whole = 100000n + BigInt(rate);
    const expected = Number((2n * BigInt(sum) * BigInt(rate) + whole) / (2n * whole));
    assert.is(vatInside(sum, rate), expected, `${sum} at ${rate}`);
  }
});

test("2000 random shares add up and each is its exact part, rounded down or up", () => {
  const random = createRandom(3);
  for (let round = 0; round < 2000; round++) {
    const weights = Array.from({ length: 1 + random.below(6) }, () => random.below(100000000000000));
    const total = random.below(10000000000000);
    const weightSum = BigInt(weights.reduce((sum, weight) => sum + weight, 0));
    if (weightSum === 0n) {
      continue;
    }
    const shares = shareLargestRemainder(total, weights);
    assert.is(
      shares.reduce((sum, share) => sum + share, 0),
      total,
    );
    shares.forEach((share, index) => {
      const down = Number((BigInt(total) * BigInt(weights[index]!)) / weightSum);
      assert.ok(share === down || share === down + 1);
    });
  }
});

test("negative prices, rates above 100 % and weights without a sum are our bug", () => {
  assert.throws(() => mulQuantity(-1, 1000));
  assert.throws(() => vatInside(1, 100001));
  assert.throws(() => shareLargestRemainder(1, [0, 0]));
});

test.run();
