/**
 * POST /v1/receipts: the JSON of a POS → the document's upload form (protocol/document.ts).
 *
 *   { lines: [ …, … ], …head }   →   line map, line map, …, head map      (CBOR, keys ascending, defaults filled in)
 *
 * Two bodies that mean the same receipt give the same bytes, whatever the order of their fields: the module compares
 * their SHA-256 when a key comes again. Only the form is checked here; sums, rates and rules are the module's.
 */
import {
  buyerKey,
  headKey,
  lineKey,
  modifierKey,
  operationSell,
  paymentCard,
  paymentCash,
  paymentKey,
  paymentMobile,
} from "../../protocol/document";
import { encodeCbor } from "../device/cbor";
import {
  choice,
  digits,
  type Field,
  flag,
  invalid,
  list,
  money,
  object,
  optional,
  type Place,
  RequestRefusal,
  readBody,
  text,
} from "./shape";

export const linesMax = 500;
export const uploadBytesMax = 160 * 1024;
/** One line's CBOR. */
export const lineBytesMax = 4096;
export const nameBytesMax = 512;
/** Texts other than names of goods. */
export const textBytesMax = 256;
/** A marking code or an excise stamp. */
export const markingBytesMax = 256;
export const markingsMax = 10;
export const exciseStampsMax = 1;
/** Thousandths. */
export const quantityMax = 1_000_000_000;

export interface ReceiptUpload {
  readonly upload: Buffer;
  /** How many of the upload's items are lines. */
  readonly lines: number;
}

/** Throws RequestRefusal: JSON of another form, more than 500 lines, a line of more than 4 KB, more than 160 KB. */
export function readReceiptRequest(body: unknown): ReceiptUpload {
  const receipt = readBody(receiptField, body);
  const items = [...receipt.lines.map(lineBytes), encodeCbor(encodeHead(receipt))];
  const upload = Buffer.concat(items);
  if (upload.length > uploadBytesMax) {
    throw new RequestRefusal("DOCUMENT_TOO_LARGE", { expected: uploadBytesMax, got: upload.length });
  }
  return { upload, lines: receipt.lines.length };
}

/** Every text may fit and the line be too long all the same. */
function lineBytes(line: Line, index: number): Buffer {
  const bytes = encodeCbor(encodeLine(line));
  if (bytes.length > lineBytesMax) {
    throw invalid(lineAt({ path: "lines" }, index), `at most ${lineBytesMax} bytes`, `${bytes.length} bytes`);
  }
  return bytes;
}

const vat = choice<number | undefined>(
  "VAT rate in percent; none: without VAT",
  { "16": 16000, "10": 10000, "5": 5000, "0": 0, none: undefined },
  (got, place) =>
    new RequestRefusal("VAT_UNKNOWN", { line: place.line ?? 0, expected: "16, 10, 5, 0, none", got: got.slice(0, 16) }),
);

/** Thousandths, from a decimal string: a JSON number would be a float. */
const quantity: Field<number> = {
  schema: {
    type: "string",
    pattern: "^[0-9]{1,9}(\\.[0-9]{1,3})?$",
    description: "Quantity, at most 1000000, at most three decimals",
  },
  read(value, place) {
    const parts = typeof value === "string" ? /^(\d{1,9})(?:\.(\d{1,3}))?$/.exec(value) : null;
    const thousandths = parts === null ? 0 : Number(parts[1]) * 1000 + Number((parts[2] ?? "").padEnd(3, "0"));
    if (thousandths === 0) {
      throw invalid(place, 'a decimal string above 0 with at most three decimals, "0.745"', value);
    }
    if (thousandths > quantityMax) {
      throw invalid(place, `at most ${quantityMax / 1000}`, value);
    }
    return thousandths;
  },
};

const bothNames = object("The name in two languages", {
  kk: text("Kazakh", nameBytesMax),
  ru: text("Russian", nameBytesMax),
});
const plainName = text("The name", nameBytesMax);
const name: Field<{ readonly kk: string; readonly ru?: string }> = {
  schema: { oneOf: [plainName.schema, bothNames.schema], description: "As printed" },
  read: (value, place) =>
    typeof value === "object" ? bothNames.read(value, place) : { kk: plainName.read(value, place) },
};

const modifier = object("A discount or a markup", { name: text("As printed", textBytesMax), sum: money("Amount") });

const line = object("One line", {
  name,
  itemType: optional(choice("goods when absent", { goods: 0, work: 1, service: 2 })),
  section: optional(text("Section; 1 when absent", textBytesMax, "1")),
  quantity,
  unit: optional(digits("Unit by the state classifier; 796 (piece) when absent", 3, 4)),
  price: money("Price of one unit, VAT included"),
  vat: optional(vat),
  gtin: optional(digits("GTIN", 8, 14)),
  ntin: optional(digits("NTIN of the national catalogue", 8, 14)),
  marked: optional(flag("The goods are sold with a marking code only")),
  markings: optional(list("Marking codes as scanned", text("Code", markingBytesMax), 0, markingsMax)),
  discount: optional(modifier),
  markup: optional(modifier),
  exciseStamps: optional(
    list("Series and numbers of excise stamps", text("Stamp", markingBytesMax), 0, exciseStampsMax),
  ),
  productId: optional(text("Identifier of the virtual warehouse", textBytesMax)),
});

