/**
 * The image: start(hal) recovers what the flash holds and returns tick(). The board calls tick() when the milliseconds
 * that it returned are over, and earlier when a byte, an edge or a printer answer comes.
 */
import type { Hal } from "../hal/hal";
import { readU16be } from "../protocol/bytes";
import { asFlashFailure } from "./flash-access";
import { flashFault } from "./flash-guard";
import type { Module } from "./module";
import { unsealToken } from "./outcome";
import { createPrintQueue } from "./print-queue";
import { recover } from "./recover";
import { createScratch } from "./scratch";
import { createSerial } from "./serial";
import { createSessions } from "./sessions";
import { finishClose } from "./shift";
import { createSigner } from "./signer";
import { tick } from "./tick";
import { createUplink } from "./uplink";

const framesPerStart = 1000;

/** Frames of different starts have different names, so that an answer to an old one is not taken for a new one's. */
function firstFrameId(hal: Hal): number {
  return readU16be(hal.secureElement.random(2), 0) * framesPerStart;
}

/** @noSelf */
export function start(hal: Hal): () => number {
  const module = openModule(hal);
  return () => tick(module);
}

/** A flash that does not take what a start must write is only read. */
function openModule(hal: Hal): Module {
  let module: Module;
  try {
    module = createModule(hal, true);
  } catch (failure) {
    asFlashFailure(failure);
    module = createModule(hal, false);
    module.fault = flashFault;
  }
  return module;
}

function createModule(hal: Hal, repairs: boolean): Module {
  const recovered = recover(hal, repairs);
  const { books } = recovered;
  const module: Module = {
    hal,
    signer: createSigner(hal.hash, hal.secureElement),
    memory: recovered.memory,
    scratch: createScratch(hal.scratch, hal.board.callBytesMax, readU16be(hal.secureElement.random(2), 0)),
    keys: recovered.keys,
    books,
    sessions: createSessions(),
    serial: createSerial(hal.clock.monotonicMs()),
    print: createPrintQueue(books.outcomeNumber > books.printedNumber),
    uplink: createUplink(firstFrameId(hal), books.reqnum),
    settings: recovered.settings,
    fault: recovered.fault,
    upload: undefined,
    sale: undefined,
    refused: undefined,
    stateSequence: recovered.stateSequence,
    checkpointNumber: recovered.checkpointNumber,
    resetAtMs: undefined,
  };
  // A flash that was moved to another board: its tokens open nowhere else.
  if (books.sealedToken !== undefined && unsealToken(module, books.sealedToken) === undefined) {
    module.fault = "ELEMENT_CHANGED";
  }
  if (recovered.isCloseUnfinished && repairs) {
    finishClose(module);
  }
  return module;
}
