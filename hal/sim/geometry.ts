/**
 * How a board's one flash is cut into partitions, in this order:
 *
 *   | boot | state | slot0 | slot1 | scratch | z | fiscal ... |
 *
 * `boot`, `slot0` and `slot1` hold images; the firmware never sees them.
 */
export interface Geometry {
  readonly programBytes: number;
  readonly sectorBytes: number;
  readonly bootBytes: number;
  readonly stateBytes: number;
  readonly slotBytes: number;
  readonly scratchBytes: number;
  readonly zBytes: number;
  readonly fiscalBytes: number;
}

export interface Partition {
  readonly offsetBytes: number;
  readonly lengthBytes: number;
}

const kilobyte = 1024;
const base = {
  programBytes: 4,
  sectorBytes: 4096,
  bootBytes: 64 * kilobyte,
  stateBytes: 64 * kilobyte,
  slotBytes: 256 * kilobyte,
  scratchBytes: 256 * kilobyte,
  zBytes: 1024 * kilobyte,
};

/** The emulator: 64 MB in all. */
export const emulatorGeometry: Geometry = {
  ...base,
  fiscalBytes: 64 * 1024 * kilobyte - (64 + 64 + 256 + 256 + 256 + 1024) * kilobyte,
};

/** For tests: a ring of 1 MB, and no room for images. */
export const testGeometry: Geometry = { ...base, bootBytes: 0, slotBytes: 0, fiscalBytes: 1024 * kilobyte };

export interface Partitions {
  readonly capacityBytes: number;
  readonly state: Partition;
  readonly scratch: Partition;
  readonly z: Partition;
  readonly fiscal: Partition;
}

export function partitionsOf(geometry: Geometry): Partitions {
  let offsetBytes = geometry.bootBytes;
  const next = (lengthBytes: number): Partition => {
    const partition = { offsetBytes, lengthBytes };
    offsetBytes += lengthBytes;
    return partition;
  };
  const state = next(geometry.stateBytes);
  next(2 * geometry.slotBytes);
  const scratch = next(geometry.scratchBytes);
  const z = next(geometry.zBytes);
  const fiscal = next(geometry.fiscalBytes);
  return { capacityBytes: offsetBytes, state, scratch, z, fiscal };
}
