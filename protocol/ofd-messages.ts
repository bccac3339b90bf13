/**
 * The messages that the module and the OFD exchange, as tables: SYSTEM, INFO and TICKET of protocol 2.0.4 (§3.12).
 *
 * In requests the labels of a table are the schema's. In answers "required" is only what the module cannot do without:
 * real servers leave out much of what the schema promises (§2.5 rule 8, §6.2).
 *
 * A ticket is never held whole. The frame of a ticket with n lines is these pieces, each of a length known beforehand:
 *
 *   | frame header | before | ticket head | line 1 | … | line n | ticket tail | after |
 *                  └ encodeRequest ───────────────────────────────────────────────┘
 *
 * Money is tiyn, quantities are thousandths, rates thousandths of a percent, texts UTF-8 bytes, times LocalTime.
 */
import { type Bytes, concat } from "./bytes";
import type { LocalTime } from "./civil";
import { pbBytes, pbHead, pbUint } from "./protobuf";
import { decodeRows, encodeRows, hasRequired, type Table } from "./protobuf-table";

export const ofdCommand = { system: 0, ticket: 1, info: 5 } as const;
/** ResultTypeEnum, as far as the module tells them apart (§4.3). */
export const ofdResult = {
  ok: 0,
  invalidToken: 2,
  blocked: 15,
  temporarilyUnavailable: 254,
  unknownError: 255,
} as const;
export const ofdDomainTrading = 0;
export const ofdTaxVat = 100;
export const ofdAdInfo = 4;

// ---- What the caller fills in -------------------------------------------------------------------------------------

export interface OfdOperator {
  readonly code: number;
  readonly name?: Bytes;
}
export interface TicketHead {
  /** OperationTypeEnum: 2 is a sale. */
  readonly operation: number;
  readonly dateTime: LocalTime;
  readonly operator: OfdOperator;
  /** DomainTypeEnum. */
  readonly domain: { readonly type: number };
}
/** VAT inside a sum. A line at 0 % has one with percent 0 and sum 0; a line without VAT has none (§5.6). */
export interface OfdTax {
  readonly percent: number;
  readonly sum: number;
}
/** A discount or markup; `sum` is positive, `taxes` the VAT that falls on it, each rate once. */
export interface OfdModifier {
  readonly name?: Bytes;
  readonly sum: number;
  readonly taxes?: readonly OfdTax[];
}
/** One line of the receipt with its own discount or markup. */
export interface OfdItem {
  readonly name: Bytes;
  readonly sectionCode: Bytes;
  readonly quantity: number;
  readonly price: number;
  /** price × quantity, before the modifier. */
  readonly sum: number;
  readonly tax?: OfdTax;
  /** Series and number of a paper excise stamp. */
  readonly physicalLabel?: Bytes;
  readonly productId?: Bytes;
  /** GTIN. */
  readonly barcode?: Bytes;
  readonly measureUnitCode: Bytes;
  readonly markings: readonly Bytes[];
  readonly ntin?: Bytes;
  /** CommodityTypeEnum: goods 0, work 1, service 2; obligatory beside ntin. */
  readonly commodityType?: number;
  readonly discount?: OfdModifier;
  readonly markup?: OfdModifier;
}
export interface OfdPayment {
  /** PaymentTypeEnum: cash 0, card 1, mobile 4. */
  readonly type: number;
  /** Cash: net of change. */
  readonly sum: number;
  readonly card?: {
    readonly terminal?: Bytes;
    readonly cardType?: Bytes;
    readonly authCode?: number;
    readonly rrn?: number;
    readonly receiptNumber?: number;
  };
  readonly mobile?: { readonly qrType?: Bytes; readonly qrId?: Bytes };
}
export interface TicketTail {
  readonly payments: readonly OfdPayment[];
  /** VAT of the whole receipt; excludes VAT in the lines. */
  readonly taxes?: readonly OfdTax[];
  readonly amounts: {
    readonly total: number;
    /** With a cash payment: handed over, and given back. */
    readonly taken?: number;
    readonly change?: number;
    readonly markup?: OfdModifier;
    readonly discount?: OfdModifier;
  };
  readonly customer?: { readonly email?: Bytes; readonly phone?: Bytes; readonly iinBin?: Bytes };
  /** Its presence is what makes the receipt an autonomous one: 1 … 2147483647. */
  readonly offlineTicketNumber?: number;
  readonly shiftNumber?: number;
  readonly printedDocumentNumber?: number;
}
export interface OfdKkm {
  /** РНМ. */
  readonly fnsKkmId?: Bytes;
  readonly serialNumber?: Bytes;
  /** The header's ID as text. */
  readonly kkmId?: Bytes;
}
export interface OfdOrg {
  readonly title: Bytes;
  readonly address: Bytes;
  readonly iin: Bytes;
  readonly oked: Bytes;
  readonly addressKz: Bytes;
}
export interface ServiceData {
  /** Place of the register in ten-thousandths of a degree; obligatory in TICKET. */
  readonly geo?: { readonly latitude: number; readonly longitude: number; readonly source: Bytes };
  /** Added to every message on return from the autonomous mode. */
  readonly offlinePeriod?: { readonly beginTime: LocalTime; readonly endTime: LocalTime };
  /** Texts that the register already has. */
  readonly adInfos?: readonly OfdAdInfo[];
  readonly getRegInfo?: boolean;
  readonly getBindedTaxation?: boolean;
  readonly regInfo: { readonly kkm: OfdKkm; readonly org: OfdOrg };
}
export interface OfdAdInfo {
  readonly type: number;
  readonly version: number;
}

