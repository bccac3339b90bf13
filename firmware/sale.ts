/**
 * A sale on its way from the scratch area into the log: the steps 3 to 5 of design §4, a few lines a tick.
 *
 *   lines → head → space → sign → write
 *
 * The document is read three times through a small window: to check and add up, to hash what is signed, to write.
 */
import { assert } from "../protocol/assert";
import { type Bytes, emptyBytes, slice } from "../protocol/bytes";
import { type CborMap, decodeMap } from "../protocol/cbor-read";
import { recordType } from "../protocol/records";
import { type Refusal, refuse } from "../protocol/refusals";
import { queueLength } from "./books";
import {
  checkHead,
  type DocumentHead,
  encodeHead,
  type LineTotals,
  type RequestHead,
  type Settled,
  settleTotals,
} from "./document-head";
import { checkLine, type DocumentLine, encodeLine, lineTotal, lineVat } from "./document-line";
import { assertStored } from "./flash-access";
import { atItemsEnd, type ItemCursor, nextItem, openItems } from "./item-cursor";
import { amountMax, documentBytesMax, followUpBytes, lineBytesMax, linesPerTick } from "./limits";
import { recordAppended, reserveBytes } from "./log";
import { addMarking, createMarkingSet, type MarkingSet } from "./marking-set";
import type { RecordWriter } from "./memory-api";
import { type Module, nowUtcS } from "./module";
import type { Operator } from "./settings";
import {
  closeSigning,
  type Envelope,
  envelopeBytes,
  feedSigning,
  openSigning,
  type Signing,
  sha256,
  updateHash,
} from "./signer";
import { beginOnline, isOffline } from "./uplink";

export interface SaleJob {
  readonly key: Bytes;
  readonly uploadBytes: number;
  readonly lineCount: number;
  readonly sha: Bytes;
  readonly operator: Operator;
  phase: "lines" | "head" | "space" | "sign" | "write";
  cursor: ItemCursor;
  lineNumber: number;
  readonly totals: LineTotals;
  readonly markings: MarkingSet;
  hashHandle: number | undefined;
  lineBytes: number;
  head: DocumentHead | undefined;
  headBytes: Bytes | undefined;
  signing: Signing | undefined;
  envelope: Envelope | undefined;
  writer: RecordWriter | undefined;
}

function openUpload(module: Module, job: SaleJob): ItemCursor {
  return openItems(
    (offset, length) => {
      const bytes = module.scratch.read(offset, length);
      if (job.hashHandle !== undefined) {
        updateHash(module.hal.hash, job.hashHandle, bytes, module.hal.board.callBytesMax);
      }
      return bytes;
    },
    0,
    job.uploadBytes,
  );
}

/** Begins the sale of the document that stands in the scratch area; the caller has made all checks before arithmetic. */
export function beginSale(
  module: Module,
  request: { key: Bytes; uploadBytes: number; lineCount: number; sha: Bytes; operator: Operator },
): void {
  assert(module.sale === undefined, "one sale at a time");
  const job: SaleJob = {
    ...request,
    phase: "lines",
    cursor: openItems(() => emptyBytes, 0, 0),
    lineNumber: 0,
    totals: { total: 0, rates: [], vat: [], turnover: [], rated: 0 },
    markings: createMarkingSet(),
    hashHandle: module.hal.hash.open(),
    lineBytes: 0,
    head: undefined,
    headBytes: undefined,
    signing: undefined,
    envelope: undefined,
    writer: undefined,
  };
  job.cursor = openUpload(module, job);
  module.sale = job;
}

export function refuseSale(module: Module, job: SaleJob, refusal: Refusal): void {
  closeHash(module, job);
  module.refused = { key: job.key, refusal };
  module.sale = undefined;
}

function closeHash(module: Module, job: SaleJob): Bytes | undefined {
  const handle = job.hashHandle;
  job.hashHandle = undefined;
  return handle === undefined ? undefined : module.hal.hash.digest(handle);
}

/** The next item of the upload as a map. */
function nextMap(job: SaleJob): CborMap | undefined {
  const item = nextItem(job.cursor);
  return item === undefined ? undefined : decodeMap(item);
}

function checkMarkings(module: Module, job: SaleJob, line: DocumentLine): Refusal | undefined {
  for (const code of line.markings) {
    if (!addMarking(job.markings, sha256(module.hal.hash, code, module.hal.board.callBytesMax))) {
      return refuse("MARKING_TWICE", { line: job.lineNumber });
    }
  }
  return undefined;
}

