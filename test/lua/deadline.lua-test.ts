/** The five seconds of a document that waits for the operator. */
import { deadlineOf, noteFetch, type Timing } from "../../firmware/deadline";
import { answerGraceMs, deadlineMs, fetchDeadlineMs } from "../../firmware/limits";
import { assert } from "../../protocol/assert";

const begunMs = 1000;
const begin = (): Timing => ({
  begunMs,
  fetchedBytes: 0,
  fetchedMs: undefined,
  handedMs: undefined,
  answerBegunMs: undefined,
});

export const cases = [
  {
    name: "without a host the five seconds run from the journalled document",
    run(): void {
      assert(deadlineOf(begin()) === begunMs + deadlineMs, "from the beginning");
    },
  },
  {
    name: "fetched in time they run from the frame's last byte",
    run(): void {
      const timing = begin();
      noteFetch(timing, 900, begunMs + fetchDeadlineMs);
      timing.handedMs = begunMs + fetchDeadlineMs + 80;
      assert(deadlineOf(timing) === timing.handedMs + deadlineMs, "from the last byte");
    },
  },
  {
    name: "fetched too late they run from the journalled document",
    run(): void {
      const timing = begin();
      noteFetch(timing, 900, begunMs + fetchDeadlineMs + 1);
      assert(timing.handedMs === begunMs, "the last byte does not begin them anew");
      assert(deadlineOf(timing) === begunMs + deadlineMs, "from the beginning");
    },
  },
  {
    name: "a long frame has two seconds for each page, the same page twice has them once",
    run(): void {
      const timing = begin();
      for (let page = 1; page <= 4; page++) {
        noteFetch(timing, page * 900, begunMs + page * 1500);
      }
      const latestMs = begunMs + 4 * 1500 + fetchDeadlineMs;
      assert(deadlineOf(timing) === latestMs, "two seconds after the newest page");
      noteFetch(timing, 900, latestMs - 1);
      assert(deadlineOf(timing) === latestMs, "a page of before moves nothing");
    },
  },
  {
    name: "an answer that begins at once takes nothing of the five seconds away",
    run(): void {
      const timing = begin();
      timing.handedMs = begunMs;
      timing.answerBegunMs = begunMs + 200;
      assert(deadlineOf(timing) === begunMs + deadlineMs, "five seconds remain five");
    },
  },
  {
    name: "an answer that has begun holds the deadline up",
    run(): void {
      const timing = begin();
      timing.handedMs = begunMs;
      timing.answerBegunMs = begunMs + deadlineMs - 1;
      assert(deadlineOf(timing) === begunMs + deadlineMs - 1 + answerGraceMs, "until it may be whole");
    },
  },
];
