/**
 * Every refusal: its code, its facts, its number on the wire. The same code appears in SMP, HTTP and the command line;
 * host/texts has its sentences in kk, ru and en. docs/refusals.md lists them all.
 *
 * Facts are plain integers and texts: `expected` and `got` where something was compared, `line` counts from 1.
 */
export type Fact = string | number | boolean;
export type Facts = { readonly [name: string]: Fact };

export interface Refusal {
  readonly code: RefusalCode;
  readonly facts: Facts;
}

/** The module's, with their numbers on the wire (SMP v2 err.rc, groups 100 to 104). 0 and 1 are SMP's own; a number is never reused. */
export const moduleRc = {
  SESSION_LOST: 2,
  PIN_WRONG: 3,
  PIN_WAIT: 4,
  NOT_FISCALIZED: 5,
  ALREADY_FISCALIZED: 6,
  BUSY: 7,
  BLOCKED: 8,
  MEMORY_FULL: 9,
  PAPER_ABSENT: 10,
  COVER_OPEN: 11,
  PRINTER_ABSENT: 12,
  PRINT_UNFINISHED: 13,
  CLOCK_UNSET: 14,
  KEY_REUSED: 15,
  KEY_UNKNOWN: 16,
  NUMBER_UNKNOWN: 17,
  UPLOAD_INCOMPLETE: 18,
  LINES_TOO_MANY: 19,
  DOCUMENT_TOO_LARGE: 20,
  OPERATION_NOT_SUPPORTED: 21,
  FIELD_UNKNOWN: 22,
  FIELD_MISSING: 23,
  FIELD_INVALID: 24,
  AMOUNT_TOO_LARGE: 25,
  VAT_UNKNOWN: 26,
  VAT_TWICE: 27,
  DISCOUNT_AND_MARKUP: 28,
  DISCOUNT_TOO_LARGE: 29,
  PAYMENT_MISMATCH: 30,
  PAYMENT_KIND_TWICE: 31,
  PAYMENT_NONCASH_TOO_LARGE: 32,
  TAKEN_TOO_SMALL: 33,
  BUYER_IS_SELLER: 34,
  MARKING_MISSING: 35,
  MARKING_TWICE: 36,
  FISCAL_WORDS: 37,
  OFD_REFUSED: 38,
  SHIFT_CLOSED: 39,
  FLASH_FAILED: 40,
  RECORD_UNKNOWN: 41,
  FRAME_UNKNOWN: 42,
  POWER_WEAK: 43,
  MEMORY_CORRUPT: 44,
  VAT_NOT_PAYER: 45,
  NOT_TECHNICIAN: 46,
} as const;

/** The host's own edges'; they never travel over SMP. */
const hostRc = {
  DEVICE_ABSENT: 1001,
  OUTCOME_UNKNOWN: 1002,
  JSON_INVALID: 1003,
  BODY_TOO_LARGE: 1004,
  MEDIA_TYPE_UNSUPPORTED: 1005,
  HOST_NOT_ALLOWED: 1006,
  ORIGIN_NOT_ALLOWED: 1007,
  ROUTE_UNKNOWN: 1008,
  IDEMPOTENCY_KEY_MISSING: 1009,
  IDEMPOTENCY_KEY_INVALID: 1010,
  SIGN_IN_NEEDED: 1011,
  RECEIPT_UNKNOWN: 1012,
  PORT_BUSY: 1013,
  USAGE: 1014,
  FILE_UNREADABLE: 1015,
  JOURNAL_INVALID: 1016,
  METHOD_NOT_ALLOWED: 1017,
  OFD_MOVED: 1018,
} as const;

export const refusalRc = { ...moduleRc, ...hostRc } as const;

export type ModuleRefusalCode = keyof typeof moduleRc;
export type RefusalCode = keyof typeof refusalRc;

/** A refusal with its facts; the one way to make them, so that the code is checked. */
export function refuse(code: RefusalCode, facts: Facts = {}): Refusal {
  return { code, facts };
}
