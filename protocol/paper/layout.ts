/**
 * The receipt on paper: seller, items, totals, sign, QR, in Kazakh and Russian (order No. 626, items 55 to 57).
 *
 * The width rule: «kk/ru» and the value share a line if they fit; else Kazakh with a slash stands alone and Russian
 * takes the value; else the value moves to the right edge of a line of its own.
 *
 *   | ҚҚС қоса алғанда/в т.ч. НДС 16%           179,31 |      | ҚҚС қоса алғанда/              |
 *                                                             | в т.ч. НДС 16%          179,31 |
 *
 * A receipt comes out in parts (top, each item, tail), so that 500 lines never stand in memory together.
 */
import { assert } from "../assert";
import { type Bytes, byteAt, concat, emptyBytes, indexOf, slice, utf8 } from "../bytes";
import { civil } from "../civil";
import { operationSell, paymentCard, paymentCash, paymentMobile } from "../document";
import { formatMoney, formatQuantity } from "../money";
import { foldKz1048 } from "./kz1048";
import { both, kkOf, type Label, labels, ruOf } from "./labels";
import type {
  PaperHead,
  PaperItem,
  PaperModifier,
  PaperOutcome,
  PaperPayment,
  PaperPiece,
  PaperSeller,
} from "./pieces";
import { alignRight, columnsOf, decimal, spaces, twoDigits, wrap } from "./text";
import { unitOf } from "./units";

/** PaperHead.language. */
const languageBoth = 0;
const languageKk = 1;
/** Separates the parts of a marking code; what follows the first one is cryptography, not for reading. */
const groupSeparator = 0x1d;

/** A part of the receipt while it is laid out. */
interface Sheet {
  readonly columns: number;
  readonly language: number;
  readonly pieces: PaperPiece[];
}

/** Seller, number, shift, cashier, time, numbers of the register. */
export function layoutTop(seller: PaperSeller, head: PaperHead, outcome: PaperOutcome, columns: number): PaperPiece[] {
  assert(head.operation === operationSell, "only a sale has a title");
  const sheet = createSheet(head, columns);
  if (outcome.repeated) {
    addTitle(sheet, labels.repeated);
  }
  addSeller(sheet, seller);
  addRule(sheet, "-");
  addTitle(sheet, labels.cashReceipt);
  addTitle(sheet, labels.sale);
  addNumbers(sheet, seller, head);
  addRule(sheet, "*");
  return sheet.pieces;
}

/** One sold line: name, quantity and price, discount, VAT, codes, marking. */
export function layoutItem(
  item: PaperItem,
  indexFrom1: number,
  head: PaperHead,
  seller: PaperSeller,
  columns: number,
): PaperPiece[] {
  const sheet = createSheet(head, columns);
  addName(sheet, item, decimal(indexFrom1));
  const unit = joined(unitOf(item.unit), sheet.language);
  const quantity = concat([utf8(formatQuantity(item.quantity)), utf8(" "), unit, utf8(" x "), money(item.price)]);
  addLastPair(sheet, quantity, concat([utf8("= "), money(item.sum)]));
  addModifiers(sheet, item.discount, item.markup);
  if (seller.vatPayer) {
    addItemVat(sheet, item, head);
  }
  addCode(sheet, "GTIN: ", item.gtin);
  addCode(sheet, "NTIN: ", item.ntin);
  if (item.markings.length > 0) {
    addNote(sheet, labels.marking);
  }
  for (const marking of item.markings) {
    addWrapped(sheet, readablePart(marking));
  }
  return sheet.pieces;
}

/** Totals, payments, sign, QR and the words «Фискальный чек»: only after a sign exists (item 39). */
export function layoutTail(seller: PaperSeller, head: PaperHead, outcome: PaperOutcome, columns: number): PaperPiece[] {
  assert(outcome.kind !== "refused", "a refused document is no fiscal receipt");
  assert(outcome.sign !== emptyBytes, "a fiscal receipt carries a sign");
  const sheet = createSheet(head, columns);
  addRule(sheet, "-");
  addTotals(sheet, seller, head);
  addRule(sheet, "-");
  addPayments(sheet, head);
  if (head.buyerIinBin !== undefined) {
    addValue(sheet, labels.buyer, head.buyerIinBin);
  }
  addRule(sheet, "-");
  addSign(sheet, outcome);
  addOfd(sheet, seller);
  addNote(sheet, labels.check);
  addWrapped(sheet, seller.ofdSite);
  sheet.pieces.push({ kind: "qr", text: outcome.qrUrl });
  addTerm(sheet, labels.fiscalReceipt, "", "");
  return sheet.pieces;
}

