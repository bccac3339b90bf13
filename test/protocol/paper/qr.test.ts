/** QR codes are read by another library. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Bytes, concat, repeatByte, utf8 } from "../../../protocol/bytes";
import { createRowWriter } from "../../../protocol/paper/dot-rows";
import { encodePng } from "../../../protocol/paper/png";
import { encodeQr, qrSide, qrVersionMax } from "../../../protocol/paper/qr";
import { createRandom } from "../../random";
import { blurred, decodePicture, qrTextOf } from "./picture";
import { deflate } from "./receipt";

/** Modules of 4 dots, a white border of 4 modules; `spoiled` dots are inverted. */
async function readBack(text: Bytes, spoiled: (x: number, y: number) => boolean = () => false) {
  const { modules, side } = encodeQr(text);
  const scale = 4;
  const widthDots = Math.ceil(((side + 8) * scale) / 8) * 8;
  const blank = new Array<Bytes>(16).fill(repeatByte(0, widthDots / 8));
  const rows: Bytes[] = [];
  for (let y = 0; y < side * scale; y++) {
    const row = createRowWriter(widthDots);
    row.skip(16);
    for (let x = 0; x < side * scale; x++) {
      const module = modules[Math.floor(y / scale) * side + Math.floor(x / scale)]!;
      row.bits(spoiled(x, y) ? 1 - module : module, 1, 1);
    }
    rows.push(row.done());
  }
  return qrTextOf(blurred(await decodePicture(encodePng(widthDots, [...blank, ...rows, ...blank], deflate))));
}

test("every version from 1 to 15 is read, full to the last byte", async () => {
  const sides: number[] = [];
  for (let length = 1; qrSide(length) !== undefined; length++) {
    const isFull = qrSide(length + 1) !== qrSide(length);
    if (isFull) {
      const text = "Receipt 0123456789/".repeat(25).slice(0, length);
      assert.is(await readBack(utf8(text)), text);
      sides.push(qrSide(length)!);
    }
  }
  assert.equal(
    sides,
    Array.from({ length: qrVersionMax }, (_, index) => index * 4 + 21),
  );
});

test("version capacities are those of the standard, level M, byte mode (Table 7)", () => {
  const capacities = [14, 26, 42, 62, 84, 106, 122, 152, 180, 213, 251, 287, 331, 362, 412];
  capacities.forEach((capacity, index) => {
    assert.is(qrSide(capacity), index * 4 + 21);
    assert.is.not(qrSide(capacity + 1), index * 4 + 21);
  });
});

test("any byte can be a text's", async () => {
  const text = "₸ Қазақ ӘҒҚҢӨҰҮҺІ";
  assert.is(await readBack(utf8(text)), text);
});

test("a code that lost one dot in twenty, or gained as many, is read", async () => {
  const url = "https://consumer.ofd.example/?i=812345678901&f=010100000001&s=15103.05&t=20260314T164205";
  const random = createRandom(5);
  assert.is(await readBack(utf8(url), () => random.below(20) === 0), url);
});

test("a text that no version holds has no side", () => {
  assert.is(qrSide(413), undefined);
  assert.throws(() => encodeQr(concat([repeatByte(0x41, 413)])));
});

test.run();
