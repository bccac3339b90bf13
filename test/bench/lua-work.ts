/**
 * The work whose speed is measured, once as TypeScript in Node and once as Lua in the machine of the emulator: the
 * module's codecs on the lines of a receipt, and its log.
 */

import { type DocumentLine, decodeLine, encodeLine } from "../../firmware/document-line";
import { openFiscalMemory } from "../../firmware/fiscal-memory";
import type { Hal } from "../../hal/hal";
import { assert } from "../../protocol/assert";
import { type Bytes, concat, repeatByte, utf8 } from "../../protocol/bytes";
import { decodeMap } from "../../protocol/cbor-read";
import { crc16 } from "../../protocol/crc16";
import { encodeTicketItem, type OfdItem } from "../../protocol/ofd-messages";
import { createEscposWriter } from "../../protocol/paper/escpos-write";
import { layoutItem } from "../../protocol/paper/layout";
import { recordType } from "../../protocol/records";
import { createFrameDecoder, encodePacket, feedFrame, messageBytesMax } from "../../protocol/smp-frame";
import { head, items, seller } from "../vectors/paper-receipt";

const line: DocumentLine = {
  name: utf8("Сүт 3,2% 1 л"),
  nameRu: utf8("Молоко 3,2% 1 л"),
  itemType: 1,
  section: utf8("1"),
  quantity: 2000,
  unit: utf8("796"),
  price: 65000,
  vat: 16000,
  gtin: utf8("4870000000012"),
  ntin: utf8("0200000000011"),
  marked: false,
  markings: [],
  discount: undefined,
  markup: undefined,
  exciseStamps: [],
  productId: undefined,
  sum: 130000,
  vatSum: 17931,
  modifierVatSum: 0,
};
const item: OfdItem = {
  name: utf8("Сүт 3,2% 1 л/Молоко 3,2% 1 л"),
  sectionCode: line.section,
  quantity: line.quantity,
  price: line.price,
  sum: line.sum,
  tax: { percent: 16000, sum: line.vatSum },
  barcode: line.gtin,
  measureUnitCode: line.unit,
  markings: [],
  ntin: line.ntin,
};
const message = repeatByte(0xa5, messageBytesMax);

/** Does one thing `count` times. */
export type Work = (this: void, count: number) => void;

function lineEncode(count: number): void {
  for (let index = 0; index < count; index++) {
    encodeLine(line);
  }
}

function lineDecode(count: number): void {
  const stored = encodeLine(line);
  for (let index = 0; index < count; index++) {
    const map = decodeMap(stored);
    assert(map !== undefined && decodeLine(map) !== undefined, "a line reads back");
  }
}

function packetEncode(count: number): void {
  for (let index = 0; index < count; index++) {
    encodePacket(message, crc16);
  }
}

function packetDecode(count: number): void {
  const packet = concat(encodePacket(message, crc16));
  for (let index = 0; index < count; index++) {
    assert(feedFrame(createFrameDecoder(), packet, crc16).events.length === 1, "a packet reads back");
  }
}

function ofdItemEncode(count: number): void {
  for (let index = 0; index < count; index++) {
    encodeTicketItem(item);
  }
}

function paperItem(count: number): void {
  const writer = createEscposWriter({
    name: "bench",
    columns: 48,
    letters: "table",
    codeTable: 53,
    qr: "command",
    confirms: true,
    cutter: true,
  });
  const first = items[0];
  assert(first !== undefined, "the sample receipt has an item");
  for (let index = 0; index < count; index++) {
    for (const piece of layoutItem(first, 1, head, seller, 48)) {
      writer.piece(piece);
    }
  }
}

export type CodecName = "lineEncode" | "lineDecode" | "packetEncode" | "packetDecode" | "ofdItemEncode" | "paperItem";
export const codecNames: readonly CodecName[] = [
  "lineEncode",
  "lineDecode",
  "packetEncode",
  "packetDecode",
  "ofdItemEncode",
  "paperItem",
];
export const codecs: Record<CodecName, Work> = {
  lineEncode,
  lineDecode,
  packetEncode,
  packetDecode,
  ofdItemEncode,
  paperItem,
};

const recordBytes = 600;

/** Opens the log on a blank board; answers what appends records of a usual document's size. */
export function openJournal(this: void, hal: Hal): Work {
  const { memory } = openFiscalMemory(hal.fiscal, hal.hash, hal.board.callBytesMax, undefined);
  const payload: Bytes = repeatByte(0x5a, recordBytes);
  return (count: number): void => {
    for (let index = 0; index < count; index++) {
      memory.append(recordType.document, payload);
    }
  };
}
