/** The parser of ESC/POS: same events however the bytes are cut, every length bounded, nothing unknown spills as text. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Bytes, concat, repeatByte, utf8 } from "../../../protocol/bytes";
import { fromHex } from "../../../protocol/hex";
import {
  commandBytesMax,
  createEscposParser,
  type EscposEvent,
  feedEscpos,
} from "../../../protocol/paper/escpos-parser";
import { dleEot, drawerPulse, gsR1 } from "../../../protocol/paper/escpos-write";
import { createRandom } from "../../random";
import { cutInThree } from "../../three-ways";
import { escposOf, piecesOf, printerProfile, receipt } from "./receipt";

function eventsOf(...chunks: Bytes[]): EscposEvent[] {
  let parser = createEscposParser();
  const events: EscposEvent[] = [];
  for (const chunk of chunks) {
    const fed = feedEscpos(parser, chunk);
    parser = fed.parser;
    events.push(...fed.events);
  }
  return events;
}
/** One of everything. */
const sampler = concat([
  fromHex("1b40 1b331c 1b7435 1b2501"),
  fromHex(`1b26032122 0c${"a5".repeat(36)} 02${"5a".repeat(6)}`),
  utf8("Ab"),
  fromHex("1b4501 1d2111 1b6101 1b2118 0d0a 1b4a10 1b6402"),
  fromHex("1d763000 0200 0300 010203040506"),
  fromHex("1d286b0400314132001d286b03003143061d286b03003145311d286b0500315030 48691d286b0300315130"),
  drawerPulse,
  dleEot(4),
  gsR1,
  fromHex("1d6b04 3132333400 1d6b4903414243 1c2e 1b2a2102 00 010203040506 1d2844030014 0102 10140101 05 07"),
  fromHex("1d564200"),
]);

test("a receipt gives the same events, however it is cut into three", () => {
  const whole = eventsOf(sampler);
  cutInThree(sampler, pieces => assert.equal(eventsOf(...pieces), whole));
});

test("byte by byte a whole receipt gives the same events", () => {
  for (const letters of ["table", "raster"] as const) {
    const bytes = escposOf(
      piecesOf(receipt),
      printerProfile({ letters, qr: letters === "table" ? "command" : "raster" }),
    );
    assert.equal(eventsOf(...(bytes.split("") as Bytes[])), eventsOf(bytes));
  }
});

test("commands mean what Epson says", () => {
  const kinds = eventsOf(sampler).map(event => event.kind);
  assert.equal(kinds.slice(0, 8), [
    "reset",
    "lineSpacing",
    "codeTable",
    "userDefined",
    "define",
    "define",
    "letter",
    "letter",
  ]);
  const raster = eventsOf(sampler).find(event => event.kind === "raster");
  assert.equal(raster, {
    kind: "raster",
    widthBytes: 2,
    heightDots: 3,
    widthTimes: 1,
    heightTimes: 1,
    data: fromHex("010203040506"),
  });
  const qr = eventsOf(sampler).find(event => event.kind === "qrStore");
  assert.equal(qr, { kind: "qrStore", text: utf8("Hi") });
  assert.equal(
    ["drawer", "status", "report", "cut"].map(kind => kinds.includes(kind as EscposEvent["kind"])),
    [true, true, true, true],
  );
});

test("what is not known is an event, not text", () => {
  for (const bytes of ["1b2d01", "1d4801", "1d28440300140102", "1b2a2001000102 03", "1d4902", "100501", "07"]) {
    assert.equal(eventsOf(fromHex(bytes)), [{ kind: "unknown", bytes: fromHex(bytes) }]);
  }
});

test("a picture that announces too much is passed over, and what follows is read", () => {
  const head = fromHex("1d763000 ffff ffff");
  const lengthBytes = 8 + 65535 * 65535;
  assert.equal(eventsOf(head), [{ kind: "tooLong", bytes: head, lengthBytes }]);
  const long = fromHex("1d763000 0001 0101");
  const body = repeatByte(0x41, 256 * 257);
  assert.ok(body.length + 8 > commandBytesMax);
  const after = [
    { kind: "tooLong", bytes: long, lengthBytes: body.length + 8 },
    { kind: "letter", byte: 0x42 },
  ];
  assert.equal(eventsOf(long, body, utf8("B")), after);
  assert.equal(eventsOf(concat([long, body, utf8("B")])), after);
});

test("noise never makes the parser stop or fail", () => {
  const noise = createRandom(1).bytes(20000);
  const whole = eventsOf(noise);
  assert.ok(whole.length > 100);
  assert.equal(eventsOf(...(noise.split("") as Bytes[])), whole);
});

test.run();
