/**
 * The fiscal partition on an FRAM (fram-layout.ts), as a Flash whose calls take time.
 *
 * A program writes its bytes, reads them back, and only then sets their bits. Cut before that, the units still read as
 * erased; cut inside it, some of them are programmed: other units are never touched, since a byte of FRAM that holds the
 * bits of others is rewritten with the very same ones. An erase clears one map by one message.
 *
 * A chip that is away answers "other" at once. What fails in the middle ends the session: only a new proof of the chip
 * tells what the maps really hold. An idle chip is asked for its header now and then: whoever exchanges it while the line
 * stays up ends the session too.
 */
import { type Bytes, repeatByte } from "../../protocol/bytes";
import type { FlashError } from "../flash";
import type { BridgedHal } from "../vm/hal-bridge";
import { awayBy } from "./away-reason";
import { startFairTimer } from "./fair-timer";
import type { FirmataSession } from "./firmata-session";
import type { FramChip } from "./fram-chip";
import {
  createUnitMap,
  type FramLayout,
  headerBytes,
  mapBytes,
  programBytes,
  sectorBytes,
  type UnitMap,
} from "./fram-layout";
import { flashCallMaxMs, framCheckMs } from "./limits";
import { createSeenUnits, type SeenUnits } from "./seen-units";

export interface FramFlash {
  readonly flash: BridgedHal["fiscal"];
  /** The chip was proved to be ours. */
  attach(chip: FramChip, session: Pick<FirmataSession, "end">, held: FramContent): void;
  detach(): void;
}

/** What a chip was found to hold. */
export interface FramContent {
  readonly header: Bytes;
  readonly maps: Bytes;
}

interface Attached {
  readonly header: Bytes;
  readonly chip: FramChip;
  readonly session: Pick<FirmataSession, "end">;
  readonly map: UnitMap;
  readonly seen: SeenUnits;
}

/** The units that hold any of these bytes. */
function unitsOf(offsetBytes: number, lengthBytes: number): number[] {
  const first = Math.floor(offsetBytes / programBytes);
  const end = Math.ceil((offsetBytes + lengthBytes) / programBytes);
  return Array.from({ length: end - first }, (_, index) => first + index);
}

