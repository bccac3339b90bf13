/** The printer behind Firmata: order, room, the training line, and contacts that speak for a printer without sensors. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createDrawnPrinter, type PrintedPaper } from "../../emulator/drawn-printer";
import type { Contacts } from "../../hal/firmata/firmata-contacts";
import { createFirmataPrinter, type FirmataPrinter } from "../../hal/firmata/firmata-printer";
import { feedButtonLines, printBufferBytes } from "../../hal/firmata/limits";
import { createTrainingLine } from "../../hal/firmata/training-line";
import type { PrinterProfile } from "../../hal/hal";
import { simProfile } from "../../hal/sim/sim-board";
import { type Bytes, byteAt, bytesOf, concat, repeatByte, slice, utf8 } from "../../protocol/bytes";
import { serialBytesMax } from "../../protocol/firmata";
import {
  createEscposWriter,
  dleEot,
  gsR1,
  parseCoverOpen,
  parseOnline,
  parsePaperStatus,
  parsePrinted,
  parseStoppedByPaper,
} from "../../protocol/paper/escpos-write";

const line = (text: string): Bytes =>
  createEscposWriter(simProfile).piece({ kind: "text", text: utf8(text), bold: false, wide: false, center: false });

/** A paper as the image writes it: commands that begin it, lines, a cut. */
function paperOf(profile: PrinterProfile, texts: readonly string[]): Bytes {
  const writer = createEscposWriter(profile);
  const pieces = texts.map(text =>
    writer.piece({ kind: "text", text: utf8(text), bold: false, wide: false, center: false }),
  );
  return concat([writer.begin(), ...pieces, writer.end()]);
}

/** Prints at once and tells the papers. */
function printed(profile: PrinterProfile, bytes: Bytes): PrintedPaper[] {
  const papers: PrintedPaper[] = [];
  const printer = createDrawnPrinter({ profile, bufferBytes: 1 << 20, onPaper: paper => papers.push(paper) });
  printer.write(bytes);
  return papers;
}

const training = "ОҚУ ҚҰРЫЛҒЫСЫ / УЧЕБНОЕ УСТРОЙСТВО";
const profiles: readonly (readonly [name: string, profile: PrinterProfile])[] = [
  ["table", simProfile],
  ["user-defined letters", { ...simProfile, letters: "userDefined", codeTable: 46 }],
  ["no cutter", { ...simProfile, cutter: false }],
  ["32 columns", { ...simProfile, columns: 32 }],
  ["raster", { ...simProfile, letters: "raster" }],
];

for (const [name, profile] of profiles) {
  test(`each paper begins with the training line and is one paper: ${name}`, () => {
    const bytes = concat([paperOf(profile, ["ҚАЗЫНА", "first"]), gsR1, dleEot(4), paperOf(profile, ["second"])]);
    const papers = printed(profile, createTrainingLine(profile).feed(bytes));
    const plain = printed(profile, bytes);
    assert.equal([papers.length, plain.length], [2, 2]);
    for (const [index, paper] of papers.entries()) {
      assert.is(paper.torn, false);
      if (profile.letters === "raster") {
        assert.ok(paper.png.length > (plain[index]?.png.length ?? 0), "the picture is longer by the line");
        continue;
      }
      const lines = paper.text.split("\n").map(text => text.trim());
      const words = profile.columns === 32 ? ["ОҚУ ҚҰРЫЛҒЫСЫ / УЧЕБНОЕ", "УСТРОЙСТВО"] : [training];
      assert.equal(lines.slice(0, words.length), words);
      const rest = lines.slice(words.length).join("\n");
      assert.is(
        rest.trim(),
        plain[index]?.text
          .split("\n")
          .map(text => text.trim())
          .join("\n")
          .trim(),
      );
    }
  });
}

test("the training line stands at the same place however the bytes are cut", () => {
  const bytes = concat([repeatByte(0, 40), paperOf(simProfile, ["a", "b"]), gsR1, paperOf(simProfile, ["c"])]);
  const whole = createTrainingLine(simProfile).feed(bytes);
  for (let first = 0; first <= bytes.length; first += 3) {
    for (const second of [first, first + 1, Math.min(bytes.length, first + 7)]) {
      const cut = Math.min(second, bytes.length);
      const stamp = createTrainingLine(simProfile);
      const parts = [slice(bytes, 0, first), slice(bytes, first, cut), slice(bytes, cut, bytes.length)];
      assert.is(concat(parts.map(stamp.feed)), whole);
    }
  }
});

