/** Rows of the embedded store ↔ what the server works with. */
import type { RegisterProfile, RegisterState, RegisterStatus } from "../register-state";
import type { DeviceView, DocumentView } from "./store";

export interface DeviceRow {
  readonly id: number;
  readonly rnm: string;
  readonly serial: string;
  readonly profile: string;
  readonly status: RegisterStatus;
  readonly block_text: string;
  readonly issued_token: number;
  readonly last_token: number | null;
  readonly last_reqnum: number | null;
  readonly last_command: number | null;
  readonly last_seq: number | null;
  readonly next_seq: number;
  readonly document_number: number;
  readonly shift_number: number;
  readonly shift_open: number;
  readonly shift_opened_local_s: number | null;
  readonly shift_revenue_tiyn: number;
  readonly cash_tiyn: number;
}

export const stateOf = (row: DeviceRow): RegisterState => ({
  id: row.id,
  rnm: row.rnm,
  serial: row.serial,
  profile: JSON.parse(row.profile) as RegisterProfile,
  status: row.status,
  blockText: row.block_text,
  issuedToken: row.issued_token,
  lastToken: row.last_token,
  lastReqnum: row.last_reqnum,
  lastCommand: row.last_command,
  lastSeq: row.last_seq,
  nextSeq: row.next_seq,
  documentNumber: row.document_number,
  shift: {
    number: row.shift_number,
    isOpen: row.shift_open !== 0,
    openedLocalS: row.shift_opened_local_s,
    revenueTiyn: row.shift_revenue_tiyn,
  },
  cashTiyn: row.cash_tiyn,
});

/** What a document changes of its register's row, in the order of these columns; the id last. */
export const advancedColumns = [
  "issued_token",
  "last_token",
  "last_reqnum",
  "last_command",
  "last_seq",
  "next_seq",
  "document_number",
  "shift_number",
  "shift_open",
  "shift_opened_local_s",
  "shift_revenue_tiyn",
  "cash_tiyn",
] as const;
export const advancedValues = (state: RegisterState): (number | null)[] => [
  state.issuedToken,
  state.lastToken,
  state.lastReqnum,
  state.lastCommand,
  state.lastSeq,
  state.nextSeq,
  state.documentNumber,
  state.shift.number,
  state.shift.isOpen ? 1 : 0,
  state.shift.openedLocalS,
  state.shift.revenueTiyn,
  state.cashTiyn,
  state.id,
];

export const deviceViewOf = (state: RegisterState, alarms: DeviceView["alarms"]): DeviceView => ({
  id: state.id,
  rnm: state.rnm,
  serial: state.serial,
  status: state.status,
  documents: state.nextSeq,
  documentNumber: state.documentNumber,
  shiftNumber: state.shift.number,
  alarms,
});

export interface DocumentRow {
  readonly seq: number;
  readonly command: number;
  readonly document_number: number | null;
  readonly shift_number: number;
  readonly operation: number;
  readonly total_tiyn: number;
  readonly ticket_number: string;
  readonly offline_number: number | null;
  readonly second_sign: number | null;
  readonly remarks: string;
  readonly local_s: number | null;
  readonly accepted_ms: number;
  readonly body_sha: Uint8Array;
  readonly answer: Uint8Array;
  readonly frame: Uint8Array;
}

export const documentViewOf = (row: DocumentRow): DocumentView => ({
  seq: row.seq,
  command: row.command,
  documentNumber: row.document_number,
  shiftNumber: row.shift_number,
  operation: row.operation,
  totalTiyn: row.total_tiyn,
  ticketNumber: row.ticket_number,
  offlineNumber: row.offline_number,
  secondSign: row.second_sign,
  remarks: JSON.parse(row.remarks) as DocumentView["remarks"],
  localS: row.local_s,
  acceptedMs: row.accepted_ms,
  // libsql's all() gives an ArrayBuffer where get() gives a Buffer.
  frame: new Uint8Array(row.frame),
});
