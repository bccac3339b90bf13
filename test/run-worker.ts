/**
 * Runs test files one after another in one process, told by test/run.ts over IPC: {file} → {running}… → {report}.
 * uvu is driven by its queue (UVU_DEFER), since its own reporter never says what failed in numbers.
 */
import { pathToFileURL } from "node:url";
import type { FileReport, FromWorker, ToWorker } from "./run-messages";

type RunSuite = () => Promise<[errors: string | true, passed: number, skipped: number, total: number]>;
type UvuGlobals = { UVU_DEFER: number; UVU_QUEUE: [string, ...RunSuite[]][]; UVU_INDEX: number };

const uvuGlobals = globalThis as unknown as UvuGlobals;
Object.assign(uvuGlobals, { UVU_DEFER: 1, UVU_QUEUE: [], UVU_INDEX: 0 });
const { test } = await import("uvu");

const send = (message: FromWorker): void => {
  process.send?.(message);
};

async function load(file: string): Promise<void> {
  if (!file.endsWith(".lua-test.ts")) await import(pathToFileURL(file).href);
  else {
    const { registerLuaCases } = await import("./lua/run-cases");
    await registerLuaCases(file);
    test.run();
  }
}

async function runFile(file: string): Promise<FileReport> {
  uvuGlobals.UVU_INDEX = uvuGlobals.UVU_QUEUE.push([file]) - 1;
  const report = { passed: 0, failed: 0, skipped: 0, errors: "" };
  test.before.each((state: { __test__?: string }) => send({ running: state.__test__ ?? "" }));
  await load(file);
  const [, ...suites] = uvuGlobals.UVU_QUEUE[uvuGlobals.UVU_INDEX] as [string, ...RunSuite[]];
  for (const runSuite of suites) {
    const [errors, passed, skipped, total] = await runSuite();
    report.passed += passed;
    report.failed += total - passed;
    report.skipped += skipped;
    if (errors !== true) report.errors += errors;
  }
  if (report.passed + report.failed + report.skipped === 0)
    throw new Error("no test was registered: test.run() is missing");
  return report;
}

process.on("message", async ({ file }: ToWorker) => {
  try {
    send({ report: await runFile(file) });
  } catch (error) {
    const words = error instanceof Error ? (error.stack ?? error.message) : String(error);
    send({ report: { passed: 0, failed: 1, skipped: 0, errors: `  ${words}\n` } });
  }
});
process.on("disconnect", () => process.exit());
