/**
 * Printers as data: what a board's maker or a technician chooses from.
 *
 * Numbers of code tables come from public sources: Epson's command reference ("ESC t": page 46 WPC1251, page 53 KZ-1048)
 * and the capability lists of escpos-printer-db. A clone may number its tables as it likes: its self-test sheet (hold FEED
 * while switching on) lists them, and docs/printers.md tells how to read it.
 *
 * Letters "userDefined" need of the table only what Windows-1251 and KZ-1048 share, so either of the two will do.
 */
import type { PrinterProfile } from "./hal";

/**
 * Epson TM-T20, II, III, X: 80 mm, 203 dpi, 576 dots.
 * Self-test sheet: "53: KZ-1048" among the code pages; 48 columns (not the 42-column mode); paper width 80 mm.
 */
const epsonTmT20: PrinterProfile = {
  name: "epson-tm-t20",
  columns: 48,
  letters: "table",
  codeTable: 53,
  qr: "command",
  confirms: true,
  cutter: true,
};

/**
 * Epson TM-T88V, VI, VII: 80 mm, but 180 dpi: 512 dots are 42 letters of 12 dots, and 8 dots stay white.
 * Self-test sheet: "53: KZ-1048" among the code pages (models before V lack it); font A with 42 columns.
 */
const epsonTmT88: PrinterProfile = {
  name: "epson-tm-t88",
  columns: 42,
  letters: "table",
  codeTable: 53,
  qr: "command",
  confirms: true,
  cutter: true,
};

/**
 * A clone for 80 mm paper. Assumed: 576 dots, `ESC &`, `GS ( k`, `GS r`, and Windows-1251 under Epson's number 46.
 * Self-test sheet: the number beside "WPC1251" (others number it 6 or 73, and print nonsense with 46); 48 columns.
 */
const generic80: PrinterProfile = {
  name: "generic-80",
  columns: 48,
  letters: "userDefined",
  codeTable: 46,
  qr: "command",
  confirms: true,
  cutter: true,
};

/**
 * A clone for 58 mm paper, as they are sold without a name. Assumed: 384 dots, `ESC &`, no cutter, no `GS r`, no QR of
 * its own. Its table 6 is seen as Windows-1251 and as KZ-1048; both will do.
 * Self-test sheet: the number beside "WPC1251" or "KZ-1048"/"RK1048" (6, else 73 or 46); 32 columns.
 */
const generic58: PrinterProfile = {
  name: "generic-58",
  columns: 32,
  letters: "userDefined",
  codeTable: 6,
  qr: "raster",
  confirms: false,
  cutter: false,
};

/**
 * 80 mm, everything as dots: for a printer whose tables are unknown or wrong and that does not take `ESC &`. Slow on a
 * serial line: a receipt of four items is 85 KB instead of 3. Assumed: `GS v 0` and a cutter, nothing else.
 * Self-test sheet: 576 dots or 48 columns; the code pages do not matter.
 */
const raster80: PrinterProfile = {
  name: "raster-80",
  columns: 48,
  letters: "raster",
  codeTable: 0,
  qr: "raster",
  confirms: false,
  cutter: true,
};

/**
 * 58 mm, everything as dots, torn off by hand.
 * Self-test sheet: 384 dots or 32 columns; the code pages do not matter.
 */
const raster58: PrinterProfile = { ...raster80, name: "raster-58", columns: 32, cutter: false };

export const printerProfiles: readonly PrinterProfile[] = [
  epsonTmT20,
  epsonTmT88,
  generic80,
  generic58,
  raster80,
  raster58,
];

/** The profile of that name, if there is one. */
export function findProfile(name: string): PrinterProfile | undefined {
  for (const profile of printerProfiles) {
    if (profile.name === name) {
      return profile;
    }
  }
  return undefined;
}
