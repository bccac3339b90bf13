/**
 * The outcome of a document: online, autonomous or refused; and the late delivery of an autonomous one (design §4).
 */
import { assert } from "../protocol/assert";
import { type Bytes, concat, slice, utf8 } from "../protocol/bytes";
import { civil } from "../protocol/civil";
import { formatQrSum } from "../protocol/money";
import type { OfdResponse } from "../protocol/ofd-messages";
import { outcomeAutonomous, outcomeKey, outcomeOnline, outcomeRefused } from "../protocol/records";
import { autonomousSign } from "./autonomous-sign";
import type { DocumentHead } from "./document-head";
import { assertStored } from "./flash-access";
import { qrUrlBytesMax, resultTextBytesMax, signBytesMax } from "./limits";
import { appendSigned, type Entries, putBytes, putText, putUint } from "./log";
import { type Module, nowUtcS } from "./module";
import type { Settings } from "./settings";
import { openDocument } from "./stored-document";
import { findTextFault } from "./text-check";

const twoDigits = (value: number): string => (value < 10 ? "0" : "") + `${value}`;

/** Items 34 and 35: `url?i=<sign>&f=<РНМ>&s=<tenge.tiyn>&t=<YYYYMMDD>T<HHMMSS>`. */
export function buildQrUrl(settings: Settings, head: DocumentHead, sign: Bytes): Bytes {
  const local = civil(head.utcS, head.offsetMin);
  const date = `${local.year}` + twoDigits(local.month) + twoDigits(local.day);
  const time = twoDigits(local.hour) + twoDigits(local.minute) + twoDigits(local.second);
  return concat([
    settings.ofd.url,
    utf8("?i="),
    sign,
    utf8("&f="),
    settings.rnm,
    utf8("&s=" + formatQrSum(head.total) + "&t=" + date + "T" + time),
  ]);
}

/** At most `bytesMax` bytes of a text, not cutting a letter. */
function cutText(text: Bytes, bytesMax: number): Bytes {
  let end = Math.min(text.length, bytesMax);
  while (end > 0 && end < text.length && text.charCodeAt(end) >= 0x80 && text.charCodeAt(end) < 0xc0) {
    end -= 1;
  }
  return slice(text, 0, end);
}

/** What was asked and what was told, for the records that an answer makes. */
export interface Exchange {
  readonly frameSha: Bytes;
  readonly answerSha: Bytes;
  /** Token of the answer's header when it differs from the one asked with. */
  readonly newToken: number | undefined;
}

/** Whether an accepted ticket's sign can be stored and printed; one that cannot is no usable answer. */
export function isUsableSign(sign: Bytes | undefined): boolean {
  return sign !== undefined && findTextFault(sign, signBytesMax) === undefined;
}

function usableQrUrl(module: Module, head: DocumentHead, answer: OfdResponse, sign: Bytes): Bytes {
  const told = answer.qrCode;
  const settings = module.settings;
  assert(settings !== undefined, "a register with documents is fiscalized");
  const usable = told !== undefined && findTextFault(told, qrUrlBytesMax) === undefined;
  return usable ? told : buildQrUrl(settings, head, sign);
}

function putExchange(module: Module, entries: Entries, exchange: Exchange, utcS: number): void {
  if (exchange.newToken !== undefined) {
    putBytes(entries, outcomeKey.sealedToken, sealToken(module, exchange.newToken));
  }
  putUint(entries, outcomeKey.utcS, utcS);
  putBytes(entries, outcomeKey.frameSha, exchange.frameSha);
  putBytes(entries, outcomeKey.answerSha, exchange.answerSha);
}

/** A token as the flash may hold it. */
export const sealToken = (module: Module, token: number): Bytes => module.hal.secureElement.seal(utf8(`${token}`));

/** The token back; undefined when this element did not seal it. */
export function unsealToken(module: Module, sealed: Bytes): number | undefined {
  const plain = module.hal.secureElement.unseal(sealed);
  if (plain === undefined) {
    return undefined;
  }
  let token = 0;
  for (let index = 0; index < plain.length; index++) {
    token = token * 10 + (plain.charCodeAt(index) - 48);
  }
  return token;
}

/** A record's time is never before the document's (item 42). */
const recordUtcS = (module: Module): number => Math.max(nowUtcS(module) ?? 0, module.books.lastUtcS);

function pendingHead(module: Module): DocumentHead {
  const { pending } = module.books;
  assert(pending !== undefined, "an outcome needs a pending document");
  const record = module.memory.at(pending.position);
  assertStored(record !== undefined);
  return openDocument(module.memory, record).head;
}

/** The OFD accepted the pending document. */
export function settleOnline(module: Module, answer: OfdResponse, exchange: Exchange): void {
  const head = pendingHead(module);
  const sign = answer.ticketNumber;
  assert(sign !== undefined, "an accepted ticket has a number");
  const entries: Entries = [];
  putUint(entries, outcomeKey.number, head.number);
  putUint(entries, outcomeKey.kind, outcomeOnline);
  putText(entries, outcomeKey.sign, sign);
  putText(entries, outcomeKey.qrUrl, usableQrUrl(module, head, answer, sign));
  putExchange(module, entries, exchange, recordUtcS(module));
  appendSigned(module, "outcome", entries);
}

/** No answer in time, or known offline: the module signs by itself (item 29). */
export function settleAutonomous(module: Module, cause: Bytes): void {
  const head = pendingHead(module);
  const settings = module.settings;
  assert(settings !== undefined, "a register with documents is fiscalized");
  const sign = utf8(`${autonomousSign(module.hal.secureElement, head.number)}`);
  const entries: Entries = [];
  putUint(entries, outcomeKey.number, head.number);
  putUint(entries, outcomeKey.kind, outcomeAutonomous);
  putText(entries, outcomeKey.sign, sign);
  putText(entries, outcomeKey.qrUrl, buildQrUrl(settings, head, sign));
  putText(entries, outcomeKey.cause, cause);
  putUint(entries, outcomeKey.utcS, recordUtcS(module));
  appendSigned(module, "outcome", entries);
}

/** The OFD refused it: the number is consumed, nothing is counted. */
export function settleRefused(module: Module, answer: OfdResponse, exchange: Exchange): void {
  const head = pendingHead(module);
  const entries: Entries = [];
  putUint(entries, outcomeKey.number, head.number);
  putUint(entries, outcomeKey.kind, outcomeRefused);
  putUint(entries, outcomeKey.resultCode, answer.resultCode);
  if (answer.resultText !== undefined && findTextFault(answer.resultText, 4096) === undefined) {
    putText(entries, outcomeKey.resultText, cutText(answer.resultText, resultTextBytesMax));
  }
  putUint(entries, outcomeKey.utcS, recordUtcS(module));
  putBytes(entries, outcomeKey.frameSha, exchange.frameSha);
  putBytes(entries, outcomeKey.answerSha, exchange.answerSha);
  appendSigned(module, "outcome", entries);
}

/** The OFD has an autonomous document now; paper and stored answer stay what they were. */
export function settleDelivered(module: Module, head: DocumentHead, answer: OfdResponse, exchange: Exchange): void {
  const sign = answer.ticketNumber;
  assert(sign !== undefined, "an accepted ticket has a number");
  const entries: Entries = [];
  putUint(entries, outcomeKey.number, head.number);
  putText(entries, outcomeKey.sign, sign);
  putText(entries, outcomeKey.qrUrl, usableQrUrl(module, head, answer, sign));
  putExchange(module, entries, exchange, recordUtcS(module));
  appendSigned(module, "delivered", entries);
}
