/** What is searched: every series on both machines, cut into jobs that take a minute or two; and the wrong modules. */
import { readFileSync } from "node:fs";
import { start } from "../../firmware/start";
import { ensureBuilt } from "../../host/build/image";
import { createLuaMachine, createNodeMachine, type Machine } from "./machine";
import { scenes, secondCuts, singleCuts } from "./receipt-series";
import { ringCuts } from "./ring-series";
import { newTally, type Series, type Tally } from "./series";
import { Failure } from "./shop";
import { createWrongMachine, wrongModules } from "./wrong-modules";

export const machines = ["node", "lua"] as const;
export type MachineName = (typeof machines)[number];

/** The ring first: its jobs are the longest. */
export const series: readonly Series[] = [
  ringCuts,
  ...scenes.map(secondCuts),
  ...scenes.map(scene => singleCuts(scene, "bytes", 1)),
];

/** Every `slices`th unit of a series, from `slice` on; one cut in `thin`. */
export interface Job {
  readonly machine: MachineName;
  readonly series: number;
  readonly slice: number;
  readonly slices: number;
  readonly thin: number;
}

export function jobsOf(thin: number, isQuick: boolean): Job[] {
  return series.flatMap((_, index) =>
    [...machines].reverse().flatMap(machine => {
      const isRing = index === 0;
      if (isQuick && isRing && machine === "lua") return [];
      const slices = isQuick ? 1 : (isRing ? 12 : 4) / (machine === "lua" ? 1 : 2);
      return Array.from({ length: slices }, (_slice, slice) => ({ machine, series: index, slice, slices, thin }));
    }),
  );
}

export async function createMachine(name: MachineName): Promise<Machine> {
  return name === "node" ? createNodeMachine(start) : createLuaMachine(readFileSync((await ensureBuilt()).image));
}

/** What the search says of a wrong module when it has found it; undefined: it was not caught. */
export async function catchWrongModule(index: number, thin: number): Promise<string | undefined> {
  const { machine, remove } = await createWrongMachine(wrongModules[index]!);
  const tally = newTally(thin);
  try {
    // The offline receipt's borders, then the ring.
    for (const one of [singleCuts(scenes[1]!, "borders", 1), ringCuts]) runUntilFailure(one, machine, tally);
    return tally.failures[0]?.message;
  } catch (error) {
    // What is wrong with a whole life is found while it is prepared. Anything else is a fault of the search.
    if (error instanceof Failure) return error.message;
    throw error;
  } finally {
    machine.close();
    remove();
  }
}

function runUntilFailure(one: Series, machine: Machine, tally: Tally): void {
  if (tally.failures.length > 0) return;
  const prepared = one.prepare(machine);
  for (let unit = 0; unit < prepared.units && tally.failures.length === 0; unit++) prepared.run(unit, tally);
}
