/** Group 101: a document comes in, is submitted, and is looked up. */
import { type Bytes, concat } from "../../protocol/bytes";
import { type CborMap, getBytes, getText, getUint } from "../../protocol/cbor-read";
import { cborArrayHead, cborUint } from "../../protocol/cbor-write";
import { outcomeAutonomous, outcomeKey, outcomeOnline, recordType } from "../../protocol/records";
import { type Refusal, refuse } from "../../protocol/refusals";
import { readRecordMap } from "../books";
import { cardUploadKey } from "../fiscalize";
import { faultRefusal, withoutSettings } from "../flash-guard";
import { documentBytesMax, documentLinesMax, keyBytesMax, salesMax, uploadBytesMax } from "../limits";
import { keyFingerprint } from "../log";
import type { RecordRef } from "../memory-api";
import { type Module, nowMs } from "../module";
import { isPrinterWell, papersWaiting } from "../print-queue";
import { beginSale, clockRefusal } from "../sale";
import { useSession } from "../sessions";
import type { Operator } from "../settings";
import { openDocument, type StoredDocument } from "../stored-document";
import { findTextFault } from "../text-check";
import { findDelivered, findDocument, findOutcome } from "../uplink";
import {
  addText,
  addUint,
  arrayField,
  boolField,
  done,
  type Fields,
  mapField,
  type Reply,
  refused,
  refusedAs,
  textField,
  uintField,
  wordField,
} from "./reply";

/** The key of a document: 1 to 64 printable ASCII characters. */
function readKey(request: CborMap): Bytes | undefined {
  const key = getText(request, "key");
  if (key === undefined || findTextFault(key, keyBytesMax) !== undefined) {
    return undefined;
  }
  for (let index = 0; index < key.length; index++) {
    const code = key.charCodeAt(index);
    if (code < 0x20 || code > 0x7e) {
      return undefined;
    }
  }
  return key;
}

const keyInvalid = (): Reply =>
  refusedAs("FIELD_INVALID", { field: "key", expected: "1 to 64 printable ASCII", got: "other" });

/** The operator of the request's session; a register that is not fiscalized yet has none and needs none for its card. */
function sessionOf(module: Module, request: CborMap): Operator | undefined {
  return useSession(module.sessions, getBytes(request, "session"), nowMs(module));
}

/** Bytes of a document or card: as an image upload, another offset than expected is answered with the expected one. */
export function chunk(module: Module, request: CborMap): Reply {
  const key = readKey(request);
  const offset = getUint(request, "off");
  const data = getBytes(request, "data");
  if (key === undefined) {
    return keyInvalid();
  }
  if (offset === undefined || data === undefined) {
    return refusedAs("FIELD_MISSING", { field: offset === undefined ? "off" : "data" });
  }
  if (module.settings !== undefined && sessionOf(module, request) === undefined) {
    // A card comes without a session; a document may have any key.
    const isCard = key === cardUploadKey && getBytes(request, "session") === undefined;
    return refusedAs(isCard ? "ALREADY_FISCALIZED" : "SESSION_LOST", {});
  }
  if (module.sale !== undefined) {
    return refusedAs("BUSY", {});
  }
  if (offset === 0) {
    module.scratch.begin();
    module.upload = { key, receivedBytes: 0 };
  }
  const { upload } = module;
  if (upload === undefined || upload.key !== key) {
    return done([uintField("off", 0)]);
  }
  if (offset === upload.receivedBytes) {
    if (offset + data.length > uploadBytesMax) {
      return refusedAs("DOCUMENT_TOO_LARGE", { expected: uploadBytesMax, got: offset + data.length });
    }
    if (data.length > 0) {
      module.scratch.write(offset, data);
    }
    upload.receivedBytes += data.length;
  }
  return done([uintField("off", upload.receivedBytes)]);
}

/** The document that a key is bound to, newest first, confirmed on flash. */
function findByKey(module: Module, key: Bytes): RecordRef | undefined {
  for (const position of module.keys.candidates(keyFingerprint(module, key))) {
    const record = module.memory.at(position);
    // An old index may name a place that the ring has given to another record.
    const isDocument = record !== undefined && record.type === recordType.document;
    if (isDocument && openDocument(module.memory, record).head.key === key) {
      return record;
    }
  }
  return undefined;
}

