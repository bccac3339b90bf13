/**
 * A stored document as the paper layout wants it (protocol/paper/pieces.ts).
 */
import { emptyBytes } from "../protocol/bytes";
import { getText, getUint } from "../protocol/cbor-read";
import type { PaperHead, PaperItem, PaperOutcome } from "../protocol/paper/pieces";
import { outcomeAutonomous, outcomeKey, outcomeOnline } from "../protocol/records";
import { readRecordMap } from "./books";
import { type DocumentLine, lineVat } from "./document-line";
import { assertStored } from "./flash-access";
import type { FiscalMemory, RecordRef } from "./memory-api";
import { openLines, readLine, type StoredDocument } from "./stored-document";

/** Sums of all discounts and markups, of lines and receipt: printed above the total. */
function sumModifiers(memory: FiscalMemory, document: StoredDocument): { discount: number; markup: number } {
  const { head } = document;
  let discount = head.discount?.sum ?? 0;
  let markup = head.markup?.sum ?? 0;
  const cursor = openLines(memory, document);
  for (let index = 0; index < head.lineCount; index++) {
    const line = readLine(cursor);
    discount += line.discount?.sum ?? 0;
    markup += line.markup?.sum ?? 0;
  }
  return { discount, markup };
}

export function paperHead(memory: FiscalMemory, document: StoredDocument): PaperHead {
  const { head } = document;
  const modifiers = sumModifiers(memory, document);
  return {
    ...head,
    discountTotal: modifiers.discount,
    markupTotal: modifiers.markup,
    buyerIinBin: head.buyer?.iinBin,
  };
}

export function paperItem(line: DocumentLine): PaperItem {
  return { ...line, nameKk: line.name, vatSum: lineVat(line) };
}

export function paperOutcome(memory: FiscalMemory, outcome: RecordRef, repeated: boolean): PaperOutcome {
  const map = readRecordMap(memory, outcome);
  const kind = getUint(map, outcomeKey.kind);
  assertStored(kind !== undefined);
  return {
    kind: kind === outcomeOnline ? "online" : kind === outcomeAutonomous ? "autonomous" : "refused",
    sign: getText(map, outcomeKey.sign) ?? emptyBytes,
    qrUrl: getText(map, outcomeKey.qrUrl) ?? emptyBytes,
    resultCode: getUint(map, outcomeKey.resultCode),
    resultText: getText(map, outcomeKey.resultText),
    repeated,
  };
}
