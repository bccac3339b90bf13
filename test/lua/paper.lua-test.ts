/** Paper is the same in Node and in Lua: the bytes of the worked receipt, by their CRC-32, and what is delicate in them. */
import type { PrinterProfile } from "../../hal/hal";
import { assert } from "../../protocol/assert";
import { type Bytes, concat, utf8 } from "../../protocol/bytes";
import { crc32 } from "../../protocol/crc32";
import { createEscposWriter } from "../../protocol/paper/escpos-write";
import { encodeKz1048, kazakhLetters } from "../../protocol/paper/kz1048";
import { layoutItem, layoutRefused, layoutTail, layoutTop } from "../../protocol/paper/layout";
import type { PaperOutcome, PaperPiece } from "../../protocol/paper/pieces";
import { encodeQr } from "../../protocol/paper/qr";
import { glyphRows, hasGlyph } from "../../protocol/paper/raster";
import { codePointsOf, wrap } from "../../protocol/paper/text";
import { autonomous, head, items, online, refused, seller } from "../vectors/paper-receipt";

type Letters = PrinterProfile["letters"];

function piecesOf(outcome: PaperOutcome, language: number, columns: number): PaperPiece[] {
  const spoken = { ...head, language };
  if (outcome.kind === "refused") {
    return layoutRefused(seller, spoken, outcome, columns);
  }
  const pieces = layoutTop(seller, spoken, outcome, columns);
  for (let index = 0; index < items.length; index++) {
    pieces.push(...layoutItem(items[index]!, index + 1, spoken, seller, columns));
  }
  pieces.push(...layoutTail(seller, spoken, outcome, columns));
  return pieces;
}

function escposOf(pieces: readonly PaperPiece[], letters: Letters, columns: number): Bytes {
  const writer = createEscposWriter({
    name: "test",
    columns,
    letters,
    codeTable: letters === "table" ? 53 : 46,
    qr: letters === "raster" ? "raster" : "command",
    confirms: true,
    cutter: true,
  });
  const parts: Bytes[] = [writer.begin()];
  for (const piece of pieces) {
    parts.push(writer.piece(piece));
  }
  parts.push(writer.end());
  return concat(parts);
}

/** Columns, outcome, language, letters, CRC-32 of the bytes. */
const printed: readonly (readonly [number, PaperOutcome, number, Letters, number])[] = [
  [48, online, 0, "table", 0x5080a868],
  [48, autonomous, 1, "table", 0xfedca15f],
  [32, online, 2, "table", 0x1c803612],
  [32, autonomous, 0, "table", 0x9ba2a5be],
  [48, refused, 0, "table", 0x6d50a08f],
  [48, online, 0, "userDefined", 0xf62da2ff],
  [32, online, 0, "raster", 0x47ff878b],
];

function checkPrinted(): void {
  for (const [columns, outcome, language, letters, crc] of printed) {
    const bytes = escposOf(piecesOf(outcome, language, columns), letters, columns);
    const got = crc32(bytes);
    assert(got === crc, "the bytes of " + letters + " are " + `${crc}` + ", not " + `${got}`);
  }
}

function checkLetters(): void {
  for (const code of kazakhLetters) {
    assert(encodeKz1048(code) !== undefined && hasGlyph(code), "a Kazakh letter has a byte and dots");
  }
  assert(encodeKz1048(0xfffd) === undefined, "the byte without a letter is not used");
  assert(glyphRows(0x20b8).length === 24, "a letter has 24 rows");
}

function checkText(): void {
  assert(codePointsOf(utf8("Қ₸a")).join(" ") === "1178 8376 97", "texts are taken apart by code points");
  assert(wrap(utf8("ұзынсөздер ақ"), 4).join("|") === utf8("ұзын|сөзд|ер|ақ"), "texts are cut by code points");
}

function checkQr(): void {
  const { side, modules } = encodeQr(online.qrUrl);
  let black = 0;
  for (const module of modules) {
    black += module;
  }
  assert(side === 41 && modules.length === 1681, "the address takes version 6");
  assert(black === 817, "as many modules are black as in Node: " + `${black}`);
}

export const cases = [
  { name: "the worked receipt has the same bytes", run: checkPrinted },
  { name: "Kazakh letters have bytes and dots", run: checkLetters },
  { name: "texts are wrapped by code points", run: checkText },
  { name: "a QR code has the same modules", run: checkQr },
];