test("a paper that is begun anew gets its line anew, one that names no letters gets them", () => {
  const stamp = createTrainingLine(simProfile);
  const torn = concat([createEscposWriter(simProfile).begin(), line("torn")]);
  const papers = printed(simProfile, stamp.feed(concat([torn, paperOf(simProfile, ["again"])])));
  assert.equal(
    papers.map(({ torn, text }) => [torn, text.trim().startsWith(training)]),
    [
      [true, true],
      [false, true],
    ],
  );
  const bare = createTrainingLine(simProfile).feed(concat([line("bare"), createEscposWriter(simProfile).end()]));
  assert.ok(printed(simProfile, bare)[0]?.text.trim().startsWith(training));
});

interface Messages {
  readonly printer: FirmataPrinter;
  readonly sent: Bytes[];
  /** The device takes one message. */
  take(): Promise<void>;
}

/** A line that takes a message only when it is told. */
function withLine(contacts: Contacts = { paperOut: false, coverOpen: false }): Messages {
  const sent: Bytes[] = [];
  const takers: (() => void)[] = [];
  const printer = createFirmataPrinter({ profile: simProfile, contacts: () => contacts, onChange: () => undefined });
  printer.attach({
    writeSerial(bytes) {
      sent.push(bytes);
      return new Promise(resolve => takers.push(() => resolve(true)));
    },
  });
  return {
    printer,
    sent,
    async take() {
      takers.shift()?.();
      await new Promise(setImmediate);
    },
  };
}

test("bytes leave in messages of 30, the next when the last was taken, in order", async () => {
  const { printer, sent, take } = withLine();
  const paper = paperOf(simProfile, ["one", "two", "three"]);
  assert.is(printer.write(paper), paper.length);
  assert.is(sent.length, 1);
  for (let messages = 0; messages < 20; messages++) await take();
  assert.ok(sent.every(message => message.length <= serialBytesMax));
  assert.is(concat(sent), createTrainingLine(simProfile).feed(paper));
});

test("more than the buffer is not taken, and taken once there is room", async () => {
  const { printer, sent, take } = withLine();
  const paper = concat([createEscposWriter(simProfile).begin(), repeatByte(0x41, 4000)]);
  let taken = printer.write(paper);
  assert.ok(taken > printBufferBytes / 2 && taken <= printBufferBytes + serialBytesMax, `took ${taken}`);
  taken += printer.write(slice(paper, taken, paper.length));
  assert.is(printer.write(slice(paper, taken, paper.length)), 0);
  for (let turns = 0; turns < 400 && taken < paper.length; turns++) {
    await take();
    taken += printer.write(slice(paper, taken, paper.length));
  }
  for (let turns = 0; turns < 40; turns++) await take();
  assert.is(concat(sent), createTrainingLine(simProfile).feed(paper));
});

/** Lines that are fed are put behind each place of the bytes, if a paper allows it there. */
function fedAt(profile: PrinterProfile, bytes: Bytes, place: number): Bytes {
  const stamp = createTrainingLine(profile);
  return concat([stamp.feed(slice(bytes, 0, place)), stamp.insert(fed), stamp.feed(slice(bytes, place, bytes.length))]);
}
const fed = bytesOf(0x1b, 0x64, feedButtonLines);

for (const [name, profile] of profiles) {
  test(`wherever the feed button is pressed, papers stay whole and are fed between: ${name}`, () => {
    const bytes = concat([
      repeatByte(0, 9),
      paperOf(profile, ["ҚАЗЫНА"]),
      gsR1,
      dleEot(4),
      paperOf(profile, ["second"]),
    ]);
    const plain = createTrainingLine(profile).feed(bytes);
    const texts = printed(profile, plain).map(({ text }) => text.trim());
    const places = new Set<number>();
    for (let place = 0; place <= bytes.length; place += Math.ceil(bytes.length / 2000)) {
      const found = fedAt(profile, bytes, place);
      const at = insertedAt(found, plain);
      assert.ok(at >= 0, `fed once at ${place}, and nothing else changed`);
      if (places.has(at)) continue;
      places.add(at);
      // Lines that were fed before a paper begins are a strip of their own.
      const whole = printed(profile, found).filter(({ torn }) => !torn);
      assert.equal(
        whole.map(({ text }) => text.trim()),
        texts,
      );
    }
    assert.ok(places.size > 5, "before, between and behind them");
  });
}

/** Where `found` has the fed lines more than `plain`; -1 when it has not. */
function insertedAt(found: Bytes, plain: Bytes): number {
  for (let at = found.indexOf(fed); at >= 0; at = found.indexOf(fed, at + 1)) {
    if (found.slice(0, at) + found.slice(at + fed.length) === plain) return at;
  }
  return -1;
}

