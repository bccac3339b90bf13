/**
 * Reading, programming and erasing in calls of at most `callBytesMax`. A chip that fails leaves by FlashFailure: the
 * caller blocks sales, the log stays readable.
 */
import type { Flash, FlashError } from "../hal/flash";
import { assert } from "../protocol/assert";
import { type Bytes, concat, repeatByte, slice } from "../protocol/bytes";

/** Thrown as it is; "full" is a ring without a sector to go on in, "damaged" is what does not read back as it was written. */
export interface FlashFailure {
  readonly flashFailure: true;
  readonly kind: FlashError["kind"] | "full" | "damaged";
  readonly offsetBytes: number;
}

/** A flash and the sizes that every layout on it is made of. */
export interface FlashArea {
  readonly flash: Flash;
  /** Largest call, a multiple of the program unit, at most 256. */
  readonly pageBytes: number;
  readonly unitBytes: number;
  readonly bytesPerSector: number;
  readonly sectorCount: number;
}

const pageBytesMax = 256;

export function areaOf(flash: Flash, callBytesMax: number): FlashArea {
  const unitBytes = flash.programBytes;
  const pageBytes = Math.floor(Math.min(pageBytesMax, callBytesMax) / unitBytes) * unitBytes;
  assert(pageBytes >= 64, "a flash call moves at least 64 bytes");
  assert(flash.sectorBytes % unitBytes === 0, "a sector is whole program units");
  assert(flash.capacityBytes % flash.sectorBytes === 0, "a flash is whole sectors");
  return {
    flash,
    pageBytes,
    unitBytes,
    bytesPerSector: flash.sectorBytes,
    sectorCount: Math.floor(flash.capacityBytes / flash.sectorBytes),
  };
}

/** `lengthBytes` up to whole program units. */
export const padded = (area: FlashArea, lengthBytes: number): number =>
  Math.floor((lengthBytes + area.unitBytes - 1) / area.unitBytes) * area.unitBytes;

export function readFlash(area: FlashArea, offsetBytes: number, lengthBytes: number): Bytes {
  if (lengthBytes <= area.pageBytes) {
    return readPage(area, offsetBytes, lengthBytes);
  }
  const parts: Bytes[] = [];
  for (let done = 0; done < lengthBytes; done += area.pageBytes) {
    parts.push(readPage(area, offsetBytes + done, Math.min(area.pageBytes, lengthBytes - done)));
  }
  return concat(parts);
}

function readPage(area: FlashArea, offsetBytes: number, lengthBytes: number): Bytes {
  const bytes = area.flash.read(offsetBytes, lengthBytes);
  if (typeof bytes !== "string") {
    fail(bytes);
  }
  assert(bytes.length === lengthBytes, "a flash reads exactly what was asked");
  return bytes;
}

/** Programs erased bytes, filled up with 0xff to whole units: in one call when they fit one. */
export function programFlash(area: FlashArea, offsetBytes: number, data: Bytes): void {
  const whole = concat([data, repeatByte(0xff, padded(area, data.length) - data.length)]);
  for (let done = 0; done < whole.length; done += area.pageBytes) {
    const error = area.flash.program(
      offsetBytes + done,
      slice(whole, done, Math.min(done + area.pageBytes, whole.length)),
    );
    if (error !== undefined) {
      fail(error);
    }
  }
}

export function eraseSector(area: FlashArea, sector: number): void {
  const error = area.flash.eraseSector(sector * area.bytesPerSector);
  if (error !== undefined) {
    fail(error);
  }
}

/** True when every byte reads 0xff. */
export function isBlank(area: FlashArea, offsetBytes: number, lengthBytes: number): boolean {
  const blankPage = repeatByte(0xff, Math.min(area.pageBytes, lengthBytes));
  for (let done = 0; done < lengthBytes; done += area.pageBytes) {
    const length = Math.min(area.pageBytes, lengthBytes - done);
    if (readPage(area, offsetBytes + done, length) !== slice(blankPage, 0, length)) {
      return false;
    }
  }
  return true;
}

function fail(error: FlashError): never {
  throw flashFailure(error.kind, error.offsetBytes);
}

/** What this module wrote reads back; anything else is a chip that forgets. Throws FlashFailure. */
export function assertStored(condition: boolean): asserts condition {
  if (!condition) {
    throw flashFailure("damaged", 0);
  }
}

/** Throws on whatever is no FlashFailure: an invariant that does not hold resets the board. */
export function asFlashFailure(failure: unknown): FlashFailure {
  if ((failure as FlashFailure).flashFailure !== true) {
    throw failure;
  }
  return failure as FlashFailure;
}

export const flashFailure = (kind: FlashFailure["kind"], offsetBytes: number): FlashFailure => ({
  flashFailure: true,
  kind,
  offsetBytes,
});
