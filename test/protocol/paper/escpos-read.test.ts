/** The picture of a receipt: drawn from its bytes, readable by others, different when one byte is. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Bytes, bytesOf, concat, slice, textOf, utf8 } from "../../../protocol/bytes";
import { drawEscpos, printEscpos, textOfEscpos } from "../../../protocol/paper/escpos-read";
import { createRandom } from "../../random";
import { blurred, bottomOf, decodePicture, qrTextOf } from "./picture";
import { deflate, escposOf, piecesOf, printerProfile, receipt } from "./receipt";

const bytesFor = (columns: number, changes = {}): Bytes =>
  escposOf(piecesOf({ ...receipt, columns }), printerProfile({ columns, ...changes }));
const url = textOf(receipt.outcome.qrUrl);

for (const columns of [48, 32]) {
  for (const qr of ["command", "raster"] as const) {
    test(`the QR code on ${columns} columns, by ${qr}, is read from the picture`, async () => {
      const picture = await decodePicture(drawEscpos(bytesFor(columns, { qr }), { columns, deflate }));
      assert.is(picture.width, columns === 48 ? 640 : 464);
      assert.is(qrTextOf(bottomOf(picture, 500)), url);
    });
  }
}

test("the QR code is read when one dot in twenty did not burn", async () => {
  const picture = bottomOf(await decodePicture(drawEscpos(bytesFor(48), { columns: 48, deflate })), 500);
  const random = createRandom(20);
  for (let dot = 0; dot < picture.data.length; dot += 4) {
    if (random.below(20) === 0) {
      picture.data.fill(255, dot, dot + 3);
    }
  }
  assert.is(qrTextOf(blurred(picture)), url);
});

test("the picture is black and white, and white around", async () => {
  const { data, width, height } = await decodePicture(drawEscpos(bytesFor(48), { columns: 48, deflate }));
  const values = new Set(data.filter((_, index) => index % 4 !== 3));
  assert.equal([...values].sort(), [0, 255]);
  for (let y = 10; y < height - 10; y++) {
    for (const x of [2, 31, width - 32, width - 3]) {
      assert.is(data[(y * width + x) * 4], 255);
    }
  }
});

test("one letter's byte changed is another picture and another text", () => {
  const bytes = bytesFor(48);
  const at = bytes.indexOf("KZT00000001");
  const changed = concat([slice(bytes, 0, at), utf8("X"), slice(bytes, at + 1, bytes.length)]);
  assert.is.not(drawEscpos(changed, { columns: 48, deflate }), drawEscpos(bytes, { columns: 48, deflate }));
  assert.match(textOfEscpos(changed), "XZT00000001");
});

test("a receipt sent as dots is read back as text; only equal dots stay in doubt", () => {
  const text = textOfEscpos(bytesFor(48, { letters: "raster", qr: "raster" }));
  assert.is(text.replaceAll(" х ", " x "), textOfEscpos(bytesFor(48)));
});

test("a profile's own number of its code table is known", () => {
  const profile = printerProfile({ codeTable: 6 });
  const bytes = escposOf(piecesOf(receipt), profile);
  assert.is(textOfEscpos(bytes, { columns: 48, profile }), textOfEscpos(bytesFor(48)));
  assert.match(textOfEscpos(bytes), "�");
});

test("ESC @ forgets user-defined letters, style and table", () => {
  const define = concat([bytesOf(0x1b, 0x26, 3, 0x41, 0x41, 1, 255, 255, 255), bytesOf(0x1b, 0x25, 1)]);
  const style = bytesOf(0x1b, 0x45, 1, 0x1d, 0x21, 0x11, 0x1b, 0x61, 1);
  const line = utf8("A\n");
  const { rows } = printEscpos(concat([define, style, bytesOf(0x1b, 0x40), line]), { columns: 48 });
  assert.equal(rows, printEscpos(line, { columns: 48 }).rows);
  assert.is.not(rows.join(""), printEscpos(concat([define, line]), { columns: 48 }).rows.join(""));
});

test("a line longer than the paper goes on in the next", () => {
  assert.is(textOfEscpos(utf8(`${"a".repeat(50)}\n`), { columns: 48 }), `${"a".repeat(48)}\naa\n`);
});

test("lines are as far apart as the printer was told", () => {
  const heightOf = (bytes: Bytes): number => printEscpos(bytes, { columns: 48 }).rows.length;
  assert.is(heightOf(utf8("a\n")), 30);
  assert.is(heightOf(concat([bytesOf(0x1b, 0x33, 40), utf8("a\n")])), 40);
  assert.is(heightOf(concat([bytesOf(0x1b, 0x33, 10), utf8("a\n")])), 24);
  assert.is(heightOf(concat([bytesOf(0x1d, 0x21, 0x07), utf8("a\n")])), 192);
});

test("code pages 866 and Windows-1251 are read as Node reads them", () => {
  for (const [number, label] of [
    [17, "ibm866"],
    [46, "windows-1251"],
  ] as const) {
    const bytes = Array.from({ length: 128 }, (_, index) => index + 128).filter(byte => byte !== 0x98);
    const expected = new TextDecoder(label).decode(Uint8Array.from(bytes));
    const printed = concat([bytesOf(0x1b, 0x74, number), ...bytes.map(byte => bytesOf(byte)), utf8("\n")]);
    assert.is(textOfEscpos(printed, { columns: 48 }).replaceAll("\n", ""), expected);
  }
});

test.run();