/** The notice instead of a receipt when the OFD refused the document: its number, the OFD's code and text. */
export function layoutRefused(
  seller: PaperSeller,
  head: PaperHead,
  outcome: PaperOutcome,
  columns: number,
): PaperPiece[] {
  assert(outcome.kind === "refused", "the notice tells a refusal");
  const sheet = createSheet(head, columns);
  addTitle(sheet, labels.notFiscal);
  addSeller(sheet, seller);
  addRule(sheet, "-");
  addTitle(sheet, labels.refusedByOfd);
  addNumbers(sheet, seller, head);
  addRule(sheet, "-");
  addValue(sheet, labels.total, money(head.total));
  if (outcome.resultCode !== undefined) {
    addValue(sheet, labels.refusalCode, decimal(outcome.resultCode));
  }
  if (outcome.resultText !== undefined && !saysFiscalReceipt(outcome.resultText)) {
    addWrapped(sheet, outcome.resultText);
  }
  addOfd(sheet, seller);
  addRule(sheet, "-");
  addTitle(sheet, labels.notFiscal);
  return sheet.pieces;
}

/** Whether a text of the OFD contains the words that only a signed receipt may carry. */
function saysFiscalReceipt(text: Bytes): boolean {
  const folded = foldKz1048(text);
  const has = (words: Bytes): boolean => indexOf(folded, foldKz1048(words), 0) >= 0;
  return has(kkOf(labels.fiscalReceipt)) || has(ruOf(labels.fiscalReceipt));
}

// Parts of a receipt.

function addSeller(sheet: Sheet, seller: PaperSeller): void {
  const title = both(seller.titleKk, seller.titleRu);
  if (isTwice(sheet, title)) {
    addCentered(sheet, kkOf(title), false);
  }
  addCentered(sheet, sheet.language === languageKk ? kkOf(title) : ruOf(title), false);
  const numberLabel = isFirm(seller.iinBin) ? labels.firmNumber : labels.personNumber;
  addCentered(sheet, concat([joined(numberLabel, sheet.language), utf8(" "), seller.iinBin]), false);
  addPrefixed(sheet, labels.address, seller.addressKk, seller.addressRu);
}

/** The fifth digit of a БИН is the kind of firm, 4 to 6; in an ИИН it is the first digit of a day. */
const isFirm = (iinBin: Bytes): boolean => iinBin.length > 4 && byteAt(iinBin, 4) >= 0x34;

function addNumbers(sheet: Sheet, seller: PaperSeller, head: PaperHead): void {
  addValue(sheet, labels.number, decimal(head.number));
  const shift = sheet.language === languageKk ? suffixed(sheet, labels.shift, utf8(" №")) : labels.shift;
  addValue(sheet, shift, decimal(head.shift));
  addValue(sheet, labels.cashier, concat([decimal(head.operatorCode), utf8(" "), head.operatorName]));
  addValue(sheet, labels.time, timeOf(head));
  addValue(sheet, labels.serial, seller.serial);
  addValue(sheet, labels.registration, seller.rnm);
  addValue(sheet, labels.kkmId, seller.kkmId);
}

/** "14.03.2026 16:42:05": local time, as in the QR. */
function timeOf(head: PaperHead): Bytes {
  const { year, month, day, hour, minute, second } = civil(head.utcS, head.offsetMin);
  const date = [twoDigits(day), utf8("."), twoDigits(month), utf8("."), decimal(year)];
  const time = [twoDigits(hour), utf8(":"), twoDigits(minute), utf8(":"), twoDigits(second)];
  return concat([concat(date), utf8(" "), concat(time)]);
}

/** "3. Әйел бәтеңкесі/Ботинки женские"; continued lines begin under the name. */
function addName(sheet: Sheet, item: PaperItem, index: Bytes): void {
  const prefix = concat([index, utf8(". ")]);
  const name = both(item.nameKk, item.nameRu ?? item.nameKk);
  let before = prefix;
  for (const part of partsOf(sheet, name, sheet.columns - columnsOf(prefix))) {
    addHanging(sheet, before, part);
    before = spaces(columnsOf(prefix));
  }
}

function addModifiers(sheet: Sheet, discount: PaperModifier | undefined, markup: PaperModifier | undefined): void {
  if (discount !== undefined) {
    addModifier(sheet, labels.discount, discount, "-");
  }
  if (markup !== undefined) {
    addModifier(sheet, labels.markup, markup, "+");
  }
}

