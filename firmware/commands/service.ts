/** Group 104: what the register service and a technician ask of the module. */
import { type Bytes, concat, emptyBytes, slice } from "../../protocol/bytes";
import { type CborMap, getBytes, getText, getUint } from "../../protocol/cbor-read";
import { cborArrayHead, cborBytes, cborMap, cborUint } from "../../protocol/cbor-write";
import { prevOfMap, secretItem } from "../../protocol/journal";
import { recordType, secretTypes, settingsKey } from "../../protocol/records";
import { type Refusal, refuse } from "../../protocol/refusals";
import { appendToken, fiscalize as fiscalizeModule } from "../fiscalize";
import { assertStored } from "../flash-access";
import { faultRefusal, withoutSettings } from "../flash-guard";
import { logPageBytes, maxBaud, speeds, startBaud, tokenMax } from "../limits";
import { appendMap, checkpoint, type Entries, hasRoom, putText, putUint } from "../log";
import type { RecordRef } from "../memory-api";
import { firmwareVersion, type Module, nowMs, nowUtcS, ofdAccess } from "../module";
import { papersWaiting } from "../print-queue";
import { clockRefusal } from "../sale";
import { useSession } from "../sessions";
import type { Operator } from "../settings";
import { signPayload } from "../signer";
import { findTextFault } from "../text-check";
import {
  addText,
  addUint,
  arrayField,
  boolField,
  bytesField,
  done,
  type Fields,
  mapField,
  type Reply,
  refused,
  refusedAs,
  uintField,
  wordField,
} from "./reply";
import { shiftFields } from "./shift";
import { queueFields } from "./uplink";

/** Role of a person who may change settings. */
const roleAdministrator = 3;

function sessionOf(module: Module, request: CborMap): Operator | undefined {
  return useSession(module.sessions, getBytes(request, "session"), nowMs(module));
}

/** An administrator's or technician's session at a module that may write, or why not. */
function seniorRefusal(module: Module, request: CborMap): Refusal | undefined {
  const operator = sessionOf(module, request);
  if (operator === undefined) {
    return refuse("SESSION_LOST", {});
  }
  return operator.role < roleAdministrator
    ? refuse("NOT_TECHNICIAN", { expected: roleAdministrator, got: operator.role })
    : faultRefusal(module);
}

export function info(module: Module): Reply {
  const { hal, settings } = module;
  const fields: Fields = [
    uintField("version", 1),
    wordField("board", hal.board.kind),
    wordField("serial", hal.board.serial),
    wordField("firmware", firmwareVersion),
    wordField("bootTrust", hal.board.bootTrust),
    boolField("fiscalized", settings !== undefined),
    bytesField("publicKey", hal.secureElement.publicKey()),
    uintField("baudMax", maxBaud),
    uintField("sequence", module.memory.lastSequence()),
    uintField("documentNumber", module.books.lastNumber),
  ];
  addText(fields, "rnm", settings === undefined ? undefined : settings.rnm);
  return done(fields);
}

/** Answered at the old speed, then both sides switch. */
export function speed(_module: Module, request: CborMap): Reply {
  const baud = getUint(request, "baud") ?? startBaud;
  for (const known of speeds) {
    if (known === baud) {
      return { kind: "done", fields: [uintField("baud", baud)], baud };
    }
  }
  return refusedAs("FIELD_INVALID", { field: "baud", expected: maxBaud, got: baud });
}

export function fiscalize(module: Module, request: CborMap): Reply {
  const length = getUint(request, "len");
  if (length === undefined) {
    return refusedAs("FIELD_MISSING", { field: "len" });
  }
  const refusal = fiscalizeModule(module, length);
  return refusal === undefined ? done([boolField("fiscalized", true)]) : refused(refusal);
}

