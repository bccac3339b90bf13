/**
 * Money: whole tiyn, quantities in thousandths, rates in thousandths of a percent (16000 = 16 %). Integers only, exact
 * below 2^53 on both machines: what could pass it is split before it is multiplied.
 */
import { assert } from "./assert";
import { integerMax } from "./cbor-write";

/** 100 % in the unit of rates. */
export const rateWhole = 100000;

/** price × quantity / 1000 rounded half up, in tiyn; undefined when the product passes 2^53 − 1. */
export function mulQuantity(priceTiyn: number, quantityThousandths: number): number | undefined {
  assert(priceTiyn >= 0 && quantityThousandths >= 0, "prices and quantities are not negative");
  if (quantityThousandths > 0 && priceTiyn > divideDown(integerMax, quantityThousandths)) {
    return undefined;
  }
  const product = priceTiyn * quantityThousandths;
  return divideDown(product, 1000) + (product % 1000 >= 500 ? 1 : 0);
}

/** VAT inside a sum: sum × rate / (100 % + rate), rounded half up to the tiyn. */
export function vatInside(sumTiyn: number, rate: number): number {
  assert(sumTiyn >= 0 && sumTiyn <= integerMax, "a sum is an exact integer, not negative");
  assert(rate >= 0 && rate <= rateWhole, "a VAT rate is 0 to 100 %");
  const whole = rateWhole + rate;
  const rest = (sumTiyn % whole) * rate;
  return divideDown(sumTiyn, whole) * rate + divideDown(2 * rest + whole, 2 * whole);
}

/**
 * `total` shared in proportion to the weights so that the shares add up: each is rounded down, then the largest
 * remainders get one more, the first of equals first (the OFD's rule for receipt discounts and markups).
 */
export function shareLargestRemainder(total: number, weights: readonly number[]): number[] {
  let weightSum = 0;
  for (const weight of weights) {
    assert(weight >= 0, "a weight is not negative");
    weightSum += weight;
  }
  assert(weightSum > 0 && weightSum * 2 <= integerMax, "weights have an exact sum");
  const shares: number[] = [];
  const remainders: number[] = [];
  let left = total;
  for (const weight of weights) {
    const share = mulDivide(total, weight, weightSum);
    shares.push(share.quotient);
    remainders.push(share.remainder);
    left -= share.quotient;
  }
  assert(left >= 0 && left < weights.length, "less than one tiyn a share is left over");
  for (; left > 0; left--) {
    const index = indexOfLargest(remainders);
    shares[index] = shares[index]! + 1;
    remainders[index] = -1;
  }
  return shares;
}

/** "1 300,00": tiyn as tenge on paper. A negative sum begins with "-". */
export function formatMoney(tiyn: number): string {
  return formatSum(tiyn, " ", ",");
}

/** "1300.00": tiyn as tenge in the QR code. */
export function formatQrSum(tiyn: number): string {
  return formatSum(tiyn, "", ".");
}

/** "0,745", "2": thousandths without trailing zeros. */
export function formatQuantity(thousandths: number): string {
  assert(thousandths >= 0, "a quantity is not negative");
  const rest = thousandths % 1000;
  const whole = digitsOf(divideDown(thousandths, 1000), 1);
  if (rest === 0) {
    return whole;
  }
  if (rest % 100 === 0) {
    return whole + "," + digitsOf(Math.floor(rest / 100), 1);
  }
  return whole + "," + (rest % 10 === 0 ? digitsOf(Math.floor(rest / 10), 2) : digitsOf(rest, 3));
}

function formatSum(tiyn: number, groupMark: string, pointMark: string): string {
  if (tiyn < 0) {
    return "-" + formatSum(-tiyn, groupMark, pointMark);
  }
  return groupDigits(divideDown(tiyn, 100), groupMark) + pointMark + digitsOf(tiyn % 100, 2);
}

function groupDigits(value: number, mark: string): string {
  if (value < 1000 || mark === "") {
    return digitsOf(value, 1);
  }
  return groupDigits(divideDown(value, 1000), mark) + mark + digitsOf(value % 1000, 3);
}

/** Decimal digits, with zeros before them up to `countMin`. */
function digitsOf(value: number, countMin: number): string {
  const digits = `${value}`;
  return "0".repeat(Math.max(0, countMin - digits.length)) + digits;
}

/** Exact floor(a / b): a plain division could round up to the next integer. */
function divideDown(a: number, b: number): number {
  return Math.floor((a - (a % b)) / b);
}

/** Exact a × b / c for c < 2^52, though a × b may pass 2^53: b is taken bit by bit, from the top. */
function mulDivide(a: number, b: number, c: number): { quotient: number; remainder: number } {
  if (b === 0) {
    return { quotient: 0, remainder: 0 };
  }
  const half = mulDivide(a, Math.floor(b / 2), c);
  const bit = b % 2;
  const doubled = half.remainder * 2;
  const added = (doubled % c) + (a % c) * bit;
  return {
    quotient: half.quotient * 2 + divideDown(a, c) * bit + divideDown(doubled, c) + divideDown(added, c),
    remainder: added % c,
  };
}

function indexOfLargest(values: readonly number[]): number {
  let best = 0;
  for (let index = 1; index < values.length; index++) {
    if (values[index]! > values[best]!) {
      best = index;
    }
  }
  return best;
}
