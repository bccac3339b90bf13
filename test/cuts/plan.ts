/**
 * What is searched: every simulated series on both machines and the series on boards, cut into jobs that take a minute or
 * two; and what is wrong on purpose.
 */
import { readFileSync } from "node:fs";
import { start } from "../../firmware/start";
import { ensureBuilt } from "../../host/build/image";
import { boardSeries, catchSyncless, synclessName } from "./board-series";
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
interface Share {
  readonly slice: number;
  readonly slices: number;
  readonly thin: number;
}
export interface SimJob extends Share {
  readonly machine: MachineName;
  readonly series: number;
}
export interface BoardJob extends Share {
  readonly board: number;
}
export type Job = SimJob | BoardJob;

/** Where a job's numbers are counted. */
export function rowNameOf(job: Job): { machine: string; name: string } {
  if ("board" in job) return boardSeries[job.board]!;
  return { machine: job.machine, name: series[job.series]!.name };
}

export function simJobs(thin: number, isQuick: boolean): SimJob[] {
  return series.flatMap((_, index) =>
    [...machines].reverse().flatMap(machine => {
      const isRing = index === 0;
      if (isQuick && isRing && machine === "lua") return [];
      const slices = isQuick ? 1 : (isRing ? 12 : 4) / (machine === "lua" ? 1 : 2);
      return Array.from({ length: slices }, (_slice, slice) => ({ machine, series: index, slice, slices, thin }));
    }),
  );
}

/** Without Debian's packages for a Linux board only those that do without. */
export function boardJobs(thin: number, hasLinux: boolean): BoardJob[] {
  return boardSeries.flatMap(({ machine }, board) =>
    machine === "lua5.4" && !hasLinux ? [] : [{ board, slice: 0, slices: 1, thin }],
  );
}

/** What is wrong on purpose, by name. */
export const wrongNames = (hasLinux: boolean): string[] => [
  ...wrongModules.map(({ name }) => name),
  ...(hasLinux ? [synclessName] : []),
];

/** What the search says of it when it has found it; undefined: it was not caught. */
export const catchWrong = (index: number, thin: number): Promise<string | undefined> =>
  index < wrongModules.length ? catchWrongModule(index, thin) : catchSyncless(thin);

export async function createMachine(name: MachineName): Promise<Machine> {
  return name === "node" ? createNodeMachine(start) : createLuaMachine(readFileSync((await ensureBuilt()).image));
}

async function catchWrongModule(index: number, thin: number): Promise<string | undefined> {
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
