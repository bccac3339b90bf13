/**
 * Whole SMP messages over something: lines on a serial link (smp.md §3), or length-prefixed frames on the broker's
 * socket. The client above neither knows nor cares which.
 */
import type { Socket } from "node:net";
import { crc16xmodem } from "crc";
import type { Bytes } from "../../protocol/bytes";
import { createFrameDecoder, encodePacket, feedFrame } from "../../protocol/smp-frame";
import type { Link } from "./serial-link";

export interface ChannelListener {
  message(message: Buffer): void;
  /** Bytes came that are no packet: if an answer is awaited, it was probably this one. */
  damaged(): void;
  closed(reason: string): void;
}
export interface MessageChannel {
  listen(listener: ChannelListener): void;
  send(message: Buffer): void;
  close(): void;
}

export const bytesOf = (buffer: Uint8Array): Bytes => Buffer.from(buffer).toString("latin1") as Bytes;
export const bufferOf = (bytes: Bytes): Buffer => Buffer.from(bytes, "latin1");

const crc = (bytes: Bytes): number => crc16xmodem(bufferOf(bytes));
/** A packet that stops in the middle for this long is probably cut (smp.md §3.4). What still comes of it is taken. */
const stalledMs = 1000;

/** Messages as lines on a serial link. Packets leave in one write. */
export function serialChannel(link: Link): MessageChannel {
  let decoder = createFrameDecoder();
  let stalled: NodeJS.Timeout | undefined;
  const receive = (chunk: Buffer, listener: ChannelListener): void => {
    clearTimeout(stalled);
    const fed = feedFrame(decoder, bytesOf(chunk), crc);
    decoder = fed.decoder;
    for (const event of fed.events) {
      if (event.kind === "message") {
        listener.message(bufferOf(event.message));
      } else {
        listener.damaged();
      }
    }
    if (decoder.packet !== undefined || decoder.lines.line.length > 0) {
      stalled = setTimeout(listener.damaged, stalledMs);
    }
  };
  return {
    listen(listener) {
      const closed = (reason: string): void => {
        clearTimeout(stalled);
        listener.closed(reason);
      };
      link.listen({ data: chunk => receive(chunk, listener), closed });
    },
    send: message => link.write(bufferOf(encodePacket(bytesOf(message), crc).join("") as Bytes)),
    close: link.close,
  };
}

const socketMessageMaxBytes = 4096;

/**
 * Messages on a local socket: u32 length big-endian, then the message. A length above 4 KB closes the socket.
 */
export function socketChannel(socket: Socket): MessageChannel {
  let received = Buffer.alloc(0);
  let reason = "closed";
  const receive = (chunk: Buffer, listener: ChannelListener): void => {
    received = Buffer.concat([received, chunk]);
    while (received.length >= 4) {
      const length = received.readUInt32BE(0);
      if (length > socketMessageMaxBytes) {
        socket.destroy(new Error("not a message"));
        return;
      }
      if (received.length < 4 + length) {
        return;
      }
      const message = received.subarray(4, 4 + length);
      received = received.subarray(4 + length);
      listener.message(Buffer.from(message));
    }
  };
  return {
    listen(listener) {
      socket.on("data", (chunk: Buffer) => receive(chunk, listener));
      socket.on("error", error => {
        reason = error.message;
      });
      socket.once("close", () => listener.closed(reason));
    },
    send(message) {
      const head = Buffer.alloc(4);
      head.writeUInt32BE(message.length);
      socket.write(Buffer.concat([head, message]));
    },
    close: () => void socket.destroy(),
  };
}
