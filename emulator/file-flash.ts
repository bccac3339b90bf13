/**
 * A flash chip in a sparse file. Bytes are stored inverted, so that the holes of a new file (zeros) read as erased
 * (0xff). Writes reach the kernel at once and so survive `kill -9` of the board; `close` also brings them to the disk.
 */
import { closeSync, constants, fdatasyncSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from "node:fs";
import type { Flash, FlashError } from "../hal/flash";
import type { Bytes } from "../protocol/bytes";

export interface FileFlashOptions {
  readonly file: string;
  readonly capacityBytes: number;
  readonly programBytes: number;
  readonly sectorBytes: number;
}

export interface FileFlash extends Flash {
  /** Changes bytes as no chip could: what a torn erase leaves. */
  overwrite(offsetBytes: number, data: Bytes): void;
  close(): void;
}

export function createFileFlash({ file, capacityBytes, programBytes, sectorBytes }: FileFlashOptions): FileFlash {
  const descriptor = openSync(file, constants.O_RDWR | constants.O_CREAT, 0o600);
  if (fstatSync(descriptor).size !== capacityBytes) ftruncateSync(descriptor, capacityBytes);

  function boundsError(offsetBytes: number, lengthBytes: number): FlashError | undefined {
    const isInside = offsetBytes >= 0 && lengthBytes >= 0 && offsetBytes + lengthBytes <= capacityBytes;
    return isInside ? undefined : { kind: "outOfBounds", offsetBytes };
  }

  function load(offsetBytes: number, lengthBytes: number): Buffer {
    const bytes = Buffer.alloc(lengthBytes);
    readSync(descriptor, bytes, 0, lengthBytes, offsetBytes);
    return invert(bytes);
  }

  function store(offsetBytes: number, bytes: Buffer): void {
    writeSync(descriptor, invert(bytes), 0, bytes.length, offsetBytes);
  }

  return {
    capacityBytes,
    programBytes,
    sectorBytes,
    read(offsetBytes, lengthBytes) {
      return boundsError(offsetBytes, lengthBytes) ?? (load(offsetBytes, lengthBytes).toString("latin1") as Bytes);
    },
    program(offsetBytes, data) {
      const outside = boundsError(offsetBytes, data.length);
      if (outside !== undefined) return outside;
      if (offsetBytes % programBytes !== 0 || data.length % programBytes !== 0)
        return { kind: "notAligned", offsetBytes };
      if (!load(offsetBytes, data.length).every(byte => byte === 0xff)) return { kind: "notErased", offsetBytes };
      store(offsetBytes, Buffer.from(data, "latin1"));
      return undefined;
    },
    eraseSector(offsetBytes) {
      const outside = boundsError(offsetBytes, sectorBytes);
      if (outside !== undefined) return outside;
      if (offsetBytes % sectorBytes !== 0) return { kind: "notAligned", offsetBytes };
      store(offsetBytes, Buffer.alloc(sectorBytes, 0xff));
      return undefined;
    },
    overwrite(offsetBytes, data) {
      store(offsetBytes, Buffer.from(data, "latin1"));
    },
    close() {
      fdatasyncSync(descriptor);
      closeSync(descriptor);
    },
  };
}

/** Inverts in place. */
function invert(bytes: Buffer): Buffer {
  for (let index = 0; index < bytes.length; index++) bytes[index] = 0xff - (bytes[index] as number);
  return bytes;
}
