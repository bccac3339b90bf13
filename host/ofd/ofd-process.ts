/**
 * The OFD server as a process: where its ports and files come from, what it says of itself, how it ends.
 *
 *   KASSA_HOME              .kassa
 *   KASSA_OFD_HOST          127.0.0.1: the address that registers reach
 *   KASSA_OFD_PORT          7777; 0: any free port
 *   KASSA_OFD_ADMIN_PORT    7779, on loopback; 0: any
 *   KASSA_OFD_ADMIN_TOKEN   without it one is made and kept in KASSA_HOME/ofd/admin.token
 *   KASSA_OFD_DB            KASSA_HOME/ofd/ofd.db
 *
 * It announces itself in KASSA_HOME/run/ofd.json, and with --json on the first line of its output.
 */
import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type Ofd, startOfd } from "./ofd";

const portDefault = 7777;
const adminPortDefault = 7779;
export const portBusyExit = 3;

export interface OfdHome {
  readonly home: string;
  readonly file: string;
  readonly announcement: string;
  readonly tokenFile: string;
}
export function ofdHome(env: NodeJS.ProcessEnv): OfdHome {
  const home = path.resolve(env.KASSA_HOME ?? ".kassa");
  return {
    home,
    file: path.resolve(env.KASSA_OFD_DB ?? path.join(home, "ofd", "ofd.db")),
    announcement: path.join(home, "run", "ofd.json"),
    tokenFile: path.join(home, "ofd", "admin.token"),
  };
}

/** The admin token of this home; undefined when no server ever made one. */
export function readAdminToken(env: NodeJS.ProcessEnv): string | undefined {
  if (env.KASSA_OFD_ADMIN_TOKEN !== undefined) return env.KASSA_OFD_ADMIN_TOKEN;
  try {
    return readFileSync(ofdHome(env).tokenFile, "utf8").trim();
  } catch {
    return undefined;
  }
}

function makeAdminToken(env: NodeJS.ProcessEnv): string {
  const kept = readAdminToken(env);
  if (kept !== undefined) return kept;
  const token = randomBytes(24).toString("hex");
  const { tokenFile } = ofdHome(env);
  mkdirSync(path.dirname(tokenFile), { recursive: true, mode: 0o700 });
  writeFileSync(tokenFile, `${token}\n`, { mode: 0o600 });
  return token;
}

export interface ProcessOptions {
  readonly isJson: boolean;
  /** End when the standard input does: when whoever started it is gone. */
  readonly watchesStdin: boolean;
}

/** Serves until it is told to end; the exit code. */
export async function runOfdProcess(env: NodeJS.ProcessEnv, { isJson, watchesStdin }: ProcessOptions): Promise<number> {
  const ended = endAsked(watchesStdin);
  const ofd = await open(env).catch(error => tellPortBusy(error, env));
  if (ofd === undefined) return portBusyExit;
  announce(ofd, env, isJson);
  await ended;
  takeBackAnnouncement(env);
  await ofd.close();
  return 0;
}

const open = (env: NodeJS.ProcessEnv): Promise<Ofd> =>
  startOfd({
    file: ofdHome(env).file,
    host: env.KASSA_OFD_HOST ?? "127.0.0.1",
    port: Number(env.KASSA_OFD_PORT ?? portDefault),
    adminPort: Number(env.KASSA_OFD_ADMIN_PORT ?? adminPortDefault),
    adminToken: makeAdminToken(env),
    onError: error => console.error(`ofd: ${error.message}`),
  });

/** Another trouble is thrown on. */
function tellPortBusy(error: NodeJS.ErrnoException & { port?: number }, env: NodeJS.ProcessEnv): undefined {
  if (error.code !== "EADDRINUSE") throw error;
  const isAdmin = error.port === Number(env.KASSA_OFD_ADMIN_PORT ?? adminPortDefault);
  console.error(`PORT_BUSY: 127.0.0.1:${error.port}, ${isAdmin ? "KASSA_OFD_ADMIN_PORT" : "KASSA_OFD_PORT"}`);
}

function announce(ofd: Ofd, env: NodeJS.ProcessEnv, isJson: boolean): void {
  const { announcement, file } = ofdHome(env);
  const facts = { ready: true, pid: process.pid, port: ofd.port, adminPort: ofd.adminPort, store: file };
  mkdirSync(path.dirname(announcement), { recursive: true });
  writeFileSync(announcement, `${JSON.stringify(facts)}\n`);
  console.log(isJson ? JSON.stringify(facts) : `ofd: port ${ofd.port}, admin 127.0.0.1:${ofd.adminPort}, ${file}`);
}

/** Another server of the same home may have announced itself since: that one stays. */
function takeBackAnnouncement(env: NodeJS.ProcessEnv): void {
  const { announcement } = ofdHome(env);
  try {
    const { pid } = JSON.parse(readFileSync(announcement, "utf8")) as { pid?: unknown };
    if (pid === process.pid) rmSync(announcement, { force: true });
  } catch {
    // Gone already, or not ours to judge.
  }
}

function endAsked(watchesStdin: boolean): Promise<void> {
  return new Promise(resolve => {
    process.once("SIGINT", () => resolve());
    process.once("SIGTERM", () => resolve());
    if (watchesStdin) process.stdin.once("end", () => resolve()).resume();
  });
}
