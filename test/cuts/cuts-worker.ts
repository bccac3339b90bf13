/** One of the processes that search: takes jobs one by one and keeps what it prepared last. */
import { boardSeries } from "./board-series";
import type { FromWorker, ToWorker } from "./cuts-messages";
import type { Machine } from "./machine";
import { catchWrong, createMachine, type Job, type MachineName, type SimJob, series } from "./plan";
import { newTally, type OpenSeries, type Prepared } from "./series";

const reportMs = 500;
/** A module that is so wrong need not be searched further. */
const failuresMax = 20;

const tell = (message: FromWorker): boolean => process.send?.(message) ?? false;

const machines = new Map<MachineName, Machine>();
let last: { readonly machine: MachineName; readonly series: number; readonly prepared: Prepared } | undefined;

async function prepare({ machine, series: index }: SimJob): Promise<Prepared> {
  if (last?.machine === machine && last.series === index) return last.prepared;
  last = undefined;
  const ready = machines.get(machine) ?? (await createMachine(machine));
  machines.set(machine, ready);
  const prepared = series[index]!.prepare(ready);
  last = { machine, series: index, prepared };
  return prepared;
}

async function run(job: Job): Promise<void> {
  if (!("board" in job)) return search(job, await prepare(job));
  const opened = await boardSeries[job.board]!.open();
  try {
    await search(job, opened);
  } finally {
    await opened.close();
  }
}

async function search(job: Job, prepared: Prepared | OpenSeries): Promise<void> {
  let tally = newTally(job.thin);
  let failures = 0;
  let reportedMs = Date.now();
  const report = (fraction: number): void => {
    failures += tally.failures.length;
    const told = tally.failures.map(({ kind, message }) => ({ kind, message }));
    tell({ fraction, cuts: tally.cuts, second: tally.second, failures: told });
    tally = newTally(job.thin);
    reportedMs = Date.now();
  };
  for (let unit = job.slice; unit < prepared.units && failures < failuresMax; unit += job.slices) {
    await prepared.run(unit, tally);
    if (Date.now() - reportedMs > reportMs) report(Math.min(0.99, unit / prepared.units));
  }
  report(1);
}

process.on("message", (message: ToWorker) => {
  const done =
    "job" in message ? run(message.job) : catchWrong(message.wrong, message.thin).then(caught => tell({ caught }));
  done.catch(error => {
    console.error(error);
    process.exit(1);
  });
});
