/**
 * The serial line of the emulated Firmata device: a pseudo-terminal, and a wire in each direction that carries bytes at
 * the speed of the line. No byte is obeyed before it has arrived, none reaches the host before it has left.
 *
 *   host → pty → wire → arrived → onByte            one at a time, unless the device is busy
 *   host ← pty ← wire ← send
 */
import type { SimRandom } from "../hal/sim/sim-random";
import { firmataBaud } from "../protocol/firmata";
import { openPty, type Pty } from "./pty";

export interface FirmataLineOptions {
  readonly paced: boolean;
  readonly random: SimRandom;
  readonly onByte: (byte: number) => void;
  readonly log: (message: string) => void;
}

export interface FirmataLine {
  /** Device name of the pseudo-terminal; one that cannot be opened while it is unplugged. */
  path(): string;
  isPlugged(): boolean;
  send(bytes: readonly number[]): void;
  /** What has not been obeyed and what has not left is lost. */
  clear(): void;
  plug(): void;
  unplug(): void;
  /** The device works: what arrives is obeyed later, what it says next leaves later. */
  busy(forMs: number): void;
  /** Nothing is obeyed and nothing leaves. */
  stall(forMs: number): void;
  isStalled(): boolean;
  /** Of each direction; counts for bytes from now on. */
  loseBytes(probability: number): void;
  /** What has been put on each wire since the start, without lost bytes. */
  carried(): CarriedBytes;
}

export interface CarriedBytes {
  readonly toDevice: number;
  readonly toHost: number;
}

/** A board has no such device: opening it fails, as it does with a cable pulled out. */
const absentPath = "/dev/kassa-firmata-unplugged";
/** More waits nowhere; on a real board it would have been lost long before. */
const waitingMaxBytes = 65_536;
const pumpMs = 1;
const bitsOfByte = 10;
const byteMs = (bitsOfByte * 1000) / firmataBaud;

const nowMs = (): number => performance.now();

export function openFirmataLine({ paced, random, onByte, log }: FirmataLineOptions): FirmataLine {
  const fromHost = createWire(paced ? byteMs : 0);
  const toHost = createWire(paced ? byteMs : 0);
  let arrived = "";
  let pty: Pty | undefined;
  let timer: NodeJS.Timeout | undefined;
  let busyUntilMs = 0;
  let stalledUntilMs = 0;
  let loss = 0;
  let obeying = false;

  const isStalled = (): boolean => nowMs() < stalledUntilMs;
  const isBusy = (): boolean => nowMs() < Math.max(busyUntilMs, stalledUntilMs);

  function pump(): void {
    clearTimeout(timer);
    arrived += fromHost.take();
    obey();
    if (!isStalled()) pty?.write(toHost.take());
    if (arrived.length + fromHost.waitingBytes() + toHost.waitingBytes() > 0) timer = setTimeout(pump, pumpMs);
  }

  /** A message may cut the line, make the device busy, or lead back here. */
  function obey(): void {
    if (obeying) return;
    obeying = true;
    while (arrived.length > 0 && !isBusy()) {
      const byte = arrived.charCodeAt(0);
      arrived = arrived.slice(1);
      onByte(byte);
    }
    obeying = false;
  }

  function load(wire: Wire, bytes: string, startMs: number): void {
    const kept = loss === 0 ? bytes : [...bytes].filter(() => !random.chance(loss)).join("");
    if (wire.waitingBytes() + arrived.length + kept.length > waitingMaxBytes) log("the line of the device is full");
    else wire.push(kept, startMs);
  }

  function clear(): void {
    fromHost.clear();
    toHost.clear();
    arrived = "";
  }

  return {
    path: () => pty?.path ?? absentPath,
    isPlugged: () => pty !== undefined,
    isStalled,
    clear,
    send(bytes) {
      if (pty === undefined) return;
      load(toHost, String.fromCharCode(...bytes), Math.max(nowMs(), busyUntilMs));
      if (!obeying) pump();
    },
    plug() {
      if (pty !== undefined) return;
      const opened = openPty(bytes => {
        if (pty !== opened) return;
        load(fromHost, bytes, nowMs());
        pump();
      });
      pty = opened;
    },
    unplug() {
      clearTimeout(timer);
      clear();
      pty?.close();
      pty = undefined;
      busyUntilMs = 0;
    },
    busy(forMs) {
      if (paced) busyUntilMs = Math.max(nowMs(), busyUntilMs) + forMs;
    },
    stall(forMs) {
      stalledUntilMs = nowMs() + forMs;
      pump();
    },
    loseBytes(probability) {
      loss = probability;
    },
    carried: () => ({ toDevice: fromHost.pushedBytes(), toHost: toHost.pushedBytes() }),
  };
}

interface Wire {
  push(bytes: string, startMs: number): void;
  /** The bytes that have come out at the other end. */
  take(): string;
  waitingBytes(): number;
  /** All that were ever put on it. */
  pushedBytes(): number;
  clear(): void;
}

/** Bytes follow each other without a gap while any wait. */
function createWire(msPerByte: number): Wire {
  let waiting = "";
  let startMs = 0;
  let pushedBytes = 0;
  return {
    push(bytes, fromMs) {
      if (waiting.length === 0) startMs = fromMs;
      waiting += bytes;
      pushedBytes += bytes.length;
    },
    take() {
      const out = msPerByte === 0 ? waiting.length : Math.floor((nowMs() - startMs) / msPerByte);
      const taken = waiting.slice(0, Math.max(0, out));
      waiting = waiting.slice(taken.length);
      startMs += taken.length * msPerByte;
      return taken;
    },
    waitingBytes: () => waiting.length,
    pushedBytes: () => pushedBytes,
    clear() {
      waiting = "";
    },
  };
}
