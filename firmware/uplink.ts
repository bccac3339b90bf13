/**
 * The uplink's side in the module: which frame is to be carried now, what an answer means, and the five seconds.
 *
 * At most one frame is under way. The host fetches it in pages, carries it, and brings the answer in pages or says why
 * there was none; it decides nothing. Documents go strictly oldest first (item 30.2).
 */
import { assert } from "../protocol/assert";
import { type Bytes, concat, slice, utf8 } from "../protocol/bytes";
import { getText } from "../protocol/cbor-read";
import { decodeFrameHeader, ofdHeaderBytes, ofdVersion204 } from "../protocol/ofd-frame";
import { decodeResponse, type OfdResponse, ofdCommand, ofdResult } from "../protocol/ofd-messages";
import { attemptKey, outcomeKey, recordType } from "../protocol/records";
import { blockOfResult, needsPerson, queueLength, readRecordMap } from "./books";
import { deadlineOf, noteFetch, type Timing } from "./deadline";
import { assertStored } from "./flash-access";
import {
  countLineBytes,
  type FrameSource,
  type OfflineData,
  openServiceFrame,
  openTicketFrame,
  readFrame,
} from "./frame";
import { answerBytesMax, answerGraceMs, deadlineMs, idlePollMs, reconnectMs, repeatPauseMs } from "./limits";
import { appendEvent, appendMap, type Entries, noteEvent, putBytes, putUint } from "./log";
import type { RecordRef } from "./memory-api";
import { type Module, nowMs, nowUtcS } from "./module";
import {
  type Exchange,
  isUsableSign,
  settleAutonomous,
  settleDelivered,
  settleOnline,
  settleRefused,
  unsealToken,
} from "./outcome";
import { sha256, updateHash } from "./signer";
import { openDocument, type StoredDocument } from "./stored-document";

/** A frame under way. */
export interface Carry extends Timing {
  /** Names this sending towards the host. */
  readonly id: number;
  readonly command: number;
  readonly reqnum: number;
  readonly token: number;
  readonly source: FrameSource;
  /** The document, for TICKET. */
  readonly document: StoredDocument | undefined;
  /** Not to be fetched again before. */
  notBeforeMs: number;
  cause: string | undefined;
  answer: Bytes[];
  answerBytes: number;
}

export interface Uplink {
  carry: Carry | undefined;
  nextId: number;
  /** Last REQNUM used by any request. */
  reqnum: number;
  /** The link works: the queue is being sent. */
  linkUp: boolean;
  infoWanted: boolean;
  nextTryMs: number;
  /** The try that hung when "try now" was said: when it fails the next one follows at once. */
  hungId: number;
  lastAnswerUtcS: number;
}

export function createUplink(firstId: number, reqnum: number): Uplink {
  return {
    carry: undefined,
    nextId: firstId,
    reqnum,
    linkUp: false,
    infoWanted: true,
    nextTryMs: 0,
    hungId: -1,
    lastAnswerUtcS: 0,
  };
}

export const isOffline = (module: Module): boolean =>
  module.books.offlineSinceUtcS !== 0 || queueLength(module.books) > 0;

function hasBlock(module: Module, code: string): boolean {
  for (const block of module.books.blocks) {
    if (block.code === code) {
      return true;
    }
  }
  return false;
}

/** After 65535 comes 0; a document never takes the REQNUM of the last accepted document (ofd-2.0.4 §11.18). */
function nextReqnum(module: Module, forDocument: boolean): number {
  let reqnum = (module.uplink.reqnum + 1) % 65536;
  if (forDocument && reqnum === module.books.acceptedReqnum) {
    reqnum = (reqnum + 1) % 65536;
  }
  module.uplink.reqnum = reqnum;
  return reqnum;
}

/** The record of document `number`; undefined when the ring has given it up. */
export function findDocument(module: Module, number: number): RecordRef | undefined {
  const { pending } = module.books;
  if (pending !== undefined && pending.number === number) {
    return module.memory.at(pending.position);
  }
  let record = module.memory.nearDocument(number);
  while (record !== undefined) {
    if (record.type === recordType.document) {
      const { head } = openDocument(module.memory, record);
      if (head.number === number) {
        return record;
      }
      if (head.number > number) {
        return undefined;
      }
    }
    record = module.memory.next(record);
  }
  return undefined;
}