/** Adds a line to the totals, by rate in order of appearance. */
function addLine(totals: LineTotals, line: DocumentLine): void {
  totals.total += lineTotal(line);
  if (line.vat === undefined) {
    return;
  }
  totals.rated += 1;
  let index = 0;
  while (index < totals.rates.length && totals.rates[index] !== line.vat) {
    index += 1;
  }
  if (index === totals.rates.length) {
    totals.rates.push(line.vat);
    totals.vat.push(0);
    totals.turnover.push(0);
  }
  totals.vat[index] = (totals.vat[index] as number) + lineVat(line);
  totals.turnover[index] = (totals.turnover[index] as number) + lineTotal(line);
}

function stepLines(module: Module, job: SaleJob): void {
  const { settings } = module;
  assert(settings !== undefined, "only a fiscalized register sells");
  for (let count = 0; count < linesPerTick && job.lineNumber < job.lineCount; count++) {
    job.lineNumber += 1;
    const map = nextMap(job);
    if (map === undefined) {
      const facts = { field: "lines", line: job.lineNumber, expected: "a line", got: "other" };
      refuseSale(module, job, refuse("FIELD_INVALID", facts));
      return;
    }
    const checked = checkLine(map, job.lineNumber, settings.org.vatPayer);
    if (checked.kind === "refusal") {
      refuseSale(module, job, checked.refusal);
      return;
    }
    const marking = checkMarkings(module, job, checked.line);
    if (marking !== undefined) {
      refuseSale(module, job, marking);
      return;
    }
    addLine(job.totals, checked.line);
    if (job.totals.total > amountMax) {
      refuseSale(
        module,
        job,
        refuse("AMOUNT_TOO_LARGE", { line: job.lineNumber, expected: amountMax, got: job.totals.total }),
      );
      return;
    }
    // The stored line has its sums too, and must be readable for ever.
    const storedBytes = encodeLine(checked.line).length;
    if (storedBytes > lineBytesMax) {
      const facts = { line: job.lineNumber, expected: lineBytesMax, got: storedBytes };
      refuseSale(module, job, refuse("DOCUMENT_TOO_LARGE", facts));
      return;
    }
    job.lineBytes += storedBytes;
  }
  if (job.lineNumber === job.lineCount) {
    job.phase = "head";
  }
}

/** Number, time and totals: everything that is decided before the signature. */
function decideHead(module: Module, job: SaleJob, request: RequestHead, settled: Settled, utcS: number): DocumentHead {
  const { books, settings } = module;
  assert(settings !== undefined, "only a fiscalized register sells");
  return {
    ...request,
    ...settled,
    prev: module.memory.lastHash(),
    number: books.lastNumber + 1,
    shift: books.shift.open ? books.shift.number : books.shift.number + 1,
    utcS,
    offsetMin: settings.offsetMin,
    operatorCode: job.operator.code,
    operatorName: job.operator.name,
    key: job.key,
    requestSha: job.sha,
    settingsRevision: books.revision,
    receiptVat: request.vat,
    lineCount: job.lineCount,
  };
}

function stepHead(module: Module, job: SaleJob): void {
  const { settings } = module;
  assert(settings !== undefined, "only a fiscalized register sells");
  const map = nextMap(job);
  if (map === undefined || !atItemsEnd(job.cursor)) {
    refuseSale(module, job, refuse("FIELD_INVALID", { field: "head", expected: "one map at the end", got: "other" }));
    return;
  }
  if (closeHash(module, job) !== job.sha) {
    refuseSale(module, job, refuse("UPLOAD_INCOMPLETE", { expected: job.uploadBytes, got: "other bytes" }));
    return;
  }
  const head = checkHead(map, settings);
  if (head.kind === "refusal") {
    refuseSale(module, job, head.refusal);
    return;
  }
  const totals = settleTotals(head.head, job.totals);
  if (totals.kind === "refusal") {
    refuseSale(module, job, totals.refusal);
    return;
  }
  const clock = clockRefusal(module);
  if (clock !== undefined) {
    refuseSale(module, job, clock);
    return;
  }
  const utcS = nowUtcS(module) ?? module.books.lastUtcS;
  job.head = decideHead(module, job, head.head, totals.settled, utcS);
  job.phase = "space";
}

/** The clock is lost, or behind the last document (item 42). */
export function clockRefusal(module: Module): Refusal | undefined {
  const utcS = nowUtcS(module);
  const { lastUtcS } = module.books;
  return utcS !== undefined && utcS >= lastUtcS
    ? undefined
    : refuse("CLOCK_UNSET", { expected: lastUtcS, got: utcS ?? 0 });
}

