/** `kassa emulator VERB`: starts an emulated board, and asks a running one for faults through its control socket. */
import { spawn } from "node:child_process";
import { createConnection } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { BuildFailed } from "../build/bundle";
import { DeviceAbsent } from "../device/fiscal-device";
import { type CommandSpec, findVerb, numberOption, type Parsed, parseCommand, shareOption, UsageError } from "./args";
import { boardKindOf, boardOptions, boardWords, ensureBoardBuilt } from "./board-kind";
import { homeFolder } from "./home";
import { exitCode, tellResult } from "./output";

/** What the control socket takes. */
type Request = Readonly<Record<string, unknown>>;
interface Verb {
  readonly spec: CommandSpec;
  /** Words → request, without its verb. */
  readonly request: (parsed: Parsed) => Request;
}

const dayMs = 24 * 3600 * 1000;
const [baudMin, baudMax] = [300, 4_000_000];
const afterBytesMax = 1e9;
const tears = ["prefix", "suffix", "subset", "unstable"];

const startSpec: CommandSpec = {
  usage: "emulator start [--board KIND] [--baud N]",
  about: "Runs a board until Ctrl-C (KASSA_HOME, KASSA_BOARD_PORT).",
  options: {
    ...boardOptions,
    baud: { type: "string", value: "N", about: "speed of the line (default 115200)" },
  },
  example: "KASSA_BOARD_PORT=0 kassa emulator start",
};

const verbs: { readonly [name: string]: Verb } = {
  status: {
    spec: { usage: "emulator status", about: "What it is doing.", options: {}, example: "kassa emulator status" },
    request: () => ({}),
  },
  "cut-power": {
    spec: {
      usage: "emulator cut-power [--after-bytes N [--tear KIND]] [--off MS]",
      about: "Takes the power away, at once or in the middle of a flash write.",
      options: {
        "after-bytes": { type: "string", value: "N", about: "when so many more bytes are written" },
        tear: { type: "string", value: "KIND", about: `what is left: ${tears.join(", ")} (default prefix)` },
        off: { type: "string", value: "MS", about: "how long it stays away (default 300)" },
      },
      example: "kassa emulator cut-power --after-bytes 500 --tear unstable",
    },
    request: powerCut,
  },
  paper: {
    spec: choiceSpec("emulator paper out|in", "The roll.", "kassa emulator paper out"),
    request: ({ positionals }) => ({ present: choice(positionals[0], "in", "out") }),
  },
  cover: {
    spec: choiceSpec("emulator cover open|closed", "The printer's cover.", "kassa emulator cover open"),
    request: ({ positionals }) => ({ open: choice(positionals[0], "open", "closed") }),
  },
  printer: {
    spec: choiceSpec("emulator printer off|on", "The printer's switch.", "kassa emulator printer off"),
    request: ({ positionals }) => ({ online: choice(positionals[0], "on", "off") }),
  },
  unplug: {
    spec: {
      usage: "emulator unplug [--for MS]",
      about: "The serial port vanishes.",
      options: { for: { type: "string", value: "MS", about: "it comes back then (default: at `plug`)" } },
      example: "kassa emulator unplug --for 2000",
    },
    request: parsed => ({ forMs: numberOption(parsed, "for", 0, dayMs) }),
  },
  plug: {
    spec: { usage: "emulator plug", about: "It comes back.", options: {}, example: "kassa emulator plug" },
    request: () => ({}),
  },
  line: {
    spec: {
      usage: "emulator line [--noise P] [--baud N]",
      about: "Changes the serial line; what is not named stays as it is.",
      options: {
        noise: { type: "string", value: "P", about: "each byte is changed with this probability, 0 to 1" },
        baud: { type: "string", value: "N", about: "speed" },
      },
      example: "kassa emulator line --noise 0.001",
    },
    request: lineChange,
  },
  device: {
    spec: choiceSpec(
      "emulator device off|on|reset|feed",
      "The hobby board of a Firmata board: its plug, its reset button, its feed button.",
      "kassa emulator device off",
    ),
    request: ({ positionals }) => deviceChange(positionals[0]),
  },
  clock: {
    spec: choiceSpec(
      "emulator clock +25h|-10m|jump:+25h|lost",
      "Time passes; the clock alone is moved; the clock loses its time.",
      "kassa emulator clock +25h",
    ),
    request: ({ positionals }) => clockChange(positionals[0] ?? ""),
  },
};

