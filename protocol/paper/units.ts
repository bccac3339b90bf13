/**
 * Units of measure: code of the e-invoice system → what stands behind the quantity (receipt-content item 56.9;
 * ofd-2.0.4 §5.7). 166 and 116 are both met for the kilogram.
 */
import { type Bytes, concat, indexOf, slice, utf8 } from "../bytes";
import type { Label } from "./labels";

/** Codes, each between spaces, and their label between bars. */
const units = utf8(
  " 796 642 |дана\nшт|" +
    " 166 116 |кг\nкг|" +
    " 163 |г\nг|" +
    " 168 |т\nт|" +
    " 162 |кар\nкар|" +
    " 112 |л\nл|" +
    " 111 |мл\nмл|" +
    " 006 021 |м\nм|" +
    " 004 |см\nсм|" +
    " 003 |мм\nмм|" +
    " 008 |км\nкм|" +
    " 055 |ш. м\nкв. м|" +
    " 113 |текше м\nкуб. м|" +
    " 059 |га\nга|" +
    " 356 |сағ\nч|" +
    " 359 |күн\nсут|" +
    " 360 |апта\nнед|" +
    " 362 |ай\nмес|" +
    " 625 |парақ\nлист|" +
    " 715 |жұп\nпара|" +
    " 728 778 |қаптама\nупак|" +
    " 736 |орам\nрул|" +
    " 868 |бөтелке\nбут|" +
    " 931 |жұмыс\nраб|" +
    " 5114 |қызмет\nусл|",
);

/** The unit of a code; «бірл/ед» (unit) for a code that is not in the table. */
export function unitOf(code: Bytes): Label {
  const at = indexOf(units, concat([utf8(" "), code, utf8(" ")]), 0);
  if (at < 0 || code.length === 0) {
    return utf8("бірл\nед");
  }
  const start = indexOf(units, utf8("|"), at) + 1;
  return slice(units, start, indexOf(units, utf8("|"), start));
}