/** The outcome of a document: it stands between the document and the next one. */
export function findOutcome(module: Module, document: RecordRef): RecordRef | undefined {
  let record = module.memory.next(document);
  while (record !== undefined && record.type !== recordType.document) {
    if (record.type === recordType.outcome) {
      return record;
    }
    record = module.memory.next(record);
  }
  return undefined;
}

/** The `delivered` record of an autonomous document. */
export function findDelivered(module: Module, number: number): RecordRef | undefined {
  let record = module.memory.nearSettled(number);
  while (record !== undefined) {
    if (record.type === recordType.delivered) {
      const told = readNumber(module, record);
      if (told === number) {
        return record;
      }
      if (told > number) {
        return undefined;
      }
    }
    record = module.memory.next(record);
  }
  return undefined;
}

function readNumber(module: Module, record: RecordRef): number {
  const value = readRecordMap(module.memory, record).get(outcomeKey.number);
  assert(value !== undefined && value.kind === "int", "an outcome names its document");
  return value.value;
}

function digitsOf(text: Bytes): number {
  let value = 0;
  for (let index = 0; index < text.length; index++) {
    value = value * 10 + (text.charCodeAt(index) - 48);
  }
  return value;
}

/** Offline data of a delivery; none while the document waits for its first outcome. */
function offlineData(module: Module, document: RecordRef | undefined): OfflineData {
  const beginUtcS = module.books.offlineSinceUtcS;
  const endUtcS = Math.max(nowUtcS(module) ?? 0, beginUtcS);
  const outcome = document === undefined ? undefined : findOutcome(module, document);
  const sign = outcome === undefined ? undefined : getText(readRecordMap(module.memory, outcome), outcomeKey.sign);
  return { beginUtcS, endUtcS, ticketNumber: sign === undefined ? undefined : digitsOf(sign) };
}

/** Appends the attempt of a document before the first byte of its frame leaves (design §4 step 5). */
export function appendAttempt(module: Module, number: number): void {
  const sealedToken = module.books.sealedToken;
  assert(sealedToken !== undefined, "a fiscalized register has a token");
  const entries: Entries = [];
  putUint(entries, attemptKey.number, number);
  putBytes(entries, attemptKey.sealedToken, sealedToken);
  putUint(entries, attemptKey.reqnum, nextReqnum(module, true));
  putUint(entries, attemptKey.version, ofdVersion204);
  putUint(entries, attemptKey.settingsRevision, module.books.revision);
  putUint(entries, attemptKey.utcS, Math.max(nowUtcS(module) ?? 0, module.books.lastUtcS));
  appendMap(module, "attempt", entries);
}

function openCarry(module: Module, fields: Pick<Carry, "command" | "reqnum" | "token" | "source" | "document">): void {
  const { uplink } = module;
  uplink.carry = {
    ...fields,
    id: uplink.nextId,
    begunMs: nowMs(module),
    fetchedBytes: 0,
    fetchedMs: undefined,
    handedMs: undefined,
    answerBegunMs: undefined,
    notBeforeMs: 0,
    cause: undefined,
    answer: [],
    answerBytes: 0,
  };
  uplink.nextId += 1;
}

/** The frame of the unanswered attempt: first sending, repeat, or delivery after the autonomous outcome. */
export function carryAttempt(module: Module): void {
  const { attempt, pending } = module.books;
  const { settings } = module;
  assert(attempt !== undefined && settings !== undefined, "there is an attempt to carry");
  const token = unsealToken(module, attempt.sealedToken);
  const record = findDocument(module, attempt.number);
  assert(token !== undefined, "this element sealed the token");
  assertStored(record !== undefined);
  const document = openDocument(module.memory, record);
  const online = pending !== undefined && pending.number === attempt.number;
  const source = openTicketFrame(
    settings,
    module.hal.board.serial,
    document,
    countLineBytes(module.memory, document),
    { token, reqnum: attempt.reqnum },
    online ? undefined : offlineData(module, record),
  );
  openCarry(module, { command: ofdCommand.ticket, reqnum: attempt.reqnum, token, source, document });
}

function carryService(module: Module, command: number, offline: OfflineData | undefined): void {
  const { settings } = module;
  const sealed = module.books.sealedToken;
  assert(settings !== undefined && sealed !== undefined, "a fiscalized register has a token");
  const token = unsealToken(module, sealed) ?? 0;
  const reqnum = nextReqnum(module, false);
  const source = openServiceFrame(settings, module.hal.board.serial, command, { token, reqnum }, offline);
  openCarry(module, { command, reqnum, token, source, document: undefined });
}

