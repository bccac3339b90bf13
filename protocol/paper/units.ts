/**
 * Units of measure: code of the e-invoice system → what stands behind the quantity (receipt-content item 56.9;
 * ofd-2.0.4 §5.7). 166 and 116 are both met for the kilogram.
 */
import { type Bytes, utf8 } from "../bytes";
import type { Label } from "./labels";

/** Codes, Kazakh, Russian. */
const units: readonly (readonly [string, string, string])[] = [
  ["796 642", "дана", "шт"],
  ["166 116", "кг", "кг"],
  ["163", "г", "г"],
  ["168", "т", "т"],
  ["162", "кар", "кар"],
  ["112", "л", "л"],
  ["111", "мл", "мл"],
  ["006 021", "м", "м"],
  ["004", "см", "см"],
  ["003", "мм", "мм"],
  ["008", "км", "км"],
  ["055", "ш. м", "кв. м"],
  ["113", "текше м", "куб. м"],
  ["059", "га", "га"],
  ["356", "сағ", "ч"],
  ["359", "күн", "сут"],
  ["360", "апта", "нед"],
  ["362", "ай", "мес"],
  ["625", "парақ", "лист"],
  ["715", "жұп", "пара"],
  ["728 778", "қаптама", "упак"],
  ["736", "орам", "рул"],
  ["868", "бөтелке", "бут"],
  ["931", "жұмыс", "раб"],
  ["5114", "қызмет", "усл"],
];

/** The unit of a code; «бірл/ед» (unit) for a code that is not in the table. */
export function unitOf(code: Bytes): Label {
  for (const [codes, kk, ru] of units) {
    if (hasWord(codes, code)) {
      return { kk: utf8(kk), ru: utf8(ru) };
    }
  }
  return { kk: utf8("бірл"), ru: utf8("ед") };
}

const hasWord = (words: string, word: string): boolean => (" " + words + " ").indexOf(" " + word + " ") >= 0;
