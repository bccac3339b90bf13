/**
 * The paper of a receipt, made again from the mirror by the very layout and writer that the module uses, and held
 * against the SHA-256 that the module recorded of the bytes which the printer took.
 *
 *   fiscalization (seller, printer) ─┐
 *   document, outcome ───────────────┼─► layout ─► ESC/POS ─► SHA-256 = printed?
 */
import { createHash } from "node:crypto";
import { type Bytes, concat, utf8 } from "../../protocol/bytes";
import { cardKey, ofdKey, orgKey, posKey } from "../../protocol/card";
import { buyerKey, documentKey, lineKey, modifierKey, paymentKey } from "../../protocol/document";
import { createEscposWriter } from "../../protocol/paper/escpos-write";
import { layoutItem, layoutRefused, layoutTail, layoutTop } from "../../protocol/paper/layout";
import type {
  PaperHead,
  PaperItem,
  PaperModifier,
  PaperOutcome,
  PaperPayment,
  PaperPiece,
  PaperSeller,
} from "../../protocol/paper/pieces";
import { fiscalizationKey, printedKey, printerKey, recordType } from "../../protocol/records";
import { boolIn, type LogMap, listIn, mapIn, numberIn, readLogItem, textIn } from "./log-item";
import type { MirrorStore, ReceiptRow } from "./mirror-store";

export type PrinterProfile = Parameters<typeof createEscposWriter>[0];

export interface Paper {
  readonly escpos: Buffer;
  readonly profile: PrinterProfile;
  /** Whether these are the bytes that the printer took; differs: it took others. */
  readonly matches: "printed" | "not-printed" | "differs";
}

/** Undefined while the document has no outcome, or when the mirror lacks a record that the paper needs. */
export function drawPaper(store: MirrorStore, row: ReceiptRow): Paper | undefined {
  const raw = store.item(row.documentSeq);
  const document = raw === undefined ? undefined : readLogItem(raw)?.payload;
  const fiscalization = payloadOf(store.newest(recordType.fiscalization, row.documentSeq));
  if (document === undefined || fiscalization === undefined || row.answer === undefined) {
    return undefined;
  }
  const printed = row.printedSeq === undefined ? undefined : payloadOf(store.item(row.printedSeq));
  const repeated = printed !== undefined && numberIn(printed, printedKey.repeated) === 1;
  const profile = profileOf(mapIn(fiscalization, fiscalizationKey.printer) ?? new Map());
  const outcome = { ...paperOutcome(row), repeated };
  const bytes = writePaper(document, paperSeller(fiscalization), outcome, profile);
  const escpos = Buffer.from(bytes, "latin1");
  const sha = createHash("sha256").update(escpos).digest();
  const matches = row.printedSha === undefined ? "not-printed" : sha.equals(row.printedSha) ? "printed" : "differs";
  return { escpos, profile, matches };
}

const payloadOf = (raw: Buffer | undefined): LogMap | undefined =>
  raw === undefined ? undefined : readLogItem(raw)?.payload;

function writePaper(document: LogMap, seller: PaperSeller, outcome: PaperOutcome, profile: PrinterProfile): Bytes {
  const writer = createEscposWriter(profile);
  const head = paperHead(document);
  const { columns } = profile;
  const pieces: PaperPiece[] =
    outcome.kind === "refused"
      ? layoutRefused(seller, head, outcome, columns)
      : [
          ...layoutTop(seller, head, outcome, columns),
          ...linesOf(document).flatMap((line, index) => layoutItem(paperItem(line), index + 1, head, seller, columns)),
          ...layoutTail(seller, head, outcome, columns),
        ];
  return concat([writer.begin(), ...pieces.map(piece => writer.piece(piece)), writer.end()]);
}

const linesOf = (document: LogMap): LogMap[] => listIn(document, documentKey.lines).filter(isMap);
const isMap = (value: unknown): value is LogMap => value instanceof Map;

const bytesOfText = (map: LogMap | undefined, key: number): Bytes => utf8((map && textIn(map, key)) ?? "");
function maybeBytes(map: LogMap, key: number): Bytes | undefined {
  const text = textIn(map, key);
  return text === undefined ? undefined : utf8(text);
}

function profileOf(printer: LogMap): PrinterProfile {
  return {
    name: textIn(printer, printerKey.name) ?? "",
    columns: numberIn(printer, printerKey.columns) ?? 48,
    letters: (textIn(printer, printerKey.letters) ?? "raster") as PrinterProfile["letters"],
    codeTable: numberIn(printer, printerKey.codeTable) ?? 0,
    qr: (textIn(printer, printerKey.qr) ?? "raster") as PrinterProfile["qr"],
    confirms: boolIn(printer, printerKey.confirms) ?? false,
    cutter: boolIn(printer, printerKey.cutter) ?? false,
  };
}