/** A document was journalled: its frame is the next to carry. */
export function beginOnline(module: Module, number: number): void {
  appendAttempt(module, number);
  carryAttempt(module);
}

/** Whether the one thing that may be carried now is a document, a probe, or nothing. */
function chooseCarry(module: Module): void {
  const { books, uplink } = module;
  const now = nowMs(module);
  if (module.settings === undefined || module.fault !== undefined) {
    return;
  }
  for (const block of books.blocks) {
    if (needsPerson(block.code)) {
      return;
    }
  }
  const stopped = books.blocks.length > 0;
  if (books.pending !== undefined && queueLength(books) > 0) {
    // It goes behind the queue with an autonomous sign: tickUplink, which comes next, gives it one.
    return;
  }
  if (books.pending !== undefined) {
    // After a start: the document of before gets one fresh deadline.
    if (books.attempt === undefined) {
      appendAttempt(module, books.pending.number);
    }
    carryAttempt(module);
    return;
  }
  if (!uplink.linkUp && now < uplink.nextTryMs) {
    return;
  }
  if (books.attempt !== undefined) {
    carryAttempt(module);
  } else if (queueLength(books) > 0 && uplink.linkUp && !stopped) {
    appendAttempt(module, books.settledNumber + 1);
    carryAttempt(module);
  } else if (queueLength(books) > 0 || stopped) {
    carryService(module, ofdCommand.system, queueLength(books) > 0 ? offlineData(module, undefined) : undefined);
  } else if (uplink.infoWanted) {
    carryService(module, ofdCommand.info, undefined);
  }
}

/** What the host is told when it asks for a frame. */
export type NextPage =
  | { readonly kind: "wait"; readonly waitMs: number }
  | {
      readonly kind: "page";
      readonly carry: Carry;
      readonly offset: number;
      readonly data: Bytes;
      readonly last: boolean;
      readonly remainingMs: number;
    };

function waitMs(module: Module): number {
  const { uplink } = module;
  const now = nowMs(module);
  if (uplink.carry !== undefined && uplink.carry.notBeforeMs > now) {
    return uplink.carry.notBeforeMs - now;
  }
  return uplink.nextTryMs > now ? Math.min(uplink.nextTryMs - now, idlePollMs) : idlePollMs;
}

/** Whether a carry still waits for its answer in the time of a first sending. */
const isFirstSending = (module: Module, carry: Carry): boolean =>
  module.books.pending !== undefined &&
  carry.document !== undefined &&
  carry.document.head.number === module.books.pending.number;

/** The page at `offset` of the frame that is to be carried now. */
export function nextPage(module: Module, offset: number, frame: number | undefined, lengthMax: number): NextPage {
  const { uplink } = module;
  const now = nowMs(module);
  if (uplink.carry === undefined || (frame === undefined && isSpent(module, uplink.carry))) {
    uplink.carry = undefined;
    chooseCarry(module);
  }
  const { carry } = uplink;
  if (carry === undefined || carry.notBeforeMs > now) {
    return { kind: "wait", waitMs: waitMs(module) };
  }
  if (frame !== undefined && frame !== carry.id) {
    return { kind: "wait", waitMs: 0 };
  }
  const from = Math.min(offset, carry.source.lengthBytes);
  const data = readFrame(carry.source, module.memory, from, lengthMax);
  noteFetch(carry, from + data.length, now);
  const last = from + data.length >= carry.source.lengthBytes;
  const remaining =
    isFirstSending(module, carry) && carry.handedMs !== undefined ? deadlineOf(carry) - now : deadlineMs;
  return { kind: "page", carry, offset: from, data, last, remainingMs: Math.max(remaining, 0) };
}

/** The next try makes a new carry. A silent server may still answer this one until then (design §4 "Late answer"). */
function isSpent(module: Module, carry: Carry): boolean {
  if (isFirstSending(module, carry) || (carry.cause === "silent" && nowMs(module) < module.uplink.nextTryMs)) {
    return false;
  }
  const sending = carry.fetchedMs !== undefined && nowMs(module) < carry.fetchedMs + deadlineMs + answerGraceMs;
  return !sending || carry.cause !== undefined;
}

/** The last byte of the frame's last page has been handed to the UART: the five seconds begin. */
export function frameHanded(module: Module, id: number): void {
  const { carry } = module.uplink;
  if (carry !== undefined && carry.id === id && carry.handedMs === undefined) {
    carry.handedMs = nowMs(module);
  }
}

