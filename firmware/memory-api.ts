/**
 * The fiscal memory as the rest of the firmware sees it (implementation: fiscal-memory.ts; bytes: docs/flash-format.md).
 */
import type { Bytes } from "../protocol/bytes";

/** Where one record is. `position` = offset of its first fragment in the fiscal partition; it changes only with the ring. */
export interface RecordRef {
  readonly sequence: number;
  readonly type: number;
  readonly position: number;
  readonly lengthBytes: number;
}

/**
 * A record being written, piece by piece; it exists only after `finish`. One at a time.
 * @noSelf
 */
export interface RecordWriter {
  write(piece: Bytes): void;
  /** Programs the seal: from here on the record is there after any power cut. */
  finish(): RecordRef;
}

/** Enough to begin reading the log here at the next start: kept in the state area. */
export interface LogPosition {
  readonly sequence: number;
  /** Hash of record `sequence`: the prev of the next one. */
  readonly hash: Bytes;
  /** Position of record `sequence` (0 with sequence 0). */
  readonly position: number;
}

/** What reuse may rely on. Documents up to `settledNumber` are delivered; records up to `closedSequence` belong to closed shifts. */
export interface ReusePolicy {
  readonly settledNumber: number;
  readonly closedSequence: number;
  readonly utcS: number;
}

/** @noSelf */
export interface FiscalMemory {
  /** Sequence of the newest record, 0 when there is none. */
  readonly lastSequence: () => number;
  /** Chain hash of the newest record: `prev` of the next one. 32 zero bytes before the first. */
  readonly lastHash: () => Bytes;
  /** The position to store in a checkpoint now. */
  readonly logPosition: () => LogPosition;
  /** Begins a record whose payload has exactly `lengthBytes`. Throws FlashFailure (fiscal-memory.ts) when the chip fails. */
  readonly begin: (type: number, lengthBytes: number, note?: DocumentNote) => RecordWriter;
  /** begin, write, finish. */
  readonly append: (type: number, payload: Bytes, note?: DocumentNote) => RecordRef;
  /** `lengthBytes` of a record's payload from `fromBytes`; at most 1024. */
  readonly read: (record: RecordRef, fromBytes: number, lengthBytes: number) => Bytes;
  /** The record after this one; the oldest kept record when undefined; undefined after the newest. */
  readonly next: (record: RecordRef | undefined) => RecordRef | undefined;
  /** The record at a position that came from a RecordRef, if it is still there. */
  readonly at: (position: number) => RecordRef | undefined;
  /** The record with this sequence, if it is still kept; by binary search over sector headers. */
  readonly find: (sequence: number) => RecordRef | undefined;
  /** A record from which walking `next` meets document `number`; undefined if it was reused or is not yet there. */
  readonly nearDocument: (number: number) => RecordRef | undefined;
  /** A record from which walking `next` meets the record that settled (delivered) document `number`. */
  readonly nearSettled: (number: number) => RecordRef | undefined;
  /** Tells what the next sector header says about documents delivered so far. */
  readonly noteSettled: (number: number) => void;
  /** Chain hash of a record, read again from flash. */
  readonly hashOf: (record: RecordRef) => Bytes;
  /** Flash bytes that the log can still grow without giving up anything: an append of `costBytes` ≤ this does not fail. */
  readonly freeBytes: () => number;
  /** Flash bytes that a record with this payload takes, headers and seal included (upper bound). */
  readonly costBytes: (payloadBytes: number) => number;
  /** Gives up the oldest sector if all in it is delivered, closed and older than 720 h: appends a `reuse` record. False when it may not. */
  readonly reuseOldest: (policy: ReusePolicy) => boolean;
  /** Sequence of the oldest whole record kept, and the hash of the record before it. */
  readonly anchor: () => { readonly sequence: number; readonly hash: Bytes };
}

/** Given with a document record: what sector headers remember for look-ups and reuse. */
export interface DocumentNote {
  readonly number: number;
  readonly utcS: number;
}
