/**
 * What the server knows of one register, and what it answers to a request: a pure function of both (§6.6 with the
 * corrections of §11). The store runs it inside the transaction that writes its outcome.
 *
 * Checks in the order of §11.2: unknown ID → parse → the saved answer of a repeat → unknown command → struck off,
 * disconnected, blocked → token and REQNUM → the document itself.
 */
import { type Objection, object, objectionResults } from "./objections";
import { CommandTypeEnum, ResultTypeEnum } from "./proto/ofd_pb";

export type RegisterStatus = "active" | "blocked" | "disconnected" | "deregistered";

/** One enrolment. Null: there was no document yet. */
export interface RegisterState {
  readonly id: number;
  readonly rnm: string;
  readonly serial: string;
  readonly profile: RegisterProfile;
  readonly status: RegisterStatus;
  /** Shown by the register while it is blocked. */
  readonly blockText: string;
  /** What the next request must carry. */
  readonly issuedToken: number;
  /** The last accepted document. */
  readonly lastToken: number | null;
  readonly lastReqnum: number | null;
  readonly lastCommand: number | null;
  readonly lastSeq: number | null;
  readonly nextSeq: number;
  /** The highest printed_document_number. */
  readonly documentNumber: number;
  readonly shift: ShiftState;
  readonly cashTiyn: number;
}
export interface ShiftState {
  readonly number: number;
  readonly isOpen: boolean;
  /** Civil time of its first document, as if UTC. */
  readonly openedLocalS: number | null;
  readonly revenueTiyn: number;
}
/** Who stands behind the register, as it was enrolled. */
export interface RegisterProfile {
  readonly org: {
    readonly titleRu: string;
    readonly titleKk: string;
    readonly iinBin: string;
    readonly addressRu: string;
    readonly addressKk: string;
    readonly oked: string;
    readonly vatPayer: boolean;
  };
  /** Coordinates in ten-thousandths of a degree. */
  readonly pos: {
    readonly addressRu: string;
    readonly addressKk: string;
    readonly latitude: number;
    readonly longitude: number;
  };
  readonly ofd: { readonly titleRu: string; readonly titleKk: string; readonly url: string };
}

/** A request as far as the register's state has a say in it. */
export interface Intake {
  readonly deviceId: number;
  readonly token: number;
  readonly reqnum: number;
  readonly command: number;
  /** Why it cannot be read. */
  readonly malformed?: string;
  /** What a service command asks for. */
  readonly wants?: { readonly regInfo: boolean; readonly taxation: boolean };
  readonly document?: DocumentFacts;
}
/** A document, decoded. */
export interface DocumentFacts {
  /** The frame as it came. */
  readonly frame: Uint8Array;
  readonly bodySha: Uint8Array;
  readonly documentNumber?: number;
  readonly shiftNumber?: number;
  /** The autonomous sign; its presence says that the document was made offline. */
  readonly offlineNumber?: number;
  readonly operation: number;
  readonly totalTiyn: number;
  readonly cashDeltaTiyn: number;
  readonly revenueDeltaTiyn: number;
  /** Civil time as if UTC; undefined when the date is none. */
  readonly localS?: number;
  readonly buyer?: string;
  readonly rnm?: string;
  /** As good as unreadable, also when made offline. */
  readonly limitProblem?: Objection;
  readonly objections: readonly Objection[];
}

/** What decide() may ask about documents of the same register. */
export interface StoredDocument {
  readonly seq: number;
  readonly bodySha: Uint8Array;
  readonly offlineNumber: number | null;
  readonly secondSign: number | null;
}
export interface DocumentLookup {
  bySeq(seq: number): StoredDocument | undefined;
  byNumber(documentNumber: number): StoredDocument | undefined;
}

export type Decision =
  /** The answer of that document again, under the current token. A new offline number becomes its second sign. */
  | { readonly kind: "saved"; readonly seq: number; readonly secondSign?: number }
  | { readonly kind: "service" }
  | { readonly kind: "accepted"; readonly remarks: readonly Objection[] }
  | { readonly kind: "refused"; readonly code: ResultTypeEnum; readonly text: string; readonly alarm?: AlarmCode };
