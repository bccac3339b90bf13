/**
 * How long the threads of processes were ready to run while the processors worked for others (Linux: schedstat; elsewhere
 * nothing is told). A bound on the product's own time holds on a busy machine, too, when this is taken off: what the
 * product itself computes, sends or sleeps away is never in it.
 */
import { readdirSync, readFileSync } from "node:fs";

const sampleMs = 10;
const nsPerMs = 1e6;

/** The sum of each thread since it began. */
type Waits = ReadonlyMap<string, number>;
interface Sample {
  readonly atMs: number;
  readonly waits: Waits;
}
export interface Watched<T> {
  readonly result: T;
  /**
   * Between two moments of Date.now, of the one thread that waited longest: they wait for each other and at the same
   * time, so a sum would be too much. Only whole samples inside count.
   */
  waitedMs(fromMs: number, toMs: number): number;
}

/** Watches the processes while `work` goes on. */
export async function watchWaiting<T>(pids: readonly number[], work: () => Promise<T>): Promise<Watched<T>> {
  const samples: Sample[] = [];
  const take = (): void => void samples.push({ atMs: Date.now(), waits: new Map(pids.flatMap(waitsOf)) });
  take();
  const timer = setInterval(take, sampleMs);
  const result = await work().finally(() => clearInterval(timer));
  take();
  return { result, waitedMs: (fromMs, toMs) => longestWait(samples, fromMs, toMs) };
}

function longestWait(samples: readonly Sample[], fromMs: number, toMs: number): number {
  const inside = samples.filter(({ atMs }) => atMs >= fromMs && atMs <= toMs);
  const first: Waits = inside[0]?.waits ?? new Map();
  const last: Waits = inside.at(-1)?.waits ?? new Map();
  return Math.round(Math.max(0, ...Array.from(last, ([thread, ms]) => ms - (first.get(thread) ?? 0))));
}

/** Each thread and its waiting: the second of "time on the processor, time waiting for it, time slices", in ns. */
function waitsOf(pid: number): [string, number][] {
  try {
    return readdirSync(`/proc/${pid}/task`).map(thread => [thread, waitedMsOf(pid, thread)]);
  } catch {
    return [];
  }
}

function waitedMsOf(pid: number, thread: string): number {
  try {
    return Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[1]) / nsPerMs;
  } catch {
    return 0; // It has ended between the two lines.
  }
}
