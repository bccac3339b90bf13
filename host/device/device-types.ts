/**
 * The module as the host's programs see it: commands.ts with Buffers in place of Bytes, and what the driver adds.
 * host/device/fiscal-device.ts implements it.
 */
import type { Bytes } from "../../protocol/bytes";
import type {
  AnswerReply,
  ExportTrailerReply,
  InfoReply,
  LoginReply,
  LogReply,
  LookupReply,
  NextReply,
  QueueReply,
  ShiftReply,
  StatusReply,
} from "../../protocol/commands";
import type { SmpMessage } from "../../protocol/smp-message";

/** A reply as the host holds it: byte strings are Buffers. */
export type OnHost<T> = T extends Bytes
  ? Buffer
  : T extends string | number | boolean | undefined
    ? T
    : T extends readonly (infer Item)[]
      ? readonly OnHost<Item>[]
      : { readonly [K in keyof T]: OnHost<T[K]> };

export type DeviceInfo = OnHost<InfoReply>;
export type DeviceSession = OnHost<LoginReply>;
export type DeviceStatus = OnHost<StatusReply>;
export type FramePage = OnHost<NextReply>;
export type LogPage = OnHost<LogReply>;

export interface Sale {
  readonly session: Buffer;
  /** Idempotency key, 1 to 64 printable ASCII characters. */
  readonly key: string;
  /** The document's upload form (protocol/document.ts) and how many of its items are lines. */
  readonly upload: Buffer;
  readonly lines: number;
  /** Signs in again when the module has lost the session (a reboot); without it SESSION_LOST is thrown. */
  readonly renewSession?: () => Promise<Buffer>;
  /** Called once for each step as it is reached, for timelines. */
  readonly onStep?: (step: SaleStep) => void;
}
/** uploaded: all chunks are there; submitted: accepted for checking; journalled: signed and stored; done: answer frozen. */
export type SaleStep = "uploaded" | "submitted" | "journalled" | "done";

export interface DeviceEvents {
  /** The module is reachable (again). */
  present: [DeviceInfo];
  absent: [reason: string];
  /** Something was handed in, or waits for the OFD: the uplink should ask for a frame now. */
  work: [];
}

/**
 * The driver of one module. Every method may throw DeviceRefusal; DeviceAbsent (a DeviceRefusal with the code
 * DEVICE_ABSENT) when no module answers. All methods may be repeated: the module answers a repetition from memory.
 */
export interface FiscalDevice {
  on<E extends keyof DeviceEvents>(event: E, listener: (...args: DeviceEvents[E]) => void): void;
  off<E extends keyof DeviceEvents>(event: E, listener: (...args: DeviceEvents[E]) => void): void;
  /** What the driver knows without asking. `info` is of the moment of connecting. */
  state(): { readonly present: boolean; readonly port?: string; readonly baud?: number; readonly info?: DeviceInfo };
  /** Waits until the module is present; throws DeviceAbsent after `timeoutMs`. */
  present(timeoutMs: number): Promise<DeviceInfo>;

  info(): Promise<DeviceInfo>;
  status(): Promise<DeviceStatus>;
  login(operator: number, pin: string): Promise<DeviceSession>;
  logout(session: Buffer): Promise<void>;
  /** Uploads `bytes` under `key` by chunks. The session may be missing only for the card of a blank board. */
  upload(key: string, bytes: Buffer, session?: Buffer): Promise<void>;
  submit(request: { session: Buffer; key: string; len: number; lines: number; sha: Buffer }): Promise<LookupReply>;
  lookup(request: { session: Buffer; key?: string; number?: number }): Promise<LookupReply>;
  reprint(session: Buffer, number: number): Promise<void>;
  /**
   * Sells: uploads, submits and waits for the frozen answer, however often the link or the module goes away meanwhile.
   * One at a time; others wait in a bounded queue (then BUSY). OUTCOME_UNKNOWN { key } after 15 s without the module:
   * repeat with the same key. An answer of outcome "refused" is a reply, not an exception.
   */
  sellDocument(sale: Sale): Promise<LookupReply & { readonly state: "done" }>;
  shiftState(): Promise<OnHost<ShiftReply>>;
  closeShift(session: Buffer): Promise<void>;

  next(request: { off: number; frame?: number }): Promise<FramePage>;
  answer(request: { frame: number; off: number; len: number; data: Buffer }): Promise<AnswerReply>;
  noAnswer(request: { frame: number; cause?: string; begun?: boolean }): Promise<void>;
  queue(): Promise<OnHost<QueueReply>>;
  tryNow(session?: Buffer): Promise<void>;

  /** Takes a card in its CBOR form (host/device/card.ts). */
  fiscalize(card: Buffer): Promise<void>;
  /** Where the module sends its frames from now on. */
  ofdAddress(session: Buffer, host: string, port: number): Promise<void>;
  token(session: Buffer, token: number): Promise<void>;
  /** Only while the clock is lost or behind the last document, and not to before it; else SIGN_IN_NEEDED. */
  setClock(session: Buffer | undefined, utcS: number): Promise<void>;
  logPage(session: Buffer, seq: number, off: number): Promise<LogPage>;
  /** One whole export item [sequence, type, payload] and the bounds of the log. */
  logRecord(session: Buffer, seq: number): Promise<{ item: Buffer; firstSeq: number; lastSeq: number }>;
  exportTrailer(request: {
    session: Buffer;
    count: number;
    headerHash: Buffer;
    lastSeq: number;
  }): Promise<OnHost<ExportTrailerReply>>;

  /** Most data bytes that one answer page or chunk may carry beside its other fields. */
  pageBytes(): number;
  /** Somebody else's request, as it is (broker.ts). */
  carry(message: Omit<SmpMessage, "sequence">): Promise<Bytes>;
  /** Lets go of the port for `forMs`, so that another program can use it; then takes it again. */
  release(forMs: number): void;
  close(): Promise<void>;
}