export type AlarmCode = "REPEAT_DIFFERS";

export function decide(state: RegisterState | undefined, intake: Intake, documents: DocumentLookup): Decision {
  if (state === undefined)
    return refused(ResultTypeEnum.RESULT_TYPE_UNKNOWN_ID, "касса не зарегистрирована у оператора");
  if (intake.malformed !== undefined) {
    return refused(ResultTypeEnum.RESULT_TYPE_PROTOCOL_ERROR, intake.malformed);
  }
  return (
    savedAnswer(state, intake, documents) ??
    commandRefusal(intake.command) ??
    statusRefusal(state, intake) ??
    tokenRefusal(state, intake) ??
    (intake.document === undefined ? { kind: "service" } : judge(state, intake.document, documents))
  );
}

const refused = (code: ResultTypeEnum, text: string): Decision => ({ kind: "refused", code, text });

const offered: readonly number[] = [
  CommandTypeEnum.COMMAND_SYSTEM,
  CommandTypeEnum.COMMAND_INFO,
  CommandTypeEnum.COMMAND_TICKET,
];

function commandRefusal(command: number): Decision | undefined {
  if (offered.includes(command)) return undefined;
  return CommandTypeEnum[command] === undefined
    ? refused(ResultTypeEnum.RESULT_TYPE_UNKNOWN_COMMAND, `неизвестная команда ${command}`)
    : refused(ResultTypeEnum.RESULT_TYPE_UNSUPPORTED_COMMAND, `команда ${command} не поддерживается`);
}

// The pair of TOKEN and REQNUM ----------------------------------------------------------------------------------------

const isSamePair = (state: RegisterState, intake: Intake): boolean =>
  intake.token === state.lastToken && intake.reqnum === state.lastReqnum;

/** Row 1 of §6.6: a repeat is told what its first copy was told, whatever became of the register since. */
function savedAnswer(state: RegisterState, intake: Intake, documents: DocumentLookup): Decision | undefined {
  const { document } = intake;
  if (document === undefined || state.lastSeq === null || !isSamePair(state, intake)) return undefined;
  const last = documents.bySeq(state.lastSeq);
  if (last === undefined || intake.command !== state.lastCommand || !isSameBody(last, document)) return undefined;
  return repeatOf(last, document);
}

const isSameBody = (stored: StoredDocument, document: DocumentFacts): boolean =>
  Buffer.compare(stored.bodySha, document.bodySha) === 0;

function repeatOf(stored: StoredDocument, document: DocumentFacts): Decision {
  const { offlineNumber } = document;
  const isNew = offlineNumber !== stored.offlineNumber && offlineNumber !== stored.secondSign;
  return { kind: "saved", seq: stored.seq, secondSign: isNew ? offlineNumber : undefined };
}

/** Rows 2 to 4; a service command only has to carry the issued token. */
function tokenRefusal(state: RegisterState, intake: Intake): Decision | undefined {
  if (intake.document !== undefined) {
    if (isSamePair(state, intake)) return otherUnderSamePair(state, intake);
    if (intake.token === state.issuedToken && intake.reqnum === state.lastReqnum) {
      const text = `номер запроса ${intake.reqnum} уже был`;
      return refused(ResultTypeEnum.RESULT_TYPE_INVALID_REQUEST_NUMBER, text);
    }
  }
  if (intake.token === state.issuedToken && intake.token !== 0) return undefined;
  return refused(ResultTypeEnum.RESULT_TYPE_INVALID_TOKEN, "неверный токен");
}

/** Another command, or another document (§11.3): that one must not be taken for the first. */
function otherUnderSamePair(state: RegisterState, intake: Intake): Decision {
  const code = ResultTypeEnum.RESULT_TYPE_INVALID_RETRY_REQUEST;
  if (intake.command !== state.lastCommand) return refused(code, "повтор с другой командой");
  return { kind: "refused", code, text: "повтор с другим документом", alarm: "REPEAT_DIFFERS" };
}

// The register's standing ---------------------------------------------------------------------------------------------

