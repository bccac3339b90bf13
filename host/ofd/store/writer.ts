/**
 * The one writer of the embedded store: takes calls by batches, each batch one durable transaction, each call a
 * savepoint inside it. Runs in a worker thread; nothing here waits.
 */
import { randomBytes } from "node:crypto";
import { answer, blockMessage, serviceOf } from "../answer";
import { infoAnswer, type LastDocument } from "../commands/info";
import { systemAnswer } from "../commands/system";
import { ticketAnswer } from "../commands/ticket";
import type { Objection } from "../objections";
import { CommandTypeEnum, ResultTypeEnum } from "../proto/ofd_pb";
import {
  type AlarmCode,
  advance,
  type Decision,
  type DocumentFacts,
  type DocumentLookup,
  decide,
  type Intake,
  type RegisterState,
  type StoredDocument,
} from "../register-state";
import { newToken, signOf } from "../sign";
import { type Connection, openDatabase } from "./database";
import {
  advancedColumns,
  advancedValues,
  type DeviceRow,
  type DocumentRow,
  deviceViewOf,
  documentViewOf,
  stateOf,
} from "./rows";
import type { Amendment, DeviceView, DocumentView, Enrolment, EnrolOutcome, Reply } from "./store";

export type Call =
  | { readonly kind: "take"; readonly intake: Intake }
  | { readonly kind: "enrol"; readonly enrolment: Enrolment }
  | { readonly kind: "amend"; readonly id: number; readonly amendment: Amendment }
  | { readonly kind: "device"; readonly id: number }
  | { readonly kind: "documents"; readonly id: number; readonly afterSeq: number };
export type CallResult =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: string };

export interface Writer {
  /** Results in the order of the calls, after the commit. */
  run(calls: readonly Call[]): CallResult[];
  close(): void;
}

const documentsPageMax = 100;
const alarmsShown = 20;

export function openWriter(file: string): Writer {
  const database = openDatabase(file);
  const signKey = loadSignKey(database);
  const statements = prepareStatements(database);
  const perform = (call: Call): unknown => {
    switch (call.kind) {
      case "take":
        return take(statements, signKey, call.intake);
      case "enrol":
        return enrol(statements, call.enrolment);
      case "amend":
        return amend(statements, call.id, call.amendment);
      case "device":
        return viewDevice(statements, call.id);
      case "documents":
        return viewDocuments(statements, call.id, call.afterSeq);
    }
  };
  return { run: calls => runBatch(database, calls, perform), close: () => database.close() };
}

// Batches -------------------------------------------------------------------------------------------------------------

/** A batch that does not commit is halved down to the one call that cannot (§11.16). */
function runBatch(database: Connection, calls: readonly Call[], perform: (call: Call) => unknown): CallResult[] {
  try {
    return commitBatch(database, calls, perform);
  } catch (error) {
    if (calls.length <= 1) return calls.map(() => ({ ok: false, error: String(error) }));
    const middle = Math.floor(calls.length / 2);
    const halves = [calls.slice(0, middle), calls.slice(middle)];
    return halves.flatMap(half => runBatch(database, half, perform));
  }
}

function commitBatch(database: Connection, calls: readonly Call[], perform: (call: Call) => unknown): CallResult[] {
  database.exec("begin immediate");
  try {
    const results = calls.map(call => performInSavepoint(database, call, perform));
    database.exec("commit");
    return results;
  } catch (error) {
    if (database.inTransaction) database.exec("rollback");
    throw error;
  }
}

function performInSavepoint(database: Connection, call: Call, perform: (call: Call) => unknown): CallResult {
  database.exec("savepoint one");
  try {
    const value = perform(call);
    database.exec("release one");
    return { ok: true, value };
  } catch (error) {
    // A full disk may have ended the whole transaction: then this throws, and the batch is halved.
    database.exec("rollback to one; release one");
    return { ok: false, error: String(error) };
  }
}

