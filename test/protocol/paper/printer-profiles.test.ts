/**
 * Every profile, end to end: a receipt written for it comes out of a printer that can what the profile says and no more,
 * and looks as the preview does. A printer that lacks what the profile promises is noticed.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createDrawnPrinter, type PrintedPaper } from "../../../emulator/drawn-printer";
import type { PrinterProfile } from "../../../hal/hal";
import { findProfile, printerProfiles } from "../../../hal/printers";
import { type Bytes, concat, slice, textOf, utf8 } from "../../../protocol/bytes";
import { toHex } from "../../../protocol/hex";
import { drawEscpos } from "../../../protocol/paper/escpos-read";
import { dleEot, gsR1 } from "../../../protocol/paper/escpos-write";
import type { PaperPiece } from "../../../protocol/paper/pieces";
import { glyphHeightDots, glyphRows, glyphWidthDots } from "../../../protocol/paper/raster";
import { codePointsOf } from "../../../protocol/paper/text";
import { bottomOf, decodePicture, type Picture, qrTextOf } from "./picture";
import { deflate, escposOf, piecesOf, receipt } from "./receipt";

const letters = utf8("ӘҒҚҢӨҰҮҺІәғқңөұүһі₸");
const url = textOf(receipt.outcome.qrUrl);
/** Where a picture's first line begins: below the torn edge and some white. */
const firstRow = 36;

const named = (name: string): PrinterProfile => {
  const profile = findProfile(name);
  assert.ok(profile, name);
  return profile!;
};

/** All letters in a line of their own, then the receipt. */
function lettersAndReceipt(columns: number): PaperPiece[] {
  const line: PaperPiece = { kind: "text", text: letters, bold: false, wide: false, center: false };
  return [line, ...piecesOf({ ...receipt, columns })];
}

const bytesFor = (profile: PrinterProfile): Bytes => escposOf(lettersAndReceipt(profile.columns), profile);

/** What the till shows: the same pieces by Epson's tables, on paper of that width. */
function previewOf({ columns, cutter }: PrinterProfile): Bytes {
  return drawEscpos(bytesFor({ ...named("epson-tm-t20"), columns, cutter }), { columns, deflate });
}

/** Prints in small pieces; everything that comes out. */
function print(bytes: Bytes, on: PrinterProfile): { papers: PrintedPaper[]; answers: string } {
  const papers: PrintedPaper[] = [];
  const printer = createDrawnPrinter({ profile: on, onPaper: paper => papers.push(paper) });
  for (let at = 0; at < bytes.length; ) {
    const taken = printer.write(slice(bytes, at, Math.min(at + 100, bytes.length)));
    assert.ok(taken > 0);
    at += taken;
  }
  return { papers, answers: toHex(printer.read(16)) };
}

function printOne(profile: PrinterProfile, on: PrinterProfile): PrintedPaper {
  const { papers } = print(bytesFor(profile), on);
  assert.is(papers.length, 1);
  return papers[0]!;
}

const rightPapers = new Map<PrinterProfile, PrintedPaper>();

/** The paper from the profile's own printer, printed once for all tests. */
function paperOf(profile: PrinterProfile): PrintedPaper {
  const paper = rightPapers.get(profile) ?? printOne(profile, profile);
  rightPapers.set(profile, paper);
  return paper;
}

const pictureOf = (png: Buffer | Bytes): Promise<Picture> =>
  decodePicture((typeof png === "string" ? png : png.toString("latin1")) as Bytes);

/** One row's dots between the sides of the paper, 1 black. */
function dotsOf({ data, width }: Picture, row: number): string {
  const dots: string[] = [];
  for (let x = 1; x < width - 1; x++) {
    dots.push(data[(row * width + x) * 4]! < 128 ? "1" : "0");
  }
  return dots.join("");
}

/** Dots are sent in whole bytes, so what stands in the middle may be up to 3 dots further left than letters are. */
const isSame = (row: string, expected: string, shiftMax: number): boolean =>
  [0, 1, 2, 3].slice(0, shiftMax + 1).some(dots => row === expected.slice(dots) + "0".repeat(dots));

