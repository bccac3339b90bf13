/**
 * `npm run fuzz -- boards [--seeds N] [--from S] [--quick] [--json]`: lives of a register by seed, each on all three
 * machines, on two worker processes. Exit 1 when a machine leaves other bytes than Node does, or a module stops.
 * A seed that failed fails again: `--from S --seeds 1`.
 */
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { ensureBuilt } from "../../host/build/image";
import { createProgress } from "../../host/cli/output";
import { machineNames, type SequenceReport } from "./boards";
import type { FromWorker, ToWorker } from "./boards-messages";
import { isLua54Installed } from "./lua54-machine";

const usage = "npm run fuzz -- boards [--seeds N] [--from S] [--quick] [--json]";
const seedsFull = 2000;
const seedsQuick = 100;
const seedsPerTask = 50;
const workers = 2;
const shownDifferences = 10;

interface Wish {
  readonly from: number;
  readonly count: number;
  readonly isQuick: boolean;
  readonly isJson: boolean;
}

/** undefined: it is not understood. */
function readWish(): Wish | undefined {
  const { values, positionals } = readArgs() ?? {};
  if (values === undefined || positionals?.length !== 1 || positionals[0] !== "boards") return undefined;
  const isQuick = values.quick === true;
  const from = readCount(values.from ?? "0");
  const count = readCount(values.seeds ?? `${isQuick ? seedsQuick : seedsFull}`);
  if (from === undefined || count === undefined || count === 0) return undefined;
  return { from, count, isQuick, isJson: values.json === true };
}

function readArgs() {
  const text = { type: "string" } as const;
  const flag = { type: "boolean" } as const;
  try {
    return parseArgs({ allowPositionals: true, options: { seeds: text, from: text, quick: flag, json: flag } });
  } catch {
    return undefined;
  }
}

const readCount = (text: string): number | undefined => (/^\d{1,8}$/.test(text) ? Number(text) : undefined);

async function fuzzBoards({ from, count, isQuick, isJson }: Wish): Promise<number> {
  const startedMs = Date.now();
  await ensureBuilt();
  const tasks: ToWorker[] = [];
  for (let at = from; at < from + count; at += seedsPerTask) {
    tasks.push({ from: at, count: Math.min(seedsPerTask, from + count - at) });
  }
  const reports: SequenceReport[] = [];
  const progress = createProgress("fuzz boards");
  const note = (report: SequenceReport): void => {
    reports.push(report);
    progress.update(reports.length, count);
  };
  await Promise.all(Array.from({ length: Math.min(workers, tasks.length) }, () => drain(tasks, note)));
  progress.stop();
  tell(reports, isJson, (Date.now() - startedMs) / 60_000);
  if (isQuick && !isJson) console.log(`--quick took ${count} seeds: it proves little. Run \`npm run fuzz -- boards\`.`);
  return reports.some(({ difference }) => difference !== undefined) ? 1 : 0;
}

async function drain(tasks: ToWorker[], note: (report: SequenceReport) => void): Promise<void> {
  const file = fileURLToPath(new URL("boards-worker.ts", import.meta.url));
  const worker = fork(file, { execArgv: ["--import", "tsx"] });
  for (let task = tasks.shift(); task !== undefined; task = tasks.shift()) await runTask(worker, task, note);
  worker.disconnect();
}

function runTask(worker: ChildProcess, task: ToWorker, note: (report: SequenceReport) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const hear = (message: FromWorker): void => {
      if ("report" in message) note(message.report);
      else {
        worker.off("message", hear).off("exit", onExit);
        resolve();
      }
    };
    const onExit = (code: number | null): void => reject(new Error(`a worker ended with ${code}`));
    worker.on("message", hear).on("exit", onExit);
    worker.send(task);
  });
}

function tell(reports: readonly SequenceReport[], isJson: boolean, minutes: number): void {
  const sum = (of: (report: SequenceReport) => number): number => reports.reduce((total, one) => total + of(one), 0);
  const wrong = reports.filter(({ difference }) => difference !== undefined).sort((a, b) => a.seed - b.seed);
  for (const { difference } of wrong.slice(0, shownDifferences)) console.error(difference);
  const commands = sum(report => report.commands);
  if (isJson) {
    const seeds = wrong.map(({ seed }) => seed);
    const sequences = reports.length;
    const result = { fuzz: "boards", sequences, commands, machines: machineNames, different: wrong.length, seeds };
    console.log(JSON.stringify(result));
    return;
  }
  const rows = [
    ["machines", machineNames.join(", ")],
    ["sequences", reports.length],
    ["commands", commands],
    ["receipts sold", sum(report => report.sales)],
    ["power cuts", sum(report => report.cuts)],
    ["different", wrong.length],
    ["minutes", minutes.toFixed(1)],
  ];
  console.log(rows.map(([name, value]) => `${String(name).padEnd(14)} ${value}`).join("\n"));
}

const wish = readWish();
if (wish === undefined) {
  console.error(`Usage: ${usage}`);
  process.exitCode = 2;
} else if (!isLua54Installed()) {
  console.error("lua5.4 is not installed, and one of the three machines is that. On Debian: apt-get install lua5.4");
  process.exitCode = 1;
} else {
  process.exitCode = await fuzzBoards(wish);
}
