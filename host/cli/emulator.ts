/** `kassa emulator VERB`: starts an emulated board, and asks a running one for faults through its control socket. */
import { spawn } from "node:child_process";
import { createConnection } from "node:net";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { BuildFailed } from "../build/bundle";
import { ensureBuilt } from "../build/image";

export const help = `kassa emulator VERB: an emulated board (KASSA_HOME, KASSA_BOARD_PORT)

  start [--baud N] [--json]        runs a board until Ctrl-C
  status                           what it is doing
  cut-power [--after-bytes N [--tear prefix|suffix|subset|unstable]] [--off MS]
                                   takes the power away, at once or in the middle of a flash write
  paper out|in                     the roll
  cover open|closed                the printer's cover
  printer off|on                   the printer's switch
  unplug [--for MS]                the serial port vanishes; with --for it comes back
  plug                             it comes back
  line [--noise P] [--baud N]      changes each byte with probability P; sets the speed
  clock +25h|-10m|jump:+25h|lost   time passes; the clock alone is moved; the clock loses its time

Example: kassa emulator paper out
Exit: 0 done, 1 refused, 2 wrong usage, 3 no board runs here`;

type Request = Readonly<Record<string, unknown>>;

/** Wrong words on the command line. */
class Usage extends Error {}

export async function run(args: string[]): Promise<number> {
  try {
    const [verb, ...rest] = args;
    if (verb === undefined || rest.includes("--help") || verb === "--help") return print(help);
    if (verb === "start") return await start(rest);
    return await ask(requestOf(verb, rest), rest.includes("--json"));
  } catch (error) {
    if (!(error instanceof Usage) && !isParseError(error)) throw error;
    console.error(`${error.message}\n\n${help}`);
    return 2;
  }
}

const isParseError = (error: unknown): error is Error =>
  String((error as NodeJS.ErrnoException).code).startsWith("ERR_PARSE_ARGS");

function print(text: string): number {
  console.log(text);
  return 0;
}

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
const home = (): string => path.resolve(process.env.KASSA_HOME ?? ".kassa");

/** Builds the image when it is stale, then becomes the board's parent. */
async function start(args: readonly string[]): Promise<number> {
  parseArgs({ args: [...args], options: { baud: { type: "string" }, json: { type: "boolean" } } });
  try {
    await ensureBuilt();
  } catch (error) {
    if (!(error instanceof BuildFailed)) throw error;
    console.error(error.message);
    return 1;
  }
  const board = path.join(root, "emulator/board.ts");
  const child = spawn(process.execPath, ["--import", "tsx", board, ...args], { stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => child.kill(signal));
  return new Promise(resolve => child.on("exit", code => resolve(code ?? 1)));
}

// Words → request.

function requestOf(verb: string, args: string[]): Request {
  // Not by parseArgs, for which "-10m" would be an option.
  if (verb === "clock") return { verb, ...clockChange(args.find(word => word !== "--json") ?? "") };
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      "after-bytes": { type: "string" },
      tear: { type: "string" },
      off: { type: "string" },
      for: { type: "string" },
      noise: { type: "string" },
      baud: { type: "string" },
      json: { type: "boolean" },
    },
  });
  const word = positionals[0] ?? "";
  switch (verb) {
    case "status":
    case "plug":
      return { verb };
    case "cut-power":
      return { verb, afterBytes: number(values["after-bytes"]), tear: values.tear, offMs: number(values.off) };
    case "paper":
      return { verb, present: choice(word, "in", "out") };
    case "cover":
      return { verb, open: choice(word, "open", "closed") };
    case "printer":
      return { verb, online: choice(word, "on", "off") };
    case "unplug":
      return { verb, forMs: number(values.for) };
    case "line":
      return { verb, noise: number(values.noise), baud: number(values.baud) };
    default:
      throw new Usage(`unknown verb: ${verb}`);
  }
}

function choice(word: string, yes: string, no: string): boolean {
  if (word !== yes && word !== no) throw new Usage(`expected ${yes} or ${no}, got "${word}"`);
  return word === yes;
}

function number(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() === "" || Number.isNaN(value)) throw new Usage(`expected a number, got "${text}"`);
  return value;
}

const unitS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86400 };

/** "+25h": time passes; "jump:-10m": only the wall clock moves; "lost". */
function clockChange(word: string): Request {
  if (word === "lost") return { lost: true };
  const [, jump, sign, amount, unit] = /^(jump:)?([+-])(\d+)([smhd])$/.exec(word) ?? [];
  if (amount === undefined || unit === undefined) throw new Usage(`expected a time such as +25h, got "${word}"`);
  const seconds = Number(`${sign}${amount}`) * (unitS[unit] as number);
  return jump !== undefined || seconds < 0 ? { jumpS: seconds } : { advanceS: seconds };
}

// Request → running board.

interface Answer {
  readonly ok: boolean;
  readonly error?: string;
  readonly status?: object;
}

async function ask(request: Request, json: boolean): Promise<number> {
  const answer = await send(request).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT" && error.code !== "ECONNREFUSED") throw error;
    return undefined;
  });
  if (answer === undefined) {
    console.error(`no board runs in ${home()}: start one by "kassa emulator start"`);
    return 3;
  }
  if (json) console.log(JSON.stringify(answer));
  else if (!answer.ok) console.error(answer.error);
  else console.log(answer.status === undefined ? "done" : JSON.stringify(answer.status, undefined, 2));
  return answer.ok ? 0 : 1;
}

function send(request: Request): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path.join(home(), "run/board.sock"));
    let received = "";
    socket.setEncoding("utf8").on("error", reject);
    socket.on("connect", () => socket.write(`${JSON.stringify(request)}\n`));
    socket.on("data", text => {
      received += text;
      if (!received.includes("\n")) return;
      socket.end();
      resolve(JSON.parse(received) as Answer);
    });
    socket.on("close", () => reject(new Error("the board has ended")));
  });
}
