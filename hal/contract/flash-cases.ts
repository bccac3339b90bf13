/** What every Flash must do (hal/flash.ts). Works in the last three sectors of a part. */
import { type Bytes, concat, repeatByte, slice } from "../../protocol/bytes";
import type { Flash, FlashError } from "../flash";
import type { Hal } from "../hal";
import { holdsRecords, isBlankBoard } from "./blank";
import type { ContractCase } from "./contract";
import { expect, expectEqual, expectInteger } from "./expect";
import { bytesBy } from "./patterns";
import { type Part, type Probe, withProbe } from "./probe";

const parts: readonly Part[] = ["scratch", "state", "z", "fiscal"];
const workSectors = 3;

/** A part under test, and where it may be written. */
interface Bench {
  readonly part: Part;
  readonly flash: Flash;
  readonly pageBytes: number;
  /** Begin of the first of the three sectors. */
  readonly base: number;
}

const erased = (lengthBytes: number): Bytes => repeatByte(0xff, lengthBytes);

/** `count` program units that hold many byte values in turn, none of them 0xff. */
const pattern = ({ flash }: Bench, count: number, seed: number): Bytes =>
  bytesBy(count * flash.programBytes, index => (index * 7 + seed) % 255);

/** Where a part is tried: in its last three sectors. */
function benchOf(part: Part, hal: Hal): Bench {
  const flash = hal[part];
  const base = flash.capacityBytes - workSectors * flash.sectorBytes;
  expect(base >= 0, `a part has at least ${workSectors} sectors`);
  return { part, flash, pageBytes: Math.min(256, hal.board.callBytesMax), base };
}

function read({ flash, pageBytes }: Bench, offsetBytes: number, lengthBytes: number): Bytes {
  const pieces: Bytes[] = [];
  for (let done = 0; done < lengthBytes; done += pageBytes) {
    const piece = flash.read(offsetBytes + done, Math.min(pageBytes, lengthBytes - done));
    expect(typeof piece === "string", `reading at ${offsetBytes + done} fails: ${kindOf(piece)}`);
    pieces.push(piece);
  }
  return concat(pieces);
}

function program({ flash }: Bench, offsetBytes: number, data: Bytes): void {
  const error = flash.program(offsetBytes, data);
  expect(error === undefined, `programming ${data.length} erased bytes at ${offsetBytes} fails: ${kindOf(error)}`);
}

function erase(bench: Bench, sector: number): void {
  const offsetBytes = bench.base + sector * bench.flash.sectorBytes;
  const error = bench.flash.eraseSector(offsetBytes);
  expect(error === undefined, `erasing a sector at ${offsetBytes} fails: ${kindOf(error)}`);
}

function eraseAll(bench: Bench): void {
  for (let sector = 0; sector < workSectors; sector++) {
    erase(bench, sector);
  }
}

const kindOf = (answer: Bytes | FlashError | undefined): string =>
  answer === undefined || typeof answer === "string" ? "taken" : answer.kind;

type PartProbe = Required<Pick<Probe, "cutProgram" | "cutErase" | "eraseCount">>;

/** One case for each part, on three erased sectors, which are left erased; only scratch is written on a board that has sold. */
function onEachPart(
  name: string,
  run: (this: void, bench: Bench, probe: PartProbe, witnesses: readonly Bench[]) => void,
  probeNames: readonly (keyof PartProbe)[] = [],
): ContractCase[] {
  const made: ContractCase[] = [];
  for (const part of parts) {
    const runOnPart = withProbe(probeNames, (hal, probe) => {
      if (part !== "scratch" && !isBlankBoard(hal)) {
        return holdsRecords;
      }
      const bench = benchOf(part, hal);
      eraseAll(bench);
      const witnesses = probeNames.length === 0 ? [] : witnessesOf(part, hal);
      run(bench, probe, witnesses);
      eraseAll(bench);
      for (const witness of witnesses) {
        erase(witness, 0);
      }
      return undefined;
    });
    made.push({ name: `${part} flash: ${name}`, run: runOnPart });
  }
  return made;
}

function sizesFit({ flash }: Bench): void {
  const { capacityBytes, programBytes, sectorBytes } = flash;
  expectInteger(capacityBytes, "capacityBytes");
  expectInteger(programBytes, "programBytes");
  expectInteger(sectorBytes, "sectorBytes");
  expect(
    programBytes >= 1 && programBytes <= 64 && 64 % programBytes === 0,
    `a program unit is a power of two up to 64, got ${programBytes}`,
  );
  expectEqual(sectorBytes % programBytes, 0, "a sector is whole program units");
  expectEqual(capacityBytes % sectorBytes, 0, "a part is whole sectors");
}