/** Made once; it must live exactly as long as the documents whose signs it made. */
function loadSignKey(database: Connection): Uint8Array {
  // libsql takes a blob that comes first for named parameters, and aborts the process: so the name is one too.
  database.prepare("insert into secret values (?, ?) on conflict do nothing").run("sign", randomBytes(32));
  return (database.prepare("select value from secret where name = 'sign'").get() as { value: Uint8Array }).value;
}

// Statements ----------------------------------------------------------------------------------------------------------

type Statements = ReturnType<typeof prepareStatements>;

function prepareStatements(database: Connection) {
  const documentColumns = [
    ...["device", "seq", "command", "document_number", "shift_number", "operation", "total_tiyn", "ticket_number"],
    ...["offline_number", "remarks", "taxpayer", "point", "local_s", "accepted_ms", "body_sha", "answer", "frame"],
  ];
  return {
    device: database.prepare("select * from device where id = ?"),
    serialTaken: database.prepare("select id from device where serial = ? and status <> 'deregistered'"),
    insertDevice: database.prepare(
      "insert into device (id, rnm, serial, profile, issued_token, enrolled_ms) values (?, ?, ?, ?, ?, ?)",
    ),
    amendDevice: database.prepare(
      `update device set issued_token = coalesce(?, issued_token), status = coalesce(?, status),
       block_text = coalesce(?, block_text) where id = ?`,
    ),
    advanceDevice: database.prepare(
      `update device set ${advancedColumns.map(column => `${column} = ?`).join(", ")} where id = ?`,
    ),
    document: database.prepare("select * from document where device = ? and seq = ?"),
    documentByNumber: database.prepare(
      "select * from document where device = ? and document_number = ? order by seq limit 1",
    ),
    documents: database.prepare(
      `select * from document where device = ? and seq > ? order by seq limit ${documentsPageMax}`,
    ),
    insertDocument: database.prepare(
      `insert into document (${documentColumns.join(", ")}) values (${documentColumns.map(() => "?").join(", ")})`,
    ),
    setSecondSign: database.prepare("update document set second_sign = ? where device = ? and seq = ?"),
    insertAlarm: database.prepare("insert into alarm values (?, ?, ?, ?)"),
    alarms: database.prepare(
      `select code, accepted_ms from alarm where device = ? order by rowid desc limit ${alarmsShown}`,
    ),
  };
}

// Requests of a register ----------------------------------------------------------------------------------------------

function take(statements: Statements, signKey: Uint8Array, intake: Intake): Reply {
  const state = findState(statements, intake.deviceId);
  const decision = decide(state, intake, lookupOf(statements, intake.deviceId));
  if (decision.kind === "refused") return refuse(statements, intake, decision, state);
  if (state === undefined) throw new Error("an unknown register is refused");
  if (decision.kind === "saved") return repeat(statements, state, decision.seq, decision.secondSign);
  const { document } = intake;
  if (decision.kind === "accepted" && document !== undefined) {
    return accept(statements, signKey, state, intake, document, decision.remarks);
  }
  return { token: state.issuedToken, payload: serve(statements, state, intake), isWrongToken: false };
}

function findState(statements: Statements, id: number): RegisterState | undefined {
  const row = statements.device.get(id) as DeviceRow | undefined;
  return row === undefined ? undefined : stateOf(row);
}

function lookupOf(statements: Statements, id: number): DocumentLookup {
  const storedOf = (row: DocumentRow | undefined): StoredDocument | undefined =>
    row && { seq: row.seq, bodySha: row.body_sha, offlineNumber: row.offline_number, secondSign: row.second_sign };
  return {
    bySeq: seq => storedOf(statements.document.get(id, seq) as DocumentRow | undefined),
    byNumber: number => storedOf(statements.documentByNumber.get(id, number) as DocumentRow | undefined),
  };
}

type Refusal = Extract<Decision, { kind: "refused" }>;