export async function run(args: string[]): Promise<number> {
  const [name, ...rest] = args;
  if (name === "start") return start(parseCommand(rest, startSpec));
  const verb = findVerb(verbs, name, [startSpec]);
  const parsed = parseCommand(name === "clock" ? withTimesLast(rest) : rest, verb.spec);
  return ask({ verb: name, ...verb.request(parsed) }, parsed.json);
}

/** Builds the image when it is stale, then becomes the board's parent. */
async function start(parsed: Parsed): Promise<number> {
  const baud = numberOption(parsed, "baud", baudMin, baudMax);
  const kind = boardKindOf(parsed);
  try {
    await ensureBoardBuilt(kind);
  } catch (error) {
    if (!(error instanceof BuildFailed)) throw error;
    console.error(error.message);
    return exitCode.refused;
  }
  const board = fileURLToPath(new URL("../../emulator/board.ts", import.meta.url));
  const speed = baud === undefined ? [] : ["--baud", String(baud)];
  const options = ["--board", kind, ...boardWords(parsed, kind), ...speed, ...(parsed.json ? ["--json"] : [])];
  const child = spawn(process.execPath, ["--import", "tsx", board, ...options], { stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => child.kill(signal));
  return new Promise(resolve => child.on("exit", code => resolve(code ?? exitCode.refused)));
}

// Words → request.

/** A verb that takes one word. */
function choiceSpec(usage: string, about: string, example: string): CommandSpec {
  return { usage, about, options: {}, positionals: [1, 1], example };
}

function choice(word: string | undefined, yes: string, no: string): boolean {
  if (word !== yes && word !== no) throw new UsageError(`expected ${yes} or ${no}, got ${String(word)}`);
  return word === yes;
}

function deviceChange(word: string | undefined): Request {
  if (word === "reset" || word === "feed") return { [word]: true };
  if (word !== "on" && word !== "off") throw new UsageError(`expected off, on, reset or feed, got ${String(word)}`);
  return { connected: word === "on" };
}

function powerCut(parsed: Parsed): Request {
  const afterBytes = numberOption(parsed, "after-bytes", 0, afterBytesMax);
  const { tear } = parsed.options;
  if (tear !== undefined && !tears.includes(String(tear))) {
    throw new UsageError(`--tear: expected ${tears.join(", ")}, got ${String(tear)}`);
  }
  if (tear !== undefined && afterBytes === undefined) throw new UsageError("--tear needs --after-bytes N");
  return { afterBytes, tear, offMs: numberOption(parsed, "off", 0, dayMs) };
}

function lineChange(parsed: Parsed): Request {
  const noise = shareOption(parsed, "noise");
  const baud = numberOption(parsed, "baud", baudMin, baudMax);
  if (noise === undefined && baud === undefined) throw new UsageError("--noise P or --baud N is needed");
  return { noise, baud };
}

/** "-10m" is a time here, though it looks like an option. */
function withTimesLast(words: readonly string[]): string[] {
  const isTime = (word: string): boolean => /^-\d/.test(word);
  return [...words.filter(word => !isTime(word)), "--", ...words.filter(isTime)];
}

const unitS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86400 };

/** "+25h": time passes; "jump:-10m": only the wall clock moves; "lost". */
function clockChange(word: string): Request {
  if (word === "lost") return { lost: true };
  const [, jump, sign, amount, unit] = /^(jump:)?([+-])(\d+)([smhd])$/.exec(word) ?? [];
  if (amount === undefined || unit === undefined) throw new UsageError(`expected a time such as +25h, got ${word}`);
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
  const { ok, error = "refused", status } = await send(request);
  if (!ok) {
    console.error(error);
    if (json) console.log(JSON.stringify({ ok, error }));
    return exitCode.refused;
  }
  tellResult(json, { ok, status }, status === undefined ? "done" : JSON.stringify(status, undefined, 2));
  return exitCode.done;
}

/** Throws DeviceAbsent when no board runs. */
function send(request: Request): Promise<Answer> {
  const home = homeFolder();
  return new Promise((resolve, reject) => {
    const socket = createConnection(join(home, "run", "board.sock"));
    let received = "";
    socket.setEncoding("utf8").on("error", (error: NodeJS.ErrnoException) => {
      const isNobody = error.code === "ENOENT" || error.code === "ECONNREFUSED";
      reject(isNobody ? new DeviceAbsent(`no board runs in ${home}: kassa emulator start`) : error);
    });
    socket.on("connect", () => socket.write(`${JSON.stringify(request)}\n`));
    socket.on("data", text => {
      received += text;
      if (!received.includes("\n")) return;
      socket.end();
      resolve(JSON.parse(received) as Answer);
    });
    socket.on("close", () => reject(new DeviceAbsent(`the board in ${home} has ended`)));
  });
}
