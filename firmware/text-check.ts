/**
 * Texts that come from the host: well-formed UTF-8, no control characters (they would steer the printer), and nothing
 * that looks like the fiscal mark (item 39: only the module prints «Фискальный чек»).
 */
import { type Bytes, indexOf, utf8 } from "../protocol/bytes";

/** A code point and the bytes it takes, as one number: every text of a receipt passes here, so nothing is allocated. */
const pointFactor = 8;

/** The code point at `index`, packed; 0 where the bytes are no UTF-8 (RFC 3629 §4). */
function readPoint(text: Bytes, index: number): number {
  const first = text.charCodeAt(index);
  if (first < 0x80) {
    return first * pointFactor + 1;
  }
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || index + length > text.length) {
    return 0;
  }
  let code = length === 2 ? first - 0xc0 : length === 3 ? first - 0xe0 : first - 0xf0;
  for (let offset = 1; offset < length; offset++) {
    const next = text.charCodeAt(index + offset);
    if (next < 0x80 || next > 0xbf) {
      return 0;
    }
    code = code * 64 + (next - 0x80);
  }
  const smallest = length === 2 ? 0x80 : length === 3 ? 0x800 : 0x10000;
  const surrogate = code >= 0xd800 && code <= 0xdfff;
  return code < smallest || surrogate || code > 0x10ffff ? 0 : code * pointFactor + length;
}

const codeOf = (point: number): number => Math.floor(point / pointFactor);

/**
 * What is wrong with a text, in the words of an "expected" fact; undefined when it is fit. `groupSeparators` allows
 * 0x1d, which stands inside marking codes (item 7).
 */
export function findTextFault(text: Bytes, bytesMax: number, groupSeparators = false): string | undefined {
  if (text.length < 1) {
    return "a text that is not empty";
  }
  if (text.length > bytesMax) {
    return "at most " + `${bytesMax}` + " bytes";
  }
  let index = 0;
  while (index < text.length) {
    const point = readPoint(text, index);
    if (point === 0) {
      return "UTF-8";
    }
    const code = codeOf(point);
    const control = code < 0x20 || (code >= 0x7f && code < 0xa0);
    if (control && !(groupSeparators && code === 0x1d)) {
      return "no control characters";
    }
    index += point % pointFactor;
  }
  return undefined;
}

/** Latin and Kazakh letters that look like the Cyrillic letters of the mark, folded to those, both cases: [code point, letter]. */
const lookAlikes: readonly (readonly [number, number])[] = [
  [0x61, 0x430], // a
  [0x63, 0x441], // c
  [0x65, 0x435], // e
  [0x6b, 0x43a], // k
  [0x49b, 0x43a], // қ
  [0x6d, 0x43c], // m
  [0x6f, 0x43e], // o
  [0x70, 0x440], // p
  [0x78, 0x445], // x
  [0x79, 0x443], // y
  [0x62, 0x44c], // b, as ь
  [0x75, 0x438], // u, as и
  [0x439, 0x438], // й
  [0x451, 0x435], // ё
  [0x456, 0x438], // і
  [0x34, 0x447], // 4, as ч
];

/** Lower-case, look-alikes folded; 0 for what is no letter or digit. */
function foldLetter(code: number): number {
  let letter = code;
  if (code >= 0x41 && code <= 0x5a) {
    letter = code + 32;
  } else if (code >= 0x410 && code <= 0x42f) {
    letter = code + 32;
  } else if (code >= 0x400 && code <= 0x40f) {
    letter = code + 80;
  } else if (code >= 0x48a && code <= 0x4bf && code % 2 === 0) {
    letter = code + 1;
  }
  for (const [from, to] of lookAlikes) {
    if (from === letter) {
      return to;
    }
  }
  const isLetter = (letter >= 0x61 && letter <= 0x7a) || (letter >= 0x430 && letter <= 0x52f);
  return isLetter || (letter >= 0x30 && letter <= 0x39) ? letter : 0;
}

/** "фискальныйчек" and "фискалдықчек" after folding, as code points. */
const fiscalWords: readonly (readonly number[])[] = [
  [0x444, 0x438, 0x441, 0x43a, 0x430, 0x43b, 0x44c, 0x43d, 0x44b, 0x438, 0x447, 0x435, 0x43a],
  [0x444, 0x438, 0x441, 0x43a, 0x430, 0x43b, 0x434, 0x44b, 0x43a, 0x447, 0x435, 0x43a],
];

/** Both words begin with ф, which nothing looks like. */
const firstLetters: readonly Bytes[] = [utf8("ф"), utf8("Ф")];

/** Whether the text's letters from `start` on, folded, are this word; what is no letter between them does not count. */
function standsAt(text: Bytes, start: number, word: readonly number[]): boolean {
  let matched = 0;
  let index = start;
  while (index < text.length && matched < word.length) {
    const point = readPoint(text, index);
    const letter = foldLetter(codeOf(point));
    if (point === 0 || (letter !== 0 && letter !== word[matched])) {
      return false;
    }
    matched += letter === 0 ? 0 : 1;
    index += point % pointFactor;
  }
  return matched === word.length;
}

/** Whether a host's text carries the fiscal mark, also spaced out or in look-alike letters. The text is well-formed. */
export function hasFiscalWords(text: Bytes): boolean {
  for (const first of firstLetters) {
    let start = indexOf(text, first, 0);
    while (start >= 0) {
      for (const word of fiscalWords) {
        if (standsAt(text, start, word)) {
          return true;
        }
      }
      start = indexOf(text, first, start + 1);
    }
  }
  return false;
}
