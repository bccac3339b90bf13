/** The board's printer: it draws what it prints, and wakes the image when it may have answered. */
import type { PrinterProfile } from "../hal/hal";
import type { Printer } from "../hal/printer";
import { findProfile } from "../hal/printers";
import { createDrawnPrinter, type PrintedPaper } from "./drawn-printer";

/** The printer of a shop that names none. */
export const usualProfile = findProfile("epson-tm-t20")!;

export interface BoardPrinter extends Printer {
  setPaper(present: boolean): void;
  setCover(open: boolean): void;
  setOnline(online: boolean): void;
  state(): { readonly paper: boolean; readonly coverOpen: boolean; readonly online: boolean };
}

export interface BoardPrinterOptions {
  readonly profile: PrinterProfile;
  readonly onPaper: (paper: PrintedPaper) => void;
  readonly onAnswer: () => void;
}

export function createBoardPrinter({ profile, onPaper, onAnswer }: BoardPrinterOptions): BoardPrinter {
  const printer = createDrawnPrinter({ profile, onPaper });
  return {
    write(data) {
      const taken = printer.write(data);
      onAnswer();
      return taken;
    },
    read: printer.read,
    setPaper: present => printer.setPaper(present ? "present" : "end"),
    setCover: printer.setCover,
    setOnline: printer.setOnline,
    state() {
      const { paper, coverOpen, online } = printer.state();
      return { paper: paper !== "end", coverOpen, online };
    },
  };
}