function readsBack(bench: Bench): void {
  const { flash, base, pageBytes } = bench;
  const data = pattern(bench, 16, 1);
  const offset = base + flash.sectorBytes - 8 * flash.programBytes;
  // One call where it fits one: a chip whose pages wrap at their end needs a driver that splits it.
  const stepBytes = Math.floor(pageBytes / flash.programBytes) * flash.programBytes;
  for (let done = 0; done < data.length; done += stepBytes) {
    program(bench, offset + done, slice(data, done, Math.min(done + stepBytes, data.length)));
  }
  const around = concat([erased(1), data, erased(1)]);
  expectEqual(read(bench, offset - 1, data.length + 2), around, "what was programmed, and its neighbours");
  for (let skip = 0; skip < data.length; skip++) {
    expectEqual(read(bench, offset + skip, 1), slice(data, skip, skip + 1), `the byte at offset ${skip}`);
  }
}

function takesLargestCall(bench: Bench): void {
  const { flash, pageBytes, base } = bench;
  const count = Math.floor(Math.min(pageBytes, flash.sectorBytes) / flash.programBytes);
  const data = pattern(bench, count, 3);
  program(bench, base, data);
  expectEqual(read(bench, base, data.length), data, `a call of ${data.length} bytes`);
}

function erasesOneSector(bench: Bench): void {
  const { flash, base } = bench;
  const { sectorBytes } = flash;
  const data = pattern(bench, 4, 5);
  for (let sector = 1; sector <= workSectors; sector++) {
    program(bench, base + sector * sectorBytes - data.length, data);
  }
  erase(bench, 1);
  expectEqual(read(bench, base + sectorBytes, sectorBytes), erased(sectorBytes), "the erased sector");
  expectEqual(read(bench, base + sectorBytes - data.length, data.length), data, "the end of the sector before");
  expectEqual(read(bench, base + 3 * sectorBytes - data.length, data.length), data, "the end of the sector after");
  program(bench, base + sectorBytes, data);
}

function programsOnce(bench: Bench): void {
  const { flash, base } = bench;
  const data = pattern(bench, 2, 7);
  program(bench, base, data);
  expectEqual(kindOf(flash.program(base, data)), "notErased", "the same bytes again");
  const last = base + data.length - flash.programBytes;
  expectEqual(kindOf(flash.program(last, data)), "notErased", "a call that begins on a programmed unit");
  // Behind two erased units; a driver that looks at the first of them only would program it over.
  const begin = base + 2 * data.length;
  const held = pattern(bench, 1, 8);
  program(bench, begin + data.length, held);
  expectEqual(kindOf(flash.program(begin, pattern(bench, 3, 9))), "notErased", "a call that ends on a programmed unit");
  const all = concat([data, erased(2 * data.length), held, erased(data.length)]);
  expectEqual(read(bench, base, all.length), all, "a refused call changes nothing");
}

function refusesOutside(bench: Bench): void {
  const { flash, base } = bench;
  const { capacityBytes, programBytes, sectorBytes } = flash;
  const unit = pattern(bench, 1, 9);
  expectEqual(kindOf(flash.read(capacityBytes - 1, 2)), "outOfBounds", "a read past the end");
  expectEqual(kindOf(flash.read(-1, 1)), "outOfBounds", "a read before the begin");
  expectEqual(kindOf(flash.program(capacityBytes, unit)), "outOfBounds", "a program past the end");
  expectEqual(kindOf(flash.eraseSector(capacityBytes)), "outOfBounds", "an erase past the end");
  expectEqual(kindOf(flash.eraseSector(base + programBytes)), "notAligned", "an erase inside a sector");
  if (programBytes > 1) {
    expectEqual(kindOf(flash.program(base + 1, unit)), "notAligned", "a program off the unit");
    expectEqual(kindOf(flash.program(base, slice(unit, 1, programBytes))), "notAligned", "a part of a unit");
  }
  expectEqual(read(bench, base, sectorBytes), erased(sectorBytes), "a refused call changes nothing");
}

const tornUnits = 4;

/** Cuts the power of a call at several bytes, between three sectors that are full, and looks at all that is not the call's. */
function cutProgramKeepsOthers(bench: Bench, { cutProgram }: PartProbe, witnesses: readonly Bench[]): void {
  const { flash, base, part } = bench;
  const { programBytes, sectorBytes } = flash;
  const torn = pattern(bench, tornUnits, 11);
  const place = base + sectorBytes + Math.floor(sectorBytes / 2 / programBytes) * programBytes;
  const behind = place + torn.length;
  fill(bench, base, base + sectorBytes);
  fill(bench, base + 2 * sectorBytes, base + 3 * sectorBytes);
  for (const afterBytes of [0, 1, Math.floor(torn.length / 2), torn.length - 1]) {
    erase(bench, 1);
    fill(bench, base + sectorBytes, place);
    fill(bench, behind, base + 2 * sectorBytes);
    cutProgram(part, place, torn, afterBytes);
    expectFilled(bench, base, place, `before a call that was cut after ${afterBytes}`);
    expectFilled(bench, behind, base + 3 * sectorBytes, `behind a call that was cut after ${afterBytes}`);
    expectWitnesses(witnesses, `a program of ${part} that was cut`);
    erase(bench, 1);
    expectEqual(read(bench, base + sectorBytes, sectorBytes), erased(sectorBytes), "a torn sector that was erased");
    program(bench, place, torn);
  }
}

