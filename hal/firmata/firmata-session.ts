/**
 * One session with the device: from the opened port until anything goes wrong. Nothing of a session outlives it; what
 * was asked in it is answered "unknown" at its end.
 *
 * Firmata's answers name only whom they are from, not what was asked. So one request at a time waits for its answer.
 * When none comes, a fence follows: a question that any working device answers, in the order of the line. Before its
 * answer the late one comes or it never will, so that it cannot be taken for the answer to the next request. A fence
 * without an answer ends the session.
 */
import firmataIo, { type Firmata } from "firmata-io";
import five, { type Board } from "johnny-five";
import { SerialPort } from "serialport";
import type { Bytes } from "../../protocol/bytes";
import { packBytes } from "../../protocol/bytes";
import { firmataBaud, i2cBytesMax, serialBytesMax } from "../../protocol/firmata";
import { type AwayReason, awayBy } from "./away-reason";
import { fitWiring } from "./board-fit";
import { startFairTimer } from "./fair-timer";
import { answerTimeoutMs, closeMaxMs, handshakeMaxMs, heartbeatMs, printerBaud, sentencesMax } from "./limits";
import type { Wiring, WiringName } from "./wiring";

export interface FirmataSession {
  readonly io: Firmata;
  readonly board: Board;
  readonly wiring: Wiring;
  /** Resolves once, when the port is closed. */
  readonly ended: Promise<AwayReason>;
  /** At most `i2cBytesMax` bytes. The device does not say whether the chip took them. */
  writeI2c(address: number, bytes: Bytes): void;
  /** At most `i2cBytesMax` bytes; undefined when the chip did not give them. */
  readI2c(address: number, lengthBytes: number): Promise<Bytes | undefined>;
  /** At most `serialBytesMax` bytes to the printer; true once the device has taken them, false when the session ended. */
  writeSerial(bytes: Bytes): Promise<boolean>;
  /** The first reason counts. */
  end(reason: AwayReason): void;
}

export interface SessionOptions {
  readonly path: string;
  /** The first that fits the device unless told. */
  readonly wiring: WiringName | undefined;
  readonly onSerial: (bytes: Bytes) => void;
  readonly log: (message: string) => void;
  /** Ends an opening that is under way. */
  readonly signal: AbortSignal;
}

/** The device resets itself or answers at once; either way its version comes. */
const reportVersionMs = 1;

export async function openSession(options: SessionOptions): Promise<FirmataSession | AwayReason> {
  const port = new SerialPort({ path: options.path, baudRate: firmataBaud, autoOpen: false });
  const failure = await new Promise<Error | null | undefined>(resolve => port.open(resolve));
  if (failure) return awayBy("PORT_ABSENT", { port: options.path });
  const io = new firmataIo.Firmata(port, { reportVersionTimeout: reportVersionMs });
  // Every failure of the port comes as "close", too; without a listener it would be thrown.
  io.on("error", () => undefined);
  const wiring = (await shakeHands(io, port, options.signal)) ?? fitWiring(io, options.wiring);
  if ("code" in wiring) {
    clearTimeout(io.reportVersionTimeoutId);
    await closePort(port);
    return wiring;
  }
  return runSession({ io, board: await boardOf(io), wiring }, port, options);
}

/** Why there is nobody to talk to. */
function shakeHands(io: Firmata, port: SerialPort, signal: AbortSignal): Promise<AwayReason | undefined> {
  return new Promise(resolve => {
    const finish = (why: AwayReason | undefined): void => {
      clearTimeout(timer);
      port.removeListener("close", onClose);
      signal.removeEventListener("abort", onClose);
      resolve(why);
    };
    const onClose = (): void => finish(awayBy("PORT_CLOSED"));
    const timer = setTimeout(() => finish(awayBy("NO_ANSWER", { timeoutMs: handshakeMaxMs })), handshakeMaxMs);
    port.once("close", onClose);
    signal.addEventListener("abort", onClose);
    io.once("ready", () => finish(undefined));
    if (signal.aborted) onClose();
  });
}

/** johnny-five keeps every Board that was ever made; so one is made only for a device that has answered. */
function boardOf(io: Firmata): Promise<Board> {
  return new Promise(resolve => {
    const board = new five.Board({ io, repl: false, debug: false, sigint: false });
    board.on("error", () => undefined);
    board.once("ready", () => resolve(board));
  });
}

/** Throws away what has not left: a port whose device is stuck would keep it for half a minute. */
function closePort(port: SerialPort): Promise<void> {
  return new Promise(resolve => {
    const timer = setTimeout(resolve, closeMaxMs);
    const finish = (): void => {
      clearTimeout(timer);
      resolve();
    };
    if (!port.isOpen) return finish();
    return port.flush(() => (port.isOpen && !port.closing ? port.close(finish) : finish()));
  });
}

interface Told {
  readonly event: string;
  readonly data: unknown;
}

