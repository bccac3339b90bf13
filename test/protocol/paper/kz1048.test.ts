/** KZ-1048 against the table of Unicode, by way of Windows-1251 and the 18 letters. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { bytesOf, textOf, utf8 } from "../../../protocol/bytes";
import { decodeKz1048, encodeKz1048, foldKz1048, kazakhLetters } from "../../../protocol/paper/kz1048";
import { codePointsOf, columnsOf, utf8Of, wrap } from "../../../protocol/paper/text";

test("the 18 Kazakh letters have the bytes of СТ РК 1048-2002", () => {
  const bytes = kazakhLetters.map(code => encodeKz1048(code)!.toString(16)).join("");
  assert.is(bytes, "a3aa8dbda5a1af8eb2bcba9dbeb4a2bf9eb3");
});

test("every other byte is that of Windows-1251", () => {
  const windows = new TextDecoder("windows-1251");
  const kazakh = new Set(kazakhLetters.map(code => encodeKz1048(code)));
  for (let byte = 0; byte < 256; byte++) {
    if (byte !== 0x98 && !kazakh.has(byte)) {
      assert.is(String.fromCodePoint(decodeKz1048(byte)), windows.decode(Uint8Array.of(byte)));
    }
  }
});

test("each byte but the undefined one is encoded as itself", () => {
  for (let byte = 0; byte < 256; byte++) {
    assert.is(encodeKz1048(decodeKz1048(byte)), byte === 0x98 ? undefined : byte);
  }
  for (const code of [0x20b8, 0xfffd, 0x404, 0x6f22]) {
    assert.is(encodeKz1048(code), undefined);
  }
});

test("capitals fold to small letters, so that words can be found", () => {
  const folded = (text: string): string => foldKz1048(utf8(text));
  assert.is(folded("ФИСКАЛДЫҚ ЧЕК"), folded("фискалдық чек"));
  assert.is.not(folded("чек"), folded("чак"));
});

test("code points are counted and taken apart alike, even of broken UTF-8", () => {
  for (const text of ["", "a", "Қазақ", "₸ 漢"]) {
    assert.equal(
      codePointsOf(utf8(text)),
      [...text].map(letter => letter.codePointAt(0)),
    );
    assert.is(columnsOf(utf8(text)), [...text].length);
    assert.is([...text].map(letter => utf8Of(letter.codePointAt(0)!)).join(""), utf8(text));
  }
  const broken = [[0xd2], [0xd2, 0x41], [0x80, 0x41], [0xff, 0xd0, 0x90], [0xe2, 0x82], [0xf0, 0x90, 0x91, 0x84]];
  for (const bytes of broken.map(values => bytesOf(...values))) {
    assert.is(codePointsOf(bytes).length, columnsOf(bytes));
  }
});

test("no letter from beyond U+FFFF passes for a Russian one", () => {
  assert.equal(codePointsOf(utf8("😀\u{10444}")), [0xfffd, 0xfffd]);
});

test("words are wrapped, and control characters are spaces", () => {
  const wrapped = (text: string, columns: number): string[] => wrap(utf8(text), columns).map(textOf);
  assert.equal(wrapped("  ақ  нан\tжаңа\x1bнан ", 8), ["ақ нан", "жаңа нан"]);
  assert.equal(wrapped("ұзынсөздер қысқа", 4), ["ұзын", "сөзд", "ер", "қысқ", "а"]);
  assert.equal(wrapped("", 4), []);
});

test.run();
