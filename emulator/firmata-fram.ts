/**
 * An FRAM chip in a sparse file: a hole reads as zero, as a new chip does. Writes reach the kernel at once and so survive
 * `kill -9`; `close` also brings them to the disk.
 *
 * Addresses go on at the end of the part with its beginning, as the chip's counter does. On the bus a part of more than
 * 64 KB answers at two addresses: the lowest bit of the 7-bit address is the seventeenth of the memory address.
 */
import { closeSync, constants, fdatasyncSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from "node:fs";
import { assert } from "../protocol/assert";
import type { Bytes } from "../protocol/bytes";

export interface FramChipOptions {
  readonly file: string;
  /** 32 KB (MB85RC256V) or 128 KB (MB85RC1MT), or another power of two up to 128 KB. */
  readonly capacityBytes: number;
  /** The lower one, if it answers at two. */
  readonly i2cAddress: number;
}

export interface FramChip {
  readonly capacityBytes: number;
  readonly i2cAddress: number;
  /** All addresses where it answers. */
  readonly i2cAddresses: readonly number[];
  read(offsetBytes: number, lengthBytes: number): Bytes;
  write(offsetBytes: number, data: Bytes): void;
  /** Looks at the bytes without a wrap at the end. */
  peek(offsetBytes: number, lengthBytes: number): Bytes;
  close(): void;
}

/** What sixteen bits of memory address reach. */
export const framBankBytes = 0x10000;
const capacityMaxBytes = 2 * framBankBytes;

export function createFramChip({ file, capacityBytes, i2cAddress }: FramChipOptions): FramChip {
  const banks = Math.ceil(capacityBytes / framBankBytes);
  assert(capacityBytes > 0 && capacityBytes <= capacityMaxBytes, "an FRAM has up to 128 KB");
  assert((capacityBytes & (capacityBytes - 1)) === 0, "the capacity of an FRAM is a power of two");
  assert(i2cAddress % banks === 0, "the lowest bit of the address belongs to a part of 128 KB");
  const descriptor = openSync(file, constants.O_RDWR | constants.O_CREAT, 0o600);
  if (fstatSync(descriptor).size !== capacityBytes) ftruncateSync(descriptor, capacityBytes);

  function load(offsetBytes: number, lengthBytes: number): Bytes {
    const bytes = Buffer.alloc(lengthBytes);
    readSync(descriptor, bytes, 0, lengthBytes, offsetBytes);
    return bytes.toString("latin1") as Bytes;
  }

  /** Where each piece is that does not cross the end. */
  function pieces(offsetBytes: number, lengthBytes: number): { place: number; begin: number; end: number }[] {
    const found: { place: number; begin: number; end: number }[] = [];
    for (let begin = 0; begin < lengthBytes; ) {
      const place = (offsetBytes + begin) % capacityBytes;
      const end = Math.min(lengthBytes, begin + capacityBytes - place);
      found.push({ place, begin, end });
      begin = end;
    }
    return found;
  }

  return {
    capacityBytes,
    i2cAddress,
    i2cAddresses: Array.from({ length: banks }, (_, bank) => i2cAddress + bank),
    read(offsetBytes, lengthBytes) {
      const parts = pieces(offsetBytes, lengthBytes).map(({ place, begin, end }) => load(place, end - begin));
      return parts.join("") as Bytes;
    },
    write(offsetBytes, data) {
      for (const { place, begin, end } of pieces(offsetBytes, data.length)) {
        writeSync(descriptor, Buffer.from(data.slice(begin, end), "latin1"), 0, end - begin, place);
      }
    },
    peek(offsetBytes, lengthBytes) {
      assert(offsetBytes >= 0 && offsetBytes + lengthBytes <= capacityBytes, "one looks inside the chip");
      return load(offsetBytes, lengthBytes);
    },
    close() {
      fdatasyncSync(descriptor);
      closeSync(descriptor);
    },
  };
}
