/**
 * The head of a document: what the upload asks, checked against the totals of its lines, and what the module decides.
 */
import { type Bytes, concat } from "../protocol/bytes";
import { type CborMap, type CborValue, getArray, getBytes, getMap, getText, getUint } from "../protocol/cbor-read";
import { cborArrayHead, cborBytes, cborMap, cborText, cborUint } from "../protocol/cbor-write";
import {
  buyerKey,
  documentKey,
  headKey,
  operationSell,
  paymentCard,
  paymentCash,
  paymentKey,
  paymentMobile,
  vatRates,
} from "../protocol/document";
import { shareLargestRemainder, vatInside } from "../protocol/money";
import { type Refusal, refuse } from "../protocol/refusals";
import { checkKinds, checkText, encodeModifier, type FieldKinds, type Modifier, readModifier } from "./document-line";
import { amountMax, paymentsMax, textBytesMax } from "./limits";
import { isDigits, type Settings } from "./settings";

export interface Payment {
  readonly kind: number;
  readonly sum: number;
  readonly taken: number | undefined;
  readonly rrn: Bytes | undefined;
  readonly terminal: Bytes | undefined;
  readonly cardType: Bytes | undefined;
  readonly authCode: Bytes | undefined;
}
export interface Buyer {
  readonly iinBin: Bytes | undefined;
  readonly email: Bytes | undefined;
  readonly phone: Bytes | undefined;
}
/** [rate, VAT, turnover] of the whole receipt, modifiers shared out. */
export type VatTotal = readonly [number, number, number];

/** Everything of a stored document but its lines. */
export interface DocumentHead {
  readonly prev: Bytes;
  readonly number: number;
  readonly shift: number;
  readonly utcS: number;
  readonly offsetMin: number;
  readonly operatorCode: number;
  readonly operatorName: Bytes;
  readonly key: Bytes;
  readonly requestSha: Bytes;
  readonly settingsRevision: number;
  readonly operation: number;
  readonly total: number;
  readonly change: number;
  readonly vat: readonly VatTotal[];
  readonly discount: Modifier | undefined;
  readonly markup: Modifier | undefined;
  readonly payments: readonly Payment[];
  readonly buyer: Buyer | undefined;
  readonly language: number;
  readonly receiptVat: number | undefined;
  readonly modifierVat: readonly (readonly [number, number])[];
  readonly lineCount: number;
}

/** What the lines of a document add up to. Rates in order of appearance. */
export interface LineTotals {
  total: number;
  rates: number[];
  /** By rate: VAT and turnover after the lines' own modifiers. */
  vat: number[];
  turnover: number[];
  /** Lines that carry a rate. */
  rated: number;
}

/** What the upload's head asks for. */
export interface RequestHead {
  readonly operation: number;
  readonly vat: number | undefined;
  readonly discount: Modifier | undefined;
  readonly markup: Modifier | undefined;
  readonly payments: readonly Payment[];
  readonly buyer: Buyer | undefined;
  readonly language: number;
}
export type CheckedHead =
  | { readonly kind: "head"; readonly head: RequestHead }
  | { readonly kind: "refusal"; readonly refusal: Refusal };

const headKinds: FieldKinds = [
  [headKey.operation, "operation", "int"],
  [headKey.vat, "vat", "int"],
  [headKey.discount, "discount", "map"],
  [headKey.markup, "markup", "map"],
  [headKey.payments, "payments", "array"],
  [headKey.buyer, "buyer", "map"],
  [headKey.language, "language", "int"],
];
const paymentKinds: FieldKinds = [
  [paymentKey.kind, "payments.kind", "int"],
  [paymentKey.sum, "payments.sum", "int"],
  [paymentKey.taken, "payments.taken", "int"],
  [paymentKey.rrn, "payments.rrn", "text"],
  [paymentKey.terminal, "payments.terminal", "text"],
  [paymentKey.cardType, "payments.cardType", "text"],
  [paymentKey.authCode, "payments.authCode", "text"],
];
const buyerKinds: FieldKinds = [
  [buyerKey.iinBin, "buyer.iinBin", "text"],
  [buyerKey.email, "buyer.email", "text"],
  [buyerKey.phone, "buyer.phone", "text"],
];

function readPayment(value: CborValue): Payment | undefined {
  if (value.kind !== "map") {
    return undefined;
  }
  const kind = getUint(value.entries, paymentKey.kind);
  const sum = getUint(value.entries, paymentKey.sum);
  if (kind === undefined || sum === undefined) {
    return undefined;
  }
  return {
    kind,
    sum,
    taken: getUint(value.entries, paymentKey.taken),
    rrn: getText(value.entries, paymentKey.rrn),
    terminal: getText(value.entries, paymentKey.terminal),
    cardType: getText(value.entries, paymentKey.cardType),
    authCode: getText(value.entries, paymentKey.authCode),
  };
}

