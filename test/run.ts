/**
 * `npm test [-- NAME…]`: types, lint, image, then every test/**\/*.test.ts and test/lua/*.lua-test.ts (in Node and in
 * Lua), on two worker processes. A worker that is silent for a minute is killed and its test named. A file named
 * *-alone.test.ts runs with nothing beside it, because it measures time; one named *-linux.test.ts needs Debian's Lua.
 *
 * With names only the steps and files that contain one of them run. The last line is `N passed, N failed, N skipped`.
 */
import { type ChildProcess, fork, spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { linuxPackagesMissing } from "./linux-packages";
import type { FileReport, FromWorker, ToWorker } from "./run-messages";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
const silenceMaxMs = 60_000;
const outputKeptBytes = 16_384;

/** These run what only Debian's Lua can. CI must have it; on a person's machine they are skipped, and a line says so. */
const isLinuxTest = (file: string): boolean => file.endsWith("-linux.test.ts");

const filters = process.argv.slice(2);
const isWanted = (name: string): boolean => filters.length === 0 || filters.some(filter => name.includes(filter));
const totals = { passed: 0, failed: 0, skipped: 0 };

function show(name: string, report: FileReport, startedMs: number, output: string): void {
  totals.passed += report.passed;
  totals.failed += report.failed;
  totals.skipped += report.skipped;
  const seconds = ((Date.now() - startedMs) / 1000).toFixed(1);
  const counts = report.failed > 0 ? `${report.passed} passed, ${report.failed} failed` : `${report.passed} passed`;
  console.log(`${report.failed > 0 ? "✘" : "✓"} ${name.padEnd(52)} ${counts}${skips(report)}  ${seconds} s`);
  if (report.failed > 0) console.log(`${report.errors}${output === "" ? "" : `\n${output}\n`}`);
}

const skips = ({ skipped }: FileReport): string => (skipped > 0 ? `, ${skipped} skipped` : "");

// Steps: each is one test.

interface Step {
  readonly name: string;
  readonly command: readonly string[];
}

const typescript = (...script: string[]): string[] => ["node", "--import", "tsx", ...script];
const buildSteps: readonly Step[] = [
  { name: "image", command: typescript("host/build/build.ts") },
  { name: "lua-tests bundle", command: typescript("host/build/build.ts", "--lua-tests") },
];
const checkSteps: readonly Step[] = [
  { name: "types", command: ["node", "node_modules/typescript/bin/tsc", "--noEmit", "-p", "tsconfig.json"] },
  { name: "lint", command: ["node", "node_modules/@biomejs/biome/bin/biome", "ci", "--colors=off", "."] },
];

async function runStep({ name, command }: Step): Promise<void> {
  const startedMs = Date.now();
  const [program = "", ...parameters] = command;
  const child = spawn(program, parameters, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  const output = collect(child);
  const code = await new Promise<number | null>(resolve => child.on("close", resolve));
  const report = { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0, errors: "" };
  show(name, report, startedMs, output());
}

async function runSteps(steps: readonly Step[]): Promise<void> {
  for (const step of steps) if (isWanted(step.name)) await runStep(step);
}

/** Gives the last bytes that a child has printed since it was asked before; uvu's dots are left out. */
function collect(child: ChildProcess): () => string {
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      output = (output + text).slice(-outputKeptBytes);
    });
  }
  return () => {
    const printed = output.replace(/^[•✘ ]+(\(\d+ \/ \d+\))?\n?/gm, "").trim();
    output = "";
    return printed;
  };
}

// Files: handed to workers one by one.

interface Worker {
  readonly child: ChildProcess;
  readonly output: () => string;
}

function startWorker(): Worker {
  const child = fork(path.join(root, "test/run-worker.ts"), { cwd: root, execArgv: ["--import", "tsx"], silent: true });
  return { child, output: collect(child) };
}

/** The file's report, or in words why the worker is gone: it was killed, or it died. */
function runInWorker({ child }: Worker, file: string): Promise<FileReport | string> {
  return new Promise(resolve => {
    let running = "loading";
    let watchdog = setTimeout(giveUp, silenceMaxMs);
    function giveUp(): void {
      child.kill("SIGKILL");
      finish(`"${running}" took longer than ${silenceMaxMs / 1000} s`);
    }
    /** A message, or a dot of uvu: a test has ended. */
    function wake(): void {
      clearTimeout(watchdog);
      watchdog = setTimeout(giveUp, silenceMaxMs);
    }
    function finish(result: FileReport | string): void {
      clearTimeout(watchdog);
      child.off("message", hear).off("exit", onExit);
      child.stdout?.off("data", wake);
      resolve(result);
    }
    function hear(message: FromWorker): void {
      if ("report" in message) finish(message.report);
      else {
        running = message.running;
        wake();
      }
    }
    const onExit = (code: number | null, signal: string | null): void =>
      finish(`the process ended in "${running}" (${signal ?? code})`);
    child.on("message", hear).on("exit", onExit);
    child.stdout?.on("data", wake);
    child.send({ file: path.join(root, file) } satisfies ToWorker);
  });
}

/** One worker takes files from the queue until it is empty. */
async function drain(queue: string[]): Promise<void> {
  let worker: Worker | undefined;
  for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
    const startedMs = Date.now();
    worker ??= startWorker();
    const result = await runInWorker(worker, file);
    const output = worker.output();
    if (typeof result !== "string") show(file, result, startedMs, output);
    else {
      show(file, { passed: 0, failed: 1, skipped: 0, errors: `  ${result}` }, startedMs, output);
      worker = undefined;
    }
  }
  worker?.child.disconnect();
}

const testFiles = (): string[] =>
  readdirSync(path.join(root, "test"), { recursive: true, encoding: "utf8" })
    .filter(name => /\.(test|lua-test)\.ts$/.test(name))
    .map(name => `test/${name.split(path.sep).join("/")}`)
    .filter(isWanted)
    .sort();

/** Leaves out what this machine cannot run. */
function runnable(files: readonly string[]): string[] {
  const missing = linuxPackagesMissing();
  const left = missing === undefined ? [] : files.filter(isLinuxTest);
  if (left.length === 0) return [...files];
  const isCi = process.env.CI !== undefined;
  totals[isCi ? "failed" : "skipped"] += left.length;
  console.log(`${isCi ? "✘" : "–"} ${left.length} files of Linux boards cannot run here: ${missing}`);
  return files.filter(file => !isLinuxTest(file));
}

async function runAll(): Promise<void> {
  const files = runnable(testFiles());
  const shared = files.filter(file => !file.endsWith("-alone.test.ts"));
  const alone = files.filter(file => file.endsWith("-alone.test.ts"));
  const built = runSteps(buildSteps);
  const lanes = [built, Promise.all([built, runSteps(checkSteps)])];
  await Promise.all(lanes.map(ready => ready.then(() => drain(shared))));
  await drain(alone);
}

await runAll();
console.log(`${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
process.exit(totals.failed > 0 || totals.passed === 0 ? 1 : 0);
