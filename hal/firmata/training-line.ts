/**
 * A board whose image nobody vouches for says so on each paper: its first line is "training device" in both languages.
 *
 *   ESC @, line spacing, code table, letters | TRAINING LINE | first piece … GS V |
 *
 * The line is put behind the commands by which a paper begins: the image begins each with ESC @, which would forget it.
 * Bytes that stand between papers (status requests, zeros that end a torn command) begin none. So the bytes are parsed
 * as the printer parses them, and one byte is held back where only the next tells what it begins.
 *
 * For the same reason it is known here where bytes of somebody else may stand: between two papers, before the line.
 */

import { type Bytes, byteAt, concat, emptyBytes, slice, utf8 } from "../../protocol/bytes";
import { createEscposParser, type EscposEvent, feedEscpos } from "../../protocol/paper/escpos-parser";
import { createEscposWriter, tearLines } from "../../protocol/paper/escpos-write";
import { wrap } from "../../protocol/paper/text";
import type { PrinterProfile } from "../hal";

const trainingText = utf8("ОҚУ ҚҰРЫЛҒЫСЫ / УЧЕБНОЕ УСТРОЙСТВО");

export interface TrainingLine {
  /** The bytes as they go to the printer. */
  feed(data: Bytes): Bytes;
  /** Whole commands of our own: given back when no paper is under way, else put behind it; only the last are kept. */
  insert(bytes: Bytes): Bytes;
  /** The printer was switched on, or nothing is known of it. */
  reset(): void;
}

export function createTrainingLine(profile: PrinterProfile): TrainingLine {
  const writer = createEscposWriter(profile);
  const line = concat(
    wrap(trainingText, profile.columns).map(text =>
      writer.piece({ kind: "text", text, bold: true, wide: false, center: true }),
    ),
  );
  // Without ESC @: it would forget what the paper has set.
  const opening = writer.begin();
  const letters = slice(opening, 2, opening.length);
  let parser = createEscposParser();
  /** The command that is under way, and what of it was held back. */
  let command = emptyBytes;
  let held = emptyBytes;
  let isBetween = true;
  let isSelected = false;
  let inserted = emptyBytes;

  /** What stands before the first piece; a paper that selects no letters gets them with the line. */
  const training = (): Bytes => (isSelected ? line : concat([letters, line]));

  function obey(event: EscposEvent): void {
    const isTorn = !profile.cutter && event.kind === "feedLines" && event.lines >= tearLines;
    if (event.kind === "cut" || event.kind === "reset" || isTorn) isBetween = true;
    if (event.kind === "reset") isSelected = profile.letters === "raster";
    if (event.kind === "codeTable") isSelected = true;
  }

  /** At most one command's bytes. */
  function feedStep(step: Bytes, out: Bytes[]): void {
    const fed = feedEscpos(parser, step);
    parser = fed.parser;
    command = concat([command, step]);
    held = concat([held, step]);
    if (isBetween) {
      const begins = beginsPaper(command);
      if (begins === undefined) return;
      if (begins) out.push(training());
      isBetween = !begins;
    }
    out.push(held);
    held = emptyBytes;
    fed.events.forEach(obey);
    if (parser.pending.length === 0 && parser.skipBytes === 0) command = emptyBytes;
    if (isIdle()) out.push(takeInserted());
  }

  const isIdle = (): boolean => isBetween && command.length === 0;

  function takeInserted(): Bytes {
    const bytes = inserted;
    inserted = emptyBytes;
    return bytes;
  }

  return {
    feed(data) {
      const out: Bytes[] = [];
      for (let at = 0; at < data.length; ) {
        const wanted = Math.max(1, parser.needBytes - parser.pending.length, parser.skipBytes);
        const end = Math.min(at + wanted, data.length);
        feedStep(slice(data, at, end), out);
        at = end;
      }
      return concat(out);
    },
    insert(bytes) {
      inserted = bytes;
      return isIdle() ? takeInserted() : emptyBytes;
    },
    reset() {
      parser = createEscposParser();
      command = emptyBytes;
      held = emptyBytes;
      isBetween = true;
      isSelected = false;
      inserted = emptyBytes;
    },
  };
}

const NUL = 0x00;
const DLE = 0x10;
const ESC = 0x1b;
const GS = 0x1d;
/** ESC @ reset, 3 line spacing, t code table, & % ? letters. */
const openingEscapes: readonly number[] = [0x40, 0x33, 0x74, 0x26, 0x25, 0x3f];
const report = 0x72;

/** Whether a command with this beginning prints, or belongs to what prints; undefined while that is open. */
function beginsPaper(command: Bytes): boolean | undefined {
  const first = byteAt(command, 0);
  if (first === NUL || first === DLE) return false;
  if (first !== ESC && first !== GS) return true;
  if (command.length < 2) return undefined;
  const second = byteAt(command, 1);
  return first === ESC ? !openingEscapes.includes(second) : second !== report;
}