function readPayments(items: readonly CborValue[] | undefined): Payment[] | undefined {
  const payments: Payment[] = [];
  if (items === undefined || items.length > paymentsMax) {
    return undefined;
  }
  for (const item of items) {
    const payment = readPayment(item);
    if (payment === undefined) {
      return undefined;
    }
    payments.push(payment);
  }
  return payments;
}

function readBuyer(map: CborMap | undefined): Buyer | undefined {
  return map === undefined
    ? undefined
    : {
        iinBin: getText(map, buyerKey.iinBin),
        email: getText(map, buyerKey.email),
        phone: getText(map, buyerKey.phone),
      };
}

/** A payment's own form: a known kind, card fields that are digits. */
function checkPayment(payment: Payment): Refusal | undefined {
  if (payment.kind !== paymentCash && payment.kind !== paymentCard && payment.kind !== paymentMobile) {
    return refuse("FIELD_INVALID", { field: "payments.kind", expected: "0, 1, 4", got: payment.kind });
  }
  if (payment.kind !== paymentCash && payment.taken !== undefined) {
    return refuse("FIELD_INVALID", { field: "payments.taken", expected: "only with cash", got: payment.taken });
  }
  if (payment.sum > amountMax || (payment.taken ?? 0) > amountMax) {
    return refuse("AMOUNT_TOO_LARGE", { field: "payments.sum", expected: amountMax, got: payment.sum });
  }
  // On the wire the RRN is a uint64 and the authorisation code a uint32 (ofd-2.0.4 §3.12.2).
  if (payment.rrn !== undefined && !isDigits(payment.rrn, 1, 15)) {
    return refuse("FIELD_INVALID", { field: "payments.rrn", expected: "1 to 15 digits", got: payment.rrn.length });
  }
  if (payment.authCode !== undefined && !isDigits(payment.authCode, 1, 9)) {
    return refuse("FIELD_INVALID", {
      field: "payments.authCode",
      expected: "1 to 9 digits",
      got: payment.authCode.length,
    });
  }
  const terminal =
    payment.terminal === undefined ? undefined : checkText(payment.terminal, "payments.terminal", textBytesMax, 0);
  return terminal !== undefined || payment.cardType === undefined
    ? terminal
    : checkText(payment.cardType, "payments.cardType", textBytesMax, 0);
}

function checkBuyer(buyer: Buyer | undefined, settings: Settings): Refusal | undefined {
  if (buyer === undefined) {
    return undefined;
  }
  if (buyer.iinBin !== undefined && !isDigits(buyer.iinBin, 12, 12)) {
    return refuse("FIELD_INVALID", { field: "buyer.iinBin", expected: "12 digits", got: buyer.iinBin.length });
  }
  // The OFD would refuse it by result 17.
  if (buyer.iinBin !== undefined && buyer.iinBin === settings.org.iinBin) {
    return refuse("BUYER_IS_SELLER", { field: "buyer.iinBin" });
  }
  const email = buyer.email === undefined ? undefined : checkText(buyer.email, "buyer.email", textBytesMax, 0);
  return email !== undefined || buyer.phone === undefined
    ? email
    : checkText(buyer.phone, "buyer.phone", textBytesMax, 0);
}

function refused(refusal: Refusal): CheckedHead {
  return { kind: "refusal", refusal };
}

/** Kinds of the head's maps, the payments' and the buyer's. */
function checkForms(map: CborMap): Refusal | undefined {
  const unfit = checkKinds(map, headKinds, 0);
  if (unfit !== undefined) {
    return unfit;
  }
  for (const item of getArray(map, headKey.payments) ?? []) {
    const wrong = item.kind === "map" ? checkKinds(item.entries, paymentKinds, 0) : undefined;
    if (wrong !== undefined) {
      return wrong;
    }
  }
  const buyer = getMap(map, headKey.buyer);
  return buyer === undefined ? undefined : checkKinds(buyer, buyerKinds, 0);
}

