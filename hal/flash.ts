import type { Bytes } from "../protocol/bytes";

/**
 * One partition of NOR flash or FRAM. Offsets count from the partition's start; the board maps them to the chip.
 *
 * Every call answers within 100 ms and moves at most `callBytesMax` of the board (hal.ts). A memory behind a slow line may
 * take longer while the board suspends the image, two seconds at most: then the call fails with "other".
 * @noSelf
 */
export interface Flash {
  readonly capacityBytes: number;
  /** Programs are multiples of this, at multiples of this. A power of two, at most 64. */
  readonly programBytes: number;
  /** The unit of erasing: whole program units; divides the capacity. Of the scratch part a multiple of 256. */
  readonly sectorBytes: number;
  /** Reads exactly `lengthBytes`, at any offset, over any border of pages and sectors. */
  read(offsetBytes: number, lengthBytes: number): Bytes | FlashError;
  /**
   * Programs erased bytes, each once, over any border of pages and sectors: where the chip's own page wraps, the board
   * splits the call. One that is refused (outOfBounds, notAligned, notErased) changes nothing. If power fails, bytes of
   * this call are undefined: a prefix, a suffix, a random subset is written, or they read differently each time; all other
   * bytes keep their value.
   */
  program(offsetBytes: number, data: Bytes): FlashError | undefined;
  /** Sets one sector to 0xff. If power fails, the whole sector is undefined. */
  eraseSector(offsetBytes: number): FlashError | undefined;
}

/** Details stay with the board; a driver only needs to know what to do: give up (other, worn) or mend the call. */
export interface FlashError {
  readonly kind: "outOfBounds" | "notAligned" | "notErased" | "worn" | "other";
  readonly offsetBytes: number;
}