/** The link is down: the next try is a reconnect interval away (at least 60 s, ofd-2.0.4 §1). */
function linkLost(module: Module): void {
  const { uplink } = module;
  uplink.linkUp = false;
  const again = uplink.carry !== undefined && uplink.carry.id === uplink.hungId;
  uplink.nextTryMs = again ? 0 : nowMs(module) + reconnectMs;
}

/** The host says that there was no answer, or (begun) that one is coming in. False when the frame is not under way. */
export function noAnswer(module: Module, id: number, cause: string, begun: boolean): boolean {
  const { carry } = module.uplink;
  if (carry === undefined || carry.id !== id) {
    return false;
  }
  const now = nowMs(module);
  if (begun) {
    if (carry.answerBegunMs === undefined) {
      carry.answerBegunMs = now;
    }
    return true;
  }
  carry.cause = cause;
  carry.answer = [];
  carry.answerBytes = 0;
  carry.answerBegunMs = undefined;
  if (isFirstSending(module, carry)) {
    // Connect again and send the same bytes until the time is over (ofd-2.0.4 §6.3).
    carry.notBeforeMs = now + repeatPauseMs;
  } else {
    linkLost(module);
    carry.notBeforeMs = module.uplink.nextTryMs;
  }
  return true;
}

export type TakenAnswer =
  | { readonly kind: "unknown" }
  | { readonly kind: "more"; readonly offset: number }
  | { readonly kind: "whole" };

/** One page of the answer; the last one decides. Pages that do not follow are answered with the offset that is expected. */
export function takeAnswer(module: Module, id: number, offset: number, length: number, data: Bytes): TakenAnswer {
  const { carry } = module.uplink;
  if (carry === undefined || carry.id !== id) {
    return { kind: "unknown" };
  }
  if (length > answerBytesMax) {
    noAnswer(module, id, "garbage", false);
    return { kind: "whole" };
  }
  if (carry.answerBegunMs === undefined) {
    carry.answerBegunMs = nowMs(module);
  }
  if (offset === 0) {
    carry.answer = [];
    carry.answerBytes = 0;
  }
  if (offset !== carry.answerBytes || offset + data.length > length) {
    return { kind: "more", offset: carry.answerBytes };
  }
  carry.answer.push(data);
  carry.answerBytes += data.length;
  if (carry.answerBytes < length) {
    return { kind: "more", offset: carry.answerBytes };
  }
  judgeAnswer(module, carry, concat(carry.answer));
  return { kind: "whole" };
}

/** SHA-256 of the whole frame, made once more page by page. */
function hashFrame(module: Module, source: FrameSource): Bytes {
  const { hash, board } = module.hal;
  const handle = hash.open();
  let offset = 0;
  while (offset < source.lengthBytes) {
    const data = readFrame(source, module.memory, offset, board.callBytesMax);
    updateHash(hash, handle, data, board.callBytesMax);
    offset += data.length;
  }
  return hash.digest(handle);
}

/** Checks frame and payload against the request (ofd-2.0.4 §6.3 step 2); anything odd counts as no answer. */
function judgeAnswer(module: Module, carry: Carry, answer: Bytes): void {
  const header = decodeFrameHeader(answer);
  const { settings } = module;
  assert(settings !== undefined, "only a fiscalized register carries frames");
  if (header === undefined || header.sizeBytes !== answer.length || header.version !== ofdVersion204) {
    noAnswer(module, carry.id, "garbage", false);
    return;
  }
  if (header.id !== settings.ofdId) {
    noAnswer(module, carry.id, "garbage", false);
    return;
  }
  if (header.reqnum !== carry.reqnum) {
    noAnswer(module, carry.id, "wrongReqnum", false);
    return;
  }
  const response = decodeResponse(slice(answer, ofdHeaderBytes, answer.length));
  const unusable =
    response === undefined ||
    response.command !== carry.command ||
    (carry.document !== undefined && response.resultCode === ofdResult.ok && !isUsableSign(response.ticketNumber));
  if (unusable) {
    noAnswer(module, carry.id, "garbage", false);
    return;
  }
  if (response.resultCode === ofdResult.temporarilyUnavailable || response.resultCode === ofdResult.unknownError) {
    noAnswer(module, carry.id, "busy254", false);
    return;
  }
  const exchange: Exchange = {
    frameSha: hashFrame(module, carry.source),
    answerSha: sha256(module.hal.hash, answer, module.hal.board.callBytesMax),
    newToken: header.token !== carry.token && header.token !== 0 ? header.token : undefined,
  };
  module.uplink.carry = undefined;
  module.uplink.lastAnswerUtcS = nowUtcS(module) ?? 0;
  acceptAnswer(module, carry, response, exchange);
}

