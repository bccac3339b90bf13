/**
 * Group and command → handler: one table. The order of checks is smp.md §2.5.
 */
import type { Bytes } from "../../protocol/bytes";
import { type CborMap, decodeMap } from "../../protocol/cbor-read";
import { commands, groups } from "../../protocol/commands";
import { newMap } from "../../protocol/platform";
import { messageBytesMax } from "../../protocol/smp-frame";
import {
  encodeMessage,
  type ReceivedMessage,
  smpHeaderBytes,
  smpOp,
  smpRc,
  smpVersion,
} from "../../protocol/smp-message";
import { guardFlash } from "../flash-guard";
import type { Module } from "../module";
import type { Answer } from "../serial";
import * as documents from "./documents";
import * as os from "./os";
import { encodeReply, type Reply, refusedAs, smpError } from "./reply";
import * as service from "./service";
import * as session from "./session";
import * as shift from "./shift";
import * as uplink from "./uplink";

export type Handler = (module: Module, request: CborMap) => Reply;
type Row = readonly [group: number, command: number, op: number, handler: Handler];

const { read, write } = smpOp;

/** Every command that this module answers; anything else is rc 8. */
const table: readonly Row[] = [
  [groups.os, commands.os.echo, write, os.echo],
  [groups.os, commands.os.echo, read, os.echo],
  [groups.os, commands.os.date, read, os.readTime],
  [groups.os, commands.os.date, write, os.setTime],
  [groups.os, commands.os.reset, write, os.reset],
  [groups.os, commands.os.parameters, read, os.parameters],
  [groups.os, commands.os.information, read, os.information],
  [groups.os, commands.os.bootloader, read, os.bootloader],
  [groups.session, commands.session.login, write, session.loginCommand],
  [groups.session, commands.session.logout, write, session.logoutCommand],
  [groups.documents, commands.documents.chunk, write, documents.chunk],
  [groups.documents, commands.documents.submit, write, documents.submit],
  [groups.documents, commands.documents.lookup, read, documents.lookup],
  [groups.documents, commands.documents.reprint, write, documents.reprint],
  [groups.shift, commands.shift.state, read, shift.state],
  [groups.shift, commands.shift.close, write, shift.close],
  [groups.uplink, commands.uplink.next, read, uplink.next],
  [groups.uplink, commands.uplink.answer, write, uplink.answer],
  [groups.uplink, commands.uplink.noAnswer, write, uplink.noAnswerCommand],
  [groups.uplink, commands.uplink.queue, read, uplink.queue],
  [groups.uplink, commands.uplink.tryNow, write, uplink.tryNowCommand],
  [groups.service, commands.service.info, read, service.info],
  [groups.service, commands.service.speed, write, service.speed],
  [groups.service, commands.service.fiscalize, write, service.fiscalize],
  [groups.service, commands.service.token, write, service.token],
  [groups.service, commands.service.log, read, service.log],
  [groups.service, commands.service.status, read, service.status],
  [groups.service, commands.service.exportTrailer, write, service.exportTrailer],
  [groups.service, commands.service.ofdAddress, write, service.ofdAddress],
];

function findHandler(message: ReceivedMessage): Handler | undefined {
  for (const [group, command, op, handler] of table) {
    if (group === message.group && command === message.command && op === message.op) {
      return handler;
    }
  }
  return undefined;
}

function handle(module: Module, message: ReceivedMessage): Reply {
  if (message.truncated) {
    return smpError(smpRc.corrupt);
  }
  if (message.version > smpVersion.v2) {
    return smpError(smpRc.tooNew);
  }
  const handler = findHandler(message);
  if (handler === undefined) {
    return smpError(smpRc.notSupported);
  }
  const request: CborMap | undefined = message.payload.length === 0 ? newMap() : decodeMap(message.payload);
  // An undecodable payload must not prevent a reset (smp.md §4.5).
  if (request === undefined) {
    return handler === os.reset ? os.reset(module, newMap()) : smpError(smpRc.invalid);
  }
  return guardFlash(module, () => handler(module, request)) ?? refusedAs("FLASH_FAILED", {});
}

/** One request, exactly one answer. */
export function dispatch(module: Module, message: ReceivedMessage): Answer {
  const reply = handle(module, message);
  const version = message.version > smpVersion.v2 ? smpVersion.v2 : message.version;
  let payload: Bytes = encodeReply(reply, version, message.group);
  if (payload.length > messageBytesMax - smpHeaderBytes) {
    payload = encodeReply(smpError(smpRc.tooLarge), version, message.group);
  }
  const op = message.op === smpOp.read ? smpOp.readResponse : smpOp.writeResponse;
  const { group, sequence, command } = message;
  return {
    message: encodeMessage({ version, op, group, sequence, command, payload }),
    lastPageOf: reply.kind === "done" ? reply.lastPageOf : undefined,
    baud: reply.kind === "done" ? reply.baud : undefined,
  };
}
