/** The bytes for the printer: Kazakh letters in each of three ways, hostile texts, QR codes, questions and answers. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { bytesOf, concat, utf8 } from "../../../protocol/bytes";
import { toHex } from "../../../protocol/hex";
import { printEscpos, textOfEscpos } from "../../../protocol/paper/escpos-read";
import {
  createEscposWriter,
  dleEot,
  drawerPulse,
  gsR1,
  isDleEotAnswer,
  isDleEotRequest,
  isGsRAnswer,
  parseCoverOpen,
  parsePaperStatus,
  parsePrinted,
} from "../../../protocol/paper/escpos-write";
import type { PaperPiece } from "../../../protocol/paper/pieces";
import { escposOf, piecesOf, printerProfile, receipt } from "./receipt";

const kazakh = "Ә Ғ Қ Ң Ө Ұ Ү Һ І ә ғ қ ң ө ұ ү һ і жиһаз";
const table = printerProfile();
const userDefined = printerProfile({ letters: "userDefined", codeTable: 46 });
const raster = printerProfile({ letters: "raster", qr: "raster" });

const line = (text: string, style: Partial<Extract<PaperPiece, { kind: "text" }>> = {}): PaperPiece => ({
  kind: "text",
  text: utf8(text),
  bold: false,
  wide: false,
  center: false,
  ...style,
});
const hexOf = (text: string, profile = table, style = {}): string =>
  toHex(createEscposWriter(profile).piece(line(text, style)));

test("the KZ-1048 table prints Kazakh letters as its bytes", () => {
  assert.is(hexOf("Қазақ"), "8de0e7e09d0a");
  assert.match(toHex(createEscposWriter(table).begin()), "1b7435");
});

test("bold, double and tall lines switch their style on and off", () => {
  assert.is(hexOf("A", table, { bold: true }), "1b4501410a1b4500");
  assert.is(hexOf("A", table, { wide: true }), "1d2111410a1d2100");
  assert.is(hexOf("A", table, { tall: true, center: true }), "1b61011d2101410a1d21001b6100");
});

test("user-defined letters are defined anew for each receipt, 18 times 36 bytes", () => {
  const begin = createEscposWriter(userDefined).begin();
  assert.is(begin.split("\x1b&\x03").length - 1, 18);
  assert.ok(begin.length > 18 * 36 && begin.length < 800);
});

test("a text that uses a borrowed code gets the printer's own letter", () => {
  const text = "[\\]^_`{|}~ !#$&;<>@ " + kazakh.slice(0, 20);
  assert.is(textOfEscpos(escposOf([line(text)], userDefined)), `${text}\n`);
});

for (const profile of [table, userDefined, raster]) {
  test(`every Kazakh letter is printed by ${profile.letters}`, () => {
    assert.is(textOfEscpos(escposOf([line(kazakh)], profile)), `${kazakh}\n`);
  });
  test(`₸ is printed by ${profile.letters}`, () => {
    assert.is(textOfEscpos(escposOf([line("650 ₸")], profile)), "650 ₸\n");
  });
}

test("the same receipt has the same dots by table and by user-defined letters", () => {
  const pieces = piecesOf(receipt);
  const rowsOf = (profile: typeof table) => printEscpos(escposOf(pieces, profile), { columns: 48 }).rows;
  assert.equal(rowsOf(userDefined), rowsOf(table));
  assert.is(rowsOf(raster).length, rowsOf(table).length);
});

test("a line goes as dots only when the table lacks a letter", () => {
  assert.ok(hexOf("₸").startsWith("1d7630"));
  assert.is(hexOf("漢").slice(0, 2), "3f", "a letter that nobody has is a question mark");
});

test("no text can give the printer a command", () => {
  for (let code = 0; code < 0x20; code++) {
    assert.is(hexOf(`a${String.fromCharCode(code)}b`), "613f620a");
  }
  assert.is(hexOf("a\x7fb"), "613f620a");
});

test("QR codes take a module of 3 to 6 dots that leaves a border", () => {
  const sizeOf = (columns: number, length: number): string => {
    const writer = createEscposWriter(printerProfile({ columns }));
    const bytes = toHex(writer.piece({ kind: "qr", text: utf8("x".repeat(length)) }));
    return /1d286b03003143(..)/.exec(bytes)?.[1] ?? "";
  };
  assert.is(sizeOf(48, 87), "06");
  assert.is(sizeOf(32, 87), "06");
  assert.is(sizeOf(32, 400), "04");
});

test("a text too long for a QR code is printed as text", () => {
  const url = `https://${"x".repeat(500)}`;
  const printed = textOfEscpos(escposOf([{ kind: "qr", text: utf8(url) }], table));
  assert.is(printed.replace(/\n/g, ""), url);
});

test("the receipt's last bytes cut, or feed past the tear bar", () => {
  assert.is(toHex(createEscposWriter(table).end()), "1d564200");
  assert.is(toHex(createEscposWriter(printerProfile({ cutter: false })).end()), "1b6405");
  assert.is(toHex(createEscposWriter(table).piece({ kind: "cut" })), "1d564200");
  assert.is(toHex(createEscposWriter(table).piece({ kind: "feed", lines: 2 })), "1b6402");
});

test("questions to the printer are Epson's, and their answers tell themselves apart", () => {
  assert.is(toHex(concat([dleEot(4), gsR1, drawerPulse])), "1004041d72011b700019fa");
  assert.ok(isDleEotRequest(dleEot(1)));
  assert.not(isDleEotRequest(concat([dleEot(1), bytesOf(0)])));
  for (const answer of [0x12, 0x16, 0x32, 0x72, 0x1e]) {
    assert.ok(isDleEotAnswer(answer) && !isGsRAnswer(answer));
  }
  for (const answer of [0x00, 0x03, 0x0c, 0x0f]) {
    assert.ok(isGsRAnswer(answer) && !isDleEotAnswer(answer));
  }
  assert.equal([0x12, 0x16].map(parseCoverOpen), [false, true]);
  assert.equal([0x12, 0x1e, 0x72, 0x7e].map(parsePaperStatus), ["present", "nearEnd", "end", "end"]);
  assert.equal([0x00, 0x03, 0x0c, 0x0f].map(parsePrinted), ["present", "nearEnd", "end", "end"]);
});

test.run();
