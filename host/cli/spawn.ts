/**
 * The shop's processes: started by path, never imported, so that each can be killed alone. Each prints one JSON line
 * `{ "ready": true, … }` when it is ready, and ends when its standard input ends: with us, even if we are killed.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { createWriteStream, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export const programs = {
  board: "emulator/board.ts",
  ofd: "host/ofd/main.ts",
  register: "host/register/main.ts",
} as const;
export type ProgramName = keyof typeof programs;

export interface RunningProgram {
  readonly name: ProgramName;
  readonly pid: number;
  /** What it said when it was ready. */
  readonly facts: Readonly<Record<string, unknown>>;
  /** Resolves when it has ended, wanted or not. */
  readonly ended: Promise<Ending>;
  stop(): Promise<void>;
}

export interface Ending {
  readonly name: ProgramName;
  /** "exit code 3", "signal SIGKILL" */
  readonly reason: string;
  /** The file with its messages. */
  readonly log: string;
}

/** A process that ended, or kept silent, before it was ready; `said` is the end of what it wrote. */
export class ProgramFailed extends Error {
  constructor(
    readonly program: ProgramName,
    readonly said: string,
  ) {
    super(`${program} did not start: ${said.trim() || "no reason given"}`);
  }
}

const root = fileURLToPath(new URL("../..", import.meta.url));
const readyMs = 30_000;
const stopMs = 5_000;
const saidMaxBytes = 4096;

/** Starts a program and waits until it is ready. Its messages go to KASSA_HOME/logs. */
export async function startProgram(
  name: ProgramName,
  home: string,
  env: Readonly<Record<string, string>>,
  options: readonly string[] = [],
): Promise<RunningProgram> {
  const tsx = import.meta.resolve("tsx");
  const program = ["--import", tsx, join(root, programs[name]), "--json", "--watch-stdin", ...options];
  const child = spawn(process.execPath, program, {
    env: { ...process.env, ...env, KASSA_HOME: home },
    stdio: ["pipe", "pipe", "pipe"],
  });
  // A child that dies while we hold its input must not take us with it.
  child.stdin.on("error", () => {});
  const log = join(home, "logs", `${name}.log`);
  const said = keepMessages(child, log);
  const ended = new Promise<Ending>(resolve => {
    child.once("close", (code, signal) => {
      resolve({ name, reason: signal === null ? `exit code ${code}` : `signal ${signal}`, log });
    });
  });
  const facts = await firstFacts(child, ended, () => new ProgramFailed(name, said()));
  return { name, pid: child.pid ?? 0, facts, ended, stop: () => stopChild(child, ended) };
}

/** Copies stderr to the log file; answers its last part. */
function keepMessages(child: ChildProcess, file: string): () => string {
  mkdirSync(dirname(file), { recursive: true });
  const log = createWriteStream(file, { flags: "a" });
  let said = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    log.write(chunk);
    said = (said + chunk.toString("utf8")).slice(-saidMaxBytes);
  });
  child.once("close", () => log.end());
  return () => said;
}

function firstFacts(
  child: ChildProcess,
  ended: Promise<unknown>,
  failure: () => Error,
): Promise<Readonly<Record<string, unknown>>> {
  return new Promise((resolve, reject) => {
    const fail = (): void => {
      clearTimeout(timer);
      child.kill("SIGKILL");
      reject(failure());
    };
    const timer = setTimeout(fail, readyMs);
    void ended.then(fail);
    child.once("error", fail);
    createInterface({ input: child.stdout! }).on("line", line => {
      const facts = factsIn(line);
      if (facts?.ready === true) {
        clearTimeout(timer);
        resolve(facts);
      }
    });
  });
}

function factsIn(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return value !== null && typeof value === "object" ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** Ends its input, then asks by signal, then does not ask. */
async function stopChild(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  child.stdin?.end();
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), stopMs);
  await ended;
  clearTimeout(timer);
}
