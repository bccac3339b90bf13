/**
 * A printer without paper: it keeps what it "printed" and answers as an ESC/POS printer does.
 *
 *   DLE EOT n   at once, even when it cannot print (real-time command)
 *   GS r 1      after everything before it was printed
 *
 * Without paper or with an open cover it goes on taking bytes until its buffer is full, and prints nothing.
 */
import { type Bytes, emptyBytes } from "../../protocol/bytes";
import type { Printer } from "../printer";
import { type ByteQueue, createByteQueue } from "./byte-queue";
import { createEscposScanner, type EscposPiece } from "./escpos-scan";

export interface SimPrinter extends Printer {
  setPaper(present: boolean): void;
  setCover(open: boolean): void;
  /** Off or unplugged: takes nothing, answers nothing, forgets its buffer. */
  setOnline(online: boolean): void;
  /** All bytes that were printed, status requests not included. */
  printed(): Bytes;
  clearPrinted(): void;
}

export interface SimPrinterOptions {
  readonly bufferBytes?: number;
  /** False for a printer that does not know `GS r` (profile `confirms: false`). */
  readonly confirms?: boolean;
}

const realTimeStatus = "\x10\x04";
const paperStatus = "\x1dr";

export function createSimPrinter({ bufferBytes = 4096, confirms = true }: SimPrinterOptions = {}): SimPrinter {
  let paper = true;
  let coverOpen = false;
  let online = true;
  let scanner = createEscposScanner();
  let waiting: EscposPiece[] = [];
  let waitingBytes = 0;
  let printed = "";
  const answers: ByteQueue = createByteQueue();
  const canPrint = (): boolean => paper && !coverOpen && online;

  function arrive(piece: EscposPiece): void {
    if (piece.kind === "sequence" && piece.bytes.startsWith(realTimeStatus)) {
      answers.push(statusByte(piece.bytes.charCodeAt(2)));
    } else {
      waiting.push(piece);
      waitingBytes += piece.bytes.length;
    }
  }

  /** Epson's table of `DLE EOT n`: bits 1 and 4 are always set. */
  function statusByte(request: number): string {
    const offline = canPrint() ? 0 : 0x08;
    const causes = (coverOpen ? 0x04 : 0) + (paper ? 0 : 0x20);
    const byRequest = [0x12 + offline, 0x12 + causes, 0x12, 0x12 + (paper ? 0 : 0x60)];
    return String.fromCharCode(byRequest[request - 1] ?? 0x12);
  }

  function print(): void {
    if (!canPrint()) return;
    for (const { kind, bytes } of waiting) {
      if (kind === "sequence" && bytes.startsWith(paperStatus)) answers.push(confirms ? "\0" : "");
      else printed += bytes;
    }
    forgetWaiting();
  }

  function forgetWaiting(): void {
    waiting = [];
    waitingBytes = 0;
  }

  return {
    write(data) {
      if (!online) return 0;
      const room = Math.max(0, bufferBytes - waitingBytes);
      const taken = data.slice(0, room > 0 || !data.startsWith(realTimeStatus) ? room : 3);
      for (const piece of scanner.feed(taken)) {
        arrive(piece);
        print();
      }
      return taken.length;
    },
    read: lengthMaxBytes => (online ? answers.take(lengthMaxBytes) : emptyBytes),
    setPaper(present) {
      paper = present;
      print();
    },
    setCover(open) {
      coverOpen = open;
      print();
    },
    setOnline(isOnline) {
      if (!isOnline) {
        forgetWaiting();
        answers.clear();
        scanner = createEscposScanner();
      }
      online = isOnline;
    },
    printed: () => printed as Bytes,
    clearPrinted() {
      printed = "";
    },
  };
}
