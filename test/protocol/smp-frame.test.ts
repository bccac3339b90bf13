import { crc16xmodem } from "crc";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Bytes, concat, slice, utf8 } from "../../protocol/bytes";
import { fromHex, toHex } from "../../protocol/hex";
import { createLineDecoder, feed, type LineEvent, lineBytesMax } from "../../protocol/line-decoder";
import {
  createFrameDecoder,
  encodePacket,
  type FrameEvent,
  feedFrame,
  messageBytesMax,
} from "../../protocol/smp-frame";
import { createRandom } from "../random";
import { cutInThree } from "../three-ways";
import { smpVectors } from "../vectors/smp";

/** The host's CRC, on the live path. */
const crc = (bytes: Bytes): number => crc16xmodem(Buffer.from(bytes, "latin1"));

function linesOf(pieces: readonly Bytes[]): LineEvent[] {
  let decoder = createLineDecoder();
  return pieces.flatMap(piece => {
    const fed = feed(decoder, piece);
    decoder = fed.decoder;
    return fed.events;
  });
}

function framesOf(pieces: readonly Bytes[]): FrameEvent[] {
  let decoder = createFrameDecoder();
  return pieces.flatMap(piece => {
    const fed = feedFrame(decoder, piece, crc);
    decoder = fed.decoder;
    return fed.events;
  });
}

const wireOf = (index: number): Bytes => concat(smpVectors[index]!.lines.map(fromHex));

test("lines are the same however the bytes are cut in three", () => {
  const bytes = utf8("one\r\n\r\n\ntwo\r\r\nthree\rx\nrest");
  const expected = linesOf([bytes]);
  assert.equal(
    expected.map(event => event.kind === "line" && event.line),
    ["one", "", "", "two\r", "three\rx"],
  );
  cutInThree(bytes, pieces => assert.equal(linesOf(pieces), expected));
});

test("a line of 1600 bytes passes, one more is told once and thrown away", () => {
  const line = utf8("x".repeat(lineBytesMax));
  assert.equal(linesOf([line, utf8("\n")]), [{ kind: "line", line }]);
  const tooLong = concat([line, utf8("yyy\nnext\n")]);
  for (const cut of [0, 1, 1599, 1600, 1601, 1602, 1603, 1604, 1605]) {
    const events = linesOf([slice(tooLong, 0, cut), slice(tooLong, cut, tooLong.length)]);
    assert.equal(events, [{ kind: "tooLong" }, { kind: "line", line: "next" }]);
  }
});

test("every worked example is read however its bytes are cut in three", () => {
  for (const [index, { message }] of smpVectors.entries()) {
    const wire = wireOf(index);
    if (wire.length > 130) {
      continue;
    }
    cutInThree(wire, pieces => {
      const events = framesOf(pieces);
      assert.is(events.length, 1);
      assert.ok(events[0]!.kind === "message" && toHex(events[0]!.message) === message);
    });
  }
});

test("1000 random messages come back, with npm's CRC, in chunks of any size", () => {
  const random = createRandom(1021);
  for (let round = 0; round < 1000; round++) {
    const message = random.bytes(random.below(messageBytesMax + 1));
    const wire = concat(encodePacket(message, crc));
    const pieces: Bytes[] = [];
    for (let start = 0; start < wire.length; ) {
      const end = Math.min(wire.length, start + 1 + random.below(200));
      pieces.push(slice(wire, start, end));
      start = end;
    }
    assert.equal(framesOf(pieces), [{ kind: "message", message }]);
  }
});

test("one changed byte is never another message", () => {
  const wire = wireOf(6);
  for (let offset = 0; offset < wire.length; offset++) {
    for (const change of [1, 0x20, 0x80]) {
      const changed = String.fromCharCode(wire.charCodeAt(offset) ^ change) as Bytes;
      const damaged = concat([slice(wire, 0, offset), changed, slice(wire, offset + 1, wire.length)]);
      assert.not(framesOf([damaged]).some(event => event.kind === "message"));
    }
  }
});

test("a message larger than the receiver's buffer is our bug", () => {
  assert.throws(() => encodePacket("x".repeat(messageBytesMax + 1) as Bytes, crc), /fits the receiver's buffer/);
});

test.run();
