/**
 * Every capacity and timeout of the firmware, and the relations between them. A full queue is an answer, not an
 * exception; every loop, queue and retry takes its bound from here.
 */
import { assert } from "../protocol/assert";
import { messageBytesMax } from "../protocol/smp-frame";

// ---- Documents ----------------------------------------------------------------------------------------------------
export const documentLinesMax = 500;
export const documentBytesMax = 160 * 1024;
/** Bytes of an upload: a document, or a fiscalization card. */
export const uploadBytesMax = documentBytesMax;
export const cardBytesMax = 4096;
/** One line's CBOR, and the head's. */
export const lineBytesMax = 4096;
export const headBytesMax = 3072;
/** Records other than documents and key indexes are read whole. */
export const smallRecordBytesMax = 6144;
/** Documents are read through a window of this size. */
export const windowBytes = 512;
/** Lines worked on in one tick. */
export const linesPerTick = 16;
/** ofd-2.0.4 §11.9: 10^13 tiyn a document, 10^9 thousandths a line. */
export const amountMax = 10000000000000;
/** A register that has sold so much sells no more: with one more document all its sums stay below 2^53. */
export const salesMax = 8990000000000000;
export const quantityMax = 1000000000;
export const paymentsMax = 3;
export const nameBytesMax = 512;
export const textBytesMax = 256;
export const markingBytesMax = 256;
export const markingsMax = 10;
/** The wire has room for one paper stamp a line (ofd-2.0.4 §3.12.2 physical_label). */
export const exciseStampsMax = 1;
export const keyBytesMax = 64;

// ---- Idempotency, checkpoints, space ------------------------------------------------------------------------------
/** Keys of one index record; as many stand in the heap before it is written. */
export const keysPerIndex = 256;
/** Index records walked back for one key: 256 documents each, more than a 64 MB log holds. */
export const indexesPerLookupMax = 1024;
export const checkpointDocuments = 512;
/** A replay begins at a checkpoint; an interrupted one can at most double it. */
export const documentsPerReplayMax = 2 * checkpointDocuments + 2;
/** Attempt, outcome, delivered and printed of one document. */
export const followUpBytes = 1024;
export const zRecordReserveBytes = 2048;
/** A record stays at least this long (item 28). */
export const retentionS = 720 * 3600;
/** The largest window that is read of a record. */
export const memoryReadBytesMax = 1024;
/**
 * Sectors that no record may take: a cut in the middle of a record costs the rest of its sector, and recovery goes on
 * in the next one and clears the one after.
 */
export const spareSectorsMin = 3;
export const stateBytesMax = 16 * 1024;
/** Places of the state area: two whole copies remain while a third is written. */
export const stateCopies = 3;
export const zRecordBytesMax = 256;
export const zPayloadBytesMax = 232;
/** Ten years of Z control records. */
export const zRecordsMin = 3660;

// ---- Uplink -------------------------------------------------------------------------------------------------------
/** Items 25 and 29: no answer for so long means autonomous. */
export const deadlineMs = 5000;
/** A host that fetches nothing for so long carries nothing. */
export const fetchDeadlineMs = 2000;
/** Once the first packet of an answer came in time, the rest may take so long. */
export const answerGraceMs = 2000;
export const reconnectMs = 60000;
/** Between two sendings of the same frame within the deadline. */
export const repeatPauseMs = 250;
export const idlePollMs = 1000;
export const answerBytesMax = 8192;
export const framePageBytes = 900;
export const tokenMax = 4294967295;
export const ofdIdMax = 4294967295;
export const signBytesMax = 32;
export const qrUrlBytesMax = 200;
export const resultTextBytesMax = 160;

// ---- People -------------------------------------------------------------------------------------------------------
export const operatorsMax = 16;
export const pinDigitsMin = 4;
export const pinDigitsMax = 12;
export const pinWaitMaxS = 900;
export const sessionsMax = 8;
export const sessionIdleMs = 900000;

/** How far after the last document anybody may set a lost clock (design §7 "Time"). */
export const clockAheadMaxS = 86400;

// ---- Serial line --------------------------------------------------------------------------------------------------
export const startBaud = 115200;
export const maxBaud = 921600;
export const speeds: readonly number[] = [115200, 230400, 460800, 921600];
/** A new speed is proved by a valid packet within this time. */
export const speedProofMs = 500;
/** Bytes without a packet for so long: back to startBaud. */
export const noiseMs = 2000;
export const unfinishedPacketMs = 1000;
export const uartReadBytesMax = 512;
/** Answers waiting to leave; more requests are not read. */
export const answersMax = 4;
export const logPageBytes = 768;
export const resetDelayMs = 250;

// ---- Printer ------------------------------------------------------------------------------------------------------
export const printerPollMs = 500;
export const printerAnswerMs = 300;
/** A printer that takes no byte for so long has stopped. */
export const printerStuckMs = 1500;
/** How long after its last byte a paper is confirmed, and how much longer for each line. */
export const printerConfirmMs = 8000;
export const printerLineMs = 100;
/** A paper that a well printer leaves unfinished so often waits for a person. */
export const printsMax = 2;
export const printerWriteBytesMax = 256;
export const ledPollMs = 50;

assert(documentBytesMax > 64 * 1024, "a document of 500 lines fits the log's record");
assert(lineBytesMax < documentBytesMax, "a line fits a document");
assert(documentLinesMax * 300 <= documentBytesMax, "500 lines of usual length fit a document");
assert(framePageBytes + 100 < messageBytesMax, "a page of a frame and its fields fit one message");
assert(logPageBytes + 200 < messageBytesMax, "a page of the log and its fields fit one message");
assert(fetchDeadlineMs < deadlineMs, "a host that fetches nothing is known before the deadline");
assert(followUpBytes <= memoryReadBytesMax, "what follows a document is read in one window");
assert(windowBytes <= memoryReadBytesMax, "a window is one read");
assert(checkpointDocuments >= keysPerIndex, "a replay fills the keys in the heap again");
assert(zRecordBytesMax * zRecordsMin <= 1024 * 1024, "ten years of Z control records fit 1 MB");