function standing(state: RegisterState): Objection | undefined {
  switch (state.status) {
    case "active":
      return undefined;
    case "blocked":
      return object("BLOCKED", state.blockText === "" ? "касса заблокирована" : state.blockText);
    case "disconnected":
      return object("DISCONNECTED", "касса отключена от оператора");
    case "deregistered":
      return object("DEREGISTERED", "касса снята с учёта");
  }
}

/** Documents made offline pass: refusing one in the queue would stop the shop for good (§11.5). */
function statusRefusal(state: RegisterState, intake: Intake): Decision | undefined {
  const objection = standing(state);
  return objection === undefined || isOffline(intake.document) ? undefined : refusalFor(objection);
}

const isOffline = (document: DocumentFacts | undefined): boolean => document?.offlineNumber !== undefined;

const refusalFor = ({ code, text }: Objection): Decision =>
  refused(objectionResults[code] ?? ResultTypeEnum.RESULT_TYPE_INCORRECT_REQUEST_DATA, text);

// The document itself -------------------------------------------------------------------------------------------------

function judge(state: RegisterState, document: DocumentFacts, documents: DocumentLookup): Decision {
  if (document.limitProblem !== undefined) return refusalFor(document.limitProblem);
  const number = document.documentNumber;
  const sameNumber = number === undefined ? undefined : documents.byNumber(number);
  // A token reset by hand must not count a document twice (§11.4).
  if (sameNumber !== undefined && isSameBody(sameNumber, document)) return repeatOf(sameNumber, document);
  const objections = objectionsTo(state, document, sameNumber !== undefined);
  const reason = isOffline(document) ? undefined : objections.find(({ code }) => objectionResults[code] !== undefined);
  return reason === undefined ? { kind: "accepted", remarks: objections } : refusalFor(reason);
}

function objectionsTo(state: RegisterState, document: DocumentFacts, isNumberUsed: boolean): Objection[] {
  const objections: Objection[] = [];
  const found = (condition: boolean, objection: Objection): void => {
    if (condition) objections.push(objection);
  };
  const { documentNumber: number, buyer, rnm } = document;
  const after = `номер документа ${number}, последний был ${state.documentNumber}`;
  if (isNumberUsed) objections.push(object("NUMBER_REUSED", `номер документа ${number} уже был у другого документа`));
  else found(number !== undefined && number < state.documentNumber, object("NUMBER_OUT_OF_ORDER", after));
  found(buyer === state.profile.org.iinBin, object("BUYER_IS_SELLER", "ИИН/БИН покупателя равен ИИН/БИН продавца"));
  found(rnm !== undefined && rnm !== state.rnm, object("RNM_DIFFERS", `РНМ ${rnm}, у оператора ${state.rnm}`));
  const cashTiyn = state.cashTiyn + document.cashDeltaTiyn;
  found(document.cashDeltaTiyn < 0 && cashTiyn < 0, object("CASH_SHORT", "в кассе нет столько наличных"));
  const standingObjection = standing(state);
  return [...objections, ...(standingObjection === undefined ? [] : [standingObjection]), ...document.objections];
}

/** The register after it gave this document and was given `newToken`. */
export function advance(
  state: RegisterState,
  intake: Intake,
  document: DocumentFacts,
  newToken: number,
): RegisterState {
  return {
    ...state,
    issuedToken: newToken,
    lastToken: intake.token,
    lastReqnum: intake.reqnum,
    lastCommand: intake.command,
    lastSeq: state.nextSeq,
    nextSeq: state.nextSeq + 1,
    documentNumber: Math.max(state.documentNumber, document.documentNumber ?? 0),
    shift: advanceShift(state.shift, document),
    cashTiyn: state.cashTiyn + document.cashDeltaTiyn,
  };
}

/** A shift opens with the first document of its number, which is the register's, and never goes back (§6.8). */
function advanceShift(shift: ShiftState, document: DocumentFacts): ShiftState {
  const number = document.shiftNumber ?? (shift.isOpen ? shift.number : shift.number + 1);
  if (shift.isOpen && number <= shift.number) {
    return { ...shift, revenueTiyn: shift.revenueTiyn + document.revenueDeltaTiyn };
  }
  return { number, isOpen: true, openedLocalS: document.localS ?? null, revenueTiyn: document.revenueDeltaTiyn };
}
