/**
 * An FRAM behind Firmata's I²C: reads and writes that are proved.
 *
 *   write   | address hi | lo | up to 22 bytes |, and all of it is read back
 *   read    | address hi | lo |, then answers of up to 24 bytes, then the beginning once more
 *
 * A read has no address of its own: it goes on where the chip's pointer stands. If the message that sets the pointer
 * were lost, other bytes would come and nobody would notice. So the pointer is set again at the end and the beginning
 * is read a second time: two lost messages in a row would be needed.
 *
 * Addresses have 16 bits; the seventeenth of a 128 KB part is the lowest bit of the address on the bus.
 */
import { type Bytes, concat, slice, u16be } from "../../protocol/bytes";
import { i2cBytesMax } from "../../protocol/firmata";
import type { FirmataSession } from "./firmata-session";
import { framWriteBytes, readRetriesMax, writeRetriesMax } from "./limits";

export const bankBytes = 0x10000;

export interface FramChip {
  readonly i2cAddress: number;
  /** Undefined when the chip or the line did not give them. */
  read(offsetBytes: number, lengthBytes: number): Promise<Bytes | undefined>;
  /** False when the bytes cannot be read back: it is unknown what the chip holds there. */
  write(offsetBytes: number, data: Bytes): Promise<boolean>;
  /** Whether anybody answers for this place; asked once. */
  answers(offsetBytes: number): Promise<boolean>;
}

type Line = Pick<FirmataSession, "readI2c" | "writeI2c">;

export function createFramChip(line: Line, i2cAddress: number): FramChip {
  const addressOf = (offsetBytes: number): number => i2cAddress + Math.floor(offsetBytes / bankBytes);

  const point = (offsetBytes: number): void => line.writeI2c(addressOf(offsetBytes), u16be(offsetBytes % bankBytes));

  /** Reads on from the pointer, which is set at the begin and at the border of a bank. */
  async function readOn(offsetBytes: number, lengthBytes: number): Promise<Bytes | undefined> {
    const pieces: Bytes[] = [];
    let isPointed = false;
    for (const { begin, end } of chunksOf(offsetBytes, lengthBytes, i2cBytesMax)) {
      if (!isPointed || begin % bankBytes === 0) point(begin);
      isPointed = true;
      const piece = await line.readI2c(addressOf(begin), end - begin);
      if (piece === undefined) return undefined;
      pieces.push(piece);
    }
    return concat(pieces);
  }

  async function readProved(offsetBytes: number, lengthBytes: number): Promise<Bytes | undefined> {
    const bytes = await readOn(offsetBytes, lengthBytes);
    if (bytes === undefined) return undefined;
    const beginning = slice(bytes, 0, Math.min(i2cBytesMax, lengthBytes));
    return (await readOn(offsetBytes, beginning.length)) === beginning ? bytes : undefined;
  }

  async function read(offsetBytes: number, lengthBytes: number): Promise<Bytes | undefined> {
    let bytes = await readProved(offsetBytes, lengthBytes);
    for (let retries = 0; bytes === undefined && retries < readRetriesMax; retries++) {
      bytes = await readProved(offsetBytes, lengthBytes);
    }
    return bytes;
  }

  /** Read once: to be deceived, the write and the pointer would both have to be lost. */
  async function isHeld(offsetBytes: number, data: Bytes): Promise<boolean> {
    let bytes = await readOn(offsetBytes, data.length);
    for (let retries = 0; bytes !== data && retries < readRetriesMax; retries++) {
      bytes = await readOn(offsetBytes, data.length);
    }
    return bytes === data;
  }

  async function writeOnce(offsetBytes: number, data: Bytes): Promise<boolean> {
    for (const { begin, end } of chunksOf(offsetBytes, data.length, framWriteBytes)) {
      const piece = slice(data, begin - offsetBytes, end - offsetBytes);
      line.writeI2c(addressOf(begin), concat([u16be(begin % bankBytes), piece]));
    }
    return isHeld(offsetBytes, data);
  }

  return {
    i2cAddress,
    read,
    async write(offsetBytes, data) {
      let isWritten = await writeOnce(offsetBytes, data);
      for (let retries = 0; !isWritten && retries < writeRetriesMax; retries++) {
        isWritten = await writeOnce(offsetBytes, data);
      }
      return isWritten;
    },
    answers: async offsetBytes => (await readOn(offsetBytes, 1)) !== undefined,
  };
}

interface Chunk {
  readonly begin: number;
  readonly end: number;
}

/** Pieces of at most `chunkMax` that do not cross a bank's border. */
function chunksOf(offsetBytes: number, lengthBytes: number, chunkMax: number): Chunk[] {
  const chunks: Chunk[] = [];
  const last = offsetBytes + lengthBytes;
  for (let begin = offsetBytes; begin < last; ) {
    const bankEnd = (Math.floor(begin / bankBytes) + 1) * bankBytes;
    const end = Math.min(begin + chunkMax, last, bankEnd);
    chunks.push({ begin, end });
    begin = end;
  }
  return chunks;
}
