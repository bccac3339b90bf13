/**
 * Kassa's own SMP groups: every command's number, request and reply (design §6). Payloads are CBOR maps with the text
 * keys below. Errors: v2 `{ err: { group, rc }, facts: {…} }`, v1 `{ rc: 256, rsn: "CODE" }` (refusals.ts).
 *
 * A command answers within 200 ms. `session` is the 16-byte id that `login` gave.
 */
import type { Bytes } from "./bytes";

export const groups = { os: 0, session: 100, documents: 101, shift: 102, uplink: 103, service: 104 } as const;

export const commands = {
  os: { echo: 0, date: 4, reset: 5, parameters: 6, information: 7, bootloader: 8 },
  session: { login: 0, logout: 1 },
  documents: { chunk: 0, submit: 1, lookup: 2, reprint: 3 },
  shift: { state: 0, close: 2 },
  uplink: { next: 0, answer: 1, noAnswer: 2, queue: 3, tryNow: 4 },
  service: {
    info: 0,
    speed: 1,
    fiscalize: 2,
    token: 3,
    selfTest: 4,
    verify: 5,
    log: 6,
    status: 7,
    exportTrailer: 8,
    ofdAddress: 9,
  },
} as const;

/** Group 100, login (write). PIN_WRONG { waitS }, PIN_WAIT { waitS }. */
export interface LoginRequest {
  readonly operator: number;
  readonly pin: string;
}
export interface LoginReply {
  readonly session: Bytes;
  readonly name: string;
  /** 1 cashier, 2 senior cashier, 3 administrator, 4 technician. */
  readonly role: number;
  /** Seconds of idleness after which the session ends. */
  readonly idleS: number;
}
/** Group 100, logout (write): `{}`. */
export interface LogoutRequest {
  readonly session: Bytes;
}

/**
 * Group 101, chunk (write): bytes of a document (document.ts "upload") or of a fiscalization card. As in image upload:
 * `off` 0 begins anew; another `off` than expected is answered with the expected one and ignored.
 */
export interface ChunkRequest {
  readonly session?: Bytes;
  readonly key: string;
  readonly off: number;
  readonly data: Bytes;
}
export interface ChunkReply {
  readonly off: number;
}

/**
 * Group 101, submit (write): check, number, sign and store the document that was uploaded under `key`. A known key is
 * answered with its document, whatever else is wrong. KEY_REUSED when `sha` is not that of the stored request.
 * Answers at once; the work goes on in ticks, poll `lookup`.
 */
export interface SubmitRequest {
  readonly session: Bytes;
  readonly key: string;
  /** Length of the upload and how many of its items are lines. */
  readonly len: number;
  readonly lines: number;
  /** SHA-256 of the upload. */
  readonly sha: Bytes;
}

/**
 * Group 101, lookup (read) by key or number; reply of submit too. A refused submit (nothing stored) is told by the
 * next lookup of its key as an error, once; then KEY_UNKNOWN.
 */
export interface LookupRequest {
  readonly session: Bytes;
  readonly key?: string;
  readonly number?: number;
}
export interface LookupReply {
  /** working: being checked and stored; pending: stored, waits for the OFD; done: `answer` is frozen. */
  readonly state: "working" | "pending" | "done";
  readonly number?: number;
  readonly answer?: Answer;
  readonly live?: Live;
}
/** Frozen at the outcome; byte-identical whenever it is asked. Times: UTC seconds and the offset in minutes. */
export interface Answer {
  readonly outcome: "online" | "autonomous" | "refused";
  readonly number: number;
  readonly shift: number;
  readonly key: string;
  readonly operation: number;
  readonly utcS: number;
  readonly offsetMin: number;
  readonly total: number;
  readonly change: number;
  /** Pairs rate (thousandths of a percent), sum (tiyn). */
  readonly vat: readonly (readonly [number, number])[];
  readonly sign?: string;
  readonly qrUrl?: string;
  /** Why there was no answer: noRoute, refused, silent, reset, garbage, wrongReqnum, busy254, clock, offline. */
  readonly cause?: string;
  /** The OFD's code and text when it refused. */
  readonly resultCode?: number;
  readonly resultText?: string;
}
export interface Live {
  readonly printed: "no" | "printing" | "yes";
  readonly delivered: boolean;
  /** The OFD's sign of an autonomous receipt once it was delivered. */
  readonly ofdSign?: string;
  readonly ofdQrUrl?: string;
  /** Sequence numbers of the records, for `log`. */
  readonly documentSeq: number;
  readonly outcomeSeq?: number;
  readonly deliveredSeq?: number;
}

