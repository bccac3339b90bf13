/** Every bound and time of a board behind Firmata, and the relations between them. */
import { assert } from "../../protocol/assert";
import { i2cBytesMax } from "../../protocol/firmata";
import { tearLines } from "../../protocol/paper/escpos-write";

// ---- Line ---------------------------------------------------------------------------------------------------------
/**
 * From opening the port to the end of the handshake. Opening resets most boards: 2 s of boot loader, then the firmware blinks
 * its version, up to 4 s, before it says it. Less would reset such a board again and again.
 */
export const handshakeMaxMs = 10_000;
/** A request without an answer for so long has failed, if the device still answers anything; else the line has. */
export const answerTimeoutMs = 300;
/** A timer that fires so much late was not listened to, and is set again, so often at most. */
export const lateMs = 50;
export const lateTimesMax = 3;
/** So often the device is asked whether it is still there, unless it has just been asked something. */
export const heartbeatMs = 1000;
/** Between two attempts to open the port. */
export const reopenMs = 500;
/** A port that does not close in this time is left to the system. */
export const closeMaxMs = 1000;
/** Sentences that the device sends are logged so often in one session. */
export const sentencesMax = 16;

// ---- FRAM ---------------------------------------------------------------------------------------------------------
export const readRetriesMax = 2;
export const writeRetriesMax = 1;
/** The greatest time of one call of the flash: then the line is given up and the call fails. */
export const flashCallMaxMs = 2000;
/** The largest data of one call. */
export const callBytesMax = 192;
/** A refused chip is looked at again after so long: another one may have been put in. */
export const reproveMs = 1000;
/** So often an idle chip is asked whether it is still the same: nobody exchanges one faster. */
export const framCheckMs = 1000;
/** Bytes of one write beside the two of its address. */
export const framWriteBytes = i2cBytesMax - 2;

// ---- Printer and outputs ------------------------------------------------------------------------------------------
/** Bytes of paper that wait for the line, without the training line. */
export const printBufferBytes = 512;
/** Answers of the printer that nobody has read. */
export const printAnswersBytes = 64;
export const printerBaud = 38400;
/** Paper that one press of the button brings. */
export const feedButtonLines = 4;
/** The magnet of a drawer must not stay on: its relay opens after this time. */
export const drawerPulseMs = 150;

assert(callBytesMax >= 64, "a board's call moves at least 64 bytes");
assert(flashCallMaxMs < 4000, "the watchdog outlives a call of the flash");
assert(
  (readRetriesMax + 1) * (answerTimeoutMs + 50) < flashCallMaxMs,
  "a chip that is silent is told by name, not by the clock",
);
assert(feedButtonLines < tearLines, "a fed line is not taken for the end of a paper");
assert(framWriteBytes >= 16 + 1, "the map of a sector is cleared by one message");
