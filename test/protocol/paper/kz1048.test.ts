/** KZ-1048 against the table of Unicode, by way of Windows-1251 and the 18 letters. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { bytesOf, textOf, utf8 } from "../../../protocol/bytes";
import { decodeKz1048, encodeKz1048, foldCase, kazakhLetters } from "../../../protocol/paper/kz1048";
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

test("letters fold to lower case in three alphabets", () => {
  assert.is(textOf(foldCase(utf8("ФИСКАЛДЫҚ ЧЕК ЁҢӨҰҺӘІ Check №1"))), "фискалдық чек ёңөұһәі check №1");
});

test("code points are counted and taken apart alike, even of broken UTF-8", () => {
  for (const text of ["", "a", "Қазақ", "₸ 漢", "😀x"]) {
    assert.equal(
      codePointsOf(utf8(text)),
      [...text].map(letter => letter.codePointAt(0)),
    );
    assert.is(columnsOf(utf8(text)), [...text].length);
    assert.is([...text].map(letter => utf8Of(letter.codePointAt(0)!)).join(""), utf8(text));
  }
  for (const broken of [
    bytesOf(0xd2),
    bytesOf(0xd2, 0x41),
    bytesOf(0x80, 0x41),
    bytesOf(0xff, 0xd0, 0x90),
    bytesOf(0xe2, 0x82),
  ]) {
    assert.is(codePointsOf(broken).length, columnsOf(broken));
  }
  assert.equal(codePointsOf(bytesOf(0xd2, 0x41)), [0xfffd, 0x41]);
});

test("words are wrapped, and control characters are spaces", () => {
  const wrapped = (text: string, columns: number): string[] => wrap(utf8(text), columns).map(textOf);
  assert.equal(wrapped("  ақ  нан\tжаңа\x1bнан ", 8), ["ақ нан", "жаңа нан"]);
  assert.equal(wrapped("ұзынсөздер қысқа", 4), ["ұзын", "сөзд", "ер", "қысқ", "а"]);
  assert.equal(wrapped("", 4), []);
});

test.run();
