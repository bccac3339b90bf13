/** Group 103: frames to carry, answers, and what the link is like. No session: the queue is sent at night too. */
import { type Bytes, textOf } from "../../protocol/bytes";
import { type CborMap, getBool, getBytes, getText, getUint } from "../../protocol/cbor-read";
import { queueLength } from "../books";
import { answerBytesMax, framePageBytes } from "../limits";
import { type Module, nowMs, ofdAccess } from "../module";
import { openDocument } from "../stored-document";
import { findDocument, isOffline, nextPage, noAnswer, takeAnswer, tryNow } from "../uplink";
import {
  addUint,
  boolField,
  bytesField,
  done,
  type Fields,
  type Reply,
  refusedAs,
  textField,
  uintField,
  wordField,
} from "./reply";

/** Causes that a host may name; anything else would end up on paper-bound records. */
const causes: readonly string[] = [
  "noRoute",
  "refused",
  "silent",
  "reset",
  "garbage",
  "wrongReqnum",
  "busy254",
  "clock",
];

export function next(module: Module, request: CborMap): Reply {
  const page = nextPage(module, getUint(request, "off") ?? 0, getUint(request, "frame"), framePageBytes);
  if (page.kind === "wait") {
    return done([uintField("waitMs", page.waitMs)]);
  }
  const access = ofdAccess(module);
  const fields: Fields = [
    uintField("frame", page.carry.id),
    uintField("len", page.carry.source.lengthBytes),
    uintField("off", page.offset),
    bytesField("data", page.data),
    uintField("remainingMs", page.remainingMs),
  ];
  if (page.offset === 0 && access !== undefined) {
    fields.push(textField("host", access.host));
    fields.push(uintField("port", access.port));
  }
  return { kind: "done", fields, lastPageOf: page.last ? page.carry.id : undefined };
}

export function answer(module: Module, request: CborMap): Reply {
  const frame = getUint(request, "frame");
  const offset = getUint(request, "off");
  const length = getUint(request, "len");
  const data = getBytes(request, "data");
  if (frame === undefined || offset === undefined || length === undefined || data === undefined) {
    return refusedAs("FIELD_MISSING", { field: "frame, off, len, data" });
  }
  const taken = takeAnswer(module, frame, offset, length, data);
  if (taken.kind === "unknown") {
    return refusedAs("FRAME_UNKNOWN", { got: frame });
  }
  if (taken.kind === "more") {
    return done([uintField("off", taken.offset)]);
  }
  return done([uintField("off", Math.min(length, answerBytesMax)), boolField("taken", true)]);
}

export function noAnswerCommand(module: Module, request: CborMap): Reply {
  const frame = getUint(request, "frame");
  if (frame === undefined) {
    return refusedAs("FIELD_MISSING", { field: "frame" });
  }
  const begun = getBool(request, "begun") ?? false;
  const told = textOf(getText(request, "cause") ?? ("silent" as Bytes));
  let known = false;
  for (const cause of causes) {
    known = known || cause === told;
  }
  if (!begun && !known) {
    return refusedAs("FIELD_INVALID", { field: "cause", expected: "a cause of no answer", got: "other" });
  }
  return noAnswer(module, frame, told, begun) ? done([]) : refusedAs("FRAME_UNKNOWN", { got: frame });
}

/** When the oldest document that waits was made. */
function oldestUtcS(module: Module): number | undefined {
  if (queueLength(module.books) === 0) {
    return undefined;
  }
  const record = findDocument(module, module.books.settledNumber + 1);
  return record === undefined ? undefined : openDocument(module.memory, record).head.utcS;
}

export function queueFields(module: Module): Fields {
  const { books, uplink } = module;
  const fields: Fields = [
    wordField("mode", isOffline(module) ? "offline" : "online"),
    uintField("length", queueLength(books)),
  ];
  addUint(fields, "oldestUtcS", oldestUtcS(module));
  if (books.offlineCause !== undefined) {
    fields.push(textField("cause", books.offlineCause));
  }
  const waitMs = uplink.nextTryMs - nowMs(module);
  addUint(fields, "nextTryMs", waitMs > 0 ? waitMs : undefined);
  addUint(fields, "lastAnswerUtcS", uplink.lastAnswerUtcS > 0 ? uplink.lastAnswerUtcS : undefined);
  return fields;
}

export const queue = (module: Module): Reply => done(queueFields(module));

export function tryNowCommand(module: Module): Reply {
  tryNow(module);
  return done([]);
}
