/** The receipts that are sold while the power fails: one, three and fifteen lines of samples/receipt.json. */
import { readReceiptRequest } from "../../host/register/receipt-request";
import sample from "../../samples/receipt.json";

export interface Receipt {
  /** The upload. */
  readonly bytes: Buffer;
  readonly lines: number;
}

/** The whole sample: names in two scripts, a marked item, discounts, three payments. */
export const fifteenLines = receiptOf(sample);
/** Bread, rice and an apple for cash. */
export const threeLines = cashReceipt([1, 4, 3]);
export const oneLine = cashReceipt([1]);
/** Sold after a cut, to see that selling goes on. */
export const nextLine = cashReceipt([5]);

function cashReceipt(places: readonly number[]): Receipt {
  const lines = places.map(place => sample.lines[place]!);
  const sum = lines.reduce((total, line) => total + Math.floor(line.price * Number(line.quantity) + 0.5), 0);
  return receiptOf({ operation: "sale", lines, payments: [{ kind: "cash", sum, taken: sum }] });
}

function receiptOf(body: unknown): Receipt {
  const { upload, lines } = readReceiptRequest(body);
  return { bytes: upload, lines };
}
