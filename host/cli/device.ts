/** `kassa device VERB`: the technician's view of a module. It goes through the register service when that owns the port. */
import { connect } from "node:net";
import { createInterface } from "node:readline";
import { brokerGroup, brokerRelease, brokerSocket, isAnswered } from "../device/broker";
import { checkCard, encodeCard } from "../device/card";
import { connectDevice } from "../device/connection";
import { DeviceAbsent, DeviceRefusal, type FiscalDevice } from "../device/fiscal-device";
import { socketChannel } from "../device/message-channel";
import { allPorts, findPorts, type PortCandidate } from "../device/port-finder";
import { baudAtStart } from "../device/serial-link";
import { createSmpClient } from "../device/smp-client";
import { type CommandSpec, findVerb, numberOption, type Parsed, parseCommand, UsageError } from "./args";
import { homeFolder } from "./home";
import { readJson, readText } from "./input";
import { columns, createProgress, exitCode, tellResult } from "./output";
import { userOf } from "./sell";
import { signIn, withDevice } from "./with-device";

const releaseByDefaultS = 60;

interface Verb {
  readonly spec: CommandSpec;
  readonly run: (parsed: Parsed) => Promise<number>;
}
const portOption = {
  port: { type: "string", value: "PORT", about: "path or tcp://host:port (default: search)" },
} as const;
const userOption = {
  user: { type: "string", short: "u", value: "OP:PIN", about: "operator and PIN (default: KASSA_USER, else 1:0000)" },
} as const;

const verbs: { readonly [name: string]: Verb } = {
  list: {
    spec: {
      usage: "device list [--probe-all]",
      about: "Ports where a module may be. Asks none of them, unless told to: a byte can disturb another device.",
      options: { "probe-all": { type: "boolean", about: "open every port of this machine and ask who is there" } },
      example: "kassa device list --probe-all",
    },
    run: list,
  },
  info: {
    spec: {
      usage: "device info [--port PORT]",
      about: "Who the module is: serial number, firmware, registration.",
      options: portOption,
      example: "kassa device info --port /dev/ttyUSB0",
    },
    run: info,
  },
  status: {
    spec: {
      usage: "device status [--port PORT]",
      about: "How the module is: blocks, shift, queue, printer, memory.",
      options: portOption,
      example: "kassa device status --json",
    },
    run: status,
  },
  fiscalize: {
    spec: {
      usage: "device fiscalize --card FILE [--port PORT]",
      about: "Gives a blank module its registration: taxpayer, place, operator of fiscal data. Once.",
      options: { card: { type: "string", value: "FILE", about: "the card as JSON" }, ...portOption },
      example: "kassa device fiscalize --card samples/card.json",
    },
    run: fiscalize,
  },
  token: {
    spec: {
      usage: "device token [--file FILE] [-u OPERATOR:PIN] [--port PORT]",
      about:
        "Enters a new token of the operator of fiscal data. It is read from standard input, or from FILE; never shown.",
      options: {
        file: { type: "string", value: "FILE", about: "a file with the token" },
        ...userOption,
        ...portOption,
      },
      example: "kassa device token < token.txt",
    },
    run: token,
  },
  clock: {
    spec: {
      usage: "device clock [--set] [-u OPERATOR:PIN] [--port PORT]",
      about:
        "The module's clock beside this computer's. --set gives it this computer's time when it has lost its own, or is behind the last document.",
      options: { set: { type: "boolean", about: "set the clock" }, ...userOption, ...portOption },
      example: "kassa device clock --set",
    },
    run: clock,
  },
  log: {
    spec: {
      usage: "device log [--last N] [-u OPERATOR:PIN] [--port PORT]",
      about: "The newest records of the fiscal log, as hexadecimal CBOR. `kassa journal show` decodes an export.",
      options: { last: { type: "string", value: "N", about: "how many (default 10)" }, ...userOption, ...portOption },
      example: "kassa device log --last 3",
    },
    run: log,
  },
  release: {
    spec: {
      usage: "device release [--for SECONDS]",
      about: "Makes the register service let go of the port for a while, for other SMP tools.",
      options: {
        for: { type: "string", value: "SECONDS", about: `how long (default ${releaseByDefaultS}); 0 takes it back` },
      },
      example: "kassa device release --for 300",
    },
    run: release,
  },
};

export async function run(args: string[]): Promise<number> {
  const [name, ...rest] = args;
  const verb = findVerb(verbs, name);
  return verb.run(parseCommand(rest, verb.spec));
}

async function list({ options, json }: Parsed): Promise<number> {
  const home = homeFolder();
  const isProbing = options["probe-all"] === true;
  const found = isProbing ? await allPorts(home) : await findPorts(home);
  const ports = isProbing ? await Promise.all(found.map(probe)) : found;
  const rows = ports.map(
    entry => [entry.port, [entry.kind, entry.label, "answer" in entry ? entry.answer : ""].join("  ")] as const,
  );
  tellResult(json, { ports }, ports.length === 0 ? "no ports found" : columns(rows));
  return ports.length === 0 ? exitCode.absent : exitCode.done;
}

async function probe(candidate: PortCandidate): Promise<PortCandidate & { answer: string }> {
  try {
    const connection = await connectDevice(candidate.port, baudAtStart);
    connection.client.close();
    await connection.client.closed;
    return { ...candidate, answer: connection.info.serial };
  } catch (error) {
    return { ...candidate, answer: error instanceof DeviceRefusal ? error.code : "no answer" };
  }
}