/** A new token by hand: write-only, also while the shift is open (item 41). */
export function token(module: Module, request: CborMap): Reply {
  const refusal = seniorRefusal(module, request);
  if (refusal !== undefined) {
    return refused(refusal);
  }
  const value = getUint(request, "token");
  if (value === undefined || value < 1 || value > tokenMax) {
    return refusedAs("FIELD_INVALID", { field: "token", expected: "1 to 4294967295", got: "hidden" });
  }
  if (module.sale !== undefined || module.books.pending !== undefined) {
    return refusedAs("BUSY", {});
  }
  appendToken(module, value);
  checkpoint(module);
  return done([]);
}

/** The OFD's address: while the shift is closed (item 41); an emulator's moves with every start of the shop. */
export function ofdAddress(module: Module, request: CborMap): Reply {
  const refusal = seniorRefusal(module, request);
  if (refusal !== undefined) {
    return refused(refusal);
  }
  const host = getText(request, "host");
  const port = getUint(request, "port");
  if (host === undefined || findTextFault(host, 128) !== undefined || port === undefined || port < 1 || port > 65535) {
    return refusedAs("FIELD_INVALID", { field: "host, port", expected: "a name and 1 to 65535", got: port ?? 0 });
  }
  if (module.settings === undefined) {
    return refused(withoutSettings(module));
  }
  const busy = module.sale !== undefined || module.books.pending !== undefined;
  if (busy || (module.books.shift.open && module.hal.board.kind !== "emulator")) {
    return refusedAs("BUSY", { block: busy ? "document" : "shift open" });
  }
  const current = ofdAccess(module);
  if (current !== undefined && current.host === host && current.port === port) {
    return done([]);
  }
  if (!hasRoom(module)) {
    return refusedAs("MEMORY_FULL", { freeBytes: module.memory.freeBytes() });
  }
  const entries: Entries = [];
  putUint(entries, settingsKey.revision, module.books.revision + 1);
  putText(entries, settingsKey.host, host);
  putUint(entries, settingsKey.port, port);
  putUint(entries, settingsKey.utcS, nowUtcS(module) ?? module.books.lastUtcS);
  appendMap(module, "settings", entries);
  checkpoint(module);
  module.uplink.nextTryMs = 0;
  return done([]);
}

function isSecret(type: number): boolean {
  for (const name of secretTypes) {
    if (recordType[name] === type) {
      return true;
    }
  }
  return false;
}

/** A map's head and its first entry, prev. */
const prevEndBytesMax = 40;

/** An export item's bytes before the payload; of a secret record the whole item. */
function itemHead(module: Module, record: RecordRef): { head: Bytes; payloadBytes: number } {
  if (isSecret(record.type)) {
    const prev = prevOfMap(module.memory.read(record, 0, Math.min(prevEndBytesMax, record.lengthBytes)));
    assertStored(prev !== undefined);
    const head = secretItem(record.sequence, record.type, module.memory.hashOf(record), prev);
    return { head, payloadBytes: 0 };
  }
  const head = concat([cborArrayHead(3), cborUint(record.sequence), cborUint(record.type)]);
  return { head, payloadBytes: record.lengthBytes };
}

/** A page of one export item [sequence, type, payload]. RECORD_UNKNOWN when the ring gave it up or it is not yet there. */
export function log(module: Module, request: CborMap): Reply {
  if (sessionOf(module, request) === undefined) {
    return refusedAs("SESSION_LOST", {});
  }
  const sequence = getUint(request, "seq");
  const offset = getUint(request, "off");
  if (sequence === undefined || offset === undefined) {
    return refusedAs("FIELD_MISSING", { field: "seq, off" });
  }
  const anchor = module.memory.anchor();
  const last = module.memory.lastSequence();
  const record = sequence >= anchor.sequence && sequence <= last ? module.memory.find(sequence) : undefined;
  if (record === undefined) {
    return refusedAs("RECORD_UNKNOWN", { got: sequence, firstSeq: anchor.sequence, lastSeq: last });
  }
  const { head, payloadBytes } = itemHead(module, record);
  const length = head.length + payloadBytes;
  const parts: Bytes[] = [];
  let at = Math.min(offset, length);
  const end = Math.min(at + logPageBytes, length);
  if (at < head.length) {
    parts.push(slice(head, at, Math.min(head.length, end)));
    at = Math.min(head.length, end);
  }
  if (at < end) {
    parts.push(module.memory.read(record, at - head.length, end - at));
  }
  const fields: Fields = [
    uintField("seq", sequence),
    uintField("off", Math.min(offset, length)),
    uintField("len", length),
    bytesField("data", parts.length === 0 ? emptyBytes : concat(parts)),
    uintField("firstSeq", anchor.sequence),
    uintField("lastSeq", last),
  ];
  if (offset === 0) {
    fields.push(bytesField("anchorHash", anchor.hash));
  }
  return done(fields);
}

