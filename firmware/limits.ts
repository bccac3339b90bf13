/** Every capacity and timeout of the firmware, and the relations between them. Loops, queues and retries end here. */
import { assert } from "../protocol/assert";

// Documents.
export const documentLinesMax = 500;
export const documentBytesMax = 160 * 1024;
/** What one document brings after itself: attempt, outcome, delivered, printed. */
export const followUpBytes = 1024;

// The fiscal memory.
/** A record stays at least this long (Rules of 2026, item 28). */
export const retentionS = 720 * 3600;
/** The largest window that is read of a record. */
export const memoryReadBytesMax = 1024;
/** Erased sectors that no record may take: recovery goes on in one and clears the next. */
export const spareSectorsMin = 2;
export const stateBytesMax = 16 * 1024;
/** Places of the state area: two whole copies remain while a third is written. */
export const stateCopies = 3;
export const zPayloadBytesMax = 232;
/** Ten years of Z control records. */
export const zRecordsMin = 3660;

// Idempotency keys.
export const keysInRam = 256;
/** Documents between two checkpoints. */
export const checkpointDocuments = 512;

// Uplink.
export const deadlineMs = 5000;
/** The deadline begins by itself when the host fetches no frame for so long. */
export const fetchDeadlineMs = 2000;
export const reconnectMs = 60000;

// Sessions.
export const sessionsMax = 8;
export const sessionIdleS = 900;

assert(retentionS === 2592000, "720 hours are 30 days");
assert(fetchDeadlineMs < deadlineMs, "a host that fetches nothing is noticed before the deadline");
assert(keysInRam <= checkpointDocuments, "keys in RAM are never older than a replay can bring back");
assert(documentLinesMax * 256 <= documentBytesMax, "a document holds its lines at 256 bytes each");
assert(followUpBytes <= memoryReadBytesMax, "what follows a document is read in one window");
