/**
 * The OFD frame of a document: a pure function of the document, its attempt and the offline data, made page by page.
 *
 * Until the outcome the same bytes every time; after an autonomous outcome rebuilt with the same token, REQNUM, command
 * and version plus offline_period and offline_ticket_number (ofd-2.0.4 §6.6 "Content of the repeat").
 */
import { type Bytes, concat, emptyBytes, slice, utf8 } from "../protocol/bytes";
import { paymentCard, paymentCash } from "../protocol/document";
import { encodeFrameHeader, ofdVersion204 } from "../protocol/ofd-frame";
import {
  encodeRequest,
  encodeService,
  encodeTicketHead,
  encodeTicketItem,
  encodeTicketTail,
  type OfdItem,
  type OfdModifier,
  type OfdPayment,
  type OfdTax,
  ofdCommand,
  ofdDomainTrading,
  ofdTicketField,
} from "../protocol/ofd-messages";
import type { DocumentHead, Payment } from "./document-head";
import type { DocumentLine, Modifier } from "./document-line";
import type { ItemCursor } from "./item-cursor";
import type { FiscalMemory } from "./memory-api";
import type { Settings } from "./settings";
import { openLines, readLine, type StoredDocument } from "./stored-document";

/** What only a delivery after the autonomous outcome carries. */
export interface OfflineData {
  readonly beginUtcS: number;
  readonly endUtcS: number;
  /** The autonomous sign of the document; absent in a probe. */
  readonly ticketNumber: number | undefined;
}

/** A frame that can be read at growing offsets without being held. */
export interface FrameSource {
  readonly lengthBytes: number;
  readonly document: StoredDocument | undefined;
  /** Header, `before` and ticket head; ticket tail and `after`. */
  readonly first: Bytes;
  readonly last: Bytes;
  /** Where the next bytes come from: part 0 first, 1 lines, 2 last, 3 done. */
  part: number;
  lineIndex: number;
  cursor: ItemCursor | undefined;
  /** Bytes made but not yet read away, and their offset in the frame. */
  ahead: Bytes;
  aheadOffset: number;
}

function digitsValue(text: Bytes | undefined): number | undefined {
  if (text === undefined) {
    return undefined;
  }
  let value = 0;
  for (let index = 0; index < text.length; index++) {
    value = value * 10 + (text.charCodeAt(index) - 48);
  }
  return value;
}

function ofdModifier(modifier: Modifier | undefined, taxes: readonly OfdTax[]): OfdModifier | undefined {
  return modifier === undefined ? undefined : { name: modifier.name, sum: modifier.sum, taxes };
}

function ofdItem(line: DocumentLine): OfdItem {
  const tax = line.vat === undefined ? undefined : { percent: line.vat, sum: line.vatSum };
  const modifierTaxes = line.vat === undefined ? [] : [{ percent: line.vat, sum: line.modifierVatSum }];
  return {
    name: line.nameRu === undefined ? line.name : concat([line.name, utf8("/"), line.nameRu]),
    sectionCode: line.section,
    quantity: line.quantity,
    price: line.price,
    sum: line.sum,
    tax,
    physicalLabel: line.exciseStamps[0],
    productId: line.productId,
    barcode: line.gtin,
    measureUnitCode: line.unit,
    markings: line.markings,
    ntin: line.ntin,
    commodityType: line.itemType,
    discount: ofdModifier(line.discount, modifierTaxes),
    markup: ofdModifier(line.markup, modifierTaxes),
  };
}

function ofdPayment(payment: Payment): OfdPayment {
  if (payment.kind !== paymentCard) {
    return { type: payment.kind, sum: payment.sum };
  }
  const card = {
    terminal: payment.terminal,
    cardType: payment.cardType,
    authCode: digitsValue(payment.authCode),
    rrn: digitsValue(payment.rrn),
  };
  return { type: payment.kind, sum: payment.sum, card };
}

function ticketHead(head: DocumentHead): Bytes {
  return encodeTicketHead({
    operation: head.operation,
    dateTime: { utcS: head.utcS, offsetMin: head.offsetMin },
    operator: { code: head.operatorCode, name: head.operatorName },
    domain: { type: ofdDomainTrading },
  });
}

function ticketTail(head: DocumentHead, offlineTicketNumber: number | undefined): Bytes {
  const payments: OfdPayment[] = [];
  let taken: number | undefined;
  for (const payment of head.payments) {
    payments.push(ofdPayment(payment));
    if (payment.kind === paymentCash) {
      taken = payment.taken ?? payment.sum;
    }
  }
  const modifierTaxes: OfdTax[] = [];
  for (const [percent, sum] of head.modifierVat) {
    modifierTaxes.push({ percent, sum });
  }
  const receiptVat = head.vat[0];
  return encodeTicketTail({
    payments,
    taxes:
      head.receiptVat === undefined || receiptVat === undefined
        ? undefined
        : [{ percent: receiptVat[0], sum: receiptVat[1] }],
    amounts: {
      total: head.total,
      taken,
      change: taken === undefined ? undefined : head.change,
      discount: ofdModifier(head.discount, modifierTaxes),
      markup: ofdModifier(head.markup, modifierTaxes),
    },
    customer:
      head.buyer === undefined
        ? undefined
        : { email: head.buyer.email, phone: head.buyer.phone, iinBin: head.buyer.iinBin },
    offlineTicketNumber,
    shiftNumber: head.shift,
    printedDocumentNumber: head.number,
  });
}