// ---- What the OFD answers -----------------------------------------------------------------------------------------

export interface OfdResponse {
  readonly command: number;
  readonly resultCode: number;
  readonly resultText?: Bytes;
  /** The fiscal sign, and the text of the QR. */
  readonly ticketNumber?: Bytes;
  readonly qrCode?: Bytes;
  readonly report?: OfdReport;
  readonly regInfo?: OfdRegInfo;
  readonly lastDocument?: OfdLastDocument;
  readonly taxation?: OfdTaxation;
  readonly ads: readonly OfdAd[];
}
/** kind: 0 Z, the last closed shift; 1 X, the open one. Times keep the place's reading: offsetMin 0. */
export interface OfdReport {
  readonly kind: number;
  readonly shiftNumber?: number;
  readonly dateTime?: LocalTime;
  readonly openShiftTime?: LocalTime;
  readonly closeShiftTime?: LocalTime;
  readonly cashSum?: number;
}
export interface OfdRegInfo {
  readonly kkm?: OfdKkm;
  readonly pos?: {
    readonly title?: Bytes;
    readonly address?: Bytes;
    readonly addressKz?: Bytes;
    readonly latitude?: number;
    readonly longitude?: number;
  };
  readonly org?: Partial<OfdOrg>;
  readonly ofd?: { readonly title?: Bytes; readonly titleKz?: Bytes; readonly url?: Bytes };
}
export interface OfdLastDocument {
  readonly shiftNumber: number;
  readonly documentNumber: number;
}
export interface OfdTaxation {
  /** TaxationTypeEnum. */
  readonly type: number;
  readonly percents: readonly number[];
}
export interface OfdAd {
  /** TicketAdTypeEnum: 4 is the message to show in a server block. */
  readonly type: number;
  readonly version: number;
  readonly text: Bytes;
}

// ---- Tables -------------------------------------------------------------------------------------------------------