/** The upload's head, every field checked; sums are checked by settleTotals. */
export function checkHead(map: CborMap, settings: Settings): CheckedHead {
  const unfit = checkForms(map);
  if (unfit !== undefined) {
    return refused(unfit);
  }
  const operation = getUint(map, headKey.operation);
  const payments = readPayments(getArray(map, headKey.payments));
  const discount = readModifier(getMap(map, headKey.discount));
  const markup = readModifier(getMap(map, headKey.markup));
  const buyer = readBuyer(getMap(map, headKey.buyer));
  const language = getUint(map, headKey.language) ?? 0;
  if (operation === undefined) {
    return refused(refuse("FIELD_MISSING", { field: "operation" }));
  }
  if (operation !== operationSell) {
    return refused(refuse("OPERATION_NOT_SUPPORTED", { expected: operationSell, got: operation }));
  }
  if (payments === undefined || payments.length === 0) {
    return refused(refuse("FIELD_INVALID", { field: "payments", expected: "1 to 3 payments", got: "other" }));
  }
  if (discount === "invalid" || markup === "invalid") {
    return refused(refuse("FIELD_INVALID", { field: "discount, markup", expected: "name and sum", got: "other" }));
  }
  if (language > 2) {
    return refused(refuse("FIELD_INVALID", { field: "language", expected: "0, 1, 2", got: language }));
  }
  const head: RequestHead = { operation, vat: getUint(map, headKey.vat), discount, markup, payments, buyer, language };
  const refusal = checkHeadRules(head, settings);
  return refusal === undefined ? { kind: "head", head } : refused(refusal);
}

function checkHeadRules(head: RequestHead, settings: Settings): Refusal | undefined {
  if (head.discount !== undefined && head.markup !== undefined) {
    return refuse("DISCOUNT_AND_MARKUP", { line: 0 });
  }
  const modifier = head.discount ?? head.markup;
  if (modifier !== undefined) {
    if (modifier.sum > amountMax) {
      return refuse("AMOUNT_TOO_LARGE", { line: 0, expected: amountMax, got: modifier.sum });
    }
    const named = checkText(modifier.name, "discount.name", textBytesMax, 0);
    if (named !== undefined) {
      return named;
    }
  }
  for (const payment of head.payments) {
    const refusal = checkPayment(payment);
    if (refusal !== undefined) {
      return refusal;
    }
  }
  if (head.vat !== undefined) {
    if (!settings.org.vatPayer) {
      return refuse("VAT_NOT_PAYER", { line: 0, got: head.vat });
    }
    let known = false;
    for (const rate of vatRates) {
      known = known || rate === head.vat;
    }
    if (!known) {
      return refuse("VAT_UNKNOWN", { line: 0, expected: "16000, 10000, 5000, 0", got: head.vat });
    }
  }
  return checkBuyer(head.buyer, settings);
}

/** The sums that the module decides. */
export interface Settled {
  readonly total: number;
  readonly change: number;
  readonly vat: readonly VatTotal[];
  readonly modifierVat: readonly (readonly [number, number])[];
}
export type SettledTotals =
  | { readonly kind: "settled"; readonly settled: Settled }
  | { readonly kind: "refusal"; readonly refusal: Refusal };

/**
 * Payments against the total (ofd-2.0.4 §5.5): one entry a kind, together the total; cash is net of change and covers
 * what the rest leaves open. The change, or the refusal.
 */
function settlePayments(payments: readonly Payment[], total: number): number | Refusal {
  let paid = 0;
  let nonCash = 0;
  let change = 0;
  const seen: number[] = [];
  for (const payment of payments) {
    for (const kind of seen) {
      if (kind === payment.kind) {
        return refuse("PAYMENT_KIND_TWICE", { got: payment.kind });
      }
    }
    seen.push(payment.kind);
    paid += payment.sum;
    if (payment.kind !== paymentCash) {
      nonCash += payment.sum;
    } else if (payment.taken !== undefined) {
      if (payment.taken < payment.sum) {
        return refuse("TAKEN_TOO_SMALL", { expected: payment.sum, got: payment.taken });
      }
      change = payment.taken - payment.sum;
    }
  }
  if (nonCash > total) {
    return refuse("PAYMENT_NONCASH_TOO_LARGE", { expected: total, got: nonCash });
  }
  return paid === total ? change : refuse("PAYMENT_MISMATCH", { expected: total, got: paid });
}