export function createFramFlash(layout: FramLayout): FramFlash {
  const { sectorCount, mapsOffset, sectorsOffset } = layout;
  const capacityBytes = sectorCount * sectorBytes;
  let attached: Attached | undefined;
  /** One at a time: the chip has one pointer. */
  let tail: Promise<unknown> = Promise.resolve();
  /** When the chip itself last answered; what the maps and the seen units answer proves nothing about it. */
  let heardAtMs = 0;
  let isChecking = false;
  let watch: NodeJS.Timeout | undefined;

  /** Runs one call with a bound on its time; undefined is a failure. */
  async function bounded<Result>(
    offsetBytes: number,
    work: (held: Attached) => Promise<Result | undefined>,
  ): Promise<Result | FlashError> {
    const held = attached;
    if (held === undefined) return { kind: "other", offsetBytes };
    const turn = tail.then(() => inTime(held, work));
    tail = turn.catch(() => undefined);
    const result = await turn;
    if (result !== undefined) return result;
    if (attached === held) attached = undefined;
    held.session.end(awayBy("I2C_FAILED", { address: held.chip.i2cAddress }));
    return { kind: "other", offsetBytes };
  }

  /** Its time begins with its turn. */
  async function inTime<Result>(held: Attached, work: (held: Attached) => Promise<Result>): Promise<Result> {
    const why = awayBy("FLASH_SLOW", { timeoutMs: flashCallMaxMs });
    const stop = startFairTimer(flashCallMaxMs, () => held.session.end(why));
    try {
      return await work(held);
    } finally {
      stop();
    }
  }

  const isInside = (offsetBytes: number, lengthBytes: number): boolean =>
    offsetBytes >= 0 && lengthBytes >= 0 && offsetBytes + lengthBytes <= capacityBytes;

  /** Erased units are known without the chip, and so are those that were seen; the rest is fetched in one piece. */
  async function readHeld(held: Attached, offset: number, lengthBytes: number): Promise<Bytes | undefined> {
    const { map, seen } = held;
    const units = unitsOf(offset, lengthBytes).filter(map.isProgrammed);
    const unknown = units.filter(unit => !seen.has(unit));
    if (unknown.length > 0 && !(await fetchUnits(held, unknown[0]!, unknown.at(-1)!))) return undefined;
    const bytes = Buffer.alloc(lengthBytes, 0xff);
    for (const unit of units) {
      const begin = Math.max(offset, unit * programBytes);
      seen.get(unit).copy(bytes, begin - offset, begin - unit * programBytes);
    }
    return bytes.toString("latin1") as Bytes;
  }

  async function fetchUnits({ chip, seen }: Attached, first: number, last: number): Promise<boolean> {
    const found = await chip.read(sectorsOffset + first * programBytes, (last - first + 1) * programBytes);
    if (found !== undefined) seen.note(first, Buffer.from(found, "latin1"));
    if (found !== undefined) heardAtMs = performance.now();
    return found !== undefined;
  }

  async function programHeld(held: Attached, offset: number, data: Bytes): Promise<"done" | undefined> {
    const { chip, map, seen } = held;
    if ((await checkHeader(held)) === undefined) return undefined;
    if (!(await chip.write(sectorsOffset + offset, data))) return undefined;
    const { at, bytes } = map.marked(offset / programBytes, data.length / programBytes);
    if (!(await chip.write(mapsOffset + at, bytes))) return undefined;
    map.store(at, bytes);
    heardAtMs = performance.now();
    seen.note(offset / programBytes, Buffer.from(data, "latin1"));
    return "done";
  }

  async function eraseHeld(held: Attached, offset: number): Promise<"done" | undefined> {
    const { chip, map } = held;
    if ((await checkHeader(held)) === undefined) return undefined;
    const at = (offset / sectorBytes) * mapBytes;
    const empty = repeatByte(0, mapBytes);
    if (!(await chip.write(mapsOffset + at, empty))) return undefined;
    map.store(at, empty);
    heardAtMs = performance.now();
    return "done";
  }

  function isErased({ map }: Attached, offset: number, lengthBytes: number): boolean {
    return !unitsOf(offset, lengthBytes).some(map.isProgrammed);
  }

  /** Ends the session of a chip that is not the proved one any more. One that has answered just now is not asked. */
  async function checkHeader(held: Attached): Promise<"done" | undefined> {
    if (performance.now() - heardAtMs < framCheckMs / 2) return "done";
    const header = await held.chip.read(0, headerBytes);
    heardAtMs = performance.now();
    if (header !== undefined && header !== held.header) held.session.end(awayBy("FRAM_EXCHANGED"));
    return header === held.header ? "done" : undefined;
  }

  const errorOf = (result: "done" | FlashError): FlashError | undefined => (result === "done" ? undefined : result);

  const flash: BridgedHal["fiscal"] = {
    capacityBytes,
    programBytes,
    sectorBytes,
    read(offsetBytes, lengthBytes) {
      if (!isInside(offsetBytes, lengthBytes)) return { kind: "outOfBounds", offsetBytes };
      return bounded(offsetBytes, held => readHeld(held, offsetBytes, lengthBytes));
    },
    program(offsetBytes, data) {
      if (!isInside(offsetBytes, data.length)) return { kind: "outOfBounds", offsetBytes };
      if (offsetBytes % programBytes !== 0 || data.length % programBytes !== 0)
        return { kind: "notAligned", offsetBytes };
      if (attached !== undefined && !isErased(attached, offsetBytes, data.length))
        return { kind: "notErased", offsetBytes };
      if (data.length === 0) return undefined;
      return bounded(offsetBytes, held => programHeld(held, offsetBytes, data)).then(errorOf);
    },
    eraseSector(offsetBytes) {
      if (!isInside(offsetBytes, sectorBytes)) return { kind: "outOfBounds", offsetBytes };
      if (offsetBytes % sectorBytes !== 0) return { kind: "notAligned", offsetBytes };
      return bounded(offsetBytes, held => eraseHeld(held, offsetBytes)).then(errorOf);
    },
  };

  return {
    flash,
    attach(chip, session, { header, maps }) {
      attached = { header, chip, session, map: createUnitMap(maps), seen: createSeenUnits(capacityBytes) };
      heardAtMs = performance.now();
      watch = setInterval(async () => {
        if (isChecking) return;
        isChecking = true;
        await bounded(0, checkHeader);
        isChecking = false;
      }, framCheckMs);
    },
    detach() {
      clearInterval(watch);
      attached = undefined;
    },
  };
}
