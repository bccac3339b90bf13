/**
 * The receipt printer on the board's own serial port. Bytes wait here and leave in messages, the next one when the device
 * has taken the one before; so the FRAM never waits behind more than one of them.
 *
 * When the line broke, nobody knows how much of the paper under way was printed. So nothing is taken until a `DLE EOT`
 * comes: the module asks it between papers, never inside one. `GS r 1` is swallowed meanwhile: it gets no answer, and the
 * module prints that paper again (as printer-port/port.ts does).
 *
 * A contact on the board that says "paper out" or "cover open" is added to what the printer says about itself, so that
 * a printer without sensors stops the paper too. What the feed button brings is put between two papers; the image is told
 * of its own bytes only.
 */
import { type Bytes, byteAt, concat, emptyBytes, packBytes, slice } from "../../protocol/bytes";
import { serialBytesMax } from "../../protocol/firmata";
import {
  createEscposWriter,
  gsR1,
  isDleEotAnswer,
  isDleEotRequest,
  isGsRAnswer,
} from "../../protocol/paper/escpos-write";
import type { PrinterProfile } from "../hal";
import type { Printer } from "../printer";
import type { Contacts } from "./firmata-contacts";
import type { FirmataSession } from "./firmata-session";
import { feedButtonLines, printAnswersBytes, printBufferBytes } from "./limits";
import { createTrainingLine } from "./training-line";

export interface FirmataPrinter extends Printer {
  /** What the printer sent. */
  receive(bytes: Bytes): void;
  /** Some lines of paper: now, or behind the paper that is under way. */
  feed(): void;
  attach(session: Pick<FirmataSession, "writeSerial">): void;
  /** What waits is lost. */
  detach(): void;
}

export interface FirmataPrinterOptions {
  readonly profile: PrinterProfile;
  readonly contacts: () => Contacts;
  /** There is room again, or an answer. */
  readonly onChange: () => void;
}

/** Bytes looked at before the room is asked again: a training line may stand before each few of them. */
const stepBytes = 16;

/** The question that is open: n of `DLE EOT n`, or `GS r`. */
type Question = 1 | 2 | 3 | 4 | "report" | undefined;

export function createFirmataPrinter({ profile, contacts, onChange }: FirmataPrinterOptions): FirmataPrinter {
  const training = createTrainingLine(profile);
  const fedLines = createEscposWriter(profile).piece({ kind: "feed", lines: feedButtonLines });
  let session: Pick<FirmataSession, "writeSerial"> | undefined;
  /** Messages in order; a real-time question stands alone, so that the printer knows it as one. */
  let waiting: { readonly bytes: Bytes; readonly isAlone: boolean }[] = [];
  let waitingBytes = 0;
  let answers = emptyBytes;
  let question: Question;
  /** The line broke, and no paper has begun since. */
  let inBrokenPaper = false;
  /** The session to which bytes are leaving. */
  let sending: typeof session;

  function push(bytes: Bytes, isAlone: boolean): void {
    const last = waiting.at(-1);
    waitingBytes += bytes.length;
    if (last === undefined || last.isAlone || isAlone) waiting.push({ bytes, isAlone });
    else waiting[waiting.length - 1] = { bytes: concat([last.bytes, bytes]), isAlone };
  }

  function takeMessage(): Bytes {
    const first = waiting.shift();
    const bytes = first?.bytes ?? emptyBytes;
    const message = slice(bytes, 0, Math.min(bytes.length, serialBytesMax));
    const rest = slice(bytes, message.length, bytes.length);
    if (rest.length > 0) waiting.unshift({ bytes: rest, isAlone: false });
    waitingBytes -= message.length;
    return message;
  }

  async function send(): Promise<void> {
    const line = session;
    if (line === undefined || sending === line) return;
    sending = line;
    while (session === line && waitingBytes > 0) {
      await line.writeSerial(takeMessage());
      onChange();
    }
    if (sending === line) sending = undefined;
  }

  /** A request is taken whole or not at all. */
  function writeRequest(data: Bytes, asked: Question): number {
    if (waitingBytes + data.length > printBufferBytes) return 0;
    question = asked;
    push(asked === "report" ? training.feed(data) : data, asked !== "report");
    return data.length;
  }

  function writePaper(data: Bytes): number {
    let taken = 0;
    while (taken < data.length && waitingBytes < printBufferBytes) {
      const end = Math.min(data.length, taken + stepBytes, taken + printBufferBytes - waitingBytes);
      push(training.feed(slice(data, taken, end)), false);
      taken = end;
    }
    return taken;
  }

  function forget(): void {
    waiting = [];
    waitingBytes = 0;
    answers = emptyBytes;
    question = undefined;
    training.reset();
  }

  return {
    write(data) {
      if (inBrokenPaper && !(session !== undefined && isDleEotRequest(data))) return data === gsR1 ? data.length : 0;
      inBrokenPaper = false;
      if (session === undefined || data.length === 0) return 0;
      const taken = isDleEotRequest(data)
        ? writeRequest(data, byteAt(data, 2) as Question)
        : data === gsR1
          ? writeRequest(data, "report")
          : writePaper(data);
      send();
      return taken;
    },
    read(lengthMaxBytes) {
      const taken = slice(answers, 0, Math.min(lengthMaxBytes, answers.length));
      answers = slice(answers, taken.length, answers.length);
      return taken;
    },
    receive(bytes) {
      const told: number[] = [];
      for (let index = 0; index < bytes.length; index++) {
        const answer = byteAt(bytes, index);
        const added = addedBits(question, answer, contacts());
        told.push(answer | (added ?? 0));
        if (added !== undefined) question = undefined;
      }
      answers = concat([answers, slice(packBytes(told), 0, Math.min(told.length, printAnswersBytes - answers.length))]);
      onChange();
    },
    feed() {
      if (session === undefined) return;
      const bytes = training.insert(fedLines);
      // Presses that a full buffer does not take are forgotten, like those within one paper but the last.
      if (bytes.length > 0 && waitingBytes < printBufferBytes) push(bytes, false);
      send();
    },
    attach(next) {
      forget();
      session = next;
    },
    detach() {
      inBrokenPaper ||= session !== undefined;
      session = undefined;
      forget();
    },
  };
}

/** The bits that the contacts add to an answer (Epson's DLE EOT 1, 2, 4 and GS r 1); undefined when it answers nothing. */
function addedBits(question: Question, answer: number, { paperOut, coverOpen }: Contacts): number | undefined {
  if (question === "report") return isGsRAnswer(answer) ? (paperOut ? 0x0c : 0) : undefined;
  if (question === undefined || !isDleEotAnswer(answer)) return undefined;
  if (question === 1) return paperOut || coverOpen ? 0x08 : 0;
  if (question === 2) return (coverOpen ? 0x04 : 0) + (paperOut ? 0x20 : 0);
  return question === 4 && paperOut ? 0x60 : 0;
}