/** VAT by rate after the receipt's discount or markup, which is shared by turnover, largest remainder (ofd-2.0.4 §11.8). */
function settleVat(head: RequestHead, totals: LineTotals, total: number): Pick<Settled, "vat" | "modifierVat"> {
  const vat: VatTotal[] = [];
  const modifierVat: (readonly [number, number])[] = [];
  if (head.vat !== undefined) {
    return { vat: [[head.vat, vatInside(total, head.vat), total]], modifierVat };
  }
  const modifier = head.discount?.sum ?? head.markup?.sum ?? 0;
  const sign = head.discount === undefined ? 1 : -1;
  // What carries no VAT takes its share too, so that the rates bear only theirs.
  let unrated = totals.total;
  for (const turnover of totals.turnover) {
    unrated -= turnover;
  }
  const weights: number[] = [];
  for (const turnover of totals.turnover) {
    weights.push(turnover);
  }
  weights.push(unrated);
  const shares = modifier === 0 ? [] : shareLargestRemainder(modifier, weights);
  for (let index = 0; index < totals.rates.length; index++) {
    const rate = totals.rates[index] as number;
    const share = shares[index] ?? 0;
    const shareVat = vatInside(share, rate);
    const turnover = totals.turnover[index] as number;
    // Each VAT is rounded by itself, so what is taken away may be some tiyn more than there is.
    vat.push([rate, Math.max((totals.vat[index] as number) + sign * shareVat, 0), turnover + sign * share]);
    if (modifier !== 0 && turnover > 0) {
      modifierVat.push([rate, shareVat]);
    }
  }
  return { vat, modifierVat };
}

/** Total, change and VAT of a receipt, or why its sums do not agree. */
export function settleTotals(head: RequestHead, totals: LineTotals): SettledTotals {
  if (head.vat !== undefined && totals.rated > 0) {
    return { kind: "refusal", refusal: refuse("VAT_TWICE", { got: totals.rated }) };
  }
  const discount = head.discount?.sum ?? 0;
  if (discount > totals.total) {
    return {
      kind: "refusal",
      refusal: refuse("DISCOUNT_TOO_LARGE", { line: 0, expected: totals.total, got: discount }),
    };
  }
  const markup = head.markup?.sum ?? 0;
  if (markup > 0 && totals.total === 0) {
    const facts = { field: "markup", line: 0, expected: "lines with a sum", got: markup };
    return { kind: "refusal", refusal: refuse("FIELD_INVALID", facts) };
  }
  const total = totals.total - discount + markup;
  if (total > amountMax) {
    return { kind: "refusal", refusal: refuse("AMOUNT_TOO_LARGE", { line: 0, expected: amountMax, got: total }) };
  }
  const change = settlePayments(head.payments, total);
  if (typeof change !== "number") {
    return { kind: "refusal", refusal: change };
  }
  return { kind: "settled", settled: { total, change, ...settleVat(head, totals, total) } };
}

type Entries = (readonly [Bytes, Bytes])[];

function putText(entries: Entries, key: number, text: Bytes | undefined): void {
  if (text !== undefined) {
    entries.push([cborUint(key), cborText(text)]);
  }
}
function putUint(entries: Entries, key: number, value: number | undefined): void {
  if (value !== undefined) {
    entries.push([cborUint(key), cborUint(value)]);
  }
}

function encodePayments(payments: readonly Payment[]): Bytes {
  const parts: Bytes[] = [cborArrayHead(payments.length)];
  for (const payment of payments) {
    const entries: Entries = [];
    putUint(entries, paymentKey.kind, payment.kind);
    putUint(entries, paymentKey.sum, payment.sum);
    putUint(entries, paymentKey.taken, payment.taken);
    putText(entries, paymentKey.rrn, payment.rrn);
    putText(entries, paymentKey.terminal, payment.terminal);
    putText(entries, paymentKey.cardType, payment.cardType);
    putText(entries, paymentKey.authCode, payment.authCode);
    parts.push(cborMap(entries));
  }
  return concat(parts);
}

function encodeBuyer(buyer: Buyer): Bytes {
  const entries: Entries = [];
  putText(entries, buyerKey.iinBin, buyer.iinBin);
  putText(entries, buyerKey.email, buyer.email);
  putText(entries, buyerKey.phone, buyer.phone);
  return cborMap(entries);
}

/** Rows of integers. */
export function encodeRows(rows: readonly (readonly number[])[]): Bytes {
  const parts: Bytes[] = [cborArrayHead(rows.length)];
  for (const row of rows) {
    parts.push(cborArrayHead(row.length));
    for (const value of row) {
      parts.push(cborUint(value));
    }
  }
  return concat(parts);
}

/** Rows of integers back; rows of another length are left out. */
export function decodeRows(items: readonly CborValue[] | undefined, length: number): number[][] {
  const rows: number[][] = [];
  for (const item of items ?? []) {
    if (item.kind === "array" && item.items.length === length) {
      const row: number[] = [];
      for (const cell of item.items) {
        if (cell.kind === "int") {
          row.push(cell.value);
        }
      }
      rows.push(row);
    }
  }
  return rows;
}