/** «Жеңілдік/Скидка Карта  -10,00»; a name that only repeats the label is left out. */
function addModifier(sheet: Sheet, label: Label, modifier: PaperModifier, sign: string): void {
  const name = modifier.name;
  const repeats = name === kkOf(label) || name === ruOf(label) || name === joined(label, languageBoth);
  const shown = name === emptyBytes || repeats ? label : suffixed(sheet, label, concat([utf8(" "), name]));
  addValue(sheet, shown, concat([utf8(sign), money(modifier.sum)]));
}

function addItemVat(sheet: Sheet, item: PaperItem, head: PaperHead): void {
  if (item.vat !== undefined) {
    addValue(sheet, suffixed(sheet, labels.vatIncluded, percent(item.vat)), money(item.vatSum));
  } else if (head.vat.length > 0 && taxedTurnover(head) < head.total) {
    // Rates stand in lines and this line has none; with one rate for the receipt all of the total is taxed.
    addLine(sheet, joined(labels.vatNone, sheet.language));
  }
}

function taxedTurnover(head: PaperHead): number {
  let turnover = 0;
  for (const [, , rateTurnover] of head.vat) {
    turnover += rateTurnover;
  }
  return turnover;
}

/** What people compare: identifier and serial number, without the cryptographic tail. */
function readablePart(marking: Bytes): Bytes {
  const start = marking.length > 0 && byteAt(marking, 0) === groupSeparator ? 1 : 0;
  for (let index = start; index < marking.length; index++) {
    if (byteAt(marking, index) === groupSeparator) {
      return slice(marking, start, index);
    }
  }
  return slice(marking, start, marking.length);
}

function addTotals(sheet: Sheet, seller: PaperSeller, head: PaperHead): void {
  addModifiers(sheet, head.discount, head.markup);
  addValue(sheet, labels.discountTotal, money(head.discountTotal));
  addValue(sheet, labels.markupTotal, money(head.markupTotal));
  addGrandTotal(sheet, money(head.total));
  if (!seller.vatPayer || head.vat.length === 0) {
    addLine(sheet, joined(labels.vatNone, sheet.language));
    return;
  }
  for (const [rate, vatSum] of head.vat) {
    addValue(sheet, suffixed(sheet, labels.vatTotal, percent(rate)), money(vatSum));
  }
}

/** The sum that everybody looks for: bold and tall. */
function addGrandTotal(sheet: Sheet, total: Bytes): void {
  const from = sheet.pieces.length;
  addValue(sheet, labels.total, total);
  for (let index = from; index < sheet.pieces.length; index++) {
    const piece = sheet.pieces[index]!;
    if (piece.kind === "text") {
      sheet.pieces[index] = { kind: "text", text: piece.text, bold: true, wide: false, tall: true, center: false };
    }
  }
}

function addPayments(sheet: Sheet, head: PaperHead): void {
  for (const payment of head.payments) {
    addValue(sheet, paymentLabel(payment.kind), money(payment.sum));
    addSlip(sheet, payment);
  }
  for (const payment of head.payments) {
    if (payment.taken !== undefined) {
      addValue(sheet, labels.taken, money(payment.taken));
      addValue(sheet, labels.change, money(head.change));
    }
  }
}

function paymentLabel(kind: number): Label {
  assert(kind === paymentCash || kind === paymentCard || kind === paymentMobile, "every kind of payment has a label");
  return kind === paymentCash ? labels.cash : kind === paymentCard ? labels.card : labels.mobile;
}

/** What the card terminal said. */
function addSlip(sheet: Sheet, payment: PaperPayment): void {
  if (payment.terminal !== undefined) {
    addValue(sheet, labels.terminal, payment.terminal);
  }
  if (payment.rrn !== undefined) {
    addValue(sheet, labels.rrn, payment.rrn);
  }
}

function addSign(sheet: Sheet, outcome: PaperOutcome): void {
  if (outcome.kind === "autonomous") {
    addTerm(sheet, labels.autonomous, "*** ", " ***");
    addValue(sheet, labels.autonomousSign, outcome.sign);
  } else {
    addValue(sheet, labels.sign, outcome.sign);
  }
}

function addOfd(sheet: Sheet, seller: PaperSeller): void {
  addPrefixed(sheet, labels.ofd, seller.ofdTitleKk, seller.ofdTitleRu);
}

/** A term that the law wants in Russian letter for letter: a Kazakh receipt shows it in both languages. */
function addTerm(sheet: Sheet, label: Label, before: string, after: string): void {
  const language = sheet.language === languageKk ? languageBoth : sheet.language;
  addCentered(sheet, concat([utf8(before), joined(label, language), utf8(after)]), true);
}

// Lines.

function createSheet(head: PaperHead, columns: number): Sheet {
  return { columns, language: head.language, pieces: [] };
}

