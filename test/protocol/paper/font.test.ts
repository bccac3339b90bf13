/** The committed font is what the build makes, and is fit for receipts. */
import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { fontSource, rasterizeFont } from "../../../host/build/font";
import { toHex } from "../../../protocol/hex";
import { glyphColumns, glyphRows, hasGlyph, rasterText } from "../../../protocol/paper/raster";

const glyphs = rasterizeFont();

test("the committed font is the rasterised package", () => {
  const committed = readFileSync(new URL("../../../protocol/paper/font-12x24.ts", import.meta.url), "utf8");
  assert.ok(committed === fontSource(), "run: node --import tsx host/build/font.ts");
  assert.ok(committed.length < 20 * 1024);
});

test("each letter comes out of the packed font as it went in", () => {
  for (const [code, rows] of glyphs) {
    assert.equal(glyphRows(code), rows, String.fromCodePoint(code));
  }
});

test("it has all Kazakh letters, ₸ and the signs of texts; nothing else is claimed", () => {
  for (const letter of "ӘҒҚҢӨҰҮҺІәғқңөұүһі₸ЁёАЯая«»№“”–—AZaz09~ \\`") {
    assert.ok(hasGlyph(letter.codePointAt(0) ?? 0), letter);
  }
  for (const code of [0, 9, 10, 0x7f, 0xfffd, 0x6f22]) {
    assert.not(hasGlyph(code));
    assert.equal(glyphRows(code), glyphRows(0x3f));
  }
});

test("Kazakh letters differ from the Russian ones they come from", () => {
  const pairs = ["ғг", "қк", "ңн", "өо", "ұү", "һh", "ҒГ", "ҚК", "ҢН", "ӨО", "ҰҮ", "ӘЭ"];
  for (const [first, second] of pairs.map(pair => [...pair])) {
    const differs = glyphRows(first!.codePointAt(0)!).join() !== glyphRows(second!.codePointAt(0)!).join();
    assert.is(differs, first !== "һ", `${first} ${second}`);
  }
});

test("every letter has ink, inside its cell", () => {
  for (const [code, rows] of glyphs) {
    assert.is(rows.length, 24);
    assert.ok(rows.every(row => row >= 0 && row < 4096));
    assert.is(
      rows.some(row => row > 0),
      code !== 0x20,
    );
  }
});

test("columns of a user-defined letter are its rows turned", () => {
  const rows = glyphRows(0x49a);
  const columns = toHex(glyphColumns(0x49a));
  const turned = Array.from({ length: 12 }, (_, column) =>
    [0, 1, 2].map(third =>
      rows
        .slice(third * 8, third * 8 + 8)
        .reduce((byte, row) => byte * 2 + ((row >> (11 - column)) & 1), 0)
        .toString(16)
        .padStart(2, "0"),
    ),
  );
  assert.is(columns, turned.flat().join(""));
});

test("dots of a line: two narrow letters are three bytes, bold and doubled ones as they are drawn", () => {
  const [a, b] = [glyphRows(0x41), glyphRows(0x42)];
  const row = 10;
  const first = (style: Parameters<typeof rasterText>[1], text = [0x41, 0x42, 0x41]): string => {
    const { data, heightDots } = rasterText(text, style);
    const widthBytes = data.length / heightDots;
    const y = style.wide ? row * 2 : row;
    return toHex(data).slice(y * widthBytes * 2, (y + 1) * widthBytes * 2);
  };
  const hex12 = (bits: number): string => bits.toString(16).padStart(3, "0");
  assert.is(first({ bold: false, wide: false }), `${hex12(a[row]!)}${hex12(b[row]!)}${hex12(a[row]!)}0`);
  assert.is(
    first({ bold: true, wide: false }, [0x41, 0x42]),
    hex12(a[row]! | (a[row]! >> 1)) + hex12(b[row]! | (b[row]! >> 1)),
  );
  const doubled = [...a[row]!.toString(2).padStart(12, "0")].map(bit => bit + bit).join("");
  assert.is(first({ bold: false, wide: true }, [0x41]), Number.parseInt(doubled, 2).toString(16).padStart(6, "0"));
});

test.run();
