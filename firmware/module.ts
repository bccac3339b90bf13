/**
 * The module: one object that start() makes and everything works on. What must survive power stands in the log and the
 * state area (books, settings); the rest is of this power cycle only.
 */
import type { Hal } from "../hal/hal";
import type { Bytes } from "../protocol/bytes";
import type { Refusal } from "../protocol/refusals";
import type { Books } from "./books";
import type { KeyIndex } from "./key-index";
import type { FiscalMemory } from "./memory-api";
import type { PrintQueue } from "./print-queue";
import type { SaleJob } from "./sale";
import type { Scratch } from "./scratch";
import type { SerialPort } from "./serial";
import type { Sessions } from "./sessions";
import type { Settings } from "./settings";
import type { Signer } from "./signer";
import type { Uplink } from "./uplink";

export const firmwareVersion = "0.1.0";

/** Bytes that a host is entering: a document or a card, under its key. */
export interface Upload {
  readonly key: Bytes;
  receivedBytes: number;
}

export interface Module {
  readonly hal: Hal;
  readonly signer: Signer;
  readonly memory: FiscalMemory;
  readonly scratch: Scratch;
  readonly keys: KeyIndex;
  readonly books: Books;
  readonly sessions: Sessions;
  readonly serial: SerialPort;
  readonly print: PrintQueue;
  readonly uplink: Uplink;
  settings: Settings | undefined;
  /** Why this start found the memory unusable; sales are refused until service has looked. */
  fault: string | undefined;
  upload: Upload | undefined;
  sale: SaleJob | undefined;
  /** Told once by the next look-up of its key: a document that was checked and not stored. */
  refused: { readonly key: Bytes; readonly refusal: Refusal } | undefined;
  /** Sequence of the state area's newest copy, and the document number it stands for. */
  stateSequence: number;
  checkpointNumber: number;
  /** Asked by a command; done by tick once the answer has left. */
  resetAtMs: number | undefined;
}

/** Wall time now; a board whose clock is lost has none. */
export const nowUtcS = (module: Module): number | undefined => module.hal.clock.utcS();
export const nowMs = (module: Module): number => module.hal.clock.monotonicMs();

/** Where frames go: the card's address, or the one set after it. */
export function ofdAccess(module: Module): { readonly host: Bytes; readonly port: number } | undefined {
  const { books, settings } = module;
  if (settings === undefined) {
    return undefined;
  }
  return books.ofdHost === undefined ? settings.ofd : { host: books.ofdHost, port: books.ofdPort };
}