type Device = Pick<FirmataSession, "io" | "board" | "wiring">;

function runSession(device: Device, port: SerialPort, options: SessionOptions): FirmataSession {
  const { io, wiring } = device;
  const { pins } = wiring;
  const waiting = new Set<() => void>();
  let tail: Promise<unknown> = Promise.resolve();
  let reason: AwayReason | undefined;
  let askedAtMs = performance.now();
  let tellEnd: (reason: AwayReason) => void;
  const ended = new Promise<AwayReason>(resolve => {
    tellEnd = resolve;
  });

  function end(why: AwayReason): void {
    if (reason !== undefined) return;
    reason = why;
    clearInterval(heart);
    for (const giveUp of [...waiting]) giveUp();
    closePort(port).then(() => tellEnd(why));
  }

  /** The first of these events; undefined after the time is over, or when the session ends. */
  function waitFor(events: readonly string[]): Promise<Told | undefined> {
    return new Promise(resolve => {
      const listeners = events.map(event => ({ event, hear: (data: unknown) => finish({ event, data }) }));
      const giveUp = (): void => finish(undefined);
      const stop = startFairTimer(answerTimeoutMs, giveUp);
      function finish(told: Told | undefined): void {
        stop();
        waiting.delete(giveUp);
        for (const { event, hear } of listeners) io.removeListener(event, hear);
        resolve(told);
      }
      waiting.add(giveUp);
      for (const { event, hear } of listeners) io.on(event, hear);
    });
  }

  /** Sends and waits, then waits behind a fence; undefined when there was no answer. */
  async function exchange(event: string, send: () => void): Promise<Told | undefined> {
    if (reason !== undefined) return undefined;
    const answer = waitFor([event]);
    askedAtMs = performance.now();
    send();
    const told = await answer;
    if (told !== undefined || reason !== undefined) return told;
    const fence = `pin-state-${pins.offline}`;
    const late = waitFor([event, fence]);
    io.queryPinState(pins.offline, ignore);
    const second = await late;
    if (second === undefined) end(awayBy("NO_ANSWER", { timeoutMs: 2 * answerTimeoutMs }));
    return second?.event === event ? second : undefined;
  }

  /** One at a time, in order. */
  function ask(event: string, send: () => void): Promise<Told | undefined> {
    const turn = tail.then(() => exchange(event, send));
    tail = turn;
    return turn;
  }

  /** Asked behind what was sent before: its answer says that all of that was obeyed. */
  const askAlive = (send: () => void): Promise<unknown> =>
    ask(`pin-state-${pins.ready}`, () => {
      send();
      io.queryPinState(pins.ready, ignore);
    });

  const heart = setInterval(() => {
    if (performance.now() - askedAtMs >= heartbeatMs / 2) askAlive(ignore);
  }, heartbeatMs);

  configure(device, options);
  port.once("close", () => end(awayBy("PORT_CLOSED")));
  port.on("error", () => end(awayBy("PORT_CLOSED")));
  // The device tells its version when it starts: it has forgotten its pins, the bus and the printer.
  io.on("reportversion", () => end(awayBy("DEVICE_RESET")));
  if (!port.isOpen) end(awayBy("PORT_CLOSED"));

  return {
    ...device,
    ended,
    end,
    writeI2c(address, bytes) {
      if (reason === undefined) io.i2cWrite(address, valuesOf(bytes, i2cBytesMax));
    },
    async readI2c(address, lengthBytes) {
      const told = await ask(`I2C-reply-${address}-0`, () => io.i2cReadOnce(address, lengthBytes, ignore));
      const values = told?.data as readonly number[] | undefined;
      // Fewer bytes: nobody is at this address.
      return values?.length === lengthBytes && values.every(isByte) ? packBytes(values) : undefined;
    },
    async writeSerial(bytes) {
      const values = valuesOf(bytes, serialBytesMax);
      await askAlive(() => io.serialWrite(wiring.printer.portId, values));
      return reason === undefined;
    },
  };
}

function configure({ io, wiring }: Device, { onSerial, log }: SessionOptions): void {
  const { portId } = wiring.printer;
  let sentences = 0;
  io.on("string", (sentence: string) => {
    sentences++;
    if (sentences <= sentencesMax) log(`the device says: ${sentence}`);
  });
  io.i2cConfig(0);
  io.serialConfig({ portId, baud: printerBaud });
  io.serialRead(portId, serialBytesMax, values => onSerial(packBytes(values.filter(isByte))));
}

const ignore = (): void => undefined;
const isByte = (value: number): boolean => value >= 0 && value <= 255;

function valuesOf(bytes: Bytes, lengthMax: number): number[] {
  if (bytes.length > lengthMax) throw new RangeError(`a message carries ${lengthMax} bytes, got ${bytes.length}`);
  return [...Buffer.from(bytes, "latin1")];
}