/** Why nothing can be sold now, whatever the document says (design §4 step 3). */
function standingRefusal(module: Module): Refusal | undefined {
  const { books, print } = module;
  const fault = faultRefusal(module);
  if (fault !== undefined) {
    return fault;
  }
  const block = books.blocks[0];
  if (block !== undefined) {
    return refuse("BLOCKED", { block: block.code });
  }
  if (books.nonNullable > salesMax) {
    return refuse("AMOUNT_TOO_LARGE", { expected: salesMax, got: books.nonNullable });
  }
  if (!module.hal.system.powerGood()) {
    return refuse("POWER_WEAK", {});
  }
  const clock = clockRefusal(module);
  if (clock !== undefined) {
    return clock;
  }
  if (module.sale !== undefined || books.pending !== undefined) {
    return refuse("BUSY", {});
  }
  // The next sale may be submitted while a healthy printer prints: a queue of one.
  if (papersWaiting(module) > 1 || (papersWaiting(module) === 1 && print.stuck)) {
    return refuse("PRINT_UNFINISHED", { number: books.printedNumber + 1 });
  }
  return printerRefusal(module);
}

/** Item 6: no paper, no sale. */
function printerRefusal(module: Module): Refusal | undefined {
  const { print } = module;
  if (!module.hal.board.printer.confirms || isPrinterWell(print) || print.job !== undefined) {
    return undefined;
  }
  if (!print.state.answered) {
    return refuse("PRINTER_ABSENT", {});
  }
  return refuse(print.state.coverClosed ? "PAPER_ABSENT" : "COVER_OPEN", {});
}

function uploadRefusal(module: Module, key: Bytes, length: number, lines: number): Refusal | undefined {
  if (lines < 1 || lines > documentLinesMax) {
    return refuse("LINES_TOO_MANY", { expected: documentLinesMax, got: lines });
  }
  if (length > documentBytesMax) {
    return refuse("DOCUMENT_TOO_LARGE", { expected: documentBytesMax, got: length });
  }
  const { upload } = module;
  const received = upload === undefined || upload.key !== key ? 0 : upload.receivedBytes;
  return received === length ? undefined : refuse("UPLOAD_INCOMPLETE", { expected: length, got: received });
}

/**
 * Submits the uploaded document. The key is looked up before session checks of any other kind: a known key is answered
 * with its document, KEY_REUSED when the body differs. The work goes on in ticks.
 */
export function submit(module: Module, request: CborMap): Reply {
  const key = readKey(request);
  const length = getUint(request, "len");
  const lines = getUint(request, "lines");
  const sha = getBytes(request, "sha");
  if (key === undefined) {
    return keyInvalid();
  }
  if (length === undefined || lines === undefined || sha === undefined || sha.length !== 32) {
    return refusedAs("FIELD_MISSING", { field: "len, lines, sha" });
  }
  if (module.settings === undefined) {
    return refused(withoutSettings(module));
  }
  const operator = sessionOf(module, request);
  if (operator === undefined) {
    return refusedAs("SESSION_LOST", {});
  }
  const known = findByKey(module, key);
  if (known !== undefined) {
    const document = openDocument(module.memory, known);
    return document.head.requestSha === sha
      ? describe(module, document)
      : refusedAs("KEY_REUSED", { number: document.head.number });
  }
  if (module.sale !== undefined && module.sale.key === key) {
    return module.sale.sha === sha ? done([wordField("state", "working")]) : refusedAs("KEY_REUSED", {});
  }
  const refusal = standingRefusal(module) ?? uploadRefusal(module, key, length, lines);
  if (refusal !== undefined) {
    return refused(refusal);
  }
  module.refused = undefined;
  beginSale(module, { key, uploadBytes: length, lineCount: lines, sha, operator });
  return done([wordField("state", "working")]);
}

