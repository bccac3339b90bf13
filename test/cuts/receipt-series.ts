/**
 * The life of one receipt with every cut in it, and with a second cut in every recovery.
 *
 *   1 line     online: document, attempt, outcome, printed
 *   3 lines    known offline: autonomous at once; then the operator is back and the queue is sent
 *   15 lines   no answer: autonomous after 5 s; then delivered
 */
import { decodeFragmentHead, fragmentHeadBytes } from "../../firmware/flash-record";
import { testGeometry } from "../../hal/sim/geometry";
import { bordersOf } from "./borders";
import { readPayloads } from "./flash-log";
import { enterAfter, judge, seldomExport, survive, type Trial } from "./judge";
import { type Life, liveTwoDays, markLog, newLife, sellMarked } from "./life";
import type { Machine } from "./machine";
import { fifteenLines, oneLine, type Receipt, threeLines } from "./receipts";
import { attempt, type Prepared, type Series } from "./series";
import { openShop, type Shop } from "./shop";
import { borderCuts, type Cut, everyCut, oneTearEach, type Point, watch } from "./watch";

interface Scene {
  readonly name: string;
  readonly receipt: Receipt;
  /** What the operator does: answers, is known to be away, or does not answer; in the end it is back. */
  readonly operator: "answers" | "away" | "silent";
}

export const scenes: readonly Scene[] = [
  { name: "1 line, online", receipt: oneLine, operator: "answers" },
  { name: "3 lines, offline", receipt: threeLines, operator: "away" },
  { name: "15 lines, no answer", receipt: fifteenLines, operator: "silent" },
];

/** A shop in the middle of its day, and the points of the receipt's life. */
export interface Lived {
  readonly life: Life;
  readonly points: readonly Point[];
  readonly borders: readonly (readonly number[])[];
}

export function live({ receipt, operator }: Scene, machine: Machine): Lived {
  const shop = openShop(testGeometry, machine);
  const life = newLife(shop, testGeometry);
  liveTwoDays(life);
  shop.link = operator === "answers";
  if (operator === "away") sellMarked(life, "away");
  markLog(life);
  const points = watch(shop, 0, () => {
    shop.sell({ key: "watched", receipt });
    shop.rest();
    shop.link = true;
    shop.rest();
  });
  return { life, points, borders: bordersOf(points, readPayloads(shop.board.fiscal)) };
}

/** Every byte, or where fields begin and end. */
export type Places = "bytes" | "borders";

/** The cuts in one call of the life; `isShort`: one kind of tear in turn at borders too. */
export function trialsOf({ points, borders }: Lived, unit: number, places: Places, isShort = false): Trial[] {
  const point = points[unit]!;
  const cuts = places === "bytes" ? everyCut(point.call, unit, borders[unit]!) : borderCuts(point.call, borders[unit]!);
  const tried = isShort ? oneTearEach(cuts, unit) : cuts;
  return tried.map((cut, index) => ({ point, cut, turn: unit * 1009 + index }));
}

/** A unit is one call of the life, with all its cuts. After one cut in `sellEvery` the shop sells on, else it only looks. */
export function singleCuts(scene: Scene, places: Places, sellEvery: number): Series {
  return {
    name: scene.name,
    prepare(machine): Prepared {
      const lived = live(scene, machine);
      const { life, points } = lived;
      return {
        units: points.length,
        run(unit, tally) {
          for (const trial of trialsOf(lived, unit, places)) {
            const care = trial.turn % sellEvery === 0 ? "whole" : "look";
            attempt(tally, trial.turn, false, () =>
              judge(life.shop, trial, before => survive(life, before, care, trial.cut)),
            );
          }
        },
      };
    },
  };
}

/** A unit is one first cut, at a border of a record; the second cut is at every byte that the recovery programs. */
export function secondCuts(scene: Scene): Series {
  return {
    name: `${scene.name}, then cut again`,
    prepare(machine): Prepared {
      const { life, points } = live(scene, machine);
      const finishes = scene.operator === "answers";
      const firsts = recordBorders(points);
      return {
        units: firsts.length,
        run(unit, tally) {
          const recovery = watchRecovery(life.shop, firsts[unit]!, finishes);
          recovery.forEach((point, place) => {
            everyCut(point.call, place, []).forEach((cut, index) => {
              const turn = (unit * 509 + place) * 307 + index;
              attempt(tally, turn, true, () =>
                judge(life.shop, { point, cut, turn }, before => survive(life, before, seldomExport(turn), cut)),
              );
            });
          });
        },
      };
    },
  };
}

interface First extends Trial {
  /** The cut came between two records. */
  readonly isBetween: boolean;
}

/** Before a record; in its head; before its seal; in its seal, which then reads differently each time. */
function recordBorders(points: readonly Point[]): First[] {
  const firsts: First[] = [];
  const add = (unit: number, cut: Cut, isBetween: boolean): void => {
    firsts.push({ point: points[unit]!, cut, turn: firsts.length + 1, isBetween });
  };
  let isLatchNext = false;
  for (const [unit, { call }] of points.entries()) {
    if (call.kind !== "program" || call.part !== "fiscal") continue;
    const head = call.data.length >= fragmentHeadBytes ? decodeFragmentHead(call.data) : undefined;
    if (head?.fromBytes === 0) {
      add(unit, undefined, true);
      add(unit, { afterBytes: fragmentHeadBytes / 2, tear: "prefix" }, false);
    }
    if (!/^\0+$/.test(call.data)) continue;
    if (!isLatchNext) {
      add(unit, undefined, false);
      add(unit, { afterBytes: 2, tear: "unstable" }, false);
    }
    isLatchNext = !isLatchNext;
  }
  return firsts;
}

/** The calls of the start after the first cut; when that came between two records, also of finishing what was begun. */
function watchRecovery(shop: Shop, first: First, finishes: boolean): Point[] {
  enterAfter(shop, first);
  const { told, inFlight } = first.point.world;
  return watch(shop, first.point.life + 1, () => {
    shop.boot();
    if (!first.isBetween || !finishes) return;
    shop.signIn();
    shop.link = true;
    const begun = told.at(-1);
    if (begun !== undefined && inFlight === undefined) shop.sell(begun);
    shop.rest();
  });
}
