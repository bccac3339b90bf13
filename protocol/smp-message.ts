/**
 * SMP message: an 8-byte header, everything big-endian, and a payload of CBOR.
 *
 *   0                  1       2         4        6     7
 *   | 000 | Ver | Op | Flags | Length  | Group  | Seq | Id | payload, Length bytes |
 *
 * The wire's Ver is one less than the version's name: 0 is SMP version 1, 1 is SMP version 2.
 */
import { assert } from "./assert";
import { type Bytes, byteAt, bytesOf, concat, readU16be, slice, u16be } from "./bytes";

export const smpHeaderBytes = 8;

export const smpOp = { read: 0, readResponse: 1, write: 2, writeResponse: 3 } as const;
/** Ver as it stands on the wire. 2 and 3 are reserved: answer rc `tooNew`. */
export const smpVersion = { v1: 0, v2: 1 } as const;

/** The common list of `rc`. */
export const smpRc = {
  ok: 0,
  unknown: 1,
  noMemory: 2,
  invalid: 3,
  timeout: 4,
  noEntry: 5,
  badState: 6,
  tooLarge: 7,
  notSupported: 8,
  corrupt: 9,
  busy: 10,
  accessDenied: 11,
  tooOld: 12,
  tooNew: 13,
  perUser: 256,
} as const;

export interface SmpHeader {
  /** As on the wire: smpVersion. */
  readonly version: number;
  readonly op: number;
  readonly group: number;
  readonly sequence: number;
  readonly command: number;
}

export interface SmpMessage extends SmpHeader {
  readonly payload: Bytes;
}

/** `truncated`: the packet ends before the header's Length; a request is answered with rc `corrupt`. */
export interface ReceivedMessage extends SmpMessage {
  readonly truncated: boolean;
}

export function encodeHeader(header: SmpHeader, payloadBytes: number): Bytes {
  assert(header.version >= 0 && header.version < 4, "a version has two bits");
  assert(header.op >= 0 && header.op < 8, "an op has three bits");
  return concat([
    bytesOf(header.version * 8 + header.op, 0),
    u16be(payloadBytes),
    u16be(header.group),
    bytesOf(header.sequence, header.command),
  ]);
}

export const encodeMessage = (message: SmpMessage): Bytes =>
  concat([encodeHeader(message, message.payload.length), message.payload]);

/**
 * The messages of one packet, each of which wants its own response. Fewer than 8 bytes, at the start or behind a
 * message, are no message. A message may have no payload at all; it means an empty map.
 */
export function decodeMessages(packet: Bytes): ReceivedMessage[] {
  const messages: ReceivedMessage[] = [];
  let offset = 0;
  while (packet.length - offset >= smpHeaderBytes) {
    const payloadOffset = offset + smpHeaderBytes;
    const end = payloadOffset + readU16be(packet, offset + 2);
    const payloadEnd = Math.min(end, packet.length);
    messages.push({
      version: Math.floor(byteAt(packet, offset) / 8) % 4,
      op: byteAt(packet, offset) % 8,
      group: readU16be(packet, offset + 4),
      sequence: byteAt(packet, offset + 6),
      command: byteAt(packet, offset + 7),
      payload: slice(packet, payloadOffset, payloadEnd),
      truncated: end > packet.length,
    });
    offset = payloadEnd;
  }
  return messages;
}
