/**
 * A receipt printer that draws what it prints.
 *
 *   write → buffer → parser → roll of paper → at the cut: onPaper(the bytes, their picture, their text)
 *                          └→ DLE EOT, GS r: answered after everything before them was printed
 *
 * Out of paper, or with the cover open, it takes bytes until its buffer is full and prints none. It still answers
 * `DLE EOT` when that comes alone in a write, as a real printer answers it in real time, even inside a picture that is
 * not complete. Switched off, it takes and
 * answers nothing and forgets its buffer; what was printed stays on the paper and comes as a torn one.
 *
 * It can what its profile says and no more: a code table, letters of one's own, QR codes, a cut or `GS r` that a printer
 * of this profile lacks are passed over, as clones do, and the paper shows what comes of it.
 */
import { deflateSync } from "node:zlib";
import type { PrinterProfile } from "../hal/hal";
import type { Printer } from "../hal/printer";
import { type Bytes, bytesOf, concat, emptyBytes, slice } from "../protocol/bytes";
import { epsonCodeTables } from "../protocol/paper/code-tables";
import { createEscposParser, type EscposEvent, feedEscpos } from "../protocol/paper/escpos-parser";
import { drawPaper, textOfLines } from "../protocol/paper/escpos-read";
import { isDleEotRequest, type PaperState, tearLines } from "../protocol/paper/escpos-write";
import { createPaperRoll } from "../protocol/paper/paper-roll";

export interface PrintedPaper {
  /** The bytes that were printed; questions about the status and the drawer's pulse are left out. */
  readonly escpos: Buffer;
  readonly png: Buffer;
  readonly text: string;
  /** The texts of QR codes that the printer made. */
  readonly qrTexts: readonly string[];
  /** How the commands began that the printer does not know, the first `passedOverMax` of them. */
  readonly passedOver: readonly Bytes[];
  /** It was not cut: the printer was switched off or started anew in the middle of it. */
  readonly torn: boolean;
}

export interface DrawnPrinter extends Printer {
  setPaper(paper: PaperState): void;
  setCover(open: boolean): void;
  setOnline(online: boolean): void;
  state(): { readonly paper: PaperState; readonly coverOpen: boolean; readonly online: boolean };
}

export interface DrawnPrinterOptions {
  readonly profile: PrinterProfile;
  readonly onPaper: (paper: PrintedPaper) => void;
  /** The drawer was opened. */
  readonly onDrawer?: () => void;
  readonly bufferBytes?: number;
  /** How fast it prints; without it, at once. Time comes from `nowMs`. */
  readonly bytesPerSecond?: number;
  readonly nowMs?: () => number;
}

export function createDrawnPrinter(options: DrawnPrinterOptions): DrawnPrinter {
  const { profile, onPaper, onDrawer, bufferBytes = 4096, nowMs = () => performance.now() } = options;
  const roll = createPaperRoll({ columns: profile.columns, profile });
  const state: { paper: PaperState; coverOpen: boolean; online: boolean } = {
    paper: "present",
    coverOpen: false,
    online: true,
  };
  let parser = createEscposParser();
  let waiting = emptyBytes;
  let printed: Bytes[] = [];
  let passedOver: Bytes[] = [];
  let answers = emptyBytes;
  const pace = createPace(options.bytesPerSecond, nowMs);
  const canPrint = (): boolean => state.online && !state.coverOpen && state.paper !== "end";

  function answer(value: number): void {
    answers = concat([answers, bytesOf(value)]);
  }
  function finish(torn: boolean): void {
    const escpos = Buffer.from(concat(printed), "latin1");
    printed = [];
    const paper = roll.tear();
    const png = Buffer.from(drawPaper(paper, { columns: profile.columns, deflate }), "latin1");
    const qrTexts = paper.qrTexts.map(text => Buffer.from(text, "latin1").toString("utf8"));
    onPaper({ escpos, png, text: textOfLines(paper.lines, profile.columns), qrTexts, passedOver, torn });
    passedOver = [];
  }
  function passOver(raw: Bytes): void {
    if (raw.length > 0 && passedOver.length < passedOverMax) {
      passedOver.push(slice(raw, 0, Math.min(raw.length, commandHeadBytes)));
    }
  }

  /** One command; `raw` is what it was made of. */
  function obey(event: EscposEvent, raw: Bytes): void {
    if (event.kind === "status") {
      answer(statusByte(event.n, state, canPrint()));
      return;
    }
    if (event.kind === "report") {
      if (profile.confirms) {
        answer(state.paper === "nearEnd" ? 0x03 : 0x00);
      } else {
        passOver(raw);
      }
      return;
    }
    if (raw === nul) {
      return;
    }
    if (event.kind === "drawer") {
      onDrawer?.();
      return;
    }
    if (event.kind === "reset" && printed.length > 0) {
      finish(true);
    }
    printed.push(raw);
    if (!canObey(profile, event)) {
      passOver(raw);
      return;
    }
    roll.apply(event);
    if (event.kind === "cut" || (!profile.cutter && event.kind === "feedLines" && event.lines >= tearLines)) {
      finish(false);
    }
  }

  let command = emptyBytes;
  /** Feeds the parser so that each step ends at most one command: its bytes are known then. */
  function print(): void {
    pace.rest(waiting.length);
    while (waiting.length > 0 && canPrint()) {
      const wanted = Math.max(1, parser.needBytes - parser.pending.length, parser.skipBytes);
      const step = slice(waiting, 0, Math.min(wanted, waiting.length));
      if (!pace.take(step.length)) {
        return;
      }
      waiting = slice(waiting, step.length, waiting.length);
      command = concat([command, step]);
      const fed = feedEscpos(parser, step);
      parser = fed.parser;
      const raw = command;
      if (parser.pending.length === 0) {
        command = emptyBytes;
      }
      fed.events.forEach((event, index) => {
        obey(event, index === 0 ? raw : emptyBytes);
      });
      if (fed.events.length === 0 && parser.pending.length === 0) {
        printed.push(raw);
      }
    }
  }

  return {
    write(data) {
      if (!state.online) {
        return 0;
      }
      const isInTurn = canPrint() && waiting.length > 0;
      if (isDleEotRequest(data) && !isInTurn) {
        answer(statusByte(data.charCodeAt(2), state, canPrint()));
        return data.length;
      }
      const taken = slice(data, 0, Math.min(data.length, bufferBytes - waiting.length));
      waiting = concat([waiting, taken]);
      print();
      return taken.length;
    },
    read(lengthMaxBytes) {
      print();
      const taken = slice(answers, 0, Math.min(lengthMaxBytes, answers.length));
      answers = slice(answers, taken.length, answers.length);
      return taken;
    },
    setPaper(paper) {
      state.paper = paper;
      print();
    },
    setCover(open) {
      state.coverOpen = open;
      print();
    },
    setOnline(online) {
      state.online = online;
      if (!online) {
        waiting = emptyBytes;
        answers = emptyBytes;
        command = emptyBytes;
        parser = createEscposParser();
        roll.apply({ kind: "reset" });
      }
    },
    state: () => ({ ...state }),
  };
}

