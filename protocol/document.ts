/**
 * A document in its two forms (docs/flash-format.md "Document").
 *
 * Upload, host → module: a CBOR sequence of `lines` line maps, then one head map. Its SHA-256 is the idempotency body.
 * Stored, in the log: COSE_Sign1 over one map: the head with everything the module decided, `lines` last.
 *
 * Maps have small integer keys in ascending order; a missing key means "none". Money is tiyn, quantities are
 * thousandths, rates thousandths of a percent.
 */

/** Keys of a line map. Those from 32 on are the module's, never in an upload. */
export const lineKey = {
  /** Text: the name in both languages, or in Kazakh when nameRu follows. */
  name: 1,
  nameRu: 2,
  /** 0 goods, 1 work, 2 service (OFD CommodityTypeEnum). */
  itemType: 3,
  /** Text. */
  section: 4,
  quantity: 5,
  /** Text: code of the classifier, "796". */
  unit: 6,
  price: 7,
  /** Rate, absent when without VAT. */
  vat: 8,
  gtin: 9,
  ntin: 10,
  /** true: a marking code is obligatory. */
  marked: 11,
  /** Array of text. */
  markings: 12,
  /** Map modifierKey. */
  discount: 13,
  markup: 14,
  /** Array of text: series and numbers of excise stamps. */
  exciseStamps: 15,
  productId: 16,
  /** price × quantity, half up, before modifiers. */
  sum: 32,
  /** VAT of `sum` at `vat`. */
  vatSum: 33,
  /** VAT that falls on the discount or markup of the line. */
  modifierVatSum: 34,
} as const;

export const modifierKey = { name: 1, sum: 2 } as const;

/** Keys of the upload's head. */
export const headKey = {
  /** OFD OperationTypeEnum: 2 sale. */
  operation: 1,
  /** One rate for the whole receipt; excludes rates in lines. */
  vat: 2,
  discount: 3,
  markup: 4,
  /** Array of paymentKey maps, 1 to 3. */
  payments: 5,
  /** Map buyerKey. */
  buyer: 6,
  /** 0 kk+ru, 1 kk, 2 ru. */
  language: 7,
} as const;

export const paymentKey = {
  /** OFD PaymentTypeEnum: 0 cash, 1 card, 4 mobile. */
  kind: 1,
  /** What it pays of the total; cash net of change. */
  sum: 2,
  /** Cash handed over; absent means exactly `sum`. */
  taken: 3,
  /** Text of digits. */
  rrn: 4,
  terminal: 5,
  cardType: 6,
  /** Text of digits. */
  authCode: 7,
} as const;

export const buyerKey = { iinBin: 1, email: 2, phone: 3 } as const;

/** Keys of the stored document's map. */
export const documentKey = {
  prev: 1,
  number: 2,
  shift: 3,
  utcS: 4,
  offsetMin: 5,
  operatorCode: 6,
  operatorName: 7,
  /** The idempotency key, and SHA-256 of the upload. */
  key: 8,
  requestSha: 9,
  settingsRevision: 10,
  operation: 11,
  total: 12,
  change: 13,
  /** Array of [rate, vat sum, turnover], in order of appearance; the receipt's modifier already shared out. */
  vat: 14,
  discount: 15,
  markup: 16,
  payments: 17,
  buyer: 18,
  language: 19,
  /** Receipt-level rate, when it was given there. */
  receiptVat: 20,
  /** Array of [rate, vat sum] that falls on the receipt's discount or markup. */
  modifierVat: 21,
  lineCount: 22,
  lines: 23,
} as const;

export const operationSell = 2;
export const paymentCash = 0;
export const paymentCard = 1;
export const paymentMobile = 4;
/** VAT rates that a sale may carry (Tax Code of 2026), in thousandths of a percent. */
export const vatRates: readonly number[] = [16000, 10000, 5000, 0];
