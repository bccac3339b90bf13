/**
 * The printer: its state, and the papers that must come out of it, oldest first (design §7 "Printing").
 *
 * A paper counts as printed when the printer confirms it: `GS r 1` is answered after everything before it was printed,
 * with paper present. Paper that stopped half-way, or of which nothing is known after a power cut, is printed again from
 * its first line with «Қайта басылды/Повторная печать». A printer that says that it is well and never finishes a paper gets
 * it `printsMax` times; then somebody must ask for it.
 */
import { assert } from "../protocol/assert";
import { type Bytes, byteAt, concat, emptyBytes, repeatByte, slice } from "../protocol/bytes";
import { cborBool, cborUint } from "../protocol/cbor-write";
import { paymentCash } from "../protocol/document";
import {
  createEscposWriter,
  dleEot,
  type EscposWriter,
  gsR1,
  isDleEotAnswer,
  isGsRAnswer,
  parseCoverOpen,
  parsePaperStatus,
  parsePrinted,
  tornBytesMax,
} from "../protocol/paper/escpos-write";
import { layoutItem, layoutRefused, layoutTail, layoutTop } from "../protocol/paper/layout";
import type { PaperHead, PaperOutcome, PaperPiece, PaperSeller } from "../protocol/paper/pieces";
import { printedKey } from "../protocol/records";
import type { ItemCursor } from "./item-cursor";
import {
  printerAnswerMs,
  printerConfirmMs,
  printerLineMs,
  printerPollMs,
  printerStuckMs,
  printerWriteBytesMax,
  printsMax,
} from "./limits";
import { appendMap, type Entries, putBytes, putUint } from "./log";
import { type Module, nowMs, nowUtcS } from "./module";
import { paperHead, paperItem, paperOutcome } from "./paper-source";
import { paperSeller } from "./settings";
import { updateHash } from "./signer";
import { openDocument, openLines, readLine, type StoredDocument } from "./stored-document";
import { findDocument, findOutcome } from "./uplink";

/** What the printer last said; unknown until it has answered. */
export interface PrinterState {
  readonly answered: boolean;
  readonly paper: boolean;
  readonly coverClosed: boolean;
}

/** What is known of a printer that has said nothing. */
const nothingKnown: PrinterState = { answered: false, paper: false, coverClosed: false };

type Phase = "flush" | "top" | "items" | "tail" | "end" | "drain" | "confirm";

interface PrintJob {
  readonly number: number;
  readonly document: StoredDocument;
  readonly outcome: PaperOutcome;
  readonly head: PaperHead;
  readonly seller: PaperSeller;
  readonly writer: EscposWriter;
  readonly hashHandle: number;
  phase: Phase;
  /** Zeros that still go before the paper: they end a command that was torn. */
  zeroBytes: number;
  lineIndex: number;
  cursor: ItemCursor | undefined;
  /** Bytes made but not yet taken by the printer. */
  out: Bytes;
  lengthBytes: number;
  /** When the printer last took a byte, or the confirmation was asked. */
  movedMs: number;
}

export interface PrintQueue {
  state: PrinterState;
  job: PrintJob | undefined;
  /** The next paper was begun before, or that is not known. */
  repeat: boolean;
  /** A paper stopped half-way: it starts anew when the printer is well again. */
  stuck: boolean;
  /** How often the printer left the oldest paper unfinished, with no reason that it told. */
  failures: number;
  /** What was asked and not yet answered: 2 or 4 of DLE EOT, 1 of GS r, 0 nothing. */
  asked: number;
  askedMs: number;
  polledMs: number;
  nextStatus: 2 | 4;
}

/** `repeat`: the oldest paper that waits may have been begun before the power went. */
export function createPrintQueue(repeat: boolean): PrintQueue {
  return {
    state: nothingKnown,
    job: undefined,
    repeat,
    stuck: false,
    failures: 0,
    asked: 0,
    askedMs: 0,
    polledMs: -printerPollMs,
    nextStatus: 4,
  };
}

export const papersWaiting = (module: Module): number => module.books.outcomeNumber - module.books.printedNumber;

export const isPrinterWell = (print: PrintQueue): boolean =>
  print.state.answered && print.state.paper && print.state.coverClosed;

/** A printer that says nothing about itself is taken as well (profile without status). */
const isReady = (module: Module): boolean => !module.hal.board.printer.confirms || isPrinterWell(module.print);

// ---- Status -------------------------------------------------------------------------------------------------------

