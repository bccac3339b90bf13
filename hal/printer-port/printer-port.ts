/** Opens the printer that a URL names (printer-url.ts), for any board that runs on Node. */
import { openLpPrinter } from "./lp-printer";
import type { PrinterPort } from "./port";
import { type PrinterUrlRefusal, parsePrinterUrl } from "./printer-url";
import { openSerialPrinter } from "./serial-printer";
import { openTcpPrinter } from "./tcp-printer";

/** A port at once, open or not yet: a printer that is away is looked for until `close`. */
export function openPrinterPort(url: string): PrinterPort | PrinterUrlRefusal {
  const address = parsePrinterUrl(url);
  if ("code" in address) {
    return address;
  }
  switch (address.kind) {
    case "tcp":
      return openTcpPrinter(address.options);
    case "lp":
      return openLpPrinter(address.options);
    case "serial":
      return openSerialPrinter(address.options);
  }
}
