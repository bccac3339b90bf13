/**
 * The operator of fiscal data in memory: host/ofd's own reading, deciding and answering, around a state that is one
 * immutable value, so that a moment of the shop can be kept and brought back.
 */
import { createHash } from "node:crypto";
import { answer } from "../../host/ofd/answer";
import { infoAnswer } from "../../host/ofd/commands/info";
import { systemAnswer } from "../../host/ofd/commands/system";
import { readTicket, ticketAnswer } from "../../host/ofd/commands/ticket";
import { answerFrame, createFrameReader, type Frame, payloadOf } from "../../host/ofd/frame";
import { CommandTypeEnum } from "../../host/ofd/proto/ofd_pb";
import {
  advance,
  type DocumentFacts,
  decide,
  type Intake,
  type RegisterState,
  type StoredDocument,
} from "../../host/ofd/register-state";
import { parseRequest } from "../../host/ofd/request";
import { signOf } from "../../host/ofd/sign";
import card from "../../samples/card.json";

/** A receipt that the operator has taken: once, for ever. */
export interface Ticket extends StoredDocument {
  readonly number: number;
  readonly sign: string;
  /** The answer that every repeat is told. */
  readonly payload: Uint8Array;
}

export interface OperatorState {
  readonly register: RegisterState;
  readonly tickets: readonly Ticket[];
}

const signKey = Buffer.from("the operator's key of the cuts");

export function enrolledOperator(serial: string): OperatorState {
  const { ofdId, token, rnm, org, pos, ofd } = card;
  const register: RegisterState = {
    id: ofdId,
    rnm,
    serial,
    profile: { org, pos, ofd },
    status: "active",
    blockText: "",
    issuedToken: token,
    lastToken: null,
    lastReqnum: null,
    lastCommand: null,
    lastSeq: null,
    nextSeq: 0,
    documentNumber: 0,
    shift: { number: 0, isOpen: false, openedLocalS: null, revenueTiyn: 0 },
    cashTiyn: 0,
  };
  return { register, tickets: [] };
}

/** One request: the operator after it, and the frame of its answer. */
export function takeFrame(
  state: OperatorState,
  bytes: Buffer,
  nowMs: number,
): { state: OperatorState; answer: Buffer } {
  const frame = frameIn(bytes);
  const intake = intakeOf(frame, nowMs);
  const decision = decide(state.register, intake, {
    bySeq: seq => state.tickets[seq],
    byNumber: number => state.tickets.find(ticket => ticket.number === number),
  });
  const told = (next: OperatorState, token: number, payload: Uint8Array) => ({
    state: next,
    answer: answerFrame(frame, token, payload),
  });
  if (decision.kind === "refused") {
    return told(state, intake.token, answer(intake.command, decision.code, decision.text));
  }
  if (decision.kind === "saved") {
    const ticket = state.tickets[decision.seq]!;
    const tickets = state.tickets.with(decision.seq, {
      ...ticket,
      secondSign: decision.secondSign ?? ticket.secondSign,
    });
    return told({ ...state, tickets }, state.register.issuedToken, ticket.payload);
  }
  if (decision.kind === "accepted" && intake.document !== undefined) {
    const { next, payload } = accept(state, intake, intake.document);
    return told(next, next.register.issuedToken, payload);
  }
  return told(state, state.register.issuedToken, serve(state, intake, nowMs));
}

/** The answer with one result code to whatever was asked. */
export function refuseFrame(bytes: Buffer, code: number, text: string): Buffer {
  const frame = frameIn(bytes);
  return answerFrame(frame, frame.token, answer(commandOf(bytes), code, text));
}

export function commandOf(bytes: Buffer): CommandTypeEnum {
  const frame = frameIn(bytes);
  return parseRequest(frame.version, payloadOf(frame)).command;
}

function frameIn(bytes: Buffer): Frame {
  const events = createFrameReader().push(bytes);
  const event = events[0];
  if (events.length !== 1 || event?.kind !== "frame") throw new Error("the module's frame is exactly one frame");
  return event.frame;
}

function intakeOf(frame: Frame, nowMs: number): Intake {
  const parsed = parseRequest(frame.version, payloadOf(frame));
  const head = { deviceId: frame.id, token: frame.token, reqnum: frame.reqnum, command: parsed.command };
  if (parsed.kind === "malformed") return { ...head, malformed: parsed.why };
  const { service } = parsed.message;
  return {
    ...head,
    wants: { regInfo: service?.getRegInfo ?? false, taxation: service?.getBindedTaxation ?? false },
    document: readTicket(frame, parsed.message, nowMs),
  };
}

function accept(state: OperatorState, intake: Intake, document: DocumentFacts) {
  const { register, tickets } = state;
  const seq = register.nextSeq;
  const sign = signOf(signKey, register.id, seq);
  const payload = ticketAnswer(intake.command, sign, register, document);
  const ticket: Ticket = {
    seq,
    bodySha: document.bodySha,
    offlineNumber: document.offlineNumber ?? null,
    secondSign: null,
    number: document.documentNumber ?? 0,
    sign,
    payload,
  };
  const next = { register: advance(register, intake, document, tokenAfter(seq)), tickets: [...tickets, ticket] };
  return { next, payload };
}

/** Equal histories draw equal tokens. */
const tokenAfter = (seq: number): number => createHash("sha256").update(`token ${seq}`).digest().readUInt32BE(0);

function serve(state: OperatorState, intake: Intake, nowMs: number): Uint8Array {
  if (intake.command !== CommandTypeEnum.COMMAND_INFO) return systemAnswer(intake, state.register);
  const { shift, documentNumber } = state.register;
  const last = documentNumber === 0 ? undefined : { shiftNumber: shift.number, documentNumber };
  return infoAnswer(intake, state.register, last, nowMs);
}
