/** The board's printer: it draws what it prints, and wakes the image when it has answered. */
import type { PrinterProfile } from "../hal/hal";
import type { Printer } from "../hal/printer";
import { createSimPrinter } from "../hal/sim/sim-printer";

export interface BoardPrinter extends Printer {
  setPaper(present: boolean): void;
  setCover(open: boolean): void;
  setOnline(online: boolean): void;
  state(): { readonly paper: boolean; readonly coverOpen: boolean; readonly online: boolean };
}

export interface BoardPrinterOptions {
  readonly profile: PrinterProfile;
  readonly onPaper: (receipt: { readonly escpos: Uint8Array; readonly png: Uint8Array | undefined }) => void;
  readonly onAnswer: () => void;
}

export function createBoardPrinter({ profile, onPaper, onAnswer }: BoardPrinterOptions): BoardPrinter {
  const printer = createSimPrinter({ confirms: profile.confirms });
  const state = { paper: true, coverOpen: false, online: true };
  return {
    write(data) {
      const taken = printer.write(data);
      const printed = printer.printed();
      if (printed.includes("\x1dV")) {
        printer.clearPrinted();
        onPaper({ escpos: Buffer.from(printed, "latin1"), png: undefined });
      }
      onAnswer();
      return taken;
    },
    read: printer.read,
    setPaper(present) {
      state.paper = present;
      printer.setPaper(present);
    },
    setCover(open) {
      state.coverOpen = open;
      printer.setCover(open);
    },
    setOnline(online) {
      state.online = online;
      printer.setOnline(online);
    },
    state: () => ({ ...state }),
  };
}