/** The frozen answer of a document that has its outcome. */
function answerFields(module: Module, document: StoredDocument, outcome: RecordRef): Fields {
  const { head } = document;
  const map = readRecordMap(module.memory, outcome);
  const kind = getUint(map, outcomeKey.kind);
  const vat: Bytes[] = [];
  for (const [rate, sum] of head.vat) {
    vat.push(concat([cborArrayHead(2), cborUint(rate), cborUint(sum)]));
  }
  const fields: Fields = [
    wordField("outcome", kind === outcomeOnline ? "online" : kind === outcomeAutonomous ? "autonomous" : "refused"),
    uintField("number", head.number),
    uintField("shift", head.shift),
    textField("key", head.key),
    uintField("operation", head.operation),
    uintField("utcS", head.utcS),
    uintField("offsetMin", head.offsetMin),
    uintField("total", head.total),
    uintField("change", head.change),
    arrayField("vat", vat),
  ];
  addText(fields, "sign", getText(map, outcomeKey.sign));
  addText(fields, "qrUrl", getText(map, outcomeKey.qrUrl));
  addText(fields, "cause", getText(map, outcomeKey.cause));
  addUint(fields, "resultCode", getUint(map, outcomeKey.resultCode));
  addText(fields, "resultText", getText(map, outcomeKey.resultText));
  return fields;
}

function printedState(module: Module, number: number): string {
  if (number <= module.books.printedNumber) {
    return "yes";
  }
  const { job } = module.print;
  return job !== undefined && job.number === number ? "printing" : "no";
}

/** What may still change: paper and delivery. */
function liveFields(module: Module, document: StoredDocument, outcome: RecordRef | undefined): Fields {
  const { number } = document.head;
  const delivered = number <= module.books.settledNumber;
  const fields: Fields = [
    wordField("printed", printedState(module, number)),
    boolField("delivered", delivered),
    uintField("documentSeq", document.record.sequence),
  ];
  addUint(fields, "outcomeSeq", outcome === undefined ? undefined : outcome.sequence);
  const autonomous =
    outcome !== undefined && getUint(readRecordMap(module.memory, outcome), outcomeKey.kind) === outcomeAutonomous;
  const delivery = delivered && autonomous ? findDelivered(module, number) : undefined;
  if (delivery !== undefined) {
    const map = readRecordMap(module.memory, delivery);
    addText(fields, "ofdSign", getText(map, outcomeKey.sign));
    addText(fields, "ofdQrUrl", getText(map, outcomeKey.qrUrl));
    addUint(fields, "deliveredSeq", delivery.sequence);
  }
  return fields;
}

function describe(module: Module, document: StoredDocument): Reply {
  const outcome = findOutcome(module, document.record);
  const fault = faultRefusal(module);
  if (outcome === undefined && fault !== undefined) {
    return refused(fault);
  }
  const fields: Fields = [
    wordField("state", outcome === undefined ? "pending" : "done"),
    uintField("number", document.head.number),
  ];
  if (outcome !== undefined) {
    fields.push(mapField("answer", answerFields(module, document, outcome)));
  }
  fields.push(mapField("live", liveFields(module, document, outcome)));
  return done(fields);
}

function lookupKey(module: Module, key: Bytes): Reply {
  const known = findByKey(module, key);
  if (known !== undefined) {
    return describe(module, openDocument(module.memory, known));
  }
  if (module.sale !== undefined && module.sale.key === key) {
    return done([wordField("state", "working")]);
  }
  const told = module.refused;
  if (told !== undefined && told.key === key) {
    module.refused = undefined;
    return refused(told.refusal);
  }
  return refusedAs("KEY_UNKNOWN", {});
}

export function lookup(module: Module, request: CborMap): Reply {
  if (sessionOf(module, request) === undefined) {
    return refusedAs("SESSION_LOST", {});
  }
  const key = getText(request, "key");
  if (key !== undefined) {
    return lookupKey(module, key);
  }
  const number = getUint(request, "number");
  if (number === undefined) {
    return refusedAs("FIELD_MISSING", { field: "key, number" });
  }
  const record = findDocument(module, number);
  return record === undefined
    ? refusedAs("NUMBER_UNKNOWN", { got: number, expected: module.books.lastNumber })
    : describe(module, openDocument(module.memory, record));
}

/** The unprinted original again; one that came out already needs a copy, which is another command. */
export function reprint(module: Module, request: CborMap): Reply {
  if (sessionOf(module, request) === undefined) {
    return refusedAs("SESSION_LOST", {});
  }
  const number = getUint(request, "number");
  if (number === undefined || number !== module.books.printedNumber + 1 || papersWaiting(module) === 0) {
    return refusedAs("NUMBER_UNKNOWN", { got: number ?? 0, expected: module.books.printedNumber + 1 });
  }
  const refusal = printerRefusal(module);
  if (refusal !== undefined) {
    return refused(refusal);
  }
  module.print.failures = 0;
  return done([uintField("number", number)]);
}
