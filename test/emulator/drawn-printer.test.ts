/** The printer that draws: what it hands out at the cut, what it answers, and what it does without paper or power. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createDrawnPrinter, type DrawnPrinterOptions, type PrintedPaper } from "../../emulator/drawn-printer";
import { type Bytes, concat, slice, textOf, utf8 } from "../../protocol/bytes";
import { toHex } from "../../protocol/hex";
import { dleEot, drawerPulse, gsR1 } from "../../protocol/paper/escpos-write";
import { escposOf, piecesOf, printerProfile, receipt } from "../protocol/paper/receipt";
import { online } from "../vectors/paper-receipt";

const profile = printerProfile();
const bytes = escposOf(piecesOf(receipt), profile);

function printerWith(options: Partial<DrawnPrinterOptions> = {}) {
  const papers: PrintedPaper[] = [];
  const printer = createDrawnPrinter({ profile, onPaper: paper => papers.push(paper), ...options });
  const answers = (): string => toHex(printer.read(16));
  return { printer, papers, answers };
}

/** Writes until the printer takes no more; what is left. */
function offer(printer: { write(data: Bytes): number }, data: Bytes): Bytes {
  let rest = data;
  for (let taken = -1; taken !== 0 && rest.length > 0; ) {
    taken = printer.write(slice(rest, 0, Math.min(64, rest.length)));
    rest = slice(rest, taken, rest.length);
  }
  return rest;
}

test("each cut hands out the very bytes, a picture and a text", () => {
  const { printer, papers } = printerWith();
  for (const copy of [bytes, bytes]) {
    assert.is(offer(printer, copy), "");
  }
  assert.is(papers.length, 2);
  for (const paper of papers) {
    assert.is(paper.escpos.toString("latin1"), bytes);
    assert.is(paper.png.toString("latin1", 1, 4), "PNG");
    assert.match(paper.text, "БАРЛЫҒЫ/ИТОГО                          15 103,05");
    assert.equal(paper.qrTexts, [textOf(online.qrUrl)]);
    assert.not(paper.torn);
  }
  assert.equal(papers[0]?.png, papers[1]?.png);
});

test("questions between and after receipts are answered and do not count as paper", () => {
  const { printer, papers, answers } = printerWith();
  offer(printer, concat([dleEot(4), bytes, gsR1, dleEot(2), bytes]));
  assert.is(answers(), "120012");
  assert.equal(
    papers.map(paper => paper.escpos.toString("latin1") === bytes),
    [true, true],
  );
});

test("without paper it keeps its buffer, then takes nothing; status is answered; it goes on with new paper", () => {
  const { printer, papers, answers } = printerWith({ bufferBytes: 256 });
  const half = Math.floor(bytes.length / 2);
  offer(printer, slice(bytes, 0, half));
  printer.setPaper("end");
  const rest = offer(printer, slice(bytes, half, bytes.length));
  assert.is(rest.length, bytes.length - half - 256);
  printer.write(dleEot(4));
  printer.write(dleEot(2));
  printer.write(dleEot(1));
  assert.is(answers(), "72321a");
  printer.setPaper("present");
  assert.is(offer(printer, rest), "");
  assert.is(papers[0]?.escpos.toString("latin1"), bytes);
});

test("GS r waits for what stands before it", () => {
  const { printer, answers } = printerWith();
  printer.setCover(true);
  offer(printer, concat([slice(bytes, 0, 500), gsR1]));
  assert.is(answers(), "");
  printer.write(dleEot(2));
  assert.is(answers(), "16");
  printer.setCover(false);
  assert.is(answers(), "00");
});

test("paper that comes to its end is told before it is out", () => {
  const { printer, answers } = printerWith();
  printer.setPaper("nearEnd");
  offer(printer, concat([dleEot(4), gsR1]));
  assert.is(answers(), "1e03");
});

test("a printer that does not confirm leaves GS r without answer", () => {
  const { printer, answers } = printerWith({ profile: printerProfile({ confirms: false }) });
  offer(printer, concat([bytes, gsR1]));
  assert.is(answers(), "");
});

test("switched off it takes nothing and forgets; the next receipt tears the unfinished one off", () => {
  const { printer, papers } = printerWith();
  offer(printer, slice(bytes, 0, 600));
  printer.setOnline(false);
  assert.is(printer.write(bytes), 0);
  printer.setOnline(true);
  offer(printer, bytes);
  assert.equal(
    papers.map(({ torn }) => torn),
    [true, false],
  );
  assert.is(papers[1]?.escpos.toString("latin1"), bytes);
  assert.ok(bytes.startsWith(papers[0]!.escpos.toString("latin1")));
});

test("without a cutter the receipt ends where it is fed past the tear bar", () => {
  const tearing = printerProfile({ cutter: false });
  const { printer, papers } = printerWith({ profile: tearing });
  offer(printer, escposOf(piecesOf(receipt), tearing));
  assert.is(papers.length, 1);
});

test("at a printer's speed the answer comes when the paper is out", () => {
  let nowMs = 0;
  const { printer, papers, answers } = printerWith({ bytesPerSecond: 1000, nowMs: () => nowMs, bufferBytes: 65536 });
  offer(printer, concat([bytes, gsR1]));
  const neededMs = bytes.length + gsR1.length;
  for (nowMs = 0; nowMs < neededMs - 20; nowMs += 10) {
    assert.is(answers(), "");
  }
  nowMs = neededMs + 20;
  assert.is(answers(), "00");
  assert.is(papers.length, 1);
});

test("a status question inside an unfinished picture is no part of it", () => {
  const { printer, answers } = printerWith();
  offer(printer, slice(escposOf(piecesOf(receipt), printerProfile({ letters: "raster" })), 0, 200));
  printer.write(dleEot(4));
  assert.is(answers(), "12");
});

test("the drawer opens", () => {
  let opened = 0;
  const { printer } = printerWith({ onDrawer: () => opened++ });
  offer(printer, concat([drawerPulse, utf8("a\n")]));
  assert.is(opened, 1);
});

test.run();
