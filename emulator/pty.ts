/**
 * The board's end of a pseudo-terminal, which `serialport` opens like any serial port.
 *
 * node-pty's own `open()` reads from the slave itself and steals bytes; so this uses the native part only. The slave
 * stays open and unread, else the master would fail while no host is there. What nobody fetches is dropped after a
 * while, as on a real wire.
 */
import { execFileSync } from "node:child_process";
import { closeSync, write } from "node:fs";
import { createRequire } from "node:module";
import { ReadStream } from "node:tty";

export interface Pty {
  /** Name of the device to open, such as /dev/pts/7. */
  readonly path: string;
  write(bytes: string): void;
  /** The device vanishes: an open port closes with `disconnected`. */
  close(): void;
}

interface NativePty {
  open(columns: number, rows: number): { master: number; slave: number; pty: string };
}

const loader = "@homebridge/node-pty-prebuilt-multiarch/lib/prebuild-loader.js";
const native = (createRequire(import.meta.url)(loader) as { default: NativePty }).default;

const unreadMaxBytes = 65_536;
const retryMs = 2;
const retriesMax = 250;

export function openPty(onBytes: (bytes: string) => void): Pty {
  const { master, slave, pty: path } = native.open(80, 24);
  execFileSync("stty", ["-F", path, "raw", "-echo"]);
  const reader = new ReadStream(master);
  reader.on("data", data => onBytes(data.toString("latin1")));
  // EIO means that the last reader has gone; the device stays.
  reader.on("error", () => undefined);
  const writer = createWriter(master);
  let closed = false;
  return {
    path,
    write: writer.push,
    close() {
      if (closed) return;
      closed = true;
      writer.close();
      closeSync(slave);
      reader.destroy();
    },
  };
}

/** Writes in order; a full pseudo-terminal is tried again (a tty stream would lose bytes there). */
function createWriter(descriptor: number): { push(bytes: string): void; close(): void } {
  let waiting: Buffer = Buffer.alloc(0);
  let writing = false;
  let closed = false;
  let retries = 0;

  function next(): void {
    if (writing || closed || waiting.length === 0) return;
    writing = true;
    write(descriptor, waiting, 0, waiting.length, null, (error, written) => {
      if (error === null) {
        writing = false;
        retries = 0;
        waiting = waiting.subarray(written);
        next();
      } else tryAgain();
    });
  }

  /** Full: nobody reads just now, or nobody ever will. */
  function tryAgain(): void {
    retries++;
    if (retries > retriesMax) waiting = Buffer.alloc(0);
    setTimeout(() => {
      writing = false;
      next();
    }, retryMs).unref();
  }

  return {
    push(bytes) {
      if (waiting.length > unreadMaxBytes) waiting = Buffer.alloc(0);
      waiting = Buffer.concat([waiting, Buffer.from(bytes, "latin1")]);
      next();
    },
    close() {
      closed = true;
    },
  };
}