const operatorTable: Table = [
  [1, "code", "uint", "required"],
  [2, "name", "bytes", "optional"],
];
const taxTable: Table = [
  [1, "type", "uint", "required"],
  [3, "percent", "uint", "required"],
  [4, "sum", "money", "required"],
  [5, "isInTotalSum", "bool", "required"],
];
const modifierTable: Table = [
  [1, "name", "bytes", "optional"],
  [2, "sum", "money", "required"],
  [3, "taxes", taxTable, "repeated"],
];
const commodityTable: Table = [
  [2, "name", "bytes", "optional"],
  [3, "sectionCode", "bytes", "required"],
  [4, "quantity", "uint", "required"],
  [5, "price", "money", "required"],
  [6, "sum", "money", "required"],
  [7, "taxes", taxTable, "repeated"],
  [10, "physicalLabel", "bytes", "optional"],
  [11, "productId", "bytes", "optional"],
  [12, "barcode", "bytes", "optional"],
  [13, "measureUnitCode", "bytes", "required"],
  [14, "markings", "bytes", "repeated"],
  [15, "ntin", "bytes", "optional"],
  [16, "commodityType", "uint", "optional"],
];
const itemTable: Table = [
  [1, "type", "uint", "required"],
  [2, "commodity", commodityTable, "optional"],
  [4, "markup", modifierTable, "optional"],
  [6, "discount", modifierTable, "optional"],
];
const itemType = { commodity: 1, markup: 3, discount: 5 } as const;
const itemField = 5;

const ticketHeadTable: Table = [
  [1, "operation", "uint", "required"],
  [2, "dateTime", "time", "required"],
  [3, "operator", operatorTable, "required"],
  [4, "domain", [[1, "type", "uint", "required"]], "required"],
];
const paymentTable: Table = [
  [1, "type", "uint", "required"],
  [2, "sum", "money", "required"],
  [
    3,
    "card",
    [
      [1, "terminal", "bytes", "optional"],
      [2, "cardType", "bytes", "optional"],
      [3, "authCode", "uint", "optional"],
      [4, "rrn", "uint", "optional"],
      [5, "receiptNumber", "uint", "optional"],
    ],
    "optional",
  ],
  [
    4,
    "mobile",
    [
      [1, "qrType", "bytes", "optional"],
      [2, "qrId", "bytes", "optional"],
    ],
    "optional",
  ],
];
const amountsTable: Table = [
  [1, "total", "money", "required"],
  [2, "taken", "money", "optional"],
  [3, "change", "money", "optional"],
  [4, "markup", modifierTable, "optional"],
  [5, "discount", modifierTable, "optional"],
];
const customerTable: Table = [
  [1, "email", "bytes", "optional"],
  [2, "phone", "bytes", "optional"],
  [4, "iinBin", "bytes", "optional"],
];
const ticketTailTable: Table = [
  [6, "payments", paymentTable, "repeated"],
  [7, "taxes", taxTable, "repeated"],
  [8, "amounts", amountsTable, "required"],
  [9, "customer", customerTable, "optional"],
  [10, "offlineTicketNumber", "uint", "optional"],
  [14, "shiftNumber", "uint", "optional"],
  [16, "printedDocumentNumber", "uint", "optional"],
];

const kkmTable: Table = [
  [3, "fnsKkmId", "bytes", "optional"],
  [4, "serialNumber", "bytes", "optional"],
  [5, "kkmId", "bytes", "optional"],
];
const orgTable: Table = [
  [1, "title", "bytes", "required"],
  [2, "address", "bytes", "required"],
  [3, "iin", "bytes", "required"],
  [5, "oked", "bytes", "required"],
  [6, "addressKz", "bytes", "required"],
];
const adInfoTable: Table = [
  [1, "type", "uint", "required"],
  [2, "version", "uint", "required"],
];
const geoTable: Table = [
  [1, "latitude", "uint", "required"],
  [2, "longitude", "uint", "required"],
  [3, "source", "bytes", "required"],
];
const offlinePeriodTable: Table = [
  [1, "beginTime", "time", "required"],
  [2, "endTime", "time", "required"],
];
const serviceRequestTable: Table = [
  [3, "securityStats", [[1, "geoPosition", geoTable, "required"]], "optional"],
  [4, "offlinePeriod", offlinePeriodTable, "optional"],
  [6, "adInfos", adInfoTable, "repeated"],
  [7, "getRegInfo", "bool", "optional"],
  [8, "getBindedTaxation", "bool", "optional"],
  [
    12,
    "regInfo",
    [
      [1, "kkm", kkmTable, "required"],
      [2, "org", orgTable, "required"],
    ],
    "required",
  ],
];
const commandField = 1;
/** Where a ticket stands in its request. */
export const ofdTicketField = 2;
const serviceField = 6;