function takeStatus(module: Module, answer: number): void {
  const { print } = module;
  if (print.asked === 4 && isDleEotAnswer(answer)) {
    const paper = parsePaperStatus(answer) !== "end";
    print.state = { ...print.state, answered: true, paper };
    print.failures = paper ? print.failures : 0;
  } else if (print.asked === 2 && isDleEotAnswer(answer)) {
    const coverClosed = !parseCoverOpen(answer);
    print.state = { ...print.state, answered: true, coverClosed };
    print.failures = coverClosed ? print.failures : 0;
  } else if (print.asked === 1 && isGsRAnswer(answer)) {
    takeConfirmation(module, parsePrinted(answer) !== "end");
  } else {
    return;
  }
  print.asked = 0;
}

function readAnswers(module: Module): void {
  const answers = module.hal.printer.read(16);
  for (let index = 0; index < answers.length; index++) {
    takeStatus(module, byteAt(answers, index));
  }
  const { print } = module;
  if (print.asked !== 0 && print.asked !== 1 && nowMs(module) - print.askedMs > printerAnswerMs) {
    print.asked = 0;
    print.state = nothingKnown;
  }
}

/** Asks paper and cover in turn. Only between papers: inside one the bytes could fall into a picture. */
function pollStatus(module: Module): void {
  const { print } = module;
  const now = nowMs(module);
  const due = now - print.polledMs >= (isPrinterWell(print) ? printerPollMs : 0);
  if (print.asked !== 0 || !due) {
    return;
  }
  const question = dleEot(print.nextStatus);
  if (module.hal.printer.write(question) < question.length) {
    print.state = nothingKnown;
    print.polledMs = now;
    return;
  }
  print.asked = print.nextStatus;
  print.askedMs = now;
  print.nextStatus = print.nextStatus === 4 ? 2 : 4;
  if (print.nextStatus === 4) {
    print.polledMs = now;
  }
}

// ---- Papers -------------------------------------------------------------------------------------------------------

function openJob(module: Module): void {
  const { print } = module;
  const { settings } = module;
  const number = module.books.printedNumber + 1;
  const record = findDocument(module, number);
  const outcome = record === undefined ? undefined : findOutcome(module, record);
  assert(
    record !== undefined && outcome !== undefined && settings !== undefined,
    "an unprinted document is in the log",
  );
  const document = openDocument(module.memory, record);
  const told = paperOutcome(module.memory, outcome, print.repeat);
  const writer = createEscposWriter(module.hal.board.printer);
  print.job = {
    number,
    document,
    outcome: told,
    head: paperHead(module.memory, document),
    seller: paperSeller(settings, module.hal.board.serial),
    writer,
    hashHandle: module.hal.hash.open(),
    phase: "flush",
    zeroBytes: print.repeat ? tornBytesMax(module.hal.board.printer) : 0,
    lineIndex: 0,
    cursor: undefined,
    out: emptyBytes,
    lengthBytes: 0,
    movedMs: nowMs(module),
  };
  if (!print.repeat && told.kind !== "refused") {
    openDrawer(module, document);
  }
  print.repeat = true;
  print.stuck = false;
}

/** With its receipt, and not again with a repeated paper. */
function openDrawer({ hal }: Module, { head }: StoredDocument): void {
  for (const { kind } of head.payments) {
    if (kind === paymentCash) {
      hal.gpio.set("drawer", true);
      hal.gpio.set("drawer", false);
    }
  }
}

function writePieces(job: PrintJob, pieces: readonly PaperPiece[]): void {
  const parts: Bytes[] = [job.out];
  for (const piece of pieces) {
    parts.push(job.writer.piece(piece));
  }
  job.out = concat(parts);
}

/** Makes the next bytes of the paper. «Фискальный чек» stands in the tail: it leaves after the sign was stored. */
function produce(module: Module, job: PrintJob): void {
  const { columns } = module.hal.board.printer;
  if (job.phase === "flush") {
    const zeroBytes = Math.min(job.zeroBytes, printerWriteBytesMax);
    job.zeroBytes -= zeroBytes;
    job.out = repeatByte(0, zeroBytes);
    if (zeroBytes === 0) {
      job.out = job.writer.begin();
      job.phase = "top";
    }
  } else if (job.phase === "top") {
    if (job.outcome.kind === "refused") {
      writePieces(job, layoutRefused(job.seller, job.head, job.outcome, columns));
      job.phase = "end";
      return;
    }
    writePieces(job, layoutTop(job.seller, job.head, job.outcome, columns));
    job.phase = "items";
  } else if (job.phase === "items") {
    const cursor = job.cursor ?? openLines(module.memory, job.document);
    job.cursor = cursor;
    job.lineIndex += 1;
    writePieces(job, layoutItem(paperItem(readLine(cursor)), job.lineIndex, job.head, job.seller, columns));
    if (job.lineIndex === job.document.head.lineCount) {
      job.phase = "tail";
    }
  } else if (job.phase === "tail") {
    writePieces(job, layoutTail(job.seller, job.head, job.outcome, columns));
    job.phase = "end";
  } else if (job.phase === "end") {
    job.out = concat([job.out, job.writer.end()]);
    job.phase = "drain";
  }
}

