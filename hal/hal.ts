/**
 * Hal: everything a board must offer. Compositions live in hal/<kind>/ and emulator/, outside the image, so that one
 * image file runs on every board. Flash, hash and secure element answer at once (at most 100 ms a call; the board may
 * suspend the VM meanwhile); UART, printer, GPIO and clock never wait and are polled from `tick()`.
 */
import type { Clock } from "./clock";
import type { Flash } from "./flash";
import type { Gpio } from "./gpio";
import type { Hash } from "./hash";
import type { Printer } from "./printer";
import type { SecureElement } from "./secure-element";
import type { System } from "./system";
import type { Uart } from "./uart";

/** @noSelf */
export interface Hal {
  readonly board: BoardFacts;
  /** Settings, operators, counters at the last checkpoint: three copies of 16 KB and their heads, each in whole sectors. */
  readonly state: Flash;
  /** Where a document is entered before it is signed (160 KB or more). */
  readonly scratch: Flash;
  /** Z control records, one a shift, never erased: 256 bytes each, 512 with program units above 8. */
  readonly z: Flash;
  /** The ring of records: all the rest. */
  readonly fiscal: Flash;
  readonly hash: Hash;
  readonly secureElement: SecureElement;
  readonly uart: Uart;
  readonly printer: Printer;
  readonly clock: Clock;
  readonly gpio: Gpio;
  readonly system: System;
}

/** What is soldered: written once by the maker, the firmware only reads it. */
export interface BoardFacts {
  /** "emulator", "firmata", "linux" or the maker's own name, ASCII. */
  readonly kind: string;
  /** Factory number (ЗНМ), 1 to 32 characters, written once. */
  readonly serial: string;
  /** The largest data of one flash or hash call; at least 64; flash calls stay within 256. */
  readonly callBytesMax: number;
  /** Who vouches for the image: "element", "os" or "none". */
  readonly bootTrust: string;
  readonly printer: PrinterProfile;
}

/** A printer as data (design §7 "Printing"). */
export interface PrinterProfile {
  readonly name: string;
  /** 48 (80 mm paper at 203 dpi), 42 (80 mm at 180 dpi) or 32 (58 mm). */
  readonly columns: number;
  /** Kazakh letters: by code table, by user-defined characters over a Russian table, or everything as raster. */
  readonly letters: "table" | "userDefined" | "raster";
  /** Number n of `ESC t n` that selects KZ-1048 (letters "table"; Epson: 53) or Windows-1251 (letters "userDefined"). */
  readonly codeTable: number;
  /** By the printer's command (`GS ( k`) or as raster. */
  readonly qr: "command" | "raster";
  /** True when the printer answers `GS r 1`; else "printed" only means that all bytes were taken. */
  readonly confirms: boolean;
  readonly cutter: boolean;
}
