/**
 * Units of the FRAM that were proved to hold certain bytes in this session: read with proof, or written and read back.
 * They are not fetched again, because the line is slow and the firmware reads a document several times. Nobody else writes
 * the chip while the session lasts; the next session begins with nothing.
 */
import { programBytes } from "./fram-layout";

export interface SeenUnits {
  has(unit: number): boolean;
  /** The bytes of a unit that it has. */
  get(unit: number): Buffer;
  /** `bytes` are whole units, beginning with `firstUnit`. */
  note(firstUnit: number, bytes: Buffer): void;
}

export function createSeenUnits(capacityBytes: number): SeenUnits {
  const held = Buffer.alloc(capacityBytes);
  const isSeen = new Uint8Array(capacityBytes / programBytes);
  return {
    has: unit => isSeen[unit] === 1,
    get: unit => held.subarray(unit * programBytes, (unit + 1) * programBytes),
    note(firstUnit, bytes) {
      held.set(bytes, firstUnit * programBytes);
      isSeen.fill(1, firstUnit, firstUnit + bytes.length / programBytes);
    },
  };
}
