/**
 * The serial link: bytes in, SMP messages to the commands, answers out; and the line's speed (design §6).
 *
 * A restarted module begins at 115200. A speed that was asked for counts once a valid packet came at it within 500 ms;
 * else, and after 2 s of bytes without a packet, the line falls back to 115200.
 */

import type { Uart } from "../hal/uart";
import { type Bytes, concat, slice } from "../protocol/bytes";
import { crc16 } from "../protocol/crc16";
import { createFrameDecoder, encodePacket, type FrameDecoder, feedFrame } from "../protocol/smp-frame";
import { decodeMessages } from "../protocol/smp-message";
import { answersMax, noiseMs, speedProofMs, startBaud, uartReadBytesMax, unfinishedPacketMs } from "./limits";

/** An answer on its way out. */
interface Outgoing {
  bytes: Bytes;
  /** The frame whose last page this is: the 5 s begin when its last byte is handed over. */
  readonly lastPageOf: number | undefined;
  /** Speed to change to when this answer has left. */
  readonly baud: number | undefined;
}

export interface SerialPort {
  decoder: FrameDecoder;
  out: Outgoing[];
  baud: number;
  /** Until a valid packet has proved a new speed. */
  proveByMs: number | undefined;
  /** Speed to set once the UART is empty. */
  switchTo: number | undefined;
  /** When the last valid packet came, and the last byte. */
  packetMs: number;
  byteMs: number;
  noiseSinceMs: number | undefined;
}

export function createSerial(nowMs: number): SerialPort {
  return {
    decoder: createFrameDecoder(),
    out: [],
    baud: startBaud,
    proveByMs: undefined,
    switchTo: undefined,
    packetMs: nowMs,
    byteMs: nowMs,
    noiseSinceMs: undefined,
  };
}

/** What the commands answer to one message, and what follows from it for the line. */
export interface Answer {
  readonly message: Bytes;
  readonly lastPageOf?: number;
  readonly baud?: number;
}

/** What the port needs from the board and the rest of the firmware. */
export interface SerialHost {
  readonly uart: Uart;
  readonly nowMs: number;
  readonly answer: (message: ReturnType<typeof decodeMessages>[number]) => Answer;
  readonly handed: (frame: number) => void;
}

function fallBack(serial: SerialPort, host: SerialHost): void {
  serial.proveByMs = undefined;
  serial.noiseSinceMs = undefined;
  if (serial.baud !== startBaud) {
    serial.baud = startBaud;
    serial.switchTo = startBaud;
  }
  serial.decoder = createFrameDecoder();
  switchSpeed(serial, host);
}

function switchSpeed(serial: SerialPort, host: SerialHost): void {
  if (serial.switchTo !== undefined && serial.out.length === 0 && host.uart.pendingBytes() === 0) {
    host.uart.setBaud(serial.switchTo);
    serial.switchTo = undefined;
  }
}

function packetCame(serial: SerialPort, host: SerialHost, packet: Bytes): void {
  serial.packetMs = host.nowMs;
  serial.noiseSinceMs = undefined;
  serial.proveByMs = undefined;
  for (const message of decodeMessages(packet)) {
    if (serial.out.length >= answersMax) {
      return;
    }
    const answer = host.answer(message);
    serial.out.push({
      bytes: concat(encodePacket(answer.message, crc16)),
      lastPageOf: answer.lastPageOf,
      baud: answer.baud,
    });
  }
}

function readBytes(serial: SerialPort, host: SerialHost): boolean {
  if (serial.out.length >= answersMax) {
    return false;
  }
  const bytes = host.uart.read(uartReadBytesMax);
  if (bytes.length === 0) {
    return false;
  }
  // After a pause it is no longer the noise of before.
  if (serial.noiseSinceMs === undefined || host.nowMs - serial.byteMs > unfinishedPacketMs) {
    serial.noiseSinceMs = host.nowMs;
  }
  serial.byteMs = host.nowMs;
  const fed = feedFrame(serial.decoder, bytes, crc16);
  serial.decoder = fed.decoder;
  for (const event of fed.events) {
    if (event.kind === "message") {
      packetCame(serial, host, event.message);
    }
  }
  return true;
}

function writeBytes(serial: SerialPort, host: SerialHost): boolean {
  const first = serial.out[0];
  if (first === undefined) {
    return false;
  }
  const taken = first.bytes.length === 0 ? 0 : host.uart.write(first.bytes);
  first.bytes = taken === 0 ? first.bytes : slice(first.bytes, taken, first.bytes.length);
  if (first.bytes.length === 0) {
    serial.out.shift();
    if (first.lastPageOf !== undefined) {
      host.handed(first.lastPageOf);
    }
    if (first.baud !== undefined) {
      serial.baud = first.baud;
      serial.switchTo = first.baud;
      serial.proveByMs = host.nowMs + speedProofMs;
    }
  }
  return taken > 0;
}

/** One bounded step; true when there was something to do. */
export function tickSerial(serial: SerialPort, host: SerialHost): boolean {
  const wrote = writeBytes(serial, host);
  switchSpeed(serial, host);
  const got = readBytes(serial, host);
  if (!got && host.nowMs - serial.byteMs > unfinishedPacketMs && serial.decoder.packet !== undefined) {
    serial.decoder = createFrameDecoder();
  }
  const unproved = serial.proveByMs !== undefined && host.nowMs > serial.proveByMs;
  const noisy = got && serial.noiseSinceMs !== undefined && host.nowMs - serial.noiseSinceMs > noiseMs;
  if (unproved || (noisy && serial.baud !== startBaud)) {
    fallBack(serial, host);
  }
  return got || wrote;
}
