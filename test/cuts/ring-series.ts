/**
 * Cuts while the ring wraps: between all records, at two seeded bytes of each program, one state of each erase; once a
 * wrap at every byte and state of a reuse: the record that gives a sector up, and the next erase and header.
 */
import { decodeFragmentHead, type FragmentHead, fragmentHeadBytes } from "../../firmware/flash-record";
import { recordType } from "../../protocol/records";
import { type Call, createBoard } from "./board";
import { judge, seldomExport, survive } from "./judge";
import { checkRing, type Life, markLog, newLife } from "./life";
import type { Machine } from "./machine";
import { ringGeometry, wraps, wrapThrice } from "./ring";
import { attempt, type Prepared, type Series } from "./series";
import { createShop } from "./shop";
import { type Cut, everyCut, type Point, seededCuts, watch } from "./watch";

export const ringCuts: Series = {
  name: "128 KB ring, three wraps",
  prepare(machine): Prepared {
    const { life, points } = liveRing(machine);
    const reuses = reusesOf(points);
    return {
      units: points.length,
      run(unit, tally) {
        const point = points[unit]!;
        const dice = diceOf(unit);
        const tried = reuses.has(unit)
          ? everyCut(point.call, unit, [])
          : [...betweenRecords(point), ...seededCuts(point.call, dice)];
        tried.forEach((cut, index) => {
          const turn = unit * 1009 + index;
          attempt(tally, turn, false, () =>
            judge(life.shop, { point, cut, turn }, before => survive(life, before, seldomExport(turn), cut)),
          );
        });
      },
    };
  },
};

function liveRing(machine: Machine): { life: Life; points: Point[] } {
  const shop = createShop(createBoard(ringGeometry), machine);
  shop.boot();
  shop.fiscalize();
  const life = newLife(shop, ringGeometry);
  const listener = { beforeSale: () => markLog(life), afterShift: () => checkRing(shop) };
  const isFlash = (call: Call): boolean => call.kind !== "device";
  return { life, points: watch(shop, 0, () => wrapThrice(shop, listener), isFlash) };
}

function headOf({ call }: Point): FragmentHead | undefined {
  const isProgram = call.kind === "program" && call.part === "fiscal" && call.data.length >= fragmentHeadBytes;
  return isProgram ? decodeFragmentHead(call.data) : undefined;
}

const betweenRecords = (point: Point): Cut[] => (headOf(point)?.fromBytes === 0 ? [undefined] : []);

/** Units of one reuse a wrap: the record that gives a sector up, and the next erase, header and head. */
function reusesOf(points: readonly Point[]): Set<number> {
  const starts = points.flatMap((point, unit) => (headOf(point)?.type === recordType.reuse ? [unit] : []));
  const units = new Set<number>();
  for (let wrap = 0; wrap < wraps; wrap++) {
    const start = starts[Math.floor(((wrap + 0.5) * starts.length) / wraps)]!;
    const end = points.findIndex((point, unit) => unit > start && headOf(point) !== undefined);
    for (let unit = start; unit < end; unit++) units.add(unit);
    const erase = points.findIndex(({ call }, unit) => unit > end && call.kind === "erase" && call.part === "fiscal");
    for (let unit = erase; unit < erase + 3; unit++) units.add(unit);
  }
  return units;
}

/** Lehmer's generator (Park and Miller 1988), one for each unit. */
function diceOf(unit: number): (limit: number) => number {
  let state = 1 + ((unit * 7919 + 13) % 2147483646);
  return limit => {
    state = (state * 48271) % 2147483647;
    return Math.floor(state / 16) % limit;
  };
}