const passedOverMax = 100;
/** As much of a command as tells which one it is. */
const commandHeadBytes = 8;

/** Whether a printer of this profile has the command. */
function canObey(profile: PrinterProfile, event: EscposEvent): boolean {
  switch (event.kind) {
    case "codeTable":
      return hasCodeTable(profile, event.number);
    case "define":
    case "undefine":
    case "userDefined":
      return profile.letters !== "raster";
    case "qrSize":
    case "qrLevel":
    case "qrStore":
    case "qrPrint":
      return profile.qr === "command";
    case "cut":
      return profile.cutter;
    case "unknown":
      return profile.qr === "command" && event.bytes.startsWith(qrModel);
    case "tooLong":
      return false;
    default:
      return true;
  }
}

/** `GS ( k`, four bytes of body, function 65 of QR codes: the parser has no event for it, since the picture is the same. */
const qrModel = bytesOf(0x1d, 0x28, 0x6b, 4, 0, 0x31, 0x41);

/** Whoever has its own table under Epson's number has the others under theirs; KZ-1048 only when it prints by it. */
function hasCodeTable({ letters, codeTable }: PrinterProfile, number: number): boolean {
  if (letters === "raster") {
    return false;
  }
  const nameOf = (wanted: number) => epsonCodeTables.find(([known]) => known === wanted)?.[1];
  const own = letters === "table" ? "kz1048" : "windows1251";
  const asked = nameOf(number);
  const isEpsons = nameOf(codeTable) === own && asked !== undefined;
  return number === codeTable || (isEpsons && (asked !== "kz1048" || letters === "table"));
}

/** Passed over between commands, as printers do. */
const nul = bytesOf(0);

const deflate = (bytes: Bytes): Bytes => deflateSync(Buffer.from(bytes, "latin1")).toString("latin1") as Bytes;

/** Epson's answers to `DLE EOT n`: bits 1 and 4 are always set. */
function statusByte(n: number, state: { paper: PaperState; coverOpen: boolean }, canPrint: boolean): number {
  const isOut = state.paper === "end";
  switch (n) {
    case 1:
      return 0x12 + (canPrint ? 0 : 0x08);
    case 2:
      return 0x12 + (state.coverOpen ? 0x04 : 0) + (isOut ? 0x20 : 0);
    case 4:
      return 0x12 + (state.paper === "nearEnd" ? 0x0c : 0) + (isOut ? 0x60 : 0);
    default:
      return 0x12;
  }
}

/** Lets bytes through at a printer's speed; an idle printer saves up no time. */
function createPace(bytesPerSecond: number | undefined, nowMs: () => number) {
  let allowance = 0;
  let lastMs = nowMs();
  return {
    /** Called before work: time passed is worth bytes, but no more than are waiting. */
    rest(waitingBytes: number): void {
      const passedMs = nowMs() - lastMs;
      lastMs += passedMs;
      allowance = Math.min(allowance + (passedMs * (bytesPerSecond ?? 0)) / 1000, waitingBytes);
    },
    take(bytes: number): boolean {
      if (bytesPerSecond !== undefined && allowance < bytes) {
        return false;
      }
      allowance -= bytes;
      return true;
    },
  };
}
