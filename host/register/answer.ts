/**
 * The stored answer: the module's frozen Answer as the JSON of the HTTP contract, a pure function of it, so that the
 * bytes are the same whenever and by whatever process it is asked.
 *
 *   { id, key, documentNumber, shift, operation, dateTime, total, change, vat: [{ rate, sum }],
 *     fiscalSign, autonomous, cause?, qrUrl }                     the order is part of the contract
 */
import { operationSell } from "../../protocol/document";
import { type Refusal, refuse } from "../../protocol/refusals";

/** protocol/commands.ts Answer; the mirror makes the same of the log's records. */
export interface FrozenAnswer {
  readonly outcome: "online" | "autonomous" | "refused";
  readonly number: number;
  readonly shift: number;
  readonly key: string;
  readonly operation: number;
  readonly utcS: number;
  readonly offsetMin: number;
  readonly total: number;
  readonly change: number;
  readonly vat: readonly (readonly [rate: number, sum: number])[];
  readonly sign?: string;
  readonly qrUrl?: string;
  readonly cause?: string;
  readonly resultCode?: number;
  readonly resultText?: string;
}

const operationNames: { readonly [operation: number]: string } = {
  0: "purchase",
  1: "purchaseReturn",
  [operationSell]: "sale",
  3: "saleReturn",
};

export const receiptId = (serial: string, number: number): string => `${serial}-${number}`;

/** The number in an id of this register; undefined for another register's or what is no id. */
export function numberOf(id: string, serial: string): number | undefined {
  const parts = /^(.+)-([1-9][0-9]{0,9})$/.exec(id);
  return parts !== null && parts[1] === serial ? Number(parts[2]) : undefined;
}

/** Names of the contract in their order; fields that are undefined do not appear in JSON. */
export function answerObject(answer: FrozenAnswer, serial: string) {
  return {
    id: receiptId(serial, answer.number),
    key: answer.key,
    documentNumber: answer.number,
    shift: answer.shift,
    operation: operationNames[answer.operation],
    dateTime: localTime(answer.utcS, answer.offsetMin),
    total: answer.total,
    change: answer.change,
    vat: answer.vat.map(([rate, sum]) => ({ rate: percentOf(rate), sum })),
    fiscalSign: answer.sign,
    autonomous: answer.outcome === "refused" ? undefined : answer.outcome === "autonomous",
    cause: answer.outcome === "autonomous" ? answer.cause : undefined,
    qrUrl: answer.qrUrl,
  };
}

/** The very bytes of 201 and of every 200 after it. */
export function answerJson(answer: FrozenAnswer, serial: string): string {
  return JSON.stringify(answerObject(answer, serial));
}

/** A document that the operator refused: its number stays used up. */
export function refusalOf(answer: FrozenAnswer): Refusal {
  return refuse("OFD_REFUSED", {
    number: answer.number,
    resultCode: answer.resultCode ?? 0,
    resultText: answer.resultText ?? "",
  });
}

/** Thousandths of a percent as the contract writes a rate: 16000 → "16". */
export function percentOf(rate: number): string {
  return String(rate / 1000);
}

/** RFC 3339 in the register's own zone: "2026-11-24T16:42:05+05:00". */
export function localTime(utcS: number, offsetMin: number): string {
  const local = new Date((utcS + offsetMin * 60) * 1000).toISOString().slice(0, 19);
  const minutes = Math.abs(offsetMin);
  const zone = [Math.floor(minutes / 60), minutes % 60].map(part => String(part).padStart(2, "0")).join(":");
  return `${local}${offsetMin < 0 ? "-" : "+"}${zone}`;
}
