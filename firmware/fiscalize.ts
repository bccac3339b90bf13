/**
 * Fiscalization: the card is checked, written signed into the log with the module's public key, the token sealed beside
 * it, the operators' PINs turned into verifiers, and a first checkpoint made. Written once, on an empty log.
 */
import { type Bytes, concat, utf8 } from "../protocol/bytes";
import { decodeMap } from "../protocol/cbor-read";
import { cborUint } from "../protocol/cbor-write";
import { fiscalizationKey, tokenKey } from "../protocol/records";
import { type Refusal, refuse } from "../protocol/refusals";
import { faultRefusal } from "./flash-guard";
import { cardBytesMax, windowBytes } from "./limits";
import { appendMap, appendSigned, checkpoint, type Entries, putBytes, putText, putUint } from "./log";
import { type Module, nowUtcS } from "./module";
import { sealToken } from "./outcome";
import { makeVerifier } from "./sessions";
import { type Card, encodeCard, encodePrinter, type Operator, readCard } from "./settings";

/** The card is uploaded by chunks under this key. */
export const cardUploadKey: Bytes = utf8("card");

/** The uploaded card's bytes. */
function readUpload(module: Module, lengthBytes: number): Bytes {
  const parts: Bytes[] = [];
  for (let offset = 0; offset < lengthBytes; offset += windowBytes) {
    parts.push(module.scratch.read(offset, Math.min(windowBytes, lengthBytes - offset)));
  }
  return concat(parts);
}

function makeOperators(module: Module, card: Card): Operator[] {
  const operators: Operator[] = [];
  for (const { code, name, role, pin } of card.operators) {
    operators.push({ code, name, role, verifier: makeVerifier(module.hal.secureElement, code, pin) });
  }
  return operators;
}

/** A new token by hand, or the first one: sealed, in the log. */
export function appendToken(module: Module, token: number): void {
  const entries: Entries = [];
  putBytes(entries, tokenKey.sealedToken, sealToken(module, token));
  putUint(entries, tokenKey.utcS, nowUtcS(module) ?? module.books.lastUtcS);
  appendMap(module, "token", entries);
}

function appendFiscalization(module: Module, utcS: number): void {
  const { settings, hal } = module;
  if (settings === undefined) {
    return;
  }
  const entries: Entries = [];
  putText(entries, fiscalizationKey.serial, utf8(hal.board.serial));
  putUint(entries, fiscalizationKey.utcS, utcS);
  putBytes(entries, fiscalizationKey.publicKey, hal.secureElement.publicKey());
  putUint(entries, fiscalizationKey.revision, settings.revision);
  entries.push([cborUint(fiscalizationKey.card), encodeCard(settings)]);
  entries.push([cborUint(fiscalizationKey.printer), encodePrinter(hal.board.printer)]);
  appendSigned(module, "fiscalization", entries);
}

/**
 * Takes the card that was uploaded under the key "card". ALREADY_FISCALIZED, UPLOAD_INCOMPLETE, FIELD_*, CLOCK_UNSET.
 * A fiscalization that lost power before its checkpoint is done again: no document exists yet.
 */
export function fiscalize(module: Module, lengthBytes: number): Refusal | undefined {
  if (module.settings !== undefined || module.books.lastNumber > 0) {
    return refuse("ALREADY_FISCALIZED", {});
  }
  const fault = faultRefusal(module);
  if (fault !== undefined) {
    return fault;
  }
  const utcS = nowUtcS(module);
  if (utcS === undefined) {
    return refuse("CLOCK_UNSET", { expected: 1, got: 0 });
  }
  const { upload } = module;
  const received = upload === undefined || upload.key !== cardUploadKey ? 0 : upload.receivedBytes;
  if (lengthBytes > cardBytesMax || received !== lengthBytes) {
    return refuse("UPLOAD_INCOMPLETE", { expected: lengthBytes, got: received });
  }
  const map = decodeMap(readUpload(module, lengthBytes));
  const card = map === undefined ? undefined : readCard(map);
  if (card === undefined) {
    return refuse("FIELD_INVALID", { field: "card", expected: "a map", got: "other" });
  }
  if (card.kind === "refusal") {
    return card.refusal;
  }
  module.settings = { ...card.value.settings, operators: makeOperators(module, card.value) };
  module.upload = undefined;
  appendFiscalization(module, utcS);
  appendToken(module, card.value.token);
  checkpoint(module);
  return undefined;
}
