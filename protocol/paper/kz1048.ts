/**
 * KZ-1048 (СТ РК 1048-2002): Windows-1251 with the Kazakh letters in place of letters of other languages, so that every
 * byte that is no Kazakh letter means the same in both tables.
 */
import { type Bytes, packBytes, utf8 } from "../bytes";
import { codePointsOf, replacementCodePoint } from "./text";

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

/** The text in KZ-1048 with small Russian letters and қ for capitals: enough to find Russian or Kazakh words in it. */
export function foldKz1048(text: Bytes): Bytes {
  const bytes: number[] = [];
  for (const code of codePointsOf(text)) {
    const byte = encodeKz1048(code) ?? 0;
    bytes.push(byte >= 0xc0 && byte < 0xe0 ? byte + 0x20 : byte === 0x8d ? 0x9d : byte);
  }
  return packBytes(bytes);
}
