/**
 * The board's printer: it draws what it prints, and wakes the image when it may have answered. With a real printer in
 * front of it, that one takes the bytes and answers; what it took is drawn all the same.
 */
import type { PrinterProfile } from "../hal/hal";
import type { Printer } from "../hal/printer";
import type { PrinterPort } from "../hal/printer-port/port";
import { findProfile } from "../hal/printers";
import { slice } from "../protocol/bytes";
import { createDrawnPrinter, type PrintedPaper } from "./drawn-printer";

/** Which printer a board has. */
export interface PrinterChoice {
  readonly profile: PrinterProfile;
  /** A real one. */
  readonly port?: PrinterPort;
}

/** The printer of a shop that names none. */
export const usualProfile = findProfile("epson-tm-t20")!;

export interface BoardPrinter extends Printer {
  setPaper(present: boolean): void;
  setCover(open: boolean): void;
  setOnline(online: boolean): void;
  state(): { readonly paper: boolean; readonly coverOpen: boolean; readonly online: boolean };
}

export interface BoardPrinterOptions extends PrinterChoice {
  readonly onPaper: (paper: PrintedPaper) => void;
  readonly onAnswer: () => void;
}

export function createBoardPrinter({ profile, port, onPaper, onAnswer }: BoardPrinterOptions): BoardPrinter {
  const drawn = createDrawnPrinter({ profile, onPaper });
  const printer = port === undefined ? drawn : drawnBehind(port, drawn);
  return {
    write(data) {
      const taken = printer.write(data);
      onAnswer();
      return taken;
    },
    read: printer.read,
    setPaper: present => drawn.setPaper(present ? "present" : "end"),
    setCover: drawn.setCover,
    setOnline: drawn.setOnline,
    state() {
      const { paper, coverOpen, online } = drawn.state();
      return { paper: paper !== "end", coverOpen, online: port === undefined ? online : port.state().open };
    },
  };
}

/** What the real one took is drawn; what the drawn one says is not heard. */
const drawnBehind = (port: PrinterPort, drawn: Printer): Printer => ({
  write(data) {
    const taken = port.write(data);
    drawn.write(slice(data, 0, taken));
    drawn.read(answersMax);
    return taken;
  },
  read: port.read,
});

const answersMax = 256;
