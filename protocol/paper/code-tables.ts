/**
 * What a printer's byte means in the code tables that Kazakhstan's printers have. KZ-1048 is in kz1048.ts, since the
 * module writes it; these are only read, by the emulated printer.
 */
import { utf8 } from "../bytes";
import { decodeKz1048 } from "./kz1048";
import { codePointsOf, replacementCodePoint } from "./text";

export type CodeTable = "kz1048" | "windows1251" | "cp866" | "unknown";

/** Epson's numbers for `ESC t n`. */
export const epsonCodeTables: readonly (readonly [number: number, table: CodeTable])[] = [
  [17, "cp866"],
  [46, "windows1251"],
  [53, "kz1048"],
];

/** Bytes 0x80 to 0xbf of Windows-1251; the rest is that of KZ-1048. */
const windows1251: readonly number[] = codePointsOf(
  utf8("ЂЃ‚ѓ„…†‡€‰Љ‹ЊЌЋЏђ‘’“”•–—\uFFFD™љ›њќћџ\u00A0ЎўЈ¤Ґ¦§Ё©Є«¬\u00AD®Ї°±Ііґµ¶·ё№є»јЅѕї"),
);

/** Bytes 0xb0 to 0xff of code page 866, without the letters р to я at 0xe0 to 0xef. */
const cp866Frames: readonly number[] = codePointsOf(utf8("░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀"));
const cp866Tail: readonly number[] = codePointsOf(utf8("ЁёЄєЇїЎў°∙·√№¤■\u00A0"));

/** The code point of a printable byte; U+FFFD where the table has none. */
export function decodeLetter(table: CodeTable, byte: number): number {
  if (byte < 0x80) {
    return byte;
  }
  switch (table) {
    case "kz1048":
      return decodeKz1048(byte);
    case "windows1251":
      return byte < 0xc0 ? windows1251[byte - 0x80]! : decodeKz1048(byte);
    case "cp866":
      return decodeCp866(byte);
    case "unknown":
      return replacementCodePoint;
  }
}

function decodeCp866(byte: number): number {
  if (byte < 0xb0) {
    return byte - 0x80 + 0x410;
  }
  if (byte < 0xe0) {
    return cp866Frames[byte - 0xb0]!;
  }
  return byte < 0xf0 ? byte - 0xe0 + 0x440 : cp866Tail[byte - 0xf0]!;
}
