/**
 * What the server asks of its store. Two stores can stand behind it; all of them keep the same promise: when a call has
 * answered, its effect survives kill -9 and power loss.
 */
import type { Intake, RegisterProfile, RegisterStatus } from "../register-state";

export interface OfdStore {
  /** One request of a register: decided, written and committed; then its answer. Requests of a register keep their order. */
  take(intake: Intake): Promise<Reply>;
  /** Puts a register on record. */
  enrol(enrolment: Enrolment): Promise<EnrolOutcome>;
  /** Changes a register by hand; false: there is none. A new token keeps the last answer (§11.4). */
  amend(deviceId: number, amendment: Amendment): Promise<boolean>;
  device(deviceId: number): Promise<DeviceView | undefined>;
  /** Documents of a register after `afterSeq`, oldest first, at most 100. */
  documents(deviceId: number, afterSeq: number): Promise<DocumentView[]>;
  close(): Promise<void>;
}

/** The store cannot answer any more; another error of a call concerns that call alone. */
export class StoreGone extends Error {}

/** For the frame of the answer. */
export interface Reply {
  readonly token: number;
  readonly payload: Uint8Array;
  /** Result 2: such answers are delayed (§11.1). */
  readonly isWrongToken: boolean;
}

export interface Enrolment {
  readonly id: number;
  readonly token: number;
  readonly rnm: string;
  /** ЗНМ: at most one enrolment of it that is not off record (§11.13). */
  readonly serial: string;
  readonly profile: RegisterProfile;
}
/** known: the very same register is on record; inUse: it is, and has given documents under another token. */
export type EnrolOutcome = "enrolled" | "known" | "inUse" | "idTaken" | "serialTaken";

export interface Amendment {
  readonly token?: number;
  readonly status?: RegisterStatus;
  readonly blockText?: string;
}

export interface DeviceView {
  readonly id: number;
  readonly rnm: string;
  readonly serial: string;
  readonly status: RegisterStatus;
  readonly documents: number;
  readonly documentNumber: number;
  readonly shiftNumber: number;
  readonly alarms: readonly { readonly code: string; readonly acceptedMs: number }[];
}

export interface DocumentView {
  readonly seq: number;
  readonly command: number;
  readonly documentNumber: number | null;
  readonly shiftNumber: number;
  readonly operation: number;
  readonly totalTiyn: number;
  /** The fiscal sign that the server gave. */
  readonly ticketNumber: string;
  /** The autonomous sign: of the document itself, or told by a later repeat. */
  readonly offlineNumber: number | null;
  readonly secondSign: number | null;
  readonly remarks: readonly { readonly code: string; readonly text: string }[];
  /** Civil time of the receipt as if UTC. */
  readonly localS: number | null;
  readonly acceptedMs: number;
  /** The request as it came. */
  readonly frame: Uint8Array;
}