/** The service part of every request (§3.1). */
function service(settings: Settings, serial: string, offline: OfflineData | undefined, info: boolean): Bytes {
  const local = (utcS: number) => ({ utcS, offsetMin: settings.offsetMin });
  return encodeService({
    geo: { latitude: settings.pos.latitude, longitude: settings.pos.longitude, source: utf8("manual") },
    offlinePeriod:
      offline === undefined ? undefined : { beginTime: local(offline.beginUtcS), endTime: local(offline.endUtcS) },
    getRegInfo: info ? true : undefined,
    getBindedTaxation: info ? true : undefined,
    regInfo: {
      kkm: { fnsKkmId: settings.rnm, serialNumber: utf8(serial), kkmId: utf8(`${settings.ofdId}`) },
      org: {
        title: settings.org.titleRu,
        address: settings.org.addressRu,
        iin: settings.org.iinBin,
        oked: settings.org.oked,
        addressKz: settings.org.addressKk,
      },
    },
  });
}

/** What a frame is addressed with. */
export interface FrameKey {
  readonly token: number;
  readonly reqnum: number;
}

function sourceOf(document: StoredDocument | undefined, first: Bytes, last: Bytes, lengthBytes: number): FrameSource {
  return {
    lengthBytes,
    document,
    first,
    last,
    part: 0,
    lineIndex: 0,
    cursor: undefined,
    ahead: emptyBytes,
    aheadOffset: 0,
  };
}

/** Length of all lines on the wire, which the frame's head must tell before them. */
export function countLineBytes(memory: FiscalMemory, document: StoredDocument): number {
  const cursor = openLines(memory, document);
  let lengthBytes = 0;
  for (let index = 0; index < document.head.lineCount; index++) {
    lengthBytes += encodeTicketItem(ofdItem(readLine(cursor))).length;
  }
  return lengthBytes;
}

/** The TICKET frame of a stored document; `lineBytes` from countLineBytes. */
export function openTicketFrame(
  settings: Settings,
  serial: string,
  document: StoredDocument,
  lineBytes: number,
  key: FrameKey,
  offline: OfflineData | undefined,
): FrameSource {
  const head = ticketHead(document.head);
  const tail = ticketTail(document.head, offline?.ticketNumber);
  const lengthBytes = head.length + lineBytes + tail.length;
  const { before, after } = encodeRequest(
    ofdCommand.ticket,
    { field: ofdTicketField, lengthBytes },
    service(settings, serial, offline, false),
  );
  const payloadBytes = before.length + lengthBytes + after.length;
  const header = encodeFrameHeader(
    { version: ofdVersion204, id: settings.ofdId, token: key.token, reqnum: key.reqnum },
    payloadBytes,
  );
  return sourceOf(document, concat([header, before, head]), concat([tail, after]), header.length + payloadBytes);
}

/** SYSTEM or INFO. */
export function openServiceFrame(
  settings: Settings,
  serial: string,
  command: number,
  key: FrameKey,
  offline: OfflineData | undefined,
): FrameSource {
  const { before, after } = encodeRequest(
    command,
    undefined,
    service(settings, serial, offline, command === ofdCommand.info),
  );
  const payloadBytes = before.length + after.length;
  const header = encodeFrameHeader(
    { version: ofdVersion204, id: settings.ofdId, token: key.token, reqnum: key.reqnum },
    payloadBytes,
  );
  return sourceOf(undefined, concat([header, before, after]), emptyBytes, header.length + payloadBytes);
}

/** Makes the next bytes of the frame; false at its end. */
function advance(source: FrameSource, memory: FiscalMemory): boolean {
  if (source.part === 0) {
    source.ahead = concat([source.ahead, source.first]);
    source.part = source.document === undefined ? 2 : 1;
    return true;
  }
  if (source.part === 1 && source.document !== undefined) {
    if (source.lineIndex >= source.document.head.lineCount) {
      source.part = 2;
      return true;
    }
    const cursor = source.cursor ?? openLines(memory, source.document);
    source.cursor = cursor;
    source.ahead = concat([source.ahead, encodeTicketItem(ofdItem(readLine(cursor)))]);
    source.lineIndex += 1;
    return true;
  }
  if (source.part === 2) {
    source.ahead = concat([source.ahead, source.last]);
    source.part = 3;
    return true;
  }
  return false;
}

function rewind(source: FrameSource): void {
  source.part = 0;
  source.lineIndex = 0;
  source.cursor = undefined;
  source.ahead = emptyBytes;
  source.aheadOffset = 0;
}

/**
 * Up to `lengthMax` bytes of the frame at `offset`. Growing offsets cost one pass; an offset before the last page
 * begins the frame anew. Bytes of the page itself are kept, so that a repeated request finds them.
 */
export function readFrame(source: FrameSource, memory: FiscalMemory, offset: number, lengthMax: number): Bytes {
  if (offset < source.aheadOffset) {
    rewind(source);
  }
  for (;;) {
    const skip = Math.min(offset - source.aheadOffset, source.ahead.length);
    source.ahead = slice(source.ahead, skip, source.ahead.length);
    source.aheadOffset += skip;
    const enough = source.aheadOffset === offset && source.ahead.length >= lengthMax;
    if (enough || !advance(source, memory)) {
      return slice(source.ahead, 0, Math.min(lengthMax, source.ahead.length));
    }
  }
}