function cutEraseKeepsOthers(bench: Bench, { cutErase }: PartProbe, witnesses: readonly Bench[]): void {
  const { flash, base, part } = bench;
  const { sectorBytes } = flash;
  fill(bench, base, base + 3 * sectorBytes);
  cutErase(part, base + sectorBytes);
  expectFilled(bench, base, base + sectorBytes, "in the sector before an erase that was cut");
  expectFilled(bench, base + 2 * sectorBytes, base + 3 * sectorBytes, "in the sector after an erase that was cut");
  expectWitnesses(witnesses, `an erase of ${part} that was cut`);
  erase(bench, 1);
  expectEqual(read(bench, base + sectorBytes, sectorBytes), erased(sectorBytes), "a torn sector that was erased again");
  program(bench, base + sectorBytes, pattern(bench, 4, 15));
}

/** Bytes that belong to their place, so that those of another place are not taken for them; none is 0xff. */
const filledBytes = (offsetBytes: number, lengthBytes: number): Bytes =>
  bytesBy(lengthBytes, index => ((offsetBytes + index) * 7 + Math.floor((offsetBytes + index) / 251)) % 255);

const stepOf = ({ flash, pageBytes }: Bench): number => Math.floor(pageBytes / flash.programBytes) * flash.programBytes;

function fill(bench: Bench, begin: number, end: number): void {
  const stepBytes = stepOf(bench);
  for (let at = begin; at < end; at += stepBytes) {
    program(bench, at, filledBytes(at, Math.min(stepBytes, end - at)));
  }
}

function expectFilled(bench: Bench, begin: number, end: number, where: string): void {
  const stepBytes = stepOf(bench);
  for (let at = begin; at < end; at += stepBytes) {
    const lengthBytes = Math.min(stepBytes, end - at);
    expectEqual(read(bench, at, lengthBytes), filledBytes(at, lengthBytes), `bytes at ${at}, ${where}`);
  }
}

const witnessUnits = 8;

/** The other parts, with some bytes in them. Empty on a board that has sold: nothing is written there. */
function witnessesOf(part: Part, hal: Hal): Bench[] {
  const benches: Bench[] = [];
  if (isBlankBoard(hal)) {
    for (const other of parts) {
      if (other !== part) {
        const bench = benchOf(other, hal);
        erase(bench, 0);
        fill(bench, bench.base, bench.base + witnessUnits * bench.flash.programBytes);
        benches.push(bench);
      }
    }
  }
  return benches;
}

function expectWitnesses(witnesses: readonly Bench[], cause: string): void {
  for (const bench of witnesses) {
    expectFilled(
      bench,
      bench.base,
      bench.base + witnessUnits * bench.flash.programBytes,
      `of ${bench.part}, by ${cause}`,
    );
  }
}

function countsErases({ flash, base, part }: Bench, { eraseCount }: PartProbe): void {
  const count = eraseCount(part, base);
  flash.eraseSector(base);
  flash.eraseSector(base);
  expectEqual(eraseCount(part, base), count + 2, "two erases later");
  expectEqual(eraseCount(part, base + 1), count + 2, "another place of the same sector");
}

/** What was programmed outlives the power; on the scratch part, which any board may write. */
const survivesPower: ContractCase = {
  name: "scratch flash: programmed bytes are there after the power was off",
  run: withProbe(["reboot"], (hal, { reboot }) => {
    const bench = benchOf("scratch", hal);
    const { base } = bench;
    const data = pattern(bench, 4, 17);
    erase(bench, 0);
    program(bench, base, data);
    const later = benchOf("scratch", reboot());
    expectEqual(read(later, base, data.length), data, "after the power was off");
    erase(later, 0);
    return undefined;
  }),
};

export const flashCases: readonly ContractCase[] = [
  ...onEachPart("its sizes fit each other", sizesFit),
  ...onEachPart("programmed bytes read back at any offset, over a sector's border; neighbours stay erased", readsBack),
  ...onEachPart("the largest call is taken whole", takesLargestCall),
  ...onEachPart("erasing a sector sets it to 0xff and leaves the others", erasesOneSector),
  ...onEachPart("bytes are programmed once; a refused call changes nothing", programsOnce),
  ...onEachPart("calls outside or off the grid are refused", refusesOutside),
  ...onEachPart("a program that loses power changes no byte but its own", cutProgramKeepsOthers, ["cutProgram"]),
  ...onEachPart("an erase that loses power changes no sector but its own", cutEraseKeepsOthers, ["cutErase"]),
  ...onEachPart("erases are counted by sector", countsErases, ["eraseCount"]),
  survivesPower,
];
