/**
 * A printer on USB: the character device of Linux' usblp, such as /dev/usb/lp0, written and read without waiting.
 *
 * A device that gives no answers is written only. So is a named pipe, which would else give back what was written.
 */
import { closeSync, constants, openSync, readSync, statSync, writeSync } from "node:fs";
import { type Bytes, emptyBytes } from "../../protocol/bytes";
import { busyMs, fetchBytesMax } from "./limits";
import { messageOf, openPort, type PrinterPort, type Wire, type WireEvents } from "./port";

export interface LpPrinterOptions {
  readonly path: string;
}

export const openLpPrinter = ({ path }: LpPrinterOptions): PrinterPort => openPort(events => dialLp(path, events));

const { O_RDWR, O_WRONLY, O_NONBLOCK, O_NOCTTY } = constants;
/** Busy, or out of paper, as usblp says it: the bytes are offered again. */
const busyCodes: readonly string[] = ["EAGAIN", "EBUSY", "EINTR", "ENOSPC"];
/** Nothing came; EIO is a read that failed, after which usblp begins a new one. A printer that is gone fails to write. */
const silentCodes: readonly string[] = ["EAGAIN", "EINTR", "EIO"];
/** The device has no way back, or does not let us read. */
const oneWayCodes: readonly string[] = ["EINVAL", "EBADF", "EACCES", "EPERM"];

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? "";

interface Device {
  readonly descriptor: number;
  readonly isReadable: boolean;
}

function dialLp(path: string, { opened, ready, broken }: WireEvents): () => void {
  let timer: NodeJS.Timeout | undefined;
  // Later: whoever dials has not heard yet how to give up.
  const opening = setImmediate(() => {
    try {
      opened(createWire(openDevice(path)));
    } catch (error) {
      broken(messageOf(error));
    }
  });

  function createWire({ descriptor, isReadable }: Device): Wire {
    const buffer = Buffer.alloc(fetchBytesMax);
    let hasAnswers = isReadable;
    return {
      offer(data) {
        try {
          return writeSync(descriptor, Buffer.from(data, "latin1"));
        } catch (error) {
          if (!busyCodes.includes(codeOf(error))) throw error;
          clearTimeout(timer);
          timer = setTimeout(ready, busyMs);
          return 0;
        }
      },
      fetch() {
        try {
          return hasAnswers
            ? (buffer.toString("latin1", 0, readSync(descriptor, buffer, 0, fetchBytesMax, null)) as Bytes)
            : emptyBytes;
        } catch (error) {
          hasAnswers = !oneWayCodes.includes(codeOf(error));
          if (hasAnswers && !silentCodes.includes(codeOf(error))) throw error;
          return emptyBytes;
        }
      },
      close() {
        clearTimeout(timer);
        try {
          closeSync(descriptor);
        } catch {
          // A device that has gone may say so once more.
        }
      },
    };
  }

  return () => {
    clearImmediate(opening);
    clearTimeout(timer);
  };
}

function openDevice(path: string): Device {
  const flags = O_NONBLOCK | O_NOCTTY;
  const stat = statSync(path);
  if (!stat.isCharacterDevice() && !stat.isFIFO()) {
    throw new Error(`${path} is no device`);
  }
  try {
    if (stat.isCharacterDevice()) {
      return { descriptor: openSync(path, O_RDWR | flags), isReadable: true };
    }
  } catch (error) {
    if (!oneWayCodes.includes(codeOf(error))) throw error;
  }
  return { descriptor: openSync(path, O_WRONLY | flags), isReadable: false };
}