/** Free space for the record, its follow-ups and the reserve; old delivered sectors are given up, one a tick. */
function stepSpace(module: Module, job: SaleJob): void {
  assert(job.head !== undefined, "the head is decided before space is asked");
  const storedBytes = envelopeBytes(module.signer, encodeHead(job.head).length + job.lineBytes);
  if (storedBytes > documentBytesMax) {
    refuseSale(module, job, refuse("DOCUMENT_TOO_LARGE", { expected: documentBytesMax, got: storedBytes }));
    return;
  }
  const { memory, books } = module;
  const needed = memory.costBytes(storedBytes) + memory.costBytes(followUpBytes) + reserveBytes(module);
  const free = memory.freeBytes();
  if (free < needed) {
    const policy = {
      settledNumber: books.settledNumber,
      closedSequence: books.closedSequence,
      utcS: job.head.utcS,
    };
    if (!memory.reuseOldest(policy)) {
      refuseSale(module, job, refuse("MEMORY_FULL", { freeBytes: free, neededBytes: needed }));
      return;
    }
    const reuse = memory.find(memory.lastSequence());
    assert(reuse !== undefined, "giving up a sector wrote a record");
    recordAppended(module, reuse);
    return;
  }
  // Giving up a sector wrote a record: the chain's head is only final now.
  job.head = { ...job.head, prev: memory.lastHash() };
  job.headBytes = encodeHead(job.head);
  const payloadBytes = job.headBytes.length + job.lineBytes;
  job.signing = openSigning(module.signer, "document", payloadBytes, module.hal.board.callBytesMax);
  feedSigning(job.signing, job.headBytes);
  rewind(module, job);
  job.phase = "sign";
}

function rewind(module: Module, job: SaleJob): void {
  job.cursor = openUpload(module, job);
  job.lineNumber = 0;
}

/** The next line's stored bytes; it was checked before, and the scratch area does not change by itself. */
function nextStoredLine(module: Module, job: SaleJob): Bytes {
  const map = nextMap(job);
  assertStored(map !== undefined && module.settings !== undefined);
  job.lineNumber += 1;
  const checked = checkLine(map, job.lineNumber, module.settings.org.vatPayer);
  assertStored(checked.kind === "line");
  return encodeLine(checked.line);
}

function stepSign(module: Module, job: SaleJob): void {
  const { signing, headBytes } = job;
  assert(signing !== undefined && headBytes !== undefined, "the signature was begun");
  for (let count = 0; count < linesPerTick && job.lineNumber < job.lineCount; count++) {
    feedSigning(signing, nextStoredLine(module, job));
  }
  if (job.lineNumber === job.lineCount) {
    job.envelope = closeSigning(signing);
    rewind(module, job);
    job.phase = "write";
  }
}

/** Writes piece by piece; the record exists once its seal is programmed, and only then is the document numbered. */
function stepWrite(module: Module, job: SaleJob): void {
  const { envelope, headBytes, head } = job;
  assert(envelope !== undefined && headBytes !== undefined && head !== undefined, "a signature is there to write");
  let { writer } = job;
  if (writer === undefined) {
    const lengthBytes = envelope.head.length + headBytes.length + job.lineBytes + envelope.tail.length;
    writer = module.memory.begin(recordType.document, lengthBytes, { number: head.number, utcS: head.utcS });
    job.writer = writer;
    writer.write(envelope.head);
    writePieces(writer, headBytes);
  }
  for (let count = 0; count < linesPerTick && job.lineNumber < job.lineCount; count++) {
    writePieces(writer, nextStoredLine(module, job));
  }
  if (job.lineNumber === job.lineCount) {
    writer.write(envelope.tail);
    const record = writer.finish();
    module.sale = undefined;
    recordAppended(module, record);
    journalled(module, head.number);
  }
}

/** The writer takes pages; a long head or line goes in pieces. */
function writePieces(writer: RecordWriter, bytes: Bytes): void {
  const pieceBytesMax = 256;
  for (let offset = 0; offset < bytes.length; offset += pieceBytesMax) {
    writer.write(slice(bytes, offset, Math.min(offset + pieceBytesMax, bytes.length)));
  }
}

/** Step 5: a frame to carry; known offline, tickUplink signs autonomously at once and the document queues behind. */
function journalled(module: Module, number: number): void {
  if (!isOffline(module) && queueLength(module.books) === 0) {
    beginOnline(module, number);
  }
}

/** From the signature to the seal nothing else may be written: the document's prev is already signed. */
export const isSaleWriting = (module: Module): boolean =>
  module.sale !== undefined && (module.sale.phase === "sign" || module.sale.phase === "write");

/** One bounded step of the sale; true while there is one. */
export function tickSale(module: Module): boolean {
  const job = module.sale;
  if (job === undefined) {
    return false;
  }
  if (job.phase === "lines") {
    stepLines(module, job);
  } else if (job.phase === "head") {
    stepHead(module, job);
  } else if (job.phase === "space") {
    stepSpace(module, job);
  } else if (job.phase === "sign") {
    stepSign(module, job);
  } else {
    stepWrite(module, job);
  }
  return true;
}
