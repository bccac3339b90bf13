/** `kassa ofd`: serve, and put a register on record. */
import { readEnrolment } from "../ofd/enrolment";
import { ofdHome, readAdminToken, runOfdProcess } from "../ofd/ofd-process";
import { openSqliteStore } from "../ofd/store/sqlite";
import type { Enrolment } from "../ofd/store/store";
import { type CommandSpec, type Parsed, parseCommand, UsageError } from "./args";
import { homeFolder, runningProgram } from "./home";
import { readJson } from "./input";
import { exitCode, tellResult } from "./output";

const serveSpec: CommandSpec = {
  usage: "ofd serve",
  about: "Serves registers by the OFD protocol 2.0.4 (KASSA_OFD_PORT) and the admin API (KASSA_OFD_ADMIN_PORT).",
  options: { "watch-stdin": { type: "boolean", about: "end when the standard input ends" } },
  example: "KASSA_OFD_PORT=7777 kassa ofd serve",
};
const registerSpec: CommandSpec = {
  usage: "ofd register --card FILE --serial TEXT",
  about: "Puts a register on record: through the running server, else straight in its store.",
  options: {
    card: { type: "string", value: "FILE", about: "fiscalization card (samples/card.json)" },
    serial: { type: "string", value: "TEXT", about: "factory number of the register (kassa device info)" },
  },
  example: "kassa ofd register --card samples/card.json --serial KZT00000001",
};

export const help = [serveSpec, registerSpec].map(spec => `kassa ${spec.usage}\n  ${spec.about}`).join("\n");

export async function run(args: string[]): Promise<number> {
  const [verb, ...rest] = args;
  if (verb === "serve") return serve(parseCommand(rest, serveSpec));
  if (verb === "register") return register(parseCommand(rest, registerSpec));
  if (verb === "--help" || verb === "-h") {
    console.log(help);
    return exitCode.done;
  }
  throw new UsageError(`ofd: expected serve or register\n\n${help}`);
}

const serve = (parsed: Parsed): Promise<number> =>
  runOfdProcess(process.env, { isJson: parsed.json, watchesStdin: parsed.options["watch-stdin"] === true });

async function register({ options, json }: Parsed): Promise<number> {
  const enrolment = readCard(String(options.card ?? ""), options.serial);
  const facts = await runningProgram(homeFolder(), "ofd");
  const outcome = facts === undefined ? await enrolInStore(enrolment) : await enrolAtServer(facts, enrolment);
  const isDone = outcome === "enrolled" || outcome === "known";
  const sentence = isDone ? `device ${enrolment.id}: ${outcome}` : `device ${enrolment.id} is not enrolled: ${outcome}`;
  tellResult(json, { id: enrolment.id, outcome }, sentence);
  return isDone ? exitCode.done : exitCode.refused;
}

function readCard(file: string, serial: unknown): Enrolment {
  if (file === "") throw new UsageError("--card FILE is needed");
  const enrolment = readEnrolment({ serial, ...(readJson(file) as object) });
  if (typeof enrolment === "string") throw new UsageError(`${file}: ${enrolment}`);
  return enrolment;
}

async function enrolInStore(enrolment: Enrolment): Promise<string> {
  const store = await openSqliteStore(ofdHome(process.env).file);
  try {
    return await store.enrol(enrolment);
  } finally {
    await store.close();
  }
}

async function enrolAtServer(facts: Record<string, unknown>, { id, profile, ...rest }: Enrolment): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${String(facts.adminPort)}/devices`, {
    method: "POST",
    headers: { authorization: `Bearer ${readAdminToken(process.env) ?? ""}`, "content-type": "application/json" },
    body: JSON.stringify({ ...rest, ...profile, ofdId: id }),
  });
  const { outcome, detail } = (await response.json()) as { outcome?: string; detail?: string };
  return outcome ?? detail ?? String(response.status);
}
