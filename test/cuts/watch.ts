/** A life of the shop in single calls, with the world before each of them, so that the power can fail there later. */
import { eraseStates, type PowerCut, tears } from "../../hal/sim/sim-flash";
import type { Call } from "./board";
import type { Shop, World } from "./shop";

/** The power may fail here: before the call, or inside it. */
export interface Point {
  readonly world: World;
  readonly call: Call;
  /** How often the power had failed before. */
  readonly life: number;
}

/** Runs, and keeps the world before each call that is wanted. */
export function watch(shop: Shop, life: number, run: () => void, isWanted = (_: Call): boolean => true): Point[] {
  const points: Point[] = [];
  shop.board.observe(call => {
    if (isWanted(call)) points.push({ world: shop.world(), call, life });
  });
  try {
    run();
  } finally {
    shop.board.observe(undefined);
  }
  return points;
}

/** What a cut leaves of one call; undefined: it comes before the call. */
export type Cut = PowerCut | undefined;

export function cutWords(cut: Cut): string {
  if (cut === undefined) return "before it";
  return cut.afterBytes === undefined ? `erase state ${cut.eraseState}` : `byte ${cut.afterBytes}, ${cut.tear}`;
}

export const callWords = (call: Call): string =>
  call.kind === "device" ? call.name : `${call.kind} ${call.part} ${call.offsetBytes}`;

/** Before the call; every byte of a program with one kind of tear in turn, all four at `borders`; an erase eight times. */
export function everyCut(call: Call, turn: number, borders: readonly number[]): Cut[] {
  if (call.kind === "device") return [undefined];
  if (call.kind === "erase") return [undefined, ...everyErase()];
  const cuts: Cut[] = [undefined];
  for (let afterBytes = 1; afterBytes < call.data.length; afterBytes++) {
    const kinds = borders.includes(afterBytes) ? tears : [tears[(afterBytes + turn) % tears.length]!];
    cuts.push(...kinds.map(tear => ({ afterBytes, tear })));
  }
  return cuts;
}

/** Of these cuts only one kind of tear at each byte, in turn. */
export const oneTearEach = (cuts: readonly Cut[], turn: number): Cut[] =>
  cuts.filter(cut => cut?.afterBytes === undefined || cut.tear === tears[(cut.afterBytes + turn) % tears.length]);

/** Before a call of the flash; where its fields begin and end, with every kind of tear; an erase eight times. */
export function borderCuts(call: Call, borders: readonly number[]): Cut[] {
  if (call.kind === "device") return [];
  if (call.kind === "erase") return [undefined, ...everyErase()];
  return [undefined, ...borders.flatMap(afterBytes => tears.map(tear => ({ afterBytes, tear })))];
}

/** Two bytes of a program, one state of an erase. */
export function seededCuts(call: Call, dice: (limit: number) => number): Cut[] {
  if (call.kind === "device") return [];
  if (call.kind === "erase") return [everyErase()[dice(eraseStates)]];
  const { length } = call.data;
  const places = [1 + dice(length - 1), 1 + dice(length - 1)];
  return places.map(afterBytes => ({ afterBytes, tear: tears[dice(tears.length)]! }));
}

const everyErase = (): Cut[] =>
  Array.from({ length: eraseStates }, (_, eraseState) => ({ afterCalls: 0, eraseState, tear: "prefix" as const }));