test("presses do not pile up: one waits for the end of the paper, and none outlives the line", () => {
  const stamp = createTrainingLine(simProfile);
  stamp.feed(line("a"));
  for (let presses = 0; presses < 50; presses++) assert.is(stamp.insert(fed), "");
  assert.is(stamp.feed(createEscposWriter(simProfile).end()).split(fed).length, 2);
  stamp.feed(line("b"));
  stamp.insert(fed);
  stamp.reset();
  assert.is(stamp.feed(bytesOf(0)), "\0");
  const { printer, sent } = withLine();
  for (let presses = 0; presses < 1000; presses++) printer.feed();
  printer.detach();
  printer.feed();
  assert.is(sent.length, 1, "the line takes one message at a time");
});

test("a real-time question is a message of its own, and is taken whole or not at all", async () => {
  const { printer, sent, take } = withLine();
  printer.write(utf8("A\n"));
  assert.is(printer.write(dleEot(4)), 3);
  printer.write(utf8("B\n"));
  for (let turns = 0; turns < 10; turns++) await take();
  assert.is(sent.filter(message => message === dleEot(4)).length, 1);
  const full = withLine().printer;
  while (full.write(repeatByte(0x41, printBufferBytes)) > 0);
  assert.equal([full.write(dleEot(2)), full.write(gsR1)], [0, 0]);
});

test("without a line it takes nothing, and what waited is gone when the line comes back", async () => {
  const { printer } = withLine();
  printer.write(repeatByte(0x41, 200));
  printer.detach();
  assert.is(printer.write(utf8("A")), 0);
  const sent: Bytes[] = [];
  printer.attach({ writeSerial: async bytes => sent.push(bytes) > 0 });
  printer.write(dleEot(1));
  await new Promise(setImmediate);
  assert.equal(sent, [dleEot(1)]);
});

test("a paper that the line has broken is not gone on with: the next bytes are those of a question between two papers", async () => {
  const { printer } = withLine();
  const sent: Bytes[] = [];
  printer.write(utf8("a receipt, as far as its s"));
  printer.detach();
  printer.attach({ writeSerial: async bytes => sent.push(bytes) > 0 });
  assert.is(printer.write(utf8("ign")), 0);
  assert.is(printer.write(gsR1), gsR1.length, "taken, and never answered");
  assert.is(printer.write(dleEot(2)), 3);
  assert.is(printer.write(utf8("it")), 2);
  for (let turns = 0; turns < 10; turns++) await new Promise(setImmediate);
  assert.ok(!concat(sent).includes("ign"), "what was not taken has not left");
  assert.is(sent[0], dleEot(2));
  assert.ok(!concat(sent).includes(gsR1));
});

function answerWith(contacts: Contacts, question: Bytes, answer: number): number {
  const { printer } = withLine(contacts);
  printer.write(question);
  printer.receive(bytesOf(answer));
  return byteAt(printer.read(1), 0);
}

test("contacts are added to what the printer says of itself", () => {
  const well = { paperOut: false, coverOpen: false };
  const empty = { paperOut: true, coverOpen: false };
  const open = { paperOut: false, coverOpen: true };
  assert.ok(parseOnline(answerWith(well, dleEot(1), 0x12)) && !parseOnline(answerWith(empty, dleEot(1), 0x12)));
  assert.ok(!parseOnline(answerWith(open, dleEot(1), 0x12)) && parseCoverOpen(answerWith(open, dleEot(2), 0x12)));
  assert.ok(
    parseStoppedByPaper(answerWith(empty, dleEot(2), 0x12)) && !parseCoverOpen(answerWith(empty, dleEot(2), 0x12)),
  );
  assert.equal(
    [well, empty, open].map(contacts => parsePaperStatus(answerWith(contacts, dleEot(4), 0x12))),
    ["present", "end", "present"],
  );
  assert.equal(
    [well, empty].map(contacts => parsePrinted(answerWith(contacts, gsR1, 0x00))),
    ["present", "end"],
  );
  assert.is(parsePaperStatus(answerWith(well, dleEot(4), 0x72)), "end", "what the printer knows itself stays");
});

test("unread answers are bounded", () => {
  const { printer } = withLine();
  for (let count = 0; count < 1000; count++) printer.receive(bytesOf(0x12, 0x12));
  assert.ok(printer.read(10_000).length <= 64);
});

test.run();