function paperSeller(fiscalization: LogMap): PaperSeller {
  const card = mapIn(fiscalization, fiscalizationKey.card) ?? new Map();
  const org = mapIn(card, cardKey.org);
  const pos = mapIn(card, cardKey.pos);
  const ofd = mapIn(card, cardKey.ofd);
  return {
    titleKk: bytesOfText(org, orgKey.titleKk),
    titleRu: bytesOfText(org, orgKey.titleRu),
    iinBin: bytesOfText(org, orgKey.iinBin),
    addressKk: bytesOfText(pos, posKey.addressKk),
    addressRu: bytesOfText(pos, posKey.addressRu),
    serial: bytesOfText(fiscalization, fiscalizationKey.serial),
    rnm: bytesOfText(card, cardKey.rnm),
    kkmId: utf8(String(numberIn(card, cardKey.ofdId) ?? "")),
    ofdTitleKk: bytesOfText(ofd, ofdKey.titleKk),
    ofdTitleRu: bytesOfText(ofd, ofdKey.titleRu),
    ofdSite: bytesOfText(ofd, ofdKey.site),
    vatPayer: org !== undefined && boolIn(org, orgKey.vatPayer) === true,
  };
}

function modifierOf(map: LogMap, key: number): PaperModifier | undefined {
  const modifier = mapIn(map, key);
  return modifier === undefined
    ? undefined
    : { name: bytesOfText(modifier, modifierKey.name), sum: numberIn(modifier, modifierKey.sum) ?? 0 };
}

/** Sums of all discounts or markups, of lines and receipt. */
function sumOf(document: LogMap, receiptKey: number, key: number): number {
  const ofLines = linesOf(document).map(line => modifierOf(line, key)?.sum ?? 0);
  return ofLines.reduce((sum, each) => sum + each, modifierOf(document, receiptKey)?.sum ?? 0);
}

function paperHead(document: LogMap): PaperHead {
  const number = (key: number): number => numberIn(document, key) ?? 0;
  const buyer = mapIn(document, documentKey.buyer);
  return {
    number: number(documentKey.number),
    shift: number(documentKey.shift),
    operatorCode: number(documentKey.operatorCode),
    operatorName: bytesOfText(document, documentKey.operatorName),
    utcS: number(documentKey.utcS),
    offsetMin: number(documentKey.offsetMin),
    operation: number(documentKey.operation),
    language: number(documentKey.language),
    total: number(documentKey.total),
    change: number(documentKey.change),
    discount: modifierOf(document, documentKey.discount),
    markup: modifierOf(document, documentKey.markup),
    discountTotal: sumOf(document, documentKey.discount, lineKey.discount),
    markupTotal: sumOf(document, documentKey.markup, lineKey.markup),
    vat: listIn(document, documentKey.vat) as [number, number, number][],
    payments: listIn(document, documentKey.payments).filter(isMap).map(paperPayment),
    buyerIinBin: buyer === undefined ? undefined : maybeBytes(buyer, buyerKey.iinBin),
  };
}

function paperPayment(payment: LogMap): PaperPayment {
  return {
    kind: numberIn(payment, paymentKey.kind) ?? 0,
    sum: numberIn(payment, paymentKey.sum) ?? 0,
    taken: numberIn(payment, paymentKey.taken),
    rrn: maybeBytes(payment, paymentKey.rrn),
    terminal: maybeBytes(payment, paymentKey.terminal),
  };
}

function paperItem(line: LogMap): PaperItem {
  const number = (key: number): number => numberIn(line, key) ?? 0;
  const discount = modifierOf(line, lineKey.discount);
  const modifierVat = number(lineKey.modifierVatSum);
  return {
    nameKk: bytesOfText(line, lineKey.name),
    nameRu: maybeBytes(line, lineKey.nameRu),
    quantity: number(lineKey.quantity),
    unit: bytesOfText(line, lineKey.unit),
    price: number(lineKey.price),
    sum: number(lineKey.sum),
    vat: numberIn(line, lineKey.vat),
    vatSum: number(lineKey.vatSum) + (discount === undefined ? modifierVat : -modifierVat),
    discount,
    markup: modifierOf(line, lineKey.markup),
    gtin: maybeBytes(line, lineKey.gtin),
    ntin: maybeBytes(line, lineKey.ntin),
    markings: listIn(line, lineKey.markings).map(text => utf8(String(text))),
  };
}

function paperOutcome({ answer }: ReceiptRow): Omit<PaperOutcome, "repeated"> {
  return {
    kind: answer?.outcome ?? "refused",
    sign: utf8(answer?.sign ?? ""),
    qrUrl: utf8(answer?.qrUrl ?? ""),
    resultCode: answer?.resultCode,
    resultText: answer?.resultText === undefined ? undefined : utf8(answer.resultText),
  };
}
