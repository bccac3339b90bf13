/** Money to the tiyn, in Node and in Lua. */
import { assert } from "../../protocol/assert";
import {
  formatMoney,
  formatQrSum,
  formatQuantity,
  mulQuantity,
  shareLargestRemainder,
  vatInside,
} from "../../protocol/money";
import { products, quantities, shares, sums, vats } from "../vectors/money";

export const cases = [
  {
    name: "price × quantity is rounded half up, or undefined past 2^53 − 1",
    run: () => {
      for (const [price, quantity, sum] of products) {
        assert((mulQuantity(price, quantity) ?? -1) === sum, "the product");
      }
    },
  },
  {
    name: "VAT inside a sum is rounded half up; the API's example adds up to 183310",
    run: () => {
      for (const [sum, rate, vat] of vats) assert(vatInside(sum, rate) === vat, "the VAT");
      const vat =
        vatInside(130000, 16000) + vatInside(1290000, 16000) - vatInside(90000, 16000) - vatInside(1000, 16000);
      assert(vat === 183310, "17931 + 177931 − 12414 − 138");
    },
  },
  {
    name: "shares by largest remainder add up, the first of equals first",
    run: () => {
      for (const [total, weights, expected] of shares) {
        const found = shareLargestRemainder(total, weights);
        for (let index = 0; index < expected.length; index++) assert(found[index] === expected[index], "a share");
      }
    },
  },
  {
    name: "sums and quantities are written as on paper and in the QR code",
    run: () => {
      for (const [tiyn, paper, qr] of sums) {
        assert(formatMoney(tiyn) === paper, "on paper");
        assert(formatQrSum(tiyn) === qr, "in the QR code");
      }
      for (const [thousandths, paper] of quantities) assert(formatQuantity(thousandths) === paper, "a quantity");
    },
  },
];