const payment = object("One payment", {
  kind: choice("Kind, each at most once", { cash: paymentCash, card: paymentCard, mobile: paymentMobile }),
  sum: money("What it pays of the total; cash net of change"),
  taken: optional(money("Cash handed over; exactly the sum when absent")),
  rrn: optional(digits("Reference number of the terminal", 1, 15)),
  terminal: optional(text("Terminal", textBytesMax)),
  cardType: optional(text("Type of the card", textBytesMax)),
  authCode: optional(digits("Authorisation code", 1, 9)),
});

const buyer = object("The buyer, when he asks for it", {
  iinBin: optional(digits("ИИН or БИН", 12, 12)),
  email: optional(text("E-mail", textBytesMax)),
  phone: optional(text("Telephone", textBytesMax)),
});

const laterOperations = ["saleReturn", "purchase", "purchaseReturn"];
const operation = choice("Kind of operation", { sale: operationSell }, (got, place) =>
  laterOperations.includes(got)
    ? new RequestRefusal("OPERATION_NOT_SUPPORTED", { expected: "sale", got })
    : invalid(place, ["sale", ...laterOperations].join(", "), got),
);

/** The lines, each told its number; one more than fits is LINES_TOO_MANY. */
const lines: Field<ReturnType<typeof line.read>[]> = {
  schema: { type: "array", items: line.schema, minItems: 1, maxItems: linesMax },
  read(value, place) {
    if (!Array.isArray(value) || value.length === 0) {
      throw invalid(place, `a list of 1 to ${linesMax}`, value);
    }
    if (value.length > linesMax) {
      throw new RequestRefusal("LINES_TOO_MANY", { expected: linesMax, got: value.length });
    }
    return value.map((entry, index) => line.read(entry, lineAt(place, index)));
  },
};
const lineAt = (place: Place, index: number): Place => ({ path: `${place.path}[${index}]`, line: index + 1 });

export const receiptField = object("A receipt", {
  operation,
  lines,
  vat: optional(vat),
  discount: optional(modifier),
  markup: optional(modifier),
  payments: list("One to three, together the total", payment, 1, 3),
  buyer: optional(buyer),
  language: optional(choice("Language of the paper; kk+ru when absent", { "kk+ru": 0, kk: 1, ru: 2 })),
});

type Line = ReturnType<typeof line.read>;
type Receipt = ReturnType<typeof receiptField.read>;
type Entries = readonly (readonly [key: number, value: unknown])[];

/** A map with ascending keys; what is absent has no key. */
function mapOf(entries: Entries): Map<number, unknown> {
  return new Map(entries.filter(([, value]) => value !== undefined).sort(([a], [b]) => a - b));
}

function encodeLine(line: Line): Map<number, unknown> {
  return mapOf([
    [lineKey.name, line.name.kk],
    [lineKey.nameRu, line.name.ru],
    [lineKey.itemType, line.itemType ?? 0],
    [lineKey.section, line.section ?? "1"],
    [lineKey.quantity, line.quantity],
    [lineKey.unit, line.unit ?? "796"],
    [lineKey.price, line.price],
    [lineKey.vat, line.vat],
    [lineKey.gtin, line.gtin],
    [lineKey.ntin, line.ntin],
    [lineKey.marked, line.marked === true ? true : undefined],
    [lineKey.markings, someOf(line.markings)],
    [lineKey.discount, encodeModifier(line.discount)],
    [lineKey.markup, encodeModifier(line.markup)],
    [lineKey.exciseStamps, someOf(line.exciseStamps)],
    [lineKey.productId, line.productId],
  ]);
}

const someOf = <T>(items: readonly T[] | undefined): readonly T[] | undefined =>
  items === undefined || items.length === 0 ? undefined : items;

function encodeModifier(given: { name: string; sum: number } | undefined): Map<number, unknown> | undefined {
  return given === undefined
    ? undefined
    : mapOf([
        [modifierKey.name, given.name],
        [modifierKey.sum, given.sum],
      ]);
}

function encodeHead(receipt: Receipt): Map<number, unknown> {
  return mapOf([
    [headKey.operation, receipt.operation],
    [headKey.vat, receipt.vat],
    [headKey.discount, encodeModifier(receipt.discount)],
    [headKey.markup, encodeModifier(receipt.markup)],
    [headKey.payments, receipt.payments.map(encodePayment)],
    [headKey.buyer, encodeBuyer(receipt.buyer)],
    [headKey.language, receipt.language ?? 0],
  ]);
}

function encodePayment(given: Receipt["payments"][number]): Map<number, unknown> {
  return mapOf([
    [paymentKey.kind, given.kind],
    [paymentKey.sum, given.sum],
    [paymentKey.taken, given.taken],
    [paymentKey.rrn, given.rrn],
    [paymentKey.terminal, given.terminal],
    [paymentKey.cardType, given.cardType],
    [paymentKey.authCode, given.authCode],
  ]);
}

function encodeBuyer(given: Receipt["buyer"]): Map<number, unknown> | undefined {
  const map = mapOf([
    [buyerKey.iinBin, given?.iinBin],
    [buyerKey.email, given?.email],
    [buyerKey.phone, given?.phone],
  ]);
  return map.size === 0 ? undefined : map;
}