/** The stored map up to and with the head of its `lines` array; the lines' maps follow. */
export function encodeHead(head: DocumentHead): Bytes {
  const entries: Entries = [];
  const bytes = (key: number, value: Bytes): void => {
    entries.push([cborUint(key), cborBytes(value)]);
  };
  bytes(documentKey.prev, head.prev);
  putUint(entries, documentKey.number, head.number);
  putUint(entries, documentKey.shift, head.shift);
  putUint(entries, documentKey.utcS, head.utcS);
  putUint(entries, documentKey.offsetMin, head.offsetMin);
  putUint(entries, documentKey.operatorCode, head.operatorCode);
  putText(entries, documentKey.operatorName, head.operatorName);
  putText(entries, documentKey.key, head.key);
  bytes(documentKey.requestSha, head.requestSha);
  putUint(entries, documentKey.settingsRevision, head.settingsRevision);
  putUint(entries, documentKey.operation, head.operation);
  putUint(entries, documentKey.total, head.total);
  putUint(entries, documentKey.change, head.change);
  entries.push([cborUint(documentKey.vat), encodeRows(head.vat)]);
  if (head.discount !== undefined) {
    entries.push([cborUint(documentKey.discount), encodeModifier(head.discount)]);
  }
  if (head.markup !== undefined) {
    entries.push([cborUint(documentKey.markup), encodeModifier(head.markup)]);
  }
  entries.push([cborUint(documentKey.payments), encodePayments(head.payments)]);
  if (head.buyer !== undefined) {
    entries.push([cborUint(documentKey.buyer), encodeBuyer(head.buyer)]);
  }
  putUint(entries, documentKey.language, head.language);
  putUint(entries, documentKey.receiptVat, head.receiptVat);
  if (head.modifierVat.length > 0) {
    entries.push([cborUint(documentKey.modifierVat), encodeRows(head.modifierVat)]);
  }
  putUint(entries, documentKey.lineCount, head.lineCount);
  entries.push([cborUint(documentKey.lines), cborArrayHead(head.lineCount)]);
  return cborMap(entries);
}

/** The head back from its map (of which `lines` may be cut off); undefined when a field is missing. */
export function decodeHead(map: CborMap): DocumentHead | undefined {
  const prev = getBytes(map, documentKey.prev);
  const number = getUint(map, documentKey.number);
  const shift = getUint(map, documentKey.shift);
  const utcS = getUint(map, documentKey.utcS);
  const offsetMin = getUint(map, documentKey.offsetMin);
  const operatorCode = getUint(map, documentKey.operatorCode);
  const operatorName = getText(map, documentKey.operatorName);
  const key = getText(map, documentKey.key);
  const requestSha = getBytes(map, documentKey.requestSha);
  const settingsRevision = getUint(map, documentKey.settingsRevision);
  const operation = getUint(map, documentKey.operation);
  const total = getUint(map, documentKey.total);
  const change = getUint(map, documentKey.change);
  const discount = readModifier(getMap(map, documentKey.discount));
  const markup = readModifier(getMap(map, documentKey.markup));
  const payments = readPayments(getArray(map, documentKey.payments));
  const lineCount = getUint(map, documentKey.lineCount);
  if (prev === undefined || number === undefined || shift === undefined || utcS === undefined) return undefined;
  if (offsetMin === undefined || operatorCode === undefined || operatorName === undefined) return undefined;
  if (key === undefined || requestSha === undefined || settingsRevision === undefined) return undefined;
  if (operation === undefined || total === undefined || change === undefined) return undefined;
  if (discount === "invalid" || markup === "invalid" || payments === undefined || lineCount === undefined)
    return undefined;
  return {
    prev,
    number,
    shift,
    utcS,
    offsetMin,
    operatorCode,
    operatorName,
    key,
    requestSha,
    settingsRevision,
    operation,
    total,
    change,
    vat: decodeRows(getArray(map, documentKey.vat), 3) as unknown as readonly VatTotal[],
    discount,
    markup,
    payments,
    buyer: readBuyer(getMap(map, documentKey.buyer)),
    language: getUint(map, documentKey.language) ?? 0,
    receiptVat: getUint(map, documentKey.receiptVat),
    modifierVat: decodeRows(getArray(map, documentKey.modifierVat), 2) as unknown as readonly (readonly [
      number,
      number,
    ])[],
    lineCount,
  };
}