function addLine(sheet: Sheet, text: Bytes): void {
  sheet.pieces.push({ kind: "text", text, bold: false, wide: false, center: false });
}

function addCentered(sheet: Sheet, text: Bytes, bold: boolean): void {
  for (const line of wrap(text, sheet.columns)) {
    sheet.pieces.push({ kind: "text", text: line, bold, wide: false, center: true });
  }
}

function addTitle(sheet: Sheet, label: Label): void {
  for (const part of partsOf(sheet, label, sheet.columns)) {
    addCentered(sheet, part, true);
  }
}

function addRule(sheet: Sheet, character: string): void {
  const dashes: Bytes[] = [];
  for (let column = 0; column < sheet.columns; column++) {
    dashes.push(utf8(character));
  }
  addLine(sheet, concat(dashes));
}

/** Wrapped at spaces. */
function addWrapped(sheet: Sheet, text: Bytes): void {
  addHanging(sheet, emptyBytes, text);
}

/** Wrapped at spaces behind a prefix; further lines begin under the text, not under the prefix. */
function addHanging(sheet: Sheet, prefix: Bytes, text: Bytes): void {
  const indent = columnsOf(prefix);
  let before = prefix;
  for (const line of wrap(text, sheet.columns - indent)) {
    addLine(sheet, concat([before, line]));
    before = spaces(indent);
  }
}

/** A label with its value, by the width rule. */
function addValue(sheet: Sheet, label: Label, value: Bytes): void {
  const parts = partsOf(sheet, label, sheet.columns - 1 - columnsOf(value));
  if (parts.length > 1) {
    addWrapped(sheet, parts[0]!);
  }
  addLastPair(sheet, parts[parts.length - 1]!, value);
}

/** Left and right on one line, or one under the other. */
function addLastPair(sheet: Sheet, left: Bytes, right: Bytes): void {
  if (columnsOf(left) + 1 + columnsOf(right) <= sheet.columns) {
    addLine(sheet, concat([left, alignRight(right, sheet.columns - columnsOf(left))]));
    return;
  }
  addWrapped(sheet, left);
  for (const line of wrap(right, sheet.columns)) {
    addLine(sheet, alignRight(line, sheet.columns));
  }
}

/** A label that ends in a colon, with nothing behind it. */
function addNote(sheet: Sheet, label: Label): void {
  for (const part of partsOf(sheet, suffixed(sheet, label, utf8(":")), sheet.columns)) {
    addWrapped(sheet, part);
  }
}

/** "Адрес: г. Астана, пр. Абая, д. 1" in each language. */
function addPrefixed(sheet: Sheet, label: Label, kk: Bytes, ru: Bytes): void {
  if (sheet.language === languageBoth || sheet.language === languageKk) {
    addWrapped(sheet, concat([kkOf(label), utf8(": "), kk]));
  }
  if (sheet.language !== languageKk) {
    addWrapped(sheet, concat([ruOf(label), utf8(": "), ru]));
  }
}

function addCode(sheet: Sheet, prefix: string, code: Bytes | undefined): void {
  if (code !== undefined) {
    addWrapped(sheet, concat([utf8(prefix), code]));
  }
}

// Languages.

/** «kk/ru», or the one that is asked for; equal words once. */
function joined(label: Label, language: number): Bytes {
  if (language === languageBoth && kkOf(label) !== ruOf(label)) {
    return concat([kkOf(label), utf8("/"), ruOf(label)]);
  }
  return language === languageKk ? kkOf(label) : ruOf(label);
}

/** Whether the label is printed in two languages. */
const isTwice = (sheet: Sheet, label: Label): boolean => sheet.language === languageBoth && kkOf(label) !== ruOf(label);

/** «kk/ru», or one language; two parts, «kk/» and «ru», when they are too many columns for one. */
function partsOf(sheet: Sheet, label: Label, columns: number): Bytes[] {
  const whole = joined(label, sheet.language);
  return isTwice(sheet, label) && columnsOf(whole) > columns
    ? [concat([kkOf(label), utf8("/")]), ruOf(label)]
    : [whole];
}

/** The label with something behind its last word: behind both words when they are printed one by one. */
function suffixed(sheet: Sheet, label: Label, suffix: Bytes): Label {
  const kk = sheet.language === languageBoth ? kkOf(label) : concat([kkOf(label), suffix]);
  return both(kk, concat([ruOf(label), suffix]));
}

/** " 16%" of 16000. */
const percent = (rate: number): Bytes => concat([utf8(" "), decimal(Math.floor(rate / 1000)), utf8("%")]);

const money = (tiyn: number): Bytes => utf8(formatMoney(tiyn));
