/**
 * One line of a document: from the upload's map, checked and priced, to the stored map and back (protocol/document.ts).
 */
import { type Bytes, concat } from "../protocol/bytes";
import { type CborMap, type CborValue, getArray, getBool, getMap, getText, getUint } from "../protocol/cbor-read";
import { cborArrayHead, cborBool, cborMap, cborText, cborUint } from "../protocol/cbor-write";
import { lineKey, modifierKey, vatRates } from "../protocol/document";
import { mulQuantity, vatInside } from "../protocol/money";
import { type Refusal, refuse } from "../protocol/refusals";
import {
  amountMax,
  exciseStampsMax,
  markingBytesMax,
  markingsMax,
  nameBytesMax,
  quantityMax,
  textBytesMax,
} from "./limits";
import { isDigits } from "./settings";
import { findTextFault, hasFiscalWords } from "./text-check";

export interface Modifier {
  readonly name: Bytes;
  readonly sum: number;
}

export interface DocumentLine {
  readonly name: Bytes;
  readonly nameRu: Bytes | undefined;
  readonly itemType: number;
  readonly section: Bytes;
  readonly quantity: number;
  readonly unit: Bytes;
  readonly price: number;
  readonly vat: number | undefined;
  readonly gtin: Bytes | undefined;
  readonly ntin: Bytes | undefined;
  readonly marked: boolean;
  readonly markings: readonly Bytes[];
  readonly discount: Modifier | undefined;
  readonly markup: Modifier | undefined;
  readonly exciseStamps: readonly Bytes[];
  readonly productId: Bytes | undefined;
  /** price × quantity, half up, before the modifier. */
  readonly sum: number;
  readonly vatSum: number;
  readonly modifierVatSum: number;
}

/** Tiyn of the line after its discount or markup. */
export function lineTotal(line: DocumentLine): number {
  return line.sum - (line.discount?.sum ?? 0) + (line.markup?.sum ?? 0);
}

/** VAT of the line after its discount or markup. */
export function lineVat(line: DocumentLine): number {
  return line.discount === undefined ? line.vatSum + line.modifierVatSum : line.vatSum - line.modifierVatSum;
}

export type CheckedLine =
  | { readonly kind: "line"; readonly line: DocumentLine }
  | { readonly kind: "refusal"; readonly refusal: Refusal };

/** Every key of an upload's line: number, name and CBOR kind. */
export type FieldKinds = readonly (readonly [key: number, name: string, kind: CborValue["kind"]])[];
const lineKinds: FieldKinds = [
  [lineKey.name, "name", "text"],
  [lineKey.nameRu, "name.ru", "text"],
  [lineKey.itemType, "itemType", "int"],
  [lineKey.section, "section", "text"],
  [lineKey.quantity, "quantity", "int"],
  [lineKey.unit, "unit", "text"],
  [lineKey.price, "price", "int"],
  [lineKey.vat, "vat", "int"],
  [lineKey.gtin, "gtin", "text"],
  [lineKey.ntin, "ntin", "text"],
  [lineKey.marked, "marked", "bool"],
  [lineKey.markings, "markings", "array"],
  [lineKey.discount, "discount", "map"],
  [lineKey.markup, "markup", "map"],
  [lineKey.exciseStamps, "exciseStamps", "array"],
  [lineKey.productId, "productId", "text"],
];

/** The first key that the table lacks, or whose value is of another kind or a negative number. */
export function checkKinds(map: CborMap, kinds: FieldKinds, line: number): Refusal | undefined {
  let refusal: Refusal | undefined;
  map.forEach((value, key) => {
    if (refusal !== undefined) {
      return;
    }
    let known = false;
    for (const [knownKey, name, kind] of kinds) {
      if (knownKey === key) {
        known = true;
        if (value.kind !== kind) {
          refusal = refuse("FIELD_INVALID", { field: name, line, expected: kind, got: value.kind });
        } else if (value.kind === "int" && value.value < 0) {
          refusal = refuse("FIELD_INVALID", { field: name, line, expected: "0 or more", got: value.value });
        }
      }
    }
    if (!known) {
      refusal = refuse("FIELD_UNKNOWN", { field: `${key}`, line });
    }
  });
  return refusal;
}

function refused(refusal: Refusal): CheckedLine {
  return { kind: "refusal", refusal };
}

/** The first fault of a host's text, as a refusal. */
export function checkText(text: Bytes, field: string, bytesMax: number, line: number): Refusal | undefined {
  const fault = findTextFault(text, bytesMax);
  if (fault !== undefined) {
    return refuse("FIELD_INVALID", { field, line, expected: fault, got: `${text.length}` + " bytes" });
  }
  return hasFiscalWords(text) ? refuse("FISCAL_WORDS", { field, line }) : undefined;
}

/** A discount or markup: name and sum; undefined when the key is absent. */
export function readModifier(map: CborMap | undefined): Modifier | undefined | "invalid" {
  if (map === undefined) {
    return undefined;
  }
  const name = getText(map, modifierKey.name);
  const sum = getUint(map, modifierKey.sum);
  if (name === undefined || sum === undefined || map.size !== 2) {
    return "invalid";
  }
  return { name, sum };
}