const regInfoTable: Table = [
  [1, "kkm", kkmTable, "optional"],
  [
    2,
    "pos",
    [
      [1, "title", "bytes", "optional"],
      [2, "address", "bytes", "optional"],
      [3, "addressKz", "bytes", "optional"],
      [4, "latitude", "uint", "optional"],
      [5, "longitude", "uint", "optional"],
    ],
    "optional",
  ],
  [
    3,
    "org",
    [
      [1, "title", "bytes", "optional"],
      [2, "address", "bytes", "optional"],
      [3, "iin", "bytes", "optional"],
      [5, "oked", "bytes", "optional"],
      [6, "addressKz", "bytes", "optional"],
    ],
    "optional",
  ],
  [
    4,
    "ofd",
    [
      [1, "title", "bytes", "optional"],
      [2, "titleKz", "bytes", "optional"],
      [3, "url", "bytes", "optional"],
    ],
    "optional",
  ],
];
const taxationTable: Table = [
  [1, "type", "uint", "required"],
  [2, "taxes", [[2, "percent", "uint", "required"]], "repeated"],
];
const serviceResponseTable: Table = [
  [
    1,
    "ads",
    [
      [1, "info", adInfoTable, "required"],
      [2, "text", "bytes", "required"],
    ],
    "repeated",
  ],
  [2, "regInfo", regInfoTable, "optional"],
  [3, "taxation", taxationTable, "optional"],
  [
    4,
    "lastDocument",
    [
      [1, "shiftNumber", "uint", "required"],
      [2, "documentNumber", "uint", "required"],
    ],
    "optional",
  ],
];
const reportTable: Table = [
  [1, "dateTime", "time", "optional"],
  [2, "shiftNumber", "uint", "optional"],
  [13, "cashSum", "money", "optional"],
  [16, "openShiftTime", "time", "optional"],
  [17, "closeShiftTime", "time", "optional"],
];
const responseTable: Table = [
  [1, "command", "uint", "required"],
  [
    2,
    "result",
    [
      [1, "resultCode", "uint", "required"],
      [2, "resultText", "bytes", "optional"],
    ],
    "required",
  ],
  [
    3,
    "ticket",
    [
      [1, "ticketNumber", "bytes", "required"],
      [2, "qrCode", "bytes", "optional"],
    ],
    "optional",
  ],
  [
    4,
    "report",
    [
      [1, "kind", "uint", "required"],
      [2, "zxReport", reportTable, "optional"],
    ],
    "optional",
  ],
  [6, "service", serviceResponseTable, "optional"],
];

// ---- Writing ------------------------------------------------------------------------------------------------------

/** Fields 1 to 4 of TicketRequest. */
export const encodeTicketHead = (head: TicketHead): Bytes => encodeRows(ticketHeadTable, head);

/** The `items` of one line: the commodity, then its discount or markup (§5.5). */
export function encodeTicketItem(item: OfdItem): Bytes {
  const commodity = { ...item, taxes: item.tax === undefined ? [] : vatRows([item.tax]) };
  const items = [encodeItem({ type: itemType.commodity, commodity })];
  if (item.markup !== undefined) {
    items.push(encodeItem({ type: itemType.markup, markup: modifierRow(item.markup) }));
  }
  if (item.discount !== undefined) {
    items.push(encodeItem({ type: itemType.discount, discount: modifierRow(item.discount) }));
  }
  return concat(items);
}

const encodeItem = (item: object): Bytes => pbBytes(itemField, encodeRows(itemTable, item));

/** Fields 6 to 16 of TicketRequest. */
export function encodeTicketTail(tail: TicketTail): Bytes {
  const { amounts, taxes } = tail;
  return encodeRows(ticketTailTable, {
    ...tail,
    taxes: taxes === undefined ? [] : vatRows(taxes),
    amounts: {
      total: amounts.total,
      taken: amounts.taken,
      change: amounts.change,
      markup: amounts.markup === undefined ? undefined : modifierRow(amounts.markup),
      discount: amounts.discount === undefined ? undefined : modifierRow(amounts.discount),
    },
  });
}

