/**
 * KZ-1048 (СТ РК 1048-2002): Windows-1251 with the Kazakh letters in place of letters of other languages, so that every
 * byte that is no Kazakh letter means the same in both tables.
 */
import { type Bytes, concat, utf8 } from "../bytes";
import { codePointsOf, replacementCodePoint, utf8Of } from "./text";

/** Bytes 0x80 to 0xbf (Unicode's KZ1048.TXT); 0x98 is not defined. 0xc0 to 0xff are А to я in order. */
const middle: readonly number[] = codePointsOf(
  utf8("ЂЃ‚ѓ„…†‡€‰Љ‹ЊҚҺЏђ‘’“”•–—\uFFFD™љ›њқһџ" + "\u00A0ҰұӘ¤Ө¦§Ё©Ғ«¬\u00AD®Ү°±Ііөµ¶·ё№ғ»әҢңү"),
);

/** The 18 letters that Russian lacks, capitals first; І and і stand in Windows-1251 too. */
export const kazakhLetters: readonly number[] = codePointsOf(utf8("ӘҒҚҢӨҰҮҺІәғқңөұүһі"));

/** The byte of a code point, if the table has it. */
export function encodeKz1048(code: number): number | undefined {
  if (code < 0x80) {
    return code;
  }
  if (code >= 0x410 && code <= 0x44f) {
    return code - 0x410 + 0xc0;
  }
  for (let index = 0; index < middle.length; index++) {
    if (middle[index] === code && code !== replacementCodePoint) {
      return 0x80 + index;
    }
  }
  return undefined;
}

/** The code point of a byte. */
export function decodeKz1048(byte: number): number {
  if (byte < 0x80) {
    return byte;
  }
  return byte >= 0xc0 ? byte - 0xc0 + 0x410 : middle[byte - 0x80]!;
}

/** Lower case of Latin, Russian and Kazakh letters. */
export function foldCase(text: Bytes): Bytes {
  const folded: Bytes[] = [];
  for (const code of codePointsOf(text)) {
    folded.push(utf8Of(foldLetter(code)));
  }
  return concat(folded);
}

function foldLetter(code: number): number {
  const isRussian = code >= 0x410 && code <= 0x42f;
  const isLatin = code >= 0x41 && code <= 0x5a;
  if (isRussian || isLatin) {
    return code + 32;
  }
  if (code >= 0x400 && code <= 0x40f) {
    return code + 80;
  }
  const isPaired = code >= 0x48a && code <= 0x52f && (code < 0x4c0 || code > 0x4cf);
  return isPaired && code % 2 === 0 ? code + 1 : code;
}
