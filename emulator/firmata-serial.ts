/**
 * HW_SERIAL1 of the emulated Firmata device (TX1 and RX1), with a printer behind it.
 *
 *   write → one call of the printer's write, when its last byte has left at the port's own speed
 *   read  ← while it is switched on, what the printer says
 *
 * There is no flow control: what the printer does not take is lost, as on the three wires of a real one. When more bytes
 * wait than the port's buffer holds, the whole firmware waits.
 */
import type { Printer } from "../hal/printer";
import { type Bytes, emptyBytes, packBytes } from "../protocol/bytes";
import { hardwareSerial1, serialBytesMax, serialCommands, serialReadModes, sysex } from "../protocol/firmata";
import { type FirmataReplies, joinSevens, type Obeyed, splitSevens } from "./firmata-replies";

export interface FirmataSerialOptions {
  readonly printer: Printer | undefined;
  readonly paced: boolean;
  readonly replies: FirmataReplies;
  /** The firmware waits for the port. */
  readonly busy: (forMs: number) => void;
  /** The port takes its pins. */
  readonly onOpen: () => void;
  readonly log: (message: string) => void;
}

export interface FirmataSerial {
  obey(data: readonly number[]): Obeyed;
  /** Bytes move, as in each round of the firmware's loop. */
  poll(): void;
  /** Whether there is anything to poll for. */
  isActive(): boolean;
  reset(): void;
}

const bufferBytes = 64;
const baudMin = 300;
const baudMax = 1_000_000;
const bitsOfByte = 10;

const nowMs = (): number => performance.now();

interface Leaving {
  readonly bytes: Bytes;
  readonly atMs: number;
}

export function createFirmataSerial(options: FirmataSerialOptions): FirmataSerial {
  const { printer, paced, replies, busy, onOpen, log } = options;
  let byteMs: number | undefined;
  let leaving: Leaving[] = [];
  /** Bytes of each reply while the port is read. */
  let readMaxBytes: number | undefined;

  const emptyAtMs = (): number => Math.max(nowMs(), leaving.at(-1)?.atMs ?? 0);

  function open(data: readonly number[]): Obeyed {
    const [low = 0, middle = 0, high = 0] = data;
    const baud = low + middle * 128 + high * 16384;
    if (data.length !== 3) return "serial: a config has three bytes of speed";
    if (baud < baudMin || baud > baudMax) return `serial: no speed of ${baud} baud`;
    byteMs = paced ? (bitsOfByte * 1000) / baud : 0;
    onOpen();
    return undefined;
  }

  function write(data: readonly number[], msPerByte: number): Obeyed {
    const values = joinSevens(data);
    if (values === undefined) return "serial: half a byte";
    if (values.length > serialBytesMax)
      return `serial: a write of at most ${serialBytesMax} bytes, not ${values.length}`;
    if (values.some(value => value > 0xff)) return "serial: a value above 255";
    const atMs = emptyAtMs() + values.length * msPerByte;
    leaving.push({ bytes: packBytes(values), atMs });
    busy(Math.max(0, atMs - nowMs() - bufferBytes * msPerByte));
    poll();
    return undefined;
  }

  function read(data: readonly number[]): Obeyed {
    const [mode, low = 0, high = 0] = data;
    readMaxBytes = undefined;
    if (mode === serialReadModes.stop && data.length === 1) return undefined;
    if (mode !== serialReadModes.continuously || (data.length !== 1 && data.length !== 3))
      return "serial: a read is continuous, with or without a length, or stops";
    // Zero asks for all that there is.
    readMaxBytes = Math.min(low + high * 128 || bufferBytes, bufferBytes);
    return undefined;
  }

  const drain = (): void => busy(emptyAtMs() - nowMs());

  function close(): void {
    for (const { bytes } of leaving) print(bytes);
    leaving = [];
    byteMs = undefined;
    readMaxBytes = undefined;
  }

  function print(bytes: Bytes): void {
    const taken = printer?.write(bytes) ?? bytes.length;
    if (taken < bytes.length) log(`the printer did not take ${bytes.length - taken} bytes`);
  }

  function poll(): void {
    while (leaving[0] !== undefined && leaving[0].atMs <= nowMs()) print((leaving.shift() as Leaving).bytes);
    if (readMaxBytes === undefined || byteMs === undefined) return;
    const answer = printer?.read(readMaxBytes) ?? emptyBytes;
    if (answer.length === 0) return;
    const values = [...Buffer.from(answer, "latin1")];
    replies.sysex(sysex.serial, [serialCommands.reply + hardwareSerial1, ...splitSevens(values)]);
  }

  function obeyOpened(command: number, data: readonly number[], msPerByte: number): Obeyed {
    switch (command) {
      case serialCommands.write:
        return write(data, msPerByte);
      case serialCommands.read:
        return read(data);
      case serialCommands.close:
        drain();
        close();
        return undefined;
      case serialCommands.flush:
        drain();
        return undefined;
      default:
        return `serial: unknown command ${command}`;
    }
  }

  return {
    obey([head = 0, ...data]) {
      const command = head & 0xf0;
      const port = head & 0x0f;
      if (port !== hardwareSerial1) return `serial: no port ${port}`;
      if (command === serialCommands.config) return open(data);
      return byteMs === undefined ? "serial: the port is not configured" : obeyOpened(command, data, byteMs);
    },
    poll,
    isActive: () => leaving.length > 0 || readMaxBytes !== undefined,
    reset() {
      leaving = [];
      byteMs = undefined;
      readMaxBytes = undefined;
    },
  };
}
