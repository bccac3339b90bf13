/**
 * `npm run cuts [-- --quick] [--series NAME] [--json]`: cuts the power everywhere in the whole module, in Node and in Lua, on
 * two worker processes, and beside them on a Linux and a Firmata board; then catches what is wrong on purpose by the same
 * search. Exit 1 when anything was lost, doubled or bricked, or a wrong one was not caught. `--quick` takes one cut in many
 * and says what it leaves out. `--series` takes only what has NAME in its name. The Linux board needs Debian's lua5.4,
 * lua-luv and lua-luaossl; without them it is left out, but not where CI is set.
 */
import { type ChildProcess, fork } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { ensureBuilt } from "../../host/build/image";
import { createProgress } from "../../host/cli/output";
import { linuxPackagesMissing } from "../linux-packages";
import type { FromWorker, JobProgress, ToWorker } from "./cuts-messages";
import { boardJobs, type Job, machines, rowNameOf, simJobs, wrongNames } from "./plan";

const { values: options } = parseArgs({
  options: { json: { type: "boolean" }, quick: { type: "boolean" }, series: { type: "string", default: "" } },
});
const isQuick = options.quick === true;
const thin = isQuick ? 251 : 1;
/** Of what is cut on boards, which is less. */
const thinBoards = isQuick ? 40 : 1;
/** What is wrong on purpose is caught by a few cuts. */
const thinWrong = 5;
const workers = 2;
const shownFailures = 10;

interface Row {
  readonly machine: string;
  readonly name: string;
  cuts: number;
  second: number;
  seconds: number;
}
interface Report {
  readonly rows: Row[];
  readonly failures: JobProgress["failures"][number][];
  readonly wrongModules: { name: string; caught: boolean; by: string }[];
}

type Task = { readonly job: Job } | { readonly wrong: number };

const missing = linuxPackagesMissing();
if (missing !== undefined) console.error(`The Linux board is left out: ${missing}`);
const hasLinux = missing === undefined;
if (!hasLinux && process.env.CI !== undefined) process.exit(1);

const isWanted = (name: string): boolean => name.toLowerCase().includes(options.series.toLowerCase());
const tasksOf = (jobs: readonly Job[]): Task[] =>
  jobs.filter(job => isWanted(rowNameOf(job).name)).map(job => ({ job }));
const wrong = wrongNames(hasLinux);
const tasks: Task[] = [
  ...tasksOf(simJobs(thin, isQuick)),
  ...wrong.flatMap((name, index) => (isWanted(name) ? [{ wrong: index }] : [])),
];
const boardTasks = tasksOf(boardJobs(thinBoards, hasLinux));
const progress = createProgress("cuts");
const fractions = new Map<Task, number>();
const report: Report = { rows: [], failures: [], wrongModules: [] };

function showProgress(): void {
  const done = [...fractions.values()].reduce((sum, fraction) => sum + fraction, 0);
  progress.update(Math.floor((100 * done) / total), 100);
}

function rowOf(job: Job): Row {
  const { machine, name } = rowNameOf(job);
  const known = report.rows.find(row => row.machine === machine && row.name === name);
  const row = known ?? { machine, name, cuts: 0, second: 0, seconds: 0 };
  if (known === undefined) report.rows.push(row);
  return row;
}

/** Runs one task on a worker; resolves when it is done. */
function runTask(worker: ChildProcess, task: Task): Promise<void> {
  const startedMs = Date.now();
  return new Promise((resolve, reject) => {
    const end = (): void => {
      worker.off("message", hear).off("exit", onExit);
      fractions.set(task, 1);
      showProgress();
      resolve();
    };
    const hear = (message: FromWorker): void => {
      if ("caught" in message) noteWrong(task, message.caught);
      else if ("job" in task) noteProgress(task, message, startedMs);
      if ("caught" in message || message.fraction === 1) end();
    };
    const onExit = (code: number | null, signal: string | null): void =>
      reject(new Error(`a worker ended with ${code ?? signal}`));
    worker.on("message", hear).on("exit", onExit);
    worker.send(("job" in task ? task : { ...task, thin: thinWrong }) satisfies ToWorker);
  });
}

function noteProgress(
  task: Task & { job: Job },
  { fraction, cuts, second, failures }: JobProgress,
  startedMs: number,
): void {
  const row = rowOf(task.job);
  row.cuts += cuts;
  row.second += second;
  if (fraction === 1) row.seconds += (Date.now() - startedMs) / 1000;
  report.failures.push(...failures);
  fractions.set(task, fraction);
  showProgress();
}

function noteWrong(task: Task, caught: string | undefined): void {
  if (!("wrong" in task)) return;
  const name = wrong[task.wrong]!;
  report.wrongModules.push({ name, caught: caught !== undefined, by: caught ?? "" });
}

async function drain(queue: Task[]): Promise<void> {
  const file = path.join(path.dirname(fileURLToPath(import.meta.url)), "cuts-worker.ts");
  const worker = fork(file, { execArgv: ["--import", "tsx"] });
  for (let task = queue.shift(); task !== undefined; task = queue.shift()) await runTask(worker, task);
  worker.disconnect();
}

const count = (kind: string): number => report.failures.filter(failure => failure.kind === kind).length;
const sum = (of: (row: Row) => number): number => report.rows.reduce((total, row) => total + of(row), 0);

function table(): string {
  const lines = [["machine", "series", "cuts", "seconds"]];
  for (const { machine, name, cuts, seconds } of report.rows) {
    lines.push([machine, name, String(cuts), seconds.toFixed(0)]);
  }
  const widths = [0, 1, 2, 3].map(column => Math.max(...lines.map(line => line[column]!.length)));
  const text = lines.map(line => line.map((cell, column) => pad(cell, column, widths[column]!)).join("  "));
  const caughtLines = report.wrongModules.map(
    ({ name, caught, by }) => `wrong: ${name}: ${caught ? by : "NOT CAUGHT"}`,
  );
  return [...text, ...caughtLines].join("\n");
}

const pad = (cell: string, column: number, width: number): string =>
  column < 2 ? cell.padEnd(width) : cell.padStart(width);

const startedMs = Date.now();
await ensureBuilt();
const total = tasks.length + boardTasks.length;
const queue = [...tasks];
// Boards mostly wait: each has a process of its own, beside those that keep the cores busy.
await Promise.all([...boardTasks.map(task => drain([task])), ...Array.from({ length: workers }, () => drain(queue))]);
progress.stop();

const result = {
  cuts: sum(row => row.cuts),
  series: sum(row => row.second),
  lost: count("lost"),
  doubled: count("doubled"),
  bricked: count("bricked"),
  machines: hasLinux ? [...machines, "lua5.4"] : machines,
  wrongModules: report.wrongModules.map(({ name, caught }) => ({ name, caught })),
};
const minutes = ((Date.now() - startedMs) / 60_000).toFixed(1);
for (const { kind, message } of report.failures.slice(0, shownFailures)) console.error(`${kind}: ${message}`);
if (options.json === true) console.log(JSON.stringify(result));
else {
  const left = `--quick took one cut in ${thin}, on boards one in ${thinBoards}, and left out the ring in Lua: it proves little. Run \`npm run cuts\`.`;
  console.log(table());
  console.log(`${result.cuts} cuts, ${result.series} of them second ones, in ${minutes} minutes`);
  console.log(`lost ${result.lost}, doubled ${result.doubled}, bricked ${result.bricked}`);
  if (isQuick) console.log(left);
}
const isWell = report.failures.length === 0 && report.wrongModules.every(({ caught }) => caught);
process.exitCode = isWell ? 0 : 1;
