/**
 * SMP over a serial line: messages ↔ lines of text ("SMP over console", docs/wire-format.md).
 *
 *   packet          | length u16 = n + 2 | message, n bytes | CRC-16/XMODEM of the message |
 *   first line      06 09 <base64 of up to 93 bytes of the packet> 0a
 *   further lines   04 14 <base64 of up to 93 bytes of the packet> 0a
 *
 * Nothing inside base64 looks like a marker, so a receiver can take up the thread at any line. What is damaged is dropped
 * in silence: there is no negative acknowledgement. The CRC is a parameter: the image brings its own, the host npm's.
 */
import { assert } from "./assert";
import { decodeBase64, encodeBase64 } from "./base64";
import { type Bytes, byteAt, concat, emptyBytes, readU16be, slice, u16be, utf8 } from "./bytes";
import { createLineDecoder, feed, type LineDecoder } from "./line-decoder";

/** The largest message that either side takes (`buf_size`), and what its packet adds. */
export const messageBytesMax = 1024;
const packetOverheadBytes = 4;
const packetBytesMax = messageBytesMax + packetOverheadBytes;
/** 93 bytes are 124 letters: the largest multiple of four that leaves room in 127 for marker and newline. */
const sliceBytes = 93;

const firstMarker = utf8("\x06\x09");
const nextMarker = utf8("\x04\x14");
const newline = utf8("\n");

/** The lines to send, in one go and with nothing between them. */
export function encodePacket(message: Bytes, crc: (bytes: Bytes) => number): Bytes[] {
  assert(message.length <= messageBytesMax, "a message fits the receiver's buffer");
  const packet = concat([u16be(message.length + 2), message, u16be(crc(message))]);
  const lines: Bytes[] = [];
  for (let offset = 0; offset < packet.length; offset += sliceBytes) {
    const piece = slice(packet, offset, Math.min(offset + sliceBytes, packet.length));
    lines.push(concat([offset === 0 ? firstMarker : nextMarker, encodeBase64(piece), newline]));
  }
  return lines;
}

export interface FrameDecoder {
  readonly lines: LineDecoder;
  /** What has come of the packet in progress, undefined between packets. */
  readonly packet: Bytes | undefined;
}

/**
 * foreign: a line without a marker (console text, noise). orphan: a further line without a first one. unfinished: a new
 * packet began before the last one was whole. tooLong: a line, tooLarge: a packet beyond the buffer. base64, length, crc:
 * damaged.
 */
export type DropReason = "foreign" | "orphan" | "unfinished" | "tooLong" | "tooLarge" | "base64" | "length" | "crc";
export type FrameEvent =
  | { readonly kind: "message"; readonly message: Bytes }
  | { readonly kind: "dropped"; readonly why: DropReason };

export const createFrameDecoder = (): FrameDecoder => ({ lines: createLineDecoder(), packet: undefined });

/** The next bytes from the line. Pure: the same bytes give the same events, however they are cut. */
export function feedFrame(
  decoder: FrameDecoder,
  chunk: Bytes,
  crc: (bytes: Bytes) => number,
): { decoder: FrameDecoder; events: FrameEvent[] } {
  const fed = feed(decoder.lines, chunk);
  const events: FrameEvent[] = [];
  let packet = decoder.packet;
  for (const event of fed.events) {
    if (event.kind === "line") {
      packet = takeLine(packet, event.line, crc, events);
    } else {
      events.push({ kind: "dropped", why: "tooLong" });
      packet = undefined;
    }
  }
  return { decoder: { lines: fed.decoder, packet }, events };
}

/** Adds one line to the packet in progress; answers what is in progress after it. */
function takeLine(
  packet: Bytes | undefined,
  line: Bytes,
  crc: (bytes: Bytes) => number,
  events: FrameEvent[],
): Bytes | undefined {
  const marked = findMarked(line);
  if (marked === undefined) {
    if (line.length > 0) {
      events.push({ kind: "dropped", why: "foreign" });
    }
    return packet;
  }
  if (marked.first && packet !== undefined) {
    events.push({ kind: "dropped", why: "unfinished" });
  }
  const collected = marked.first ? emptyBytes : packet;
  if (collected === undefined) {
    events.push({ kind: "dropped", why: "orphan" });
    return undefined;
  }
  const decoded = decodeBase64(marked.text);
  if (decoded === undefined) {
    events.push({ kind: "dropped", why: "base64" });
    return undefined;
  }
  return judgePacket(concat([collected, decoded]), crc, events);
}

/** Tells a whole or a bad packet; answers the packet when more of it is to come. */
function judgePacket(packet: Bytes, crc: (bytes: Bytes) => number, events: FrameEvent[]): Bytes | undefined {
  const wanted = packet.length < 2 ? 0 : readU16be(packet, 0) + 2;
  if (wanted > packetBytesMax) {
    events.push({ kind: "dropped", why: "tooLarge" });
    return undefined;
  }
  if (wanted < packetOverheadBytes || packet.length > wanted) {
    events.push({ kind: "dropped", why: "length" });
    return undefined;
  }
  if (packet.length < wanted) {
    return packet;
  }
  const message = slice(packet, 2, packet.length - 2);
  if (crc(message) === readU16be(packet, packet.length - 2)) {
    events.push({ kind: "message", message });
  } else {
    events.push({ kind: "dropped", why: "crc" });
  }
  return undefined;
}

/** The base64 behind the line's last marker: text before it (a log line, a torn packet) does not hurt. */
function findMarked(line: Bytes): { first: boolean; text: Bytes } | undefined {
  for (let index = line.length - 2; index >= 0; index--) {
    const control = byteAt(line, index);
    if (control === 0x06 && byteAt(line, index + 1) === 0x09) {
      return { first: true, text: slice(line, index + 2, line.length) };
    }
    if (control === 0x04 && byteAt(line, index + 1) === 0x14) {
      return { first: false, text: slice(line, index + 2, line.length) };
    }
  }
  return undefined;
}
