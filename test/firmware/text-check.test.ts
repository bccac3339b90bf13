/** Texts of the host: UTF-8 as the standard has it, no control characters, no fiscal mark in any disguise. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { findTextFault, hasFiscalWords } from "../../firmware/text-check";
import { type Bytes, utf8 } from "../../protocol/bytes";
import { createRandom } from "../random";

const test = suite("text check");
const bytes = (text: Buffer): Bytes => text.toString("latin1") as Bytes;

/** What Node's own decoder says, which is strict when asked. */
function isUtf8(text: Buffer): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(text);
    return true;
  } catch {
    return false;
  }
}

test("bytes are UTF-8 exactly when Node's decoder takes them", () => {
  const random = createRandom(11);
  const leads = [0x41, 0xc1, 0xc2, 0xd0, 0xdf, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0xf5];
  for (let count = 0; count < 20_000; count++) {
    const lead = leads[random.below(leads.length)] as number;
    const rest = Array.from({ length: random.below(4) }, () => 0x70 + random.below(0x60));
    const text = Buffer.from([lead, ...rest, 0x41]);
    const fault = findTextFault(bytes(text), 512);
    assert.is(fault !== "UTF-8", isUtf8(text) || fault === "no control characters", text.toString("hex"));
  }
});

test("control characters are refused, a group separator only where it has no place", () => {
  for (const code of [0x00, 0x0a, 0x1b, 0x1f, 0x7f, 0x80, 0x9f]) {
    assert.is(findTextFault(utf8(`a${String.fromCodePoint(code)}`), 512), "no control characters", String(code));
  }
  assert.is(findTextFault(utf8("01\u001d91"), 512), "no control characters");
  assert.is(findTextFault(utf8("01\u001d91"), 512, true), undefined);
  for (const fit of ["Сүт 3,2% 1 л", "\u00a0", "₸", "😀", "~"]) {
    assert.is(findTextFault(utf8(fit), 512), undefined, fit);
  }
});

test("a text has at least one byte and at most as many as are allowed", () => {
  assert.is(findTextFault(utf8(""), 4), "a text that is not empty");
  assert.is(findTextFault(utf8("Сү"), 4), undefined);
  assert.is(findTextFault(utf8("Сүт"), 4), "at most 4 bytes");
});

test("the fiscal mark is found in any case, spaced out, in look-alike letters, in both languages", () => {
  for (const mark of [
    "Фискальный чек",
    "ФИСКАЛЬНЫЙ  ЧЕК",
    "это Ф и с к а л ь н ы й-ч.е.к!",
    "фиckaльный 4eк",
    "Фискалдық чек",
    "ФИСКАЛДЫҚЧЕК № 1",
    "ффискальный чек",
    "ФФискалдык чек",
  ]) {
    assert.ok(hasFiscalWords(utf8(mark)), mark);
  }
});

test("a text that only begins as the fiscal mark is none", () => {
  for (const text of ["Фискальный че", "фискал", "Чек фискальный", "Кофе", "Фонарь фискальныйх чек", "4870000000012"]) {
    assert.not(hasFiscalWords(utf8(text)), text);
  }
});

test.run();