/** A refusal changes nothing, and its header repeats the token of the request. */
function refuse(
  statements: Statements,
  intake: Intake,
  { code, text, alarm }: Refusal,
  state: RegisterState | undefined,
): Reply {
  if (alarm !== undefined) raiseAlarm(statements, intake, alarm);
  const service = code === ResultTypeEnum.RESULT_TYPE_BLOCKED && state !== undefined ? serviceOf(state) : undefined;
  service?.ticketAds.push(blockMessage(text));
  return {
    token: intake.token,
    payload: answer(intake.command, code, text, { service }),
    isWrongToken: code === ResultTypeEnum.RESULT_TYPE_INVALID_TOKEN,
  };
}

function raiseAlarm(statements: Statements, intake: Intake, code: AlarmCode): void {
  statements.insertAlarm.run(intake.deviceId, code, Date.now(), intake.document?.frame ?? null);
}

function repeat(statements: Statements, state: RegisterState, seq: number, secondSign: number | undefined): Reply {
  if (secondSign !== undefined) statements.setSecondSign.run(secondSign, state.id, seq);
  const { answer: payload } = statements.document.get(state.id, seq) as DocumentRow;
  return { token: state.issuedToken, payload, isWrongToken: false };
}

function accept(
  statements: Statements,
  signKey: Uint8Array,
  state: RegisterState,
  intake: Intake,
  document: DocumentFacts,
  remarks: readonly Objection[],
): Reply {
  const token = newToken([state.issuedToken, state.lastToken]);
  const advanced = advance(state, intake, document, token);
  const sign = signOf(signKey, state.id, state.nextSeq);
  const payload = ticketAnswer(intake.command, sign, state, document);
  statements.insertDocument.run(
    ...[state.id, state.nextSeq, intake.command, document.documentNumber ?? null, advanced.shift.number],
    ...[document.operation, document.totalTiyn, sign, document.offlineNumber ?? null, JSON.stringify(remarks)],
    ...[state.profile.org.iinBin, state.profile.pos.addressRu, document.localS ?? null, Date.now()],
    ...[document.bodySha, payload, document.frame],
  );
  statements.advanceDevice.run(...advancedValues(advanced));
  return { token, payload, isWrongToken: false };
}

function serve(statements: Statements, state: RegisterState, intake: Intake): Uint8Array {
  if (intake.command !== CommandTypeEnum.COMMAND_INFO) return systemAnswer(intake, state);
  return infoAnswer(intake, state, lastDocumentOf(statements, state), Date.now());
}

function lastDocumentOf(statements: Statements, state: RegisterState): LastDocument | undefined {
  if (state.lastSeq === null) return undefined;
  const row = statements.document.get(state.id, state.lastSeq) as DocumentRow;
  return { shiftNumber: row.shift_number, documentNumber: row.document_number ?? 0 };
}

// By hand -------------------------------------------------------------------------------------------------------------

function enrol(statements: Statements, { id, token, rnm, serial, profile }: Enrolment): EnrolOutcome {
  const known = findState(statements, id);
  if (known !== undefined) {
    if (known.rnm !== rnm || known.serial !== serial) return "idTaken";
    // Enrolled again before its first document: whoever set the register up was interrupted and has drawn a new token.
    if (known.nextSeq === 0) amend(statements, id, { token });
    return known.nextSeq === 0 || known.issuedToken === token ? "known" : "inUse";
  }
  if (statements.serialTaken.get(serial) !== undefined) return "serialTaken";
  statements.insertDevice.run(id, rnm, serial, JSON.stringify(profile), token, Date.now());
  return "enrolled";
}

function amend(statements: Statements, id: number, { token, status, blockText }: Amendment): boolean {
  return statements.amendDevice.run(token ?? null, status ?? null, blockText ?? null, id).changes > 0;
}

function viewDevice(statements: Statements, id: number): DeviceView | undefined {
  const state = findState(statements, id);
  if (state === undefined) return undefined;
  const alarms = statements.alarms.all(id) as { code: string; accepted_ms: number }[];
  return deviceViewOf(
    state,
    alarms.map(alarm => ({ code: alarm.code, acceptedMs: alarm.accepted_ms })),
  );
}

const viewDocuments = (statements: Statements, id: number, afterSeq: number): DocumentView[] =>
  (statements.documents.all(id, afterSeq) as DocumentRow[]).map(documentViewOf);
