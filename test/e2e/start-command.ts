/** `kassa` in a process of its own, as a newcomer runs it. */
import { type ChildProcess, spawn } from "node:child_process";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import * as assert from "uvu/assert";

const kassa = fileURLToPath(new URL("../../host/cli/kassa.mjs", import.meta.url));
const waitMaxMs = 30_000;
const pollMs = 25;
/** Without --once the ports are fixed ones, unless the environment says otherwise. */
const anyPorts = {
  KASSA_BOARD_PORT: "0",
  KASSA_OFD_PORT: "0",
  KASSA_OFD_ADMIN_PORT: "0",
  KASSA_REGISTER_PORT: "0",
};

/** The object of `start --json` (api: "npm scripts"). */
export interface StartReport {
  readonly board: string;
  readonly serial: string;
  readonly imageSha256: string;
  readonly url: string;
  readonly documentNumber: number;
  readonly fiscalSign: string;
  readonly qrUrl: string;
  readonly totalTiyn: number;
  readonly paperPng: string;
  readonly escpos: string;
  readonly journal: string;
  readonly publicKey: string;
  readonly ofdStore: string;
  readonly legsMs: Readonly<Record<"http" | "serial" | "module" | "ofd" | "print" | "total", number>>;
}

export interface Started {
  readonly child: ChildProcess;
  /** The exit code. */
  readonly ended: Promise<number | null>;
  said(): { stdout: string; stderr: string };
}

export function start(home: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Started {
  const child = spawn(process.execPath, [kassa, "start", ...args], {
    env: { ...process.env, ...anyPorts, KASSA_HOME: home, ...env },
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", chunk => (stdout += chunk));
  child.stderr.on("data", chunk => (stderr += chunk));
  const ended = new Promise<number | null>(resolve => child.once("close", resolve));
  return { child, ended, said: () => ({ stdout, stderr }) };
}

/** The exit code of a command that is about to end. */
export function endOf({ ended, said }: Started): Promise<number | null> {
  const goesOn = (): never => assert.unreachable(`it goes on: ${JSON.stringify(said())}`) as never;
  return Promise.race([ended, pause(waitMaxMs, undefined, { ref: false }).then(goesOn)]);
}

/** `start --once --json`: its object, when it exits 0. */
export async function startOnce(home: string, args: readonly string[] = []): Promise<StartReport> {
  const { ended, said } = start(home, ["--once", "--json", ...args]);
  assert.is(await ended, 0, said().stderr);
  return reportIn(said().stdout);
}

/** The object is the last line. */
export const reportIn = (stdout: string): StartReport => JSON.parse(stdout.trim().split("\n").at(-1)!);

/** Runs one command to its end. */
export async function runKassa(
  home: string,
  args: readonly string[],
  input: string,
): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, [kassa, ...args], { env: { ...process.env, KASSA_HOME: home } });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", chunk => (output += chunk));
  child.stdin.end(input);
  const code = await new Promise<number | null>(resolve => child.once("close", resolve));
  return { code, output };
}

export async function until(isTrue: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (const lastMs = performance.now() + waitMaxMs; !(await isTrue()); await pause(pollMs)) {
    assert.ok(performance.now() < lastMs, what);
  }
}