/** Signs what ends an export: count, hash of its header item, chain hash of its last record, time. */
export function exportTrailer(module: Module, request: CborMap): Reply {
  if (sessionOf(module, request) === undefined) {
    return refusedAs("SESSION_LOST", {});
  }
  const count = getUint(request, "count");
  const headerHash = getBytes(request, "headerHash");
  const lastSeq = getUint(request, "lastSeq");
  if (count === undefined || headerHash === undefined || headerHash.length !== 32 || lastSeq === undefined) {
    return refusedAs("FIELD_MISSING", { field: "count, headerHash, lastSeq" });
  }
  const record = lastSeq <= module.memory.lastSequence() ? module.memory.find(lastSeq) : undefined;
  if (record === undefined) {
    return refusedAs("RECORD_UNKNOWN", { got: lastSeq });
  }
  const payload = cborMap([
    [cborUint(1), cborUint(count)],
    [cborUint(2), cborBytes(headerHash)],
    [cborUint(3), cborBytes(module.memory.hashOf(record))],
    [cborUint(4), cborUint(nowUtcS(module) ?? module.books.lastUtcS)],
  ]);
  return done([bytesField("trailer", signPayload(module.signer, "export", payload, module.hal.board.callBytesMax))]);
}

function blockItems(module: Module): Bytes[] {
  const items: Bytes[] = [];
  for (const block of module.books.blocks) {
    items.push(cborMap([wordField("code", block.code), uintField("sinceUtcS", block.sinceUtcS)]));
  }
  if (module.fault !== undefined) {
    items.push(cborMap([wordField("code", module.fault), uintField("sinceUtcS", module.books.lastUtcS)]));
  }
  if (clockRefusal(module) !== undefined) {
    items.push(cborMap([wordField("code", "CLOCK_UNSET"), uintField("sinceUtcS", module.books.lastUtcS)]));
  }
  return items;
}

function printerFields(module: Module): Fields {
  const { state } = module.print;
  return [
    boolField("paper", state.paper),
    boolField("cover", state.coverClosed),
    boolField("online", state.answered),
    boolField("confirms", module.hal.board.printer.confirms),
    uintField("pending", papersWaiting(module)),
  ];
}

/** Flash used, and how much a day takes on the average since fiscalization. */
function memoryFields(module: Module): Fields {
  const freeBytes = Math.max(module.memory.freeBytes(), 0);
  const usedBytes = module.hal.fiscal.capacityBytes - freeBytes;
  const ageS = Math.max((nowUtcS(module) ?? 0) - module.books.fiscalizedUtcS, 86400);
  const fields = [uintField("freeBytes", freeBytes), uintField("usedBytes", usedBytes)];
  fields.push(uintField("bytesPerDay", Math.floor(usedBytes / Math.floor(ageS / 86400))));
  return fields;
}

export function status(module: Module): Reply {
  const blocks = blockItems(module);
  const isNew = module.settings === undefined && module.fault === undefined;
  const state = isNew ? "notFiscalized" : blocks.length > 0 ? "blocked" : "ready";
  const fields: Fields = [
    wordField("state", state),
    arrayField("blocks", blocks),
    mapField("shift", shiftFields(module)),
    mapField("queue", queueFields(module)),
    mapField("printer", printerFields(module)),
    mapField("memory", memoryFields(module)),
    uintField("offsetMin", module.settings === undefined ? 300 : module.settings.offsetMin),
  ];
  addUint(fields, "utcS", nowUtcS(module));
  return done(fields);
}