export function encodeModifier(modifier: Modifier): Bytes {
  return cborMap([
    [cborUint(modifierKey.name), cborText(modifier.name)],
    [cborUint(modifierKey.sum), cborUint(modifier.sum)],
  ]);
}

/** Texts of an array; undefined when one is not a fit text. */
function readTexts(items: readonly CborValue[] | undefined, countMax: number): readonly Bytes[] | undefined {
  const texts: Bytes[] = [];
  if (items === undefined) {
    return texts;
  }
  if (items.length > countMax) {
    return undefined;
  }
  for (const item of items) {
    if (item.kind !== "text" || findTextFault(item.value, markingBytesMax, true) !== undefined) {
      return undefined;
    }
    texts.push(item.value);
  }
  return texts;
}

/** Which checks a sale's line needs beyond its form. */
interface LineFacts {
  readonly number: number;
  readonly vatPayer: boolean;
}

function checkLineTexts(line: DocumentLine, facts: LineFacts): Refusal | undefined {
  const at = facts.number;
  const named = checkText(line.name, "name", nameBytesMax, at);
  if (named !== undefined) {
    return named;
  }
  const texts: readonly (readonly [string, Bytes | undefined])[] = [
    ["name.ru", line.nameRu],
    ["section", line.section],
    ["unit", line.unit],
    ["productId", line.productId],
    ["discount.name", line.discount?.name],
    ["markup.name", line.markup?.name],
  ];
  for (const [field, text] of texts) {
    const refusal =
      text === undefined ? undefined : checkText(text, field, field === "name.ru" ? nameBytesMax : textBytesMax, at);
    if (refusal !== undefined) {
      return refusal;
    }
  }
  if (line.gtin !== undefined && !isDigits(line.gtin, 8, 14)) {
    return refuse("FIELD_INVALID", {
      field: "gtin",
      line: at,
      expected: "8 to 14 digits",
      got: `${line.gtin.length}` + " bytes",
    });
  }
  if (line.ntin !== undefined && !isDigits(line.ntin, 8, 14)) {
    return refuse("FIELD_INVALID", {
      field: "ntin",
      line: at,
      expected: "8 to 14 digits",
      got: `${line.ntin.length}` + " bytes",
    });
  }
  return undefined;
}

function isVatRate(rate: number): boolean {
  for (const known of vatRates) {
    if (known === rate) {
      return true;
    }
  }
  return false;
}

function checkLineRules(line: DocumentLine, facts: LineFacts): Refusal | undefined {
  const at = facts.number;
  if (line.vat !== undefined && !isVatRate(line.vat)) {
    return refuse("VAT_UNKNOWN", { line: at, expected: "16000, 10000, 5000, 0", got: line.vat });
  }
  if (line.vat !== undefined && !facts.vatPayer) {
    return refuse("VAT_NOT_PAYER", { line: at, got: line.vat });
  }
  if (line.discount !== undefined && line.markup !== undefined) {
    return refuse("DISCOUNT_AND_MARKUP", { line: at });
  }
  // ofd-2.0.4 §5.5: a discount stays below the sum that it reduces.
  if (line.discount !== undefined && line.discount.sum > line.sum) {
    return refuse("DISCOUNT_TOO_LARGE", { line: at, expected: line.sum, got: line.discount.sum });
  }
  // Item 7.1: marked goods are not sold without their code.
  if (line.marked && line.markings.length === 0) {
    return refuse("MARKING_MISSING", { line: at });
  }
  return checkLineTexts(line, facts);
}

/** The map's fields as a line, not yet checked against the rules; the sums given. */
function readLineFields(
  map: CborMap,
  sums: { sum: number; vatSum: number; modifierVatSum: number },
): DocumentLine | string {
  const name = getText(map, lineKey.name);
  const section = getText(map, lineKey.section);
  const quantity = getUint(map, lineKey.quantity);
  const unit = getText(map, lineKey.unit);
  const price = getUint(map, lineKey.price);
  if (name === undefined) return "name";
  if (section === undefined) return "section";
  if (quantity === undefined) return "quantity";
  if (unit === undefined) return "unit";
  if (price === undefined) return "price";
  const discount = readModifier(getMap(map, lineKey.discount));
  const markup = readModifier(getMap(map, lineKey.markup));
  const markings = readTexts(getArray(map, lineKey.markings), markingsMax);
  const exciseStamps = readTexts(getArray(map, lineKey.exciseStamps), exciseStampsMax);
  if (discount === "invalid") return "discount";
  if (markup === "invalid") return "markup";
  if (markings === undefined) return "markings";
  if (exciseStamps === undefined) return "exciseStamps";
  return {
    name,
    nameRu: getText(map, lineKey.nameRu),
    itemType: getUint(map, lineKey.itemType) ?? 0,
    section,
    quantity,
    unit,
    price,
    vat: getUint(map, lineKey.vat),
    gtin: getText(map, lineKey.gtin),
    ntin: getText(map, lineKey.ntin),
    marked: getBool(map, lineKey.marked) ?? false,
    markings,
    discount,
    markup,
    exciseStamps,
    productId: getText(map, lineKey.productId),
    sum: sums.sum,
    vatSum: sums.vatSum,
    modifierVatSum: sums.modifierVatSum,
  };
}