function info({ options, json }: Parsed): Promise<number> {
  return withDevice(options.port, async device => {
    const { publicKey, ...facts } = await device.info();
    const shown = { ...facts, publicKey: publicKey.toString("hex") };
    tellResult(json, shown, columns(Object.entries(shown).map(([name, value]) => [name, String(value)])));
    return exitCode.done;
  });
}

function status({ options, json }: Parsed): Promise<number> {
  return withDevice(options.port, async device => {
    const facts = await device.status();
    const rows = Object.entries(facts).map(
      ([name, value]) => [name, typeof value === "object" ? oneLine(value) : String(value)] as const,
    );
    tellResult(json, facts, columns(rows));
    return exitCode.done;
  });
}

const oneLine = (value: object): string =>
  Object.entries(value)
    .map(([name, item]) => `${name} ${typeof item === "object" ? JSON.stringify(item) : String(item)}`)
    .join(", ");

async function fiscalize({ options, json }: Parsed): Promise<number> {
  const file = options.card;
  if (file === undefined) {
    throw new UsageError("--card FILE is needed");
  }
  const card = encodeCard(checkCard(readJson(String(file))));
  return withDevice(options.port, async device => {
    await device.fiscalize(card);
    const { serial, rnm } = await device.info();
    tellResult(json, { serial, rnm }, `${serial} is registered as ${String(rnm)}`);
    return exitCode.done;
  });
}

async function token({ options, json }: Parsed): Promise<number> {
  if (options.file === undefined && process.stdin.isTTY) {
    console.error("Token, then Enter:");
  }
  const text = options.file === undefined ? await readLine() : readText(String(options.file));
  // A token that is no number is told by its place, never quoted.
  const isNumber = /^\d{1,10}$/.test(text.trim());
  return withDevice(options.port, async device => {
    const session = await signIn(device, userOf(options.user));
    await device.token(session, isNumber ? Number(text) : 0);
    await device.logout(session);
    tellResult(json, { taken: true }, "the module has the new token");
    return exitCode.done;
  });
}

function clock({ options, json }: Parsed): Promise<number> {
  return withDevice(options.port, async device => {
    const before = await readClock(device);
    const isSet = options.set === true && before.isLost;
    if (isSet) {
      await setClock(device, userOf(options.user));
    }
    const { utcS, isLost } = isSet ? await readClock(device) : before;
    const rows: [string, string][] = [
      ["module", `${utcS === undefined ? "no time" : timeOf(utcS)}${isLost ? ", must be set" : isSet ? ", set" : ""}`],
      ["computer", timeOf(computerUtcS())],
    ];
    tellResult(json, { utcS, isLost, isSet, computerUtcS: computerUtcS() }, columns(rows));
    if (options.set === true && !isSet) {
      console.error("The module's clock runs: only one that has lost its time is set.");
      return exitCode.refused;
    }
    return exitCode.done;
  });
}

/** A blank module knows nobody, and takes the time from anybody. */
async function setClock(device: FiscalDevice, user: string): Promise<void> {
  const { fiscalized } = await device.info();
  const session = fiscalized ? await signIn(device, user) : undefined;
  await device.setClock(session, computerUtcS());
  if (session !== undefined) {
    await device.logout(session);
  }
}

async function readClock(device: FiscalDevice): Promise<{ utcS: number | undefined; isLost: boolean }> {
  const { utcS, blocks } = await device.status();
  return { utcS, isLost: blocks.some(({ code }) => code === "CLOCK_UNSET") };
}

const computerUtcS = (): number => Math.floor(Date.now() / 1000);
const timeOf = (utcS: number): string => `${new Date(utcS * 1000).toISOString().slice(0, 19)}Z`;

/** The first line of standard input. */
async function readLine(): Promise<string> {
  const lines = createInterface({ input: process.stdin });
  for await (const line of lines) {
    lines.close();
    return line;
  }
  return "";
}

interface LogRecord {
  readonly seq: number;
  /** Hexadecimal CBOR. */
  readonly item: string;
}

function log(parsed: Parsed): Promise<number> {
  return withDevice(parsed.options.port, async device => {
    const session = await signIn(device, userOf(parsed.options.user));
    const count = numberOption(parsed, "last", 1, 1_000_000) ?? 10;
    const { sequence } = await device.info();
    const { firstSeq } = await device.logPage(session, sequence, 0);
    const first = Math.max(firstSeq, sequence - count + 1);
    const bar = createProgress("records");
    const records: LogRecord[] = [];
    // People see each record when it comes; programs get one object.
    const show = parsed.json
      ? (record: LogRecord) => records.push(record)
      : ({ seq, item }: LogRecord) => console.log(`${seq} ${item}`);
    for (let seq = first; seq <= sequence; seq++) {
      show({ seq, item: (await device.logRecord(session, seq)).item.toString("hex") });
      bar.update(seq - first + 1, sequence - first + 1);
    }
    bar.stop();
    await device.logout(session);
    if (parsed.json) {
      console.log(JSON.stringify({ records }));
    }
    return exitCode.done;
  });
}

async function release(parsed: Parsed): Promise<number> {
  const seconds = numberOption(parsed, "for", 0, 3600) ?? releaseByDefaultS;
  const path = brokerSocket(homeFolder());
  if (!(await isAnswered(path))) {
    throw new DeviceAbsent("no register service owns a port here");
  }
  const client = createSmpClient(socketChannel(connect(path)));
  try {
    await client.request({ op: "write", group: brokerGroup, id: brokerRelease }, { forMs: seconds * 1000 });
  } finally {
    client.close();
  }
  tellResult(parsed.json, { releasedForS: seconds }, `the port is free for ${seconds} s`);
  return exitCode.done;
}