/** VAT as the wire wants it: its kind, and that it is inside the sum. */
const vatRows = (taxes: readonly OfdTax[]): object[] =>
  taxes.map(tax => ({ type: ofdTaxVat, percent: tax.percent, sum: tax.sum, isInTotalSum: true }));

const modifierRow = (modifier: OfdModifier): object => ({
  name: modifier.name,
  sum: modifier.sum,
  taxes: modifier.taxes === undefined ? [] : vatRows(modifier.taxes),
});

/** A ServiceRequest, without its tag in the request. */
export function encodeService(service: ServiceData): Bytes {
  const securityStats = service.geo === undefined ? undefined : { geoPosition: service.geo };
  return encodeRows(serviceRequestTable, { ...service, securityStats });
}

/**
 * What stands around the command's own bytes in a request. SYSTEM and INFO have none: their payload is before + after.
 * `own` is { field: ofdTicketField, lengthBytes } for a ticket; `service` comes from encodeService.
 */
export function encodeRequest(
  command: number,
  own: { readonly field: number; readonly lengthBytes: number } | undefined,
  service: Bytes,
): { readonly before: Bytes; readonly after: Bytes } {
  const head = pbUint(commandField, command);
  return {
    before: own === undefined ? head : concat([head, pbHead(own.field, own.lengthBytes)]),
    after: pbBytes(serviceField, service),
  };
}

// ---- Reading ------------------------------------------------------------------------------------------------------

/**
 * The payload of an answer. undefined is garbage, which counts as no answer: malformed protobuf, no command, no result
 * code, or a ticket without a number. Unknown fields, enum values and result codes are no error (§2.5).
 */
export function decodeResponse(payload: Bytes): OfdResponse | undefined {
  const fields = decodeRows(responseTable, payload, 0, payload.length);
  if (fields === undefined || !hasRequired(responseTable, fields)) {
    return undefined;
  }
  const answer = fields as unknown as ResponseFields;
  const { result, ticket, service } = answer;
  if (answer.command === ofdCommand.ticket && result.resultCode === ofdResult.ok && ticket === undefined) {
    return undefined;
  }
  return {
    command: answer.command,
    resultCode: result.resultCode,
    resultText: result.resultText,
    ticketNumber: ticket === undefined ? undefined : ticket.ticketNumber,
    qrCode: ticket === undefined ? undefined : ticket.qrCode,
    report: answer.report === undefined ? undefined : reportOf(answer.report),
    regInfo: service === undefined ? undefined : service.regInfo,
    lastDocument: service === undefined ? undefined : service.lastDocument,
    taxation: service === undefined ? undefined : taxationOf(service.taxation),
    ads: service === undefined ? [] : adsOf(service.ads),
  };
}

/** What responseTable reads. */
interface ResponseFields {
  readonly command: number;
  readonly result: { readonly resultCode: number; readonly resultText?: Bytes };
  readonly ticket?: { readonly ticketNumber: Bytes; readonly qrCode?: Bytes };
  readonly report?: ReportFields;
  readonly service?: {
    readonly ads?: readonly AdFields[];
    readonly regInfo?: OfdRegInfo;
    readonly taxation?: TaxationFields;
    readonly lastDocument?: OfdLastDocument;
  };
}
type ReportFields = { readonly kind: number; readonly zxReport?: Omit<OfdReport, "kind"> };
type AdFields = { readonly info: OfdAdInfo; readonly text: Bytes };
type TaxationFields = { readonly type: number; readonly taxes?: readonly { readonly percent: number }[] };

const reportOf = (report: ReportFields): OfdReport => ({ ...report.zxReport, kind: report.kind });

const adsOf = (ads: readonly AdFields[] | undefined): OfdAd[] =>
  (ads ?? []).map(ad => ({ type: ad.info.type, version: ad.info.version, text: ad.text }));

function taxationOf(taxation: TaxationFields | undefined): OfdTaxation | undefined {
  if (taxation === undefined) {
    return undefined;
  }
  return { type: taxation.type, percents: (taxation.taxes ?? []).map(tax => tax.percent) };
}