/** VAT of the line's own sum and of its modifier, each rounded by itself (ofd-2.0.4 §11.8). */
function priceLine(line: DocumentLine, sum: number, rate: number | undefined): DocumentLine {
  const modifier = line.discount?.sum ?? line.markup?.sum ?? 0;
  return {
    ...line,
    sum,
    vatSum: rate === undefined ? 0 : vatInside(sum, rate),
    modifierVatSum: rate === undefined ? 0 : vatInside(modifier, rate),
  };
}

/**
 * A line of an upload: every field checked, sum and VAT worked out. `number` counts from 1.
 * Refusals: FIELD_*, AMOUNT_TOO_LARGE, VAT_*, DISCOUNT_*, MARKING_MISSING, FISCAL_WORDS.
 */
export function checkLine(map: CborMap, number: number, vatPayer: boolean): CheckedLine {
  const unfit = checkKinds(map, lineKinds, number);
  if (unfit !== undefined) {
    return refused(unfit);
  }
  const fields = readLineFields(map, { sum: 0, vatSum: 0, modifierVatSum: 0 });
  if (typeof fields === "string") {
    const code = map.has(lineKey[fields as keyof typeof lineKey]) ? "FIELD_INVALID" : "FIELD_MISSING";
    return refused(refuse(code, { field: fields, line: number }));
  }
  if (fields.quantity < 1 || fields.quantity > quantityMax) {
    return refused(
      refuse("FIELD_INVALID", { field: "quantity", line: number, expected: "1 to 1000000000", got: fields.quantity }),
    );
  }
  if (fields.itemType > 2) {
    return refused(
      refuse("FIELD_INVALID", { field: "itemType", line: number, expected: "0, 1, 2", got: fields.itemType }),
    );
  }
  const sum = mulQuantity(fields.price, fields.quantity);
  const modifier = fields.discount?.sum ?? fields.markup?.sum ?? 0;
  if (sum === undefined || sum > amountMax || modifier > amountMax) {
    return refused(refuse("AMOUNT_TOO_LARGE", { line: number, expected: amountMax, got: fields.price }));
  }
  const line = priceLine(fields, sum, fields.vat);
  const refusal = checkLineRules(line, { number, vatPayer });
  return refusal === undefined ? { kind: "line", line } : refused(refusal);
}

/** A line as the log keeps it; undefined when the bytes are not what encodeLine wrote. */
export function decodeLine(map: CborMap): DocumentLine | undefined {
  const sum = getUint(map, lineKey.sum);
  const vatSum = getUint(map, lineKey.vatSum);
  const modifierVatSum = getUint(map, lineKey.modifierVatSum);
  if (sum === undefined) {
    return undefined;
  }
  const line = readLineFields(map, { sum, vatSum: vatSum ?? 0, modifierVatSum: modifierVatSum ?? 0 });
  return typeof line === "string" ? undefined : line;
}

function encodeTexts(texts: readonly Bytes[]): Bytes {
  const parts: Bytes[] = [cborArrayHead(texts.length)];
  for (const text of texts) {
    parts.push(cborText(text));
  }
  return concat(parts);
}

/** The stored form: keys in ascending order, absent ones left out. */
export function encodeLine(line: DocumentLine): Bytes {
  const entries: (readonly [Bytes, Bytes])[] = [];
  const put = (key: number, value: Bytes): void => {
    entries.push([cborUint(key), value]);
  };
  const putText = (key: number, text: Bytes | undefined): void => {
    if (text !== undefined) {
      put(key, cborText(text));
    }
  };
  put(lineKey.name, cborText(line.name));
  putText(lineKey.nameRu, line.nameRu);
  put(lineKey.itemType, cborUint(line.itemType));
  put(lineKey.section, cborText(line.section));
  put(lineKey.quantity, cborUint(line.quantity));
  put(lineKey.unit, cborText(line.unit));
  put(lineKey.price, cborUint(line.price));
  if (line.vat !== undefined) {
    put(lineKey.vat, cborUint(line.vat));
  }
  putText(lineKey.gtin, line.gtin);
  putText(lineKey.ntin, line.ntin);
  if (line.marked) {
    put(lineKey.marked, cborBool(true));
  }
  if (line.markings.length > 0) {
    put(lineKey.markings, encodeTexts(line.markings));
  }
  if (line.discount !== undefined) {
    put(lineKey.discount, encodeModifier(line.discount));
  }
  if (line.markup !== undefined) {
    put(lineKey.markup, encodeModifier(line.markup));
  }
  if (line.exciseStamps.length > 0) {
    put(lineKey.exciseStamps, encodeTexts(line.exciseStamps));
  }
  putText(lineKey.productId, line.productId);
  put(lineKey.sum, cborUint(line.sum));
  if (line.vat !== undefined) {
    put(lineKey.vatSum, cborUint(line.vatSum));
    put(lineKey.modifierVatSum, cborUint(line.modifierVatSum));
  }
  return cborMap(entries);
}
