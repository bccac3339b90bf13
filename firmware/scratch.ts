/**
 * The scratch area: where an upload stands until it is stored. It is valid within one power cycle only, so it needs no
 * headers; sectors are erased as the upload reaches them, beginning at another sector each time, so that they wear alike.
 */
import type { Flash } from "../hal/flash";
import { assert } from "../protocol/assert";
import { type Bytes, concat, emptyBytes, slice } from "../protocol/bytes";
import { areaOf, eraseSector, type FlashArea, programFlash, readFlash } from "./flash-access";

/** @noSelf */
export interface Scratch {
  readonly capacityBytes: number;
  /** Forgets what was there and begins anew. */
  begin(): void;
  /** Adds bytes; `offsetBytes` is where the last ones ended. */
  write(offsetBytes: number, data: Bytes): void;
  /** Bytes that were written since `begin`. */
  read(offsetBytes: number, lengthBytes: number): Bytes;
}

interface Upload {
  firstSector: number;
  /** Bytes on the flash, whole pages; what came after them waits here for its page to fill. */
  programmedBytes: number;
  waiting: Bytes;
}

/** The largest power of two that one call moves: pages never cross a sector. */
function pageOf(area: FlashArea): number {
  let page = 64;
  while (page * 2 <= area.pageBytes) {
    page *= 2;
  }
  return page;
}

function addressOf(area: FlashArea, upload: Upload, offsetBytes: number): number {
  const sector = (upload.firstSector + Math.floor(offsetBytes / area.bytesPerSector)) % area.sectorCount;
  return sector * area.bytesPerSector + (offsetBytes % area.bytesPerSector);
}

function programPage(area: FlashArea, upload: Upload, page: Bytes): void {
  const address = addressOf(area, upload, upload.programmedBytes);
  if (upload.programmedBytes % area.bytesPerSector === 0) {
    eraseSector(area, Math.floor(address / area.bytesPerSector));
  }
  programFlash(area, address, page);
  upload.programmedBytes += page.length;
}

/** Bytes that are on the flash, sector by sector. */
function readProgrammed(area: FlashArea, upload: Upload, offsetBytes: number, lengthBytes: number): Bytes {
  const parts: Bytes[] = [];
  let done = 0;
  while (done < lengthBytes) {
    const inSector = (offsetBytes + done) % area.bytesPerSector;
    const length = Math.min(lengthBytes - done, area.bytesPerSector - inSector);
    parts.push(readFlash(area, addressOf(area, upload, offsetBytes + done), length));
    done += length;
  }
  return concat(parts);
}

/** `random` picks the first sector. Throws FlashFailure when the chip fails. */
export function createScratch(flash: Flash, callBytesMax: number, random: number): Scratch {
  const area = areaOf(flash, callBytesMax);
  const pageBytes = pageOf(area);
  const upload: Upload = { firstSector: random % area.sectorCount, programmedBytes: 0, waiting: emptyBytes };
  return {
    capacityBytes: flash.capacityBytes,
    begin: () => {
      const used = Math.floor((upload.programmedBytes + area.bytesPerSector - 1) / area.bytesPerSector);
      upload.firstSector = (upload.firstSector + used) % area.sectorCount;
      upload.programmedBytes = 0;
      upload.waiting = emptyBytes;
    },
    write: (offsetBytes, data) => {
      assert(offsetBytes === upload.programmedBytes + upload.waiting.length, "an upload grows at its end");
      assert(offsetBytes + data.length <= flash.capacityBytes, "an upload fits the scratch area");
      let waiting = concat([upload.waiting, data]);
      while (waiting.length >= pageBytes) {
        programPage(area, upload, slice(waiting, 0, pageBytes));
        waiting = slice(waiting, pageBytes, waiting.length);
      }
      upload.waiting = waiting;
    },
    read: (offsetBytes, lengthBytes) => {
      const end = offsetBytes + lengthBytes;
      const { programmedBytes } = upload;
      assert(end <= programmedBytes + upload.waiting.length, "only what was written is read");
      const onFlash = Math.max(0, Math.min(end, programmedBytes) - offsetBytes);
      const fromFlash = onFlash > 0 ? readProgrammed(area, upload, offsetBytes, onFlash) : emptyBytes;
      const from = Math.max(0, offsetBytes - programmedBytes);
      const rest = end > programmedBytes ? slice(upload.waiting, from, end - programmedBytes) : emptyBytes;
      return concat([fromFlash, rest]);
    },
  };
}
