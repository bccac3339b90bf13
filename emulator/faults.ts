/**
 * A flash whose power can be cut in the middle of a call, as `kassa emulator cut-power` does. The call that is cut
 * leaves a prefix, a suffix, a random subset of its bits, or bytes that read differently each time; then PowerLost
 * leaves the image.
 */
import type { Flash } from "../hal/flash";
import { PowerLost, type Tear } from "../hal/sim/sim-flash";
import type { SimRandom } from "../hal/sim/sim-random";
import type { Bytes } from "../protocol/bytes";
import type { FileFlash } from "./file-flash";

export interface PowerCut {
  /** Bytes of programs that still succeed, over all partitions. */
  readonly afterBytes: number;
  readonly tear: Tear;
  /** The power goes: called before PowerLost is thrown. */
  readonly onCut: () => void;
}

export interface FaultyFlash extends Flash {
  /** The next cut; it happens once. */
  arm(cut: PowerCut): void;
}

/** Bytes that read as a random mix of erased and programmed, until their sector is erased. */
interface Unstable {
  readonly offsetBytes: number;
  readonly data: Buffer;
}

export function createFaultyFlash(chip: FileFlash, random: SimRandom): FaultyFlash {
  let cut: PowerCut | undefined;
  let unstable: Unstable[] = [];

  /** Some of the bits that a program clears, others not yet. */
  function mixed(data: Buffer): Buffer {
    const masks = Buffer.from(random.bytes(data.length), "latin1");
    return Buffer.from(data.map((byte, at) => byte | (masks[at] as number)));
  }

  /** What a program cut after `count` bytes leaves; an erased bit stays 1. */
  function torn(data: Buffer, count: number, tear: Tear): Buffer {
    const left = Buffer.alloc(data.length, 0xff);
    if (tear === "suffix") data.copy(left, data.length - count, data.length - count);
    else if (tear === "subset") return mixed(data);
    else data.copy(left, 0, 0, count);
    return left;
  }

  function lose({ onCut }: PowerCut): never {
    cut = undefined;
    onCut();
    throw new PowerLost();
  }

  function programTorn(offsetBytes: number, data: Bytes, due: PowerCut): never {
    const { afterBytes, tear } = due;
    const whole = Buffer.from(data, "latin1");
    chip.program(offsetBytes, torn(whole, afterBytes, tear).toString("latin1") as Bytes);
    if (tear === "unstable") {
      unstable.push({ offsetBytes: offsetBytes + afterBytes, data: whole.subarray(afterBytes) });
    }
    lose(due);
  }

  function eraseTorn(offsetBytes: number, due: PowerCut): never {
    chip.overwrite(offsetBytes, random.bytes(chip.sectorBytes));
    lose(due);
  }

  /** Lays the unstable bytes over what the chip holds. */
  function disturb(offsetBytes: number, bytes: Bytes): Bytes {
    const seen = Buffer.from(bytes, "latin1");
    for (const range of unstable) {
      mixed(range.data).forEach((byte, index) => {
        const at = range.offsetBytes + index - offsetBytes;
        if (at >= 0 && at < seen.length) seen[at] = byte;
      });
    }
    return seen.toString("latin1") as Bytes;
  }

  return {
    capacityBytes: chip.capacityBytes,
    programBytes: chip.programBytes,
    sectorBytes: chip.sectorBytes,
    read(offsetBytes, lengthBytes) {
      const bytes = chip.read(offsetBytes, lengthBytes);
      return typeof bytes === "string" && unstable.length > 0 ? disturb(offsetBytes, bytes) : bytes;
    },
    program(offsetBytes, data) {
      if (cut === undefined) return chip.program(offsetBytes, data);
      if (cut.afterBytes < data.length) programTorn(offsetBytes, data, cut);
      cut = { ...cut, afterBytes: cut.afterBytes - data.length };
      return chip.program(offsetBytes, data);
    },
    eraseSector(offsetBytes) {
      if (cut?.afterBytes === 0) eraseTorn(offsetBytes, cut);
      const end = offsetBytes + chip.sectorBytes;
      unstable = unstable.filter(range => range.offsetBytes < offsetBytes || range.offsetBytes >= end);
      return chip.eraseSector(offsetBytes);
    },
    arm(nextCut) {
      cut = nextCut;
    },
  };
}
