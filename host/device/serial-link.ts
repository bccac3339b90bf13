/**
 * Bytes to and from a board: a serial port by `serialport`, or `tcp://host:port` where there are no pseudo-terminals.
 * It knows no packets. A link that has closed stays closed: the driver opens a new one.
 */
import { connect as connectTcp } from "node:net";
import { SerialPort } from "serialport";
import { DeviceAbsent, DeviceRefusal } from "./device-error";

/** Where module and host begin, and fall back to (design §6). */
export const baudAtStart = 115200;

export interface LinkListener {
  data(chunk: Buffer): void;
  /** Called once, also after `close`. */
  closed(reason: string): void;
}
export interface Link {
  /** The path or address that was opened. */
  readonly port: string;
  listen(listener: LinkListener): void;
  write(bytes: Buffer): void;
  /** Changes the host's side; a socket has no speed of its own and the board paces itself. */
  setBaud(baud: number): Promise<void>;
  close(): void;
}

const connectTimeoutMs = 2000;

/** Opens a port at 115200. DeviceAbsent when it is not there, PORT_BUSY { port } when another program holds it. */
export function openLink(port: string): Promise<Link> {
  return port.startsWith("tcp://") ? openTcp(port) : openSerial(port);
}

function openSerial(path: string): Promise<Link> {
  return new Promise((resolve, reject) => {
    const serial = new SerialPort({ path, baudRate: baudAtStart, autoOpen: false, lock: true, hupcl: false });
    serial.open(error => {
      if (error) {
        reject(openError(path, error));
      } else {
        resolve(serialLink(path, serial));
      }
    });
  });
}

function openError(path: string, error: Error): DeviceRefusal {
  const isHeld = /lock|busy|temporarily unavailable|access denied/i.test(error.message);
  return isHeld ? new DeviceRefusal("PORT_BUSY", { port: path }) : new DeviceAbsent(error.message);
}

function serialLink(path: string, serial: SerialPort): Link {
  const close = (): void => {
    if (serial.isOpen && !serial.closing) {
      serial.close(() => {});
    }
  };
  return {
    port: path,
    listen(listener) {
      serial.on("data", (chunk: Buffer) => listener.data(chunk));
      serial.once("close", (error?: Error | null) => listener.closed(error?.message ?? "closed"));
      // A failed write or read means that the device has gone; "close" follows.
      serial.on("error", close);
    },
    write: bytes => void serial.write(bytes),
    setBaud: baud =>
      new Promise((resolve, reject) => serial.update({ baudRate: baud }, e => (e ? reject(e) : resolve()))),
    close,
  };
}

function openTcp(address: string): Promise<Link> {
  const url = new URL(address);
  return new Promise((resolve, reject) => {
    const socket = connectTcp({ host: url.hostname, port: Number(url.port), noDelay: true });
    const giveUp = setTimeout(() => socket.destroy(new Error("no connection in time")), connectTimeoutMs);
    const refused = (error: Error): void => {
      clearTimeout(giveUp);
      reject(new DeviceAbsent(error.message));
    };
    socket.once("error", refused);
    socket.once("connect", () => {
      clearTimeout(giveUp);
      socket.off("error", refused);
      let reason = "closed";
      socket.on("error", error => {
        reason = error.message;
      });
      resolve({
        port: address,
        listen(listener) {
          socket.on("data", chunk => listener.data(chunk));
          socket.once("close", () => listener.closed(reason));
        },
        write: bytes => void socket.write(bytes),
        setBaud: async () => {},
        close: () => socket.destroy(),
      });
    });
  });
}