/** Group 101, reprint (write): prints the unprinted original again. */
export interface ReprintRequest {
  readonly session: Bytes;
  readonly number: number;
}

/** Group 102, state (read). Group 102, close (write; Z record and checkpoint). */
export interface ShiftReply {
  readonly number: number;
  readonly open: boolean;
  readonly openedUtcS?: number;
  readonly documents: number;
}
export interface CloseRequest {
  readonly session: Bytes;
}

/**
 * Group 103, next (read): the frame to carry now, by pages of `data`; `off` 0 first. Without a frame only `waitMs`, the
 * time after which to ask again. `frame` names this sending; `remainingMs` is what is left of the 5 s from the last page on.
 */
export interface NextRequest {
  readonly off: number;
  readonly frame?: number;
}
export interface NextReply {
  readonly waitMs?: number;
  readonly frame?: number;
  readonly len?: number;
  readonly off?: number;
  readonly data?: Bytes;
  readonly remainingMs?: number;
  readonly host?: string;
  readonly port?: number;
}
/** Group 103, answer (write): the OFD's answer by pages. `first` true on the first page if its first packet came in time. */
export interface AnswerRequest {
  readonly frame: number;
  readonly off: number;
  readonly len: number;
  readonly data: Bytes;
}
export interface AnswerReply {
  readonly off: number;
  readonly taken?: boolean;
}
/** Group 103, no answer (write). `begun` true: the first bytes of an answer are here, the rest is coming. */
export interface NoAnswerRequest {
  readonly frame: number;
  readonly cause?: string;
  readonly begun?: boolean;
}
/** Group 103, queue (read). */
export interface QueueReply {
  readonly mode: "online" | "offline";
  readonly length: number;
  readonly oldestUtcS?: number;
  readonly cause?: string;
  readonly nextTryMs?: number;
  readonly lastAnswerUtcS?: number;
}

/** Group 104, info (read): needs no session. */
export interface InfoReply {
  readonly version: number;
  readonly board: string;
  readonly serial: string;
  readonly firmware: string;
  readonly bootTrust: string;
  readonly fiscalized: boolean;
  readonly rnm?: string;
  readonly publicKey: Bytes;
  readonly baudMax: number;
  /** The newest record. */
  readonly sequence: number;
  readonly documentNumber: number;
}
/** Group 104, speed (write): answered at the old speed, then both sides switch. */
export interface SpeedRequest {
  readonly baud: number;
}
/** Group 104, fiscalize (write): takes the card that was uploaded by chunk under the key "card" (card.ts). */
export interface FiscalizeRequest {
  readonly len: number;
}
/** Group 104, token (write): a new token by hand; write-only. */
export interface TokenRequest {
  readonly session: Bytes;
  readonly token: number;
}
/** Group 104, log (read): export items [sequence, type, payload] as CBOR bytes, by pages. */
export interface LogRequest {
  readonly session: Bytes;
  readonly seq: number;
  readonly off: number;
}
/** `anchorHash`: the prev of record `firstSeq`, the oldest kept; on the first page of an item. */
export interface LogReply {
  readonly anchorHash?: Bytes;
  readonly seq: number;
  readonly off: number;
  readonly len: number;
  readonly data: Bytes;
  readonly firstSeq: number;
  readonly lastSeq: number;
}
/** Group 104, export trailer (write): signs { count, header hash, last hash, time }. */
export interface ExportTrailerRequest {
  readonly session: Bytes;
  readonly count: number;
  readonly headerHash: Bytes;
  readonly lastSeq: number;
}
export interface ExportTrailerReply {
  readonly trailer: Bytes;
}
/** Group 104, OFD address (write): only while the shift is closed (item 41), or on an emulator. */
export interface OfdAddressRequest {
  readonly session: Bytes;
  readonly host: string;
  readonly port: number;
}
/** Group 104, status (read): needs no session. */
export interface StatusReply {
  readonly state: "ready" | "blocked" | "notFiscalized";
  readonly blocks: readonly { readonly code: string; readonly sinceUtcS: number }[];
  readonly shift: ShiftReply;
  readonly queue: QueueReply;
  readonly printer: {
    readonly paper: boolean;
    readonly cover: boolean;
    readonly online: boolean;
    readonly confirms: boolean;
    readonly pending: number;
  };
  readonly memory: { readonly freeBytes: number; readonly usedBytes: number; readonly bytesPerDay: number };
  readonly utcS?: number;
  readonly offsetMin: number;
}
