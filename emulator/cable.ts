/**
 * The cable between a board that has a serial port of this computer and the emulated line to the host: a pseudo-terminal
 * whose other end plays the image's part of a simulated UART, so that pace, noise and a pulled plug are the same as on the
 * emulated board. A pseudo-terminal does not wait for its speed; that which its user has set is read from it.
 */
import { SerialPort } from "serialport";
import type { SimUart } from "../hal/sim/sim-uart";
import type { Bytes } from "../protocol/bytes";
import { openPty } from "./pty";

export interface Cable {
  /** The board opens this. */
  readonly tty: string;
  /** The UART holds bytes for the board, or has room for more of its own. */
  pump(): void;
  close(): Promise<void>;
}

const pumpMs = 1;
const speedPollMs = 20;
const chunkBytes = 512;

/** `onSent`: bytes have left the board. */
export async function openCable(uart: SimUart, baud: number, onSent: () => void): Promise<Cable> {
  let waiting = "";
  let timer: NodeJS.Timeout | undefined;
  const pty = openPty(bytes => {
    waiting += bytes;
    pump();
  });
  const watcher = await SerialPort.binding.open({ path: pty.path, baudRate: baud, lock: false });
  let speed = baud;
  let asking = Promise.resolve();
  const poll = setInterval(() => {
    asking = followSpeed();
  }, speedPollMs);

  async function followSpeed(): Promise<void> {
    const { baudRate } = await watcher.getBaudRate();
    if (baudRate !== speed) {
      speed = baudRate;
      uart.uart.setBaud(speed);
    }
  }

  function pump(): void {
    clearTimeout(timer);
    if (waiting.length > 0) {
      waiting = waiting.slice(uart.uart.write(waiting as Bytes));
      onSent();
    }
    for (let bytes = uart.uart.read(chunkBytes); bytes.length > 0; bytes = uart.uart.read(chunkBytes)) pty.write(bytes);
    if (waiting.length > 0) timer = setTimeout(pump, pumpMs);
  }

  return {
    tty: pty.path,
    pump,
    async close() {
      clearTimeout(timer);
      clearInterval(poll);
      await asking.catch(() => undefined);
      await watcher.close();
      pty.close();
    },
  };
}