for (const profile of printerProfiles) {
  const { name, columns } = profile;

  test(`${name}: every Kazakh letter and ₸ is the font's, dot for dot`, async () => {
    const picture = await pictureOf(paperOf(profile).png);
    const margin = (picture.width - columns * glyphWidthDots) / 2 - 1;
    codePointsOf(letters).forEach((code, column) => {
      const rows = glyphRows(code).map(bits => bits.toString(2).padStart(glyphWidthDots, "0"));
      const left = margin + column * glyphWidthDots;
      for (let row = 0; row < glyphHeightDots; row++) {
        assert.is(dotsOf(picture, firstRow + row).slice(left, left + glyphWidthDots), rows[row]);
      }
    });
  });

  test(`${name}: the receipt comes out as the preview shows it, dot for dot`, async () => {
    const printed = await pictureOf(paperOf(profile).png);
    const preview = await pictureOf(previewOf(profile));
    assert.is(printed.height, preview.height);
    const shiftMax = profile.letters === "raster" || profile.qr === "raster" ? 3 : 0;
    const different: number[] = [];
    for (let row = 0; row < preview.height; row++) {
      const isEdge = row < firstRow || row >= preview.height - firstRow;
      if (!isSame(dotsOf(printed, row), dotsOf(preview, row), isEdge ? 0 : shiftMax)) {
        different.push(row);
      }
    }
    assert.equal(different, []);
  });

  test(`${name}: the QR code is read from the paper`, async () => {
    assert.is(qrTextOf(bottomOf(await pictureOf(paperOf(profile).png), 500)), url);
  });

  test(`${name}: the printer knows every command of the receipt`, () => {
    assert.equal(paperOf(profile).passedOver, []);
  });

  test(`${name}: it says what it can be asked, and GS r is answered only where the profile counts on it`, () => {
    const { answers } = print(concat([dleEot(4), bytesFor(profile), gsR1]), profile);
    assert.is(answers, profile.confirms ? "1200" : "12");
  });
}

test("a profile is found by its name, and no other", () => {
  for (const profile of printerProfiles) {
    assert.is(findProfile(profile.name), profile);
  }
  assert.is(findProfile("Epson TM-T20"), undefined);
});

/** What came out of a printer that is not the profile's. */
function printOn(profile: PrinterProfile, changes: Partial<PrinterProfile>) {
  const paper = printOne(profile, { ...profile, ...changes });
  const right = paperOf(profile);
  const lacks = (command: string): boolean => paper.passedOver.some(head => toHex(head).startsWith(command));
  return { paper, isRight: paper.png.equals(right.png), lacks };
}

test("table 6 of a 58 mm clone may be Windows-1251 or KZ-1048: the paper is the same", () => {
  const { isRight, lacks } = printOn(named("generic-58"), { letters: "table" });
  assert.ok(isRight);
  assert.not(lacks("1b74"));
});

test("a clone without KZ-1048 prints nonsense when it is taken for an Epson", () => {
  const { paper, isRight, lacks } = printOn(named("epson-tm-t20"), { letters: "userDefined", codeTable: 46 });
  assert.ok(lacks("1b7435"));
  assert.not(isRight);
  assert.not.match(paper.text, "ҚҚС");
});

test("a clone that numbers Windows-1251 otherwise prints nonsense with 46", () => {
  const { isRight, lacks } = printOn(named("generic-80"), { codeTable: 6 });
  assert.ok(lacks("1b742e"));
  assert.not(isRight);
});

test("a printer that does not take letters of one's own shows others in their place", () => {
  const { isRight, lacks } = printOn(named("generic-80"), { letters: "raster" });
  assert.ok(lacks("1b26"));
  assert.not(isRight);
});

test("a printer without QR codes of its own leaves the place empty", async () => {
  const { paper, lacks } = printOn(named("generic-80"), { qr: "raster" });
  assert.ok(lacks("1d286b"));
  assert.equal(paper.qrTexts, []);
  assert.is(qrTextOf(bottomOf(await pictureOf(paper.png), 500)), undefined);
});

test("without a cutter a receipt that counts on one stays in the printer", () => {
  const profile = named("generic-80");
  assert.is(print(bytesFor(profile), { ...profile, cutter: false }).papers.length, 0);
});

test.run();
