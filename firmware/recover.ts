/**
 * Start: what the flash says decides what the module does. Facts → exactly one action:
 *
 *   state area \ log   empty        records      corrupt
 *   none               blank        replayAll    memoryCorrupt
 *   whole              replay       replay       memoryCorrupt
 *   corrupt            blank        stateLost    memoryCorrupt
 *
 * An empty log beside a whole state is a board whose first record never got its seal. Nothing is repaired silently:
 * memoryCorrupt and stateLost block sales and leave the log readable.
 */
import type { Hal } from "../hal/hal";
import { assert } from "../protocol/assert";
import { applyRecord, type Books, createBooks } from "./books";
import { type Checkpoint, decodeCheckpoint } from "./books-state";
import { openFiscalMemory } from "./fiscal-memory";
import { asFlashFailure } from "./flash-access";
import { createKeyIndex, type KeyIndex } from "./key-index";
import { documentsPerReplayMax } from "./limits";
import type { FiscalMemory, RecordRef } from "./memory-api";
import type { Settings } from "./settings";
import { loadState } from "./state-area";

type StateFact = "none" | "whole" | "corrupt";
type LogFact = "empty" | "records" | "corrupt";
export type StartAction = "blank" | "replay" | "replayAll" | "stateLost" | "memoryCorrupt";

export const startActions: Record<StateFact, Record<LogFact, StartAction>> = {
  none: { empty: "blank", records: "replayAll", corrupt: "memoryCorrupt" },
  whole: { empty: "replay", records: "replay", corrupt: "memoryCorrupt" },
  corrupt: { empty: "blank", records: "stateLost", corrupt: "memoryCorrupt" },
};

export interface Recovered {
  readonly memory: FiscalMemory;
  readonly keys: KeyIndex;
  readonly books: Books;
  readonly settings: Settings | undefined;
  readonly stateSequence: number;
  /** Document number that the newest checkpoint stands for. */
  readonly checkpointNumber: number;
  readonly fault: string | undefined;
  /** The power failed between a Z record and its checkpoint. */
  readonly isCloseUnfinished: boolean;
}

interface LoadedCheckpoint {
  readonly fact: StateFact;
  readonly sequence: number;
  readonly checkpoint: Checkpoint | undefined;
}

function loadCheckpoint(hal: Hal, repairs: boolean): LoadedCheckpoint {
  const loaded = loadState(hal.state, hal.board.callBytesMax, repairs);
  if (loaded.kind !== "state") {
    return { fact: loaded.kind, sequence: 0, checkpoint: undefined };
  }
  const checkpoint = decodeCheckpoint(loaded.payload);
  return { fact: checkpoint === undefined ? "corrupt" : "whole", sequence: loaded.sequence, checkpoint };
}

/** Applies every record after `last` (undefined: from the oldest). */
function replay(hal: Hal, memory: FiscalMemory, books: Books, last: RecordRef | undefined): void {
  let record = memory.next(last);
  let documents = 0;
  while (record !== undefined) {
    const head = applyRecord(books, memory, hal.hash, record);
    if (head !== undefined) {
      documents += 1;
      assert(documents <= documentsPerReplayMax, "checkpoints keep a replay short");
    }
    record = memory.next(record);
  }
}

/** What `run` gives. Without `repairs`, undefined when the chip cannot be read; with them, throws FlashFailure. */
function attempt<Result>(repairs: boolean, run: () => Result): Result | undefined {
  let result: Result | undefined;
  try {
    result = run();
  } catch (failure) {
    asFlashFailure(failure);
    if (repairs) {
      throw failure;
    }
  }
  return result;
}

const lostCheckpoint: LoadedCheckpoint = { fact: "corrupt", sequence: 0, checkpoint: undefined };

/**
 * `repairs`: false on a flash that failed a start before: nothing is written, and what cannot be read is as good as
 * damaged. With them, throws FlashFailure.
 */
export function recover(hal: Hal, repairs: boolean): Recovered {
  const state = attempt(repairs, () => loadCheckpoint(hal, repairs)) ?? lostCheckpoint;
  const from = state.checkpoint === undefined ? undefined : state.checkpoint.log;
  const opened = openFiscalMemory(
    hal.fiscal,
    hal.hash,
    hal.board.callBytesMax,
    from === undefined || from.sequence === 0 ? undefined : from,
    repairs,
  );
  const { memory } = opened;
  const keys = createKeyIndex(memory, hal.hash);
  const logFact = opened.problem !== undefined ? "corrupt" : memory.lastSequence() === 0 ? "empty" : "records";
  const action = startActions[state.fact][logFact];
  const books = action === "replay" && state.checkpoint !== undefined ? state.checkpoint.books : createBooks();
  let fault = action === "memoryCorrupt" ? "MEMORY_CORRUPT" : action === "stateLost" ? "STATE_LOST" : undefined;
  const checkpointNumber = books.lastNumber;
  const closedBefore = books.closedSequence;
  if (action === "replay" || action === "replayAll") {
    attempt(repairs, () => {
      keys.restore(books.indexPosition === 0 ? undefined : books.indexPosition);
      const last =
        from === undefined || from.sequence === 0 || action === "replayAll" ? undefined : memory.at(from.position);
      replay(hal, memory, books, last);
    });
    // Only a fiscalization that lost power before its checkpoint leaves records without a state.
    if (action === "replayAll" && books.lastNumber > 0) {
      fault = "STATE_LOST";
    }
  }
  return {
    memory,
    keys,
    books,
    settings: state.checkpoint === undefined ? undefined : state.checkpoint.settings,
    stateSequence: state.sequence,
    checkpointNumber,
    fault,
    isCloseUnfinished: fault === undefined && books.closedSequence > closedBefore,
  };
}
