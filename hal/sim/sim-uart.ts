/**
 * A serial line in memory: the board's UART and the host's end of the wire.
 *
 *   host.write ─► wire at the line's speed ─► 2 KB receive buffer ─► uart.read     (what finds no room is lost)
 *   host.read  ◄─ arrived ◄─ wire at the line's speed ◄─ 2 KB transmit buffer ◄─ uart.write
 *
 * Nothing runs by itself: every call first moves the bytes that the passed time allows. A byte takes ten bits. When
 * the host's speed differs from the board's, each byte arrives as another one.
 */
import type { Bytes } from "../../protocol/bytes";
import type { Uart } from "../uart";
import { type ByteQueue, createByteQueue } from "./byte-queue";
import type { SimRandom } from "./sim-random";

export interface SimUartOptions {
  /** Monotonic milliseconds, fractions welcome. Without it bytes arrive at once. */
  readonly nowMs?: (() => number) | undefined;
  readonly baud?: number | undefined;
  readonly random: SimRandom;
}

export interface SimUart {
  readonly uart: Uart;
  readonly host: HostEnd;
  /** Speed of the board's side. */
  baud(): number;
  /** Each byte is changed with this probability, in both directions. */
  setNoise(probability: number): void;
  /** A cut cable swallows the bytes of both ends. */
  setConnected(connected: boolean): void;
  /** Bytes that have arrived and wait for `uart.read`. */
  unreadBytes(): number;
  /** Milliseconds until the wire will be empty in both directions; 0 when it is. */
  busyMs(): number;
  /** Bytes that came while the receive buffer was full. */
  lostBytes(): number;
  /** Power on: buffers are empty, the speed is that of the beginning. */
  reset(): void;
}

export interface HostEnd {
  write(bytes: string): void;
  read(): Bytes;
  /** By default the host follows the board's speed; a pseudo-terminal has none. */
  setBaud(baud: number): void;
}

const bufferBytes = 2048;
const startBaud = 115200;
const bitsPerByte = 10;

export function createSimUart(options: SimUartOptions): SimUart {
  const { nowMs, random } = options;
  let baud = options.baud ?? startBaud;
  let nextBaud: number | undefined;
  let hostBaud: number | undefined;
  let noise = 0;
  let connected = true;
  let lost = 0;
  const received = createByteQueue();
  const arrived = createByteQueue();

  const byteMs = (): number => (nowMs === undefined ? 0 : (bitsPerByte * 1000) / baud);
  const toBoard = createWire(byteMs, bytes => {
    const room = bufferBytes - received.length();
    lost += Math.max(0, bytes.length - room);
    received.push(distort(bytes).slice(0, room));
  });
  const toHost = createWire(byteMs, bytes => arrived.push(distort(bytes)));

  function advance(): void {
    const now = nowMs?.() ?? 0;
    toBoard.advance(now);
    toHost.advance(now);
    if (nextBaud !== undefined && toHost.length() === 0) {
      baud = nextBaud;
      nextBaud = undefined;
    }
  }

  function distort(bytes: string): string {
    if (!connected) return "";
    const isGarbled = hostBaud !== undefined && hostBaud !== baud;
    if (!isGarbled && noise === 0) return bytes;
    return Array.from(bytes, byte => (isGarbled || random.chance(noise) ? otherByte(byte) : byte)).join("");
  }

  /** Another byte for sure: one to 255 added. */
  const otherByte = (byte: string): string =>
    String.fromCharCode((byte.charCodeAt(0) + 1 + Math.floor(random.unit() * 255)) % 256);

  const uart: Uart = {
    read(lengthMaxBytes) {
      advance();
      return received.take(lengthMaxBytes);
    },
    write(data) {
      advance();
      const taken = data.slice(0, Math.max(0, bufferBytes - toHost.length()));
      toHost.push(taken, nowMs?.() ?? 0);
      advance();
      return taken.length;
    },
    pendingBytes() {
      advance();
      return toHost.length();
    },
    setBaud(value) {
      nextBaud = value;
      advance();
    },
  };

  const host: HostEnd = {
    write(bytes) {
      advance();
      toBoard.push(bytes, nowMs?.() ?? 0);
      advance();
    },
    read() {
      advance();
      return arrived.take(arrived.length());
    },
    setBaud(value) {
      hostBaud = value;
    },
  };

  return {
    uart,
    host,
    baud: () => baud,
    setNoise(probability) {
      noise = probability;
    },
    setConnected(value) {
      advance();
      connected = value;
    },
    unreadBytes() {
      advance();
      return received.length();
    },
    busyMs() {
      advance();
      return Math.max(toBoard.length(), toHost.length()) * byteMs();
    },
    lostBytes: () => lost,
    reset() {
      for (const queue of [received, arrived, toBoard, toHost]) queue.clear();
      baud = options.baud ?? startBaud;
      nextBaud = undefined;
    },
  };
}

/** One direction of the line. */
interface Wire extends Pick<ByteQueue, "length"> {
  push(bytes: string, nowMs: number): void;
  /** Nothing is under way, and time may begin anew. */
  clear(): void;
  /** Delivers the bytes whose last bit has passed. */
  advance(nowMs: number): void;
}

function createWire(byteMs: () => number, deliver: (bytes: string) => void): Wire {
  const queue = createByteQueue();
  /** When the first waiting byte began. */
  let beganMs = 0;
  return {
    length: queue.length,
    clear() {
      queue.clear();
      beganMs = 0;
    },
    push(bytes, nowMs) {
      if (queue.length() === 0) beganMs = Math.max(beganMs, nowMs);
      queue.push(bytes);
    },
    advance(nowMs) {
      const durationMs = byteMs();
      const passed = durationMs === 0 ? queue.length() : Math.floor((nowMs - beganMs) / durationMs);
      const count = Math.min(queue.length(), passed);
      if (count <= 0) return;
      beganMs += count * durationMs;
      deliver(queue.take(count));
    },
  };
}