function acceptAnswer(module: Module, carry: Carry, response: OfdResponse, exchange: Exchange): void {
  if (carry.document === undefined) {
    serviceAnswered(module, carry, response);
  } else if (isFirstSending(module, carry)) {
    if (response.resultCode === ofdResult.ok) {
      settleOnline(module, response, exchange);
    } else {
      settleRefused(module, response, exchange);
    }
  } else {
    queuedAnswered(module, carry.document, response, exchange);
  }
}

/** An autonomous document met its answer: delivered, or the queue stops (ofd-2.0.4 §4.3 "From the queue"). */
function queuedAnswered(module: Module, document: StoredDocument, response: OfdResponse, exchange: Exchange): void {
  if (document.head.number !== module.books.settledNumber + 1) {
    return;
  }
  if (response.resultCode !== ofdResult.ok) {
    appendEvent(module, "QUEUE_REFUSED");
    module.uplink.linkUp = false;
    return;
  }
  settleDelivered(module, document.head, response, exchange);
  module.uplink.linkUp = queueLength(module.books) > 0;
  module.uplink.infoWanted = !module.uplink.linkUp;
  module.uplink.nextTryMs = 0;
}

function serviceAnswered(module: Module, carry: Carry, response: OfdResponse): void {
  const { uplink } = module;
  if (response.resultCode === ofdResult.ok) {
    if (module.books.blocks.length > 0) {
      // Room for it: the refused receipt, or the event that stopped the register, has left it.
      appendEvent(module, "UNBLOCKED");
    }
    uplink.linkUp = queueLength(module.books) > 0;
    uplink.infoWanted = carry.command !== ofdCommand.info && !uplink.linkUp;
    uplink.nextTryMs = 0;
    noteCounters(module, response);
    return;
  }
  const block = blockOfResult(response.resultCode);
  if (block !== undefined && !hasBlock(module, block)) {
    noteEvent(module, block);
  }
  linkLost(module);
}

/** The OFD's last document against ours; a difference is an event, ours go on (design §5 "Counters"). */
function noteCounters(module: Module, response: OfdResponse): void {
  const told = response.lastDocument;
  if (told !== undefined && told.documentNumber > module.books.lastNumber) {
    noteEvent(module, "COUNTERS_DIFFER");
  }
}

/** One bounded step of time: a pending document whose deadline is over becomes autonomous, host or no host. */
export function tickUplink(module: Module): void {
  const { carry } = module.uplink;
  const { pending } = module.books;
  if (pending === undefined || module.fault !== undefined || module.settings === undefined) {
    return;
  }
  if (queueLength(module.books) > 0) {
    settleAutonomous(module, module.books.offlineCause ?? utf8("silent"));
    return;
  }
  if (carry === undefined || !isFirstSending(module, carry)) {
    module.uplink.carry = undefined;
    chooseCarry(module);
    if (module.uplink.carry === undefined) {
      settleAutonomous(module, utf8("silent"));
    }
    return;
  }
  if (nowMs(module) >= deadlineOf(carry)) {
    const cause = carry.cause ?? "silent";
    carry.cause = undefined;
    linkLost(module);
    // A late answer is still taken; the frame is not handed out again in its online form.
    carry.notBeforeMs = module.uplink.nextTryMs;
    settleAutonomous(module, utf8(cause));
  }
}

/** "Try now": the next fetch probes at once, or as soon as a try that hangs has failed. */
export function tryNow(module: Module): void {
  const { uplink } = module;
  uplink.nextTryMs = 0;
  if (uplink.carry !== undefined && isSpent(module, uplink.carry)) {
    uplink.carry = undefined;
  }
  if (uplink.carry !== undefined && !isFirstSending(module, uplink.carry)) {
    uplink.hungId = uplink.carry.id;
  }
}

/** Milliseconds until the uplink wants a tick. */
export function uplinkWantsMs(module: Module): number {
  const { carry } = module.uplink;
  if (module.books.pending === undefined) {
    return idlePollMs;
  }
  return carry === undefined ? 0 : Math.max(deadlineOf(carry) - nowMs(module), 0);
}
