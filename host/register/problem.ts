/**
 * Refusals as HTTP: RFC 9457 problem details, and the one table that gives every code its status.
 *
 *   { type, title, status, code, facts, detail, nextAction, details: { kk, ru, en }, nextActions: { kk, ru, en } }
 *
 * `code` is the module's own and the same everywhere; programs branch on it, people read the sentences.
 */
import type { FastifyReply, FastifyRequest } from "fastify";
import { type Refusal, type RefusalCode, refuse } from "../../protocol/refusals";
import { DeviceRefusal } from "../device/fiscal-device";
import { type Language, languages, sentence, title } from "../texts/index";
import { RequestRefusal } from "./shape";

export const bodyBytesMax = 512 * 1024;

/** 401 who, 403 may not, 404 not there, 409 conflict, 422 refused, 423 blocked until somebody acts, 503 try again. */
export const statusOf: { readonly [Code in RefusalCode]: number } = {
  SESSION_LOST: 401,
  PIN_WRONG: 401,
  PIN_WAIT: 401,
  NOT_FISCALIZED: 423,
  ALREADY_FISCALIZED: 409,
  BUSY: 503,
  BLOCKED: 423,
  MEMORY_FULL: 422,
  PAPER_ABSENT: 422,
  COVER_OPEN: 422,
  PRINTER_ABSENT: 422,
  PRINT_UNFINISHED: 422,
  CLOCK_UNSET: 423,
  KEY_REUSED: 409,
  KEY_UNKNOWN: 404,
  NUMBER_UNKNOWN: 404,
  UPLOAD_INCOMPLETE: 503,
  LINES_TOO_MANY: 422,
  DOCUMENT_TOO_LARGE: 413,
  OPERATION_NOT_SUPPORTED: 422,
  FIELD_UNKNOWN: 422,
  FIELD_MISSING: 422,
  FIELD_INVALID: 422,
  AMOUNT_TOO_LARGE: 422,
  VAT_UNKNOWN: 422,
  VAT_TWICE: 422,
  DISCOUNT_AND_MARKUP: 422,
  DISCOUNT_TOO_LARGE: 422,
  PAYMENT_MISMATCH: 422,
  PAYMENT_KIND_TWICE: 422,
  PAYMENT_NONCASH_TOO_LARGE: 422,
  TAKEN_TOO_SMALL: 422,
  BUYER_IS_SELLER: 422,
  MARKING_MISSING: 422,
  MARKING_TWICE: 422,
  FISCAL_WORDS: 422,
  OFD_REFUSED: 422,
  SHIFT_CLOSED: 422,
  FLASH_FAILED: 423,
  RECORD_UNKNOWN: 404,
  FRAME_UNKNOWN: 409,
  POWER_WEAK: 503,
  MEMORY_CORRUPT: 423,
  VAT_NOT_PAYER: 422,
  DEVICE_ABSENT: 503,
  OUTCOME_UNKNOWN: 503,
  JSON_INVALID: 400,
  BODY_TOO_LARGE: 413,
  MEDIA_TYPE_UNSUPPORTED: 415,
  HOST_NOT_ALLOWED: 403,
  ORIGIN_NOT_ALLOWED: 403,
  ROUTE_UNKNOWN: 404,
  IDEMPOTENCY_KEY_MISSING: 400,
  IDEMPOTENCY_KEY_INVALID: 400,
  SIGN_IN_NEEDED: 401,
  RECEIPT_UNKNOWN: 404,
  PORT_BUSY: 503,
  USAGE: 400,
  FILE_UNREADABLE: 400,
  JOURNAL_INVALID: 422,
  METHOD_NOT_ALLOWED: 405,
  OFD_MOVED: 503,
  NOT_TECHNICIAN: 403,
};

export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: RefusalCode;
  readonly facts: Refusal["facts"];
  readonly detail: string;
  readonly nextAction: string;
  readonly details: { readonly [L in Language]: string };
  readonly nextActions: { readonly [L in Language]: string };
}

export function problemOf(refusal: Refusal, language: Language): Problem {
  const sentences = languages.map(each => [each, sentence(refusal, each)] as const);
  const part = (name: "detail" | "nextAction") =>
    Object.fromEntries(sentences.map(([each, words]) => [each, words[name]])) as { [L in Language]: string };
  const details = part("detail");
  const nextActions = part("nextAction");
  return {
    type: `/docs#${refusal.code}`,
    title: title(refusal.code, language),
    status: statusOf[refusal.code],
    code: refusal.code,
    facts: refusal.facts,
    detail: details[language],
    nextAction: nextActions[language],
    details,
    nextActions,
  };
}

/** The first of our languages in Accept-Language, weights respected (RFC 9110 §12.5.4); Russian without one. */
export function languageOf(acceptLanguage: string | undefined): Language {
  const wanted = (acceptLanguage ?? "").split(",").map((range, index) => {
    const [tag = "", ...parameters] = range.trim().toLowerCase().split(";");
    const q = parameters.map(each => /^\s*q=([01](?:\.\d{0,3})?)\s*$/.exec(each)?.[1]).find(each => each !== undefined);
    return { tag: tag.split("-")[0] as string, weight: q === undefined ? 1 : Number(q), index };
  });
  const ours = wanted.filter(({ tag, weight }) => weight > 0 && (languages as readonly string[]).includes(tag));
  ours.sort((a, b) => b.weight - a.weight || a.index - b.index);
  return (ours[0]?.tag as Language | undefined) ?? "ru";
}

/** Answers with a refusal, and with the headers that HTTP wants beside its status. */
export function sendProblem(request: FastifyRequest, reply: FastifyReply, refusal: Refusal): FastifyReply {
  const status = statusOf[refusal.code];
  if (status === 401) {
    reply.header("WWW-Authenticate", 'Basic realm="kassa", charset="UTF-8"');
  }
  const waitS = typeof refusal.facts.waitS === "number" ? refusal.facts.waitS : status === 503 ? 1 : undefined;
  if (waitS !== undefined) {
    reply.header("Retry-After", String(waitS));
  }
  const problem = problemOf(refusal, languageOf(request.headers["accept-language"]));
  reply.code(status).header("Content-Language", languageOf(request.headers["accept-language"]));
  return reply.type("application/problem+json").send(JSON.stringify(problem));
}

/** Fastify's own errors that the world can cause, by their code. */
const frameworkRefusals: { readonly [code: string]: (error: Error) => Refusal } = {
  FST_ERR_CTP_BODY_TOO_LARGE: () => refuse("BODY_TOO_LARGE", { expected: bodyBytesMax }),
  FST_ERR_CTP_INVALID_MEDIA_TYPE: () => refuse("MEDIA_TYPE_UNSUPPORTED", { expected: "application/json" }),
  FST_ERR_CTP_EMPTY_TYPE: () => refuse("MEDIA_TYPE_UNSUPPORTED", { expected: "application/json" }),
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: () => refuse("JSON_INVALID"),
  FST_ERR_BAD_URL: () => refuse("ROUTE_UNKNOWN", {}),
  FST_ERR_ASYNC_CONSTRAINT: () => refuse("ROUTE_UNKNOWN", {}),
};

/** The refusal in whatever was thrown; undefined when it is our own bug. */
export function refusalIn(error: unknown): Refusal | undefined {
  if (error instanceof RequestRefusal) {
    return error.refusal;
  }
  if (error instanceof DeviceRefusal) {
    return refuse(error.code, error.facts);
  }
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === "string" ? frameworkRefusals[code]?.(error as Error) : undefined;
}
