/** SMP's worked examples and every way to cut them, in Node and in Lua. */
import { assert } from "../../protocol/assert";
import { type Bytes, concat, emptyBytes, repeatByte, slice, utf8 } from "../../protocol/bytes";
import { crc16 } from "../../protocol/crc16";
import { fromHex, toHex } from "../../protocol/hex";
import { createFrameDecoder, encodePacket, type FrameEvent, feedFrame } from "../../protocol/smp-frame";
import { decodeMessages, encodeMessage } from "../../protocol/smp-message";
import { smpVectors } from "../vectors/smp";

function eventsOf(pieces: readonly Bytes[]): FrameEvent[] {
  let decoder = createFrameDecoder();
  const events: FrameEvent[] = [];
  for (const piece of pieces) {
    const fed = feedFrame(decoder, piece, crc16);
    decoder = fed.decoder;
    for (const event of fed.events) events.push(event);
  }
  return events;
}

/** Messages as hex, drops by their reason, joined: two lists of events are equal when these are. */
function describe(events: readonly FrameEvent[]): string {
  let all = "";
  for (const event of events) all += (event.kind === "message" ? toHex(event.message) : event.why) + ";";
  return all;
}

const lines = (...hex: string[]): Bytes => {
  const parts: Bytes[] = [];
  for (const line of hex) parts.push(fromHex(line));
  return concat(parts);
};

const [echo, , , , , , imageList] = smpVectors;
const echoLine = echo!.lines[0]!;

export const cases = [
  {
    name: "the reference's messages are framed and read byte for byte",
    run: () => {
      for (const vector of smpVectors) {
        const message = fromHex(vector.message);
        const encoded = encodePacket(message, crc16);
        assert(encoded.length === vector.lines.length, "as many lines");
        assert(concat(encoded) === lines(...vector.lines), "the very bytes");
        assert(describe(eventsOf(encoded)) === vector.message + ";", "and back");
      }
    },
  },
  {
    name: "headers are packed and read in both versions",
    run: () => {
      for (const vector of smpVectors) {
        const messages = decodeMessages(fromHex(vector.message));
        const message = messages[0]!;
        assert(messages.length === 1 && !message.truncated, "one whole message");
        assert(message.version === vector.version && message.op === vector.op, "version and op");
        assert(message.group === vector.group && message.sequence === vector.sequence, "group and sequence");
        assert(message.command === vector.command, "command");
        assert(toHex(encodeMessage(message)) === vector.message, "and back");
      }
    },
  },
  {
    name: "a packet may hold several messages; a short one is told, surplus under a header is none",
    run: () => {
      const two = decodeMessages(fromHex("0a00000100000100a0" + "0800000000000206" + "0102030405"));
      assert(two.length === 2 && two[0]!.payload === fromHex("a0") && two[1]!.payload === emptyBytes, "two messages");
      const short = decodeMessages(fromHex("0a00000500000100a0"));
      assert(short.length === 1 && short[0]!.truncated && short[0]!.payload === fromHex("a0"), "fewer bytes than told");
      assert(decodeMessages(fromHex("0a000001000001")).length === 0, "no header, no message");
    },
  },
  {
    name: "no line is longer than 127 bytes and only the last one is shorter",
    run: () => {
      for (const length of [8, 81, 89, 90, 92, 93, 250, 1024]) {
        const encoded = encodePacket(repeatByte(0xa5, length), crc16);
        for (let index = 0; index < encoded.length; index++) {
          assert(encoded[index]!.length <= 127, "127 bytes at most");
          assert(index === encoded.length - 1 || encoded[index]!.length === 127, "full lines first");
        }
        assert(describe(eventsOf(encoded)) === toHex(repeatByte(0xa5, length)) + ";", "and back");
      }
      assert(encodePacket(repeatByte(1, 81), crc16)[0]!.length === 119, "81 bytes: 119");
      assert(encodePacket(repeatByte(1, 90), crc16)[1]!.length === 7, "90 bytes: 127 and 7");
    },
  },
  {
    name: "cutting the bytes in three anywhere changes nothing",
    run: () => {
      const wire = concat([utf8("boot\n"), lines(...imageList!.lines), utf8("x\r\n"), fromHex(echoLine)]);
      const expected = describe(eventsOf([wire]));
      assert(expected === "foreign;" + imageList!.message + ";foreign;" + echo!.message + ";", "the events");
      for (let first = 0; first <= wire.length; first += 7) {
        for (let second = first; second <= wire.length; second += 5) {
          const pieces = [slice(wire, 0, first), slice(wire, first, second), slice(wire, second, wire.length)];
          assert(describe(eventsOf(pieces)) === expected, "the same events");
        }
      }
    },
  },
  {
    name: "text before a marker, CR LF, short lines and padding on any line are tolerated",
    run: () => {
      const body = slice(fromHex(echoLine), 0, fromHex(echoLine).length - 1);
      assert(describe(eventsOf([concat([utf8("log: "), body, utf8("\r\n")])])) === echo!.message + ";", "text and CR");
      const packet = concat([fromHex("0013"), fromHex(echo!.message), fromHex("c109")]);
      assert(packet.length === 21, "the packet of the echo");
      const short = concat([
        utf8("\x06\x09ABM=\n"),
        utf8("\x04\x14AgAACQ==\n"),
        utf8("\x04\x14AABCAKFhZGVoZWxsb8EJ\n"),
      ]);
      assert(describe(eventsOf([short])) === echo!.message + ";", "lines of their own padding");
    },
  },
  {
    name: "damage is dropped in silence, and the next packet is read",
    run: () => {
      const drops: readonly (readonly [string, string])[] = [
        ["crc", "\x06\x09ABMCAAAJAABCAKFhZGVoZWxsb8EK\n"],
        ["base64", "\x06\x09ABMCAAAJAABCAKFhZGVoZWxsb8E\n"],
        ["length", "\x06\x09ABICAAAJAABCAKFhZGVoZWxsb8EJ\n"],
        ["length", "\x06\x09AA==\n"],
        ["length", "\x06\x09AAEA\n"],
        ["tooLarge", "\x06\x09//8CAAAJ\n"],
        ["orphan", "\x04\x14ABMCAAAJ\n"],
        ["foreign", "\x06 garbage\n"],
        ["unfinished", "\x06\x09ABMCAAAJ\n"],
      ];
      for (const [why, line] of drops) {
        const events = eventsOf([concat([utf8(line), fromHex(echoLine)])]);
        assert(describe(events) === why + ";" + echo!.message + ";", "named, then read on");
      }
      const endless = eventsOf([repeatByte(0x41, 5000), utf8("\n"), fromHex(echoLine)]);
      assert(describe(endless) === "tooLong;" + echo!.message + ";", "an endless line");
    },
  },
];
