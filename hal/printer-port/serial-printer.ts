/**
 * A printer on a serial line.
 *
 * Without flow control the line is faster than the printer, and a receipt longer than the printer's buffer loses bytes
 * that nobody misses; `rtscts` lets the printer hold the line.
 */
import { SerialPort } from "serialport";
import type { Bytes } from "../../protocol/bytes";
import { openPort, type PrinterPort, type WireEvents } from "./port";

export interface SerialPrinterOptions {
  readonly path: string;
  readonly baud: number;
  readonly flow?: "none" | "rtscts";
}

export const openSerialPrinter = (options: SerialPrinterOptions): PrinterPort =>
  openPort(events => dialSerial(options, events));

function dialSerial({ path, baud, flow }: SerialPrinterOptions, events: WireEvents): () => void {
  const { opened, received, ready, broken } = events;
  const rtscts = flow === "rtscts";
  const serial = new SerialPort({ path, baudRate: baud, rtscts, autoOpen: false, hupcl: false });
  let reason = "the port closed";
  const close = (): void => {
    if (serial.isOpen && !serial.closing) {
      serial.close(() => undefined);
    }
  };
  serial.on("data", (data: Buffer) => received(data.toString("latin1") as Bytes));
  // A failed read or write means that the device has gone.
  serial.on("error", error => {
    reason = error.message;
    close();
  });
  serial.on("close", (error?: Error | null) => broken(error?.message ?? reason));
  serial.open(error => {
    if (error) {
      broken(error.message);
      return;
    }
    let isSending = false;
    opened({
      offer(data) {
        if (isSending) return 0;
        isSending = true;
        serial.write(Buffer.from(data, "latin1"), sent => {
          isSending = false;
          if (!sent) ready();
        });
        return data.length;
      },
      close,
    });
  });
  return close;
}