/** Offers bytes to the printer; how many it took. */
function feed(module: Module, job: PrintJob): number {
  const offered = slice(job.out, 0, Math.min(job.out.length, printerWriteBytesMax));
  const taken = module.hal.printer.write(offered);
  if (taken > 0) {
    if (job.phase !== "flush") {
      updateHash(module.hal.hash, job.hashHandle, slice(offered, 0, taken), module.hal.board.callBytesMax);
      job.lengthBytes += taken;
    }
    job.out = slice(job.out, taken, job.out.length);
    job.movedMs = nowMs(module);
  }
  return taken;
}

/** The paper starts anew when the printer is well again. */
export function dropJob(module: Module, job: PrintJob): void {
  const { print } = module;
  module.hal.hash.digest(job.hashHandle);
  print.job = undefined;
  print.stuck = true;
  print.asked = 0;
  print.state = nothingKnown;
}

/** The printer stopped and did not say why. */
function giveUp(module: Module, job: PrintJob): void {
  module.print.failures += 1;
  dropJob(module, job);
}

function finishJob(module: Module, job: PrintJob, confirmed: boolean): void {
  const entries: Entries = [];
  putUint(entries, printedKey.number, job.number);
  putBytes(entries, printedKey.sha, module.hal.hash.digest(job.hashHandle));
  putUint(entries, printedKey.lengthBytes, job.lengthBytes);
  putUint(entries, printedKey.repeated, job.outcome.repeated ? 1 : 0);
  putUint(entries, printedKey.utcS, Math.max(nowUtcS(module) ?? 0, module.books.lastUtcS));
  entries.push([cborUint(printedKey.confirmed), cborBool(confirmed)]);
  const { print } = module;
  print.job = undefined;
  print.repeat = false;
  print.failures = 0;
  appendMap(module, "printed", entries);
}

function takeConfirmation(module: Module, paperPresent: boolean): void {
  const { job } = module.print;
  if (job === undefined || job.phase !== "confirm") {
    return;
  }
  if (paperPresent) {
    finishJob(module, job, true);
  } else {
    dropJob(module, job);
  }
}

/** Everything is in the printer: ask whether it came out. */
function askConfirmation(module: Module, job: PrintJob, waitedMs: number): void {
  if (!module.hal.board.printer.confirms) {
    finishJob(module, job, false);
    return;
  }
  if (module.hal.printer.write(gsR1) === gsR1.length) {
    const { print } = module;
    const now = nowMs(module);
    job.phase = "confirm";
    job.movedMs = now;
    print.asked = 1;
    print.askedMs = now;
  } else if (waitedMs > printerStuckMs) {
    // Switched off with the paper in its buffer, it would answer for it once it is back.
    giveUp(module, job);
  }
}

function stepJob(module: Module, job: PrintJob): void {
  const waitedMs = nowMs(module) - job.movedMs;
  if (job.phase === "confirm") {
    if (waitedMs > printerConfirmMs + job.lineIndex * printerLineMs) {
      giveUp(module, job);
    }
    return;
  }
  if (job.out.length === 0 && job.phase === "drain") {
    askConfirmation(module, job, waitedMs);
  } else if (job.out.length === 0) {
    produce(module, job);
  }
  if (job.out.length > 0 && feed(module, job) === 0 && waitedMs > printerStuckMs) {
    giveUp(module, job);
  }
}

/** One bounded step. Milliseconds until the printer wants the next. */
export function tickPrinter(module: Module): number {
  const { print } = module;
  readAnswers(module);
  if (print.job !== undefined) {
    stepJob(module, print.job);
    return print.job !== undefined && print.job.phase === "confirm" ? 5 : 0;
  }
  pollStatus(module);
  const mayPrint = papersWaiting(module) > 0 && print.failures < printsMax && module.fault === undefined;
  if (mayPrint && print.asked === 0 && isReady(module)) {
    openJob(module);
    return 0;
  }
  return print.asked !== 0 ? 5 : printerPollMs;
}
