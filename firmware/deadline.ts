/**
 * The five seconds of a document that waits for the operator (design §4 "Deadline"), on the monotonic clock:
 *
 *   journalled ──fetch──► last byte handed to the UART ──5 s──► autonomous      the host carries the frame
 *        └── nothing fetched for 2 s: 5 s from here ──────────► autonomous      no host, or one that dawdles
 *
 * The first bytes of an answer that come in time give it two seconds to be whole; they never take any away.
 */
import { answerGraceMs, deadlineMs, fetchDeadlineMs } from "./limits";

/** When what happened to a frame under way. */
export interface Timing {
  readonly begunMs: number;
  /** How much of the frame the host has fetched, and when it last came further. */
  fetchedBytes: number;
  fetchedMs: number | undefined;
  /** From when the five seconds run: its last byte was handed to the UART; or it was begun, and fetched too late. */
  handedMs: number | undefined;
  /** When the first bytes of an answer were there. */
  answerBegunMs: number | undefined;
}

/** The host was given the frame up to `endBytes`. To come late, or for the same bytes again, moves no deadline. */
export function noteFetch(timing: Timing, endBytes: number, nowMs: number): void {
  if (timing.fetchedMs === undefined && nowMs > timing.begunMs + fetchDeadlineMs) {
    timing.handedMs = timing.begunMs;
  }
  if (endBytes > timing.fetchedBytes) {
    timing.fetchedBytes = endBytes;
    timing.fetchedMs = nowMs;
  }
}

/** When the document becomes autonomous. */
export function deadlineOf(timing: Timing): number {
  const deadline = plainDeadlineOf(timing);
  return timing.answerBegunMs === undefined ? deadline : Math.max(deadline, timing.answerBegunMs + answerGraceMs);
}

function plainDeadlineOf(timing: Timing): number {
  if (timing.handedMs !== undefined) {
    return timing.handedMs + deadlineMs;
  }
  const fetching = timing.fetchedMs === undefined ? 0 : timing.fetchedMs + fetchDeadlineMs;
  return Math.max(timing.begunMs + deadlineMs, fetching);
}
