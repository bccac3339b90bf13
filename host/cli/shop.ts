/**
 * The shop that `kassa start` opens: board, OFD server and register service as processes of their own, the board
 * registered at the OFD. State is in KASSA_HOME; a second start goes on with the same log.
 */
import { randomBytes, randomInt } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isAnswered } from "../device/broker";
import { type Card, checkCard, encodeCard } from "../device/card";
import { type DeviceInfo, DeviceRefusal, type FiscalDevice, openFiscalDevice } from "../device/fiscal-device";
import { baudAtStart } from "../device/serial-link";
import { UsageError } from "./args";
import { type BoardKind, boardKinds } from "./board-kind";
import { runningProgram } from "./home";
import { type Ending, type ProgramName, type RunningProgram, startProgram } from "./spawn";

const usualKind: BoardKind = "emulator";

export interface ShopOptions {
  readonly home: string;
  /** Any free ports, unless the environment names one. */
  readonly isOnAnyPort: boolean;
  /** The board stays without a taxpayer. */
  readonly isBlank: boolean;
  readonly baud: number;
  /** The emulator by default. */
  readonly boardKind?: BoardKind;
  /** Further options of its process. */
  readonly boardWords?: readonly string[];
  readonly onProgress: (text: string) => void;
}
export interface Shop {
  readonly info: DeviceInfo;
  readonly board: RunningProgram;
  readonly ofd: RunningProgram;
  readonly register: RunningProgram;
  readonly url: string;
  /** How the first process that ends did. */
  readonly ended: Promise<Ending>;
  close(): Promise<void>;
}

/** This home's shop already runs. */
export class ShopRuns extends Error {
  constructor(
    readonly home: string,
    readonly pid: number,
  ) {
    super(`the shop of ${home} already runs`);
  }
}

/** The ports of the shop: variable and default (api: "Public faces"). */
const ports = {
  KASSA_BOARD_PORT: 7072,
  KASSA_OFD_PORT: 7777,
  KASSA_OFD_ADMIN_PORT: 7779,
  KASSA_REGISTER_PORT: 7070,
} as const;

const samplesFolder = fileURLToPath(new URL("../../samples/", import.meta.url));
export const sampleReceipt = join(samplesFolder, "receipt.json");
const presentMaxMs = 15_000;
const testOperator = { code: 1, pin: "0000" };
const u32Max = 4294967295;
const portMax = 65535;

/** Rejects with ShopRuns before it touches anything of the shop that runs. */
export async function openShop(options: ShopOptions): Promise<Shop> {
  const { home, onProgress } = options;
  // Asked before the ports: it is this shop that holds them, and others would not help.
  await refuseSecond(home);
  const token = adminToken();
  const env = {
    ...(await portEnv(options)),
    KASSA_OFD_ADMIN_TOKEN: token,
    KASSA_BAUD: String(options.baud),
  };
  await mkdir(join(home, "run"), { recursive: true });
  const running: RunningProgram[] = [];
  const open = async (name: ProgramName, ...words: string[]): Promise<RunningProgram> => {
    const program = await startProgram(name, home, env, words);
    running.unshift(program);
    return program;
  };
  const close = async (): Promise<void> => {
    for (const program of running) {
      await program.stop();
    }
  };
  try {
    onProgress("starting the board and the OFD server");
    // The board locks the home. Until it has, the OFD's store may be that of a shop that runs.
    const board = await open("board", "--board", options.boardKind ?? "emulator", ...(options.boardWords ?? []));
    const ofd = await open("ofd");
    const info = await prepareBoard(options, ofd, token);
    onProgress("starting the register service");
    const register = await open("register");
    const ended = Promise.race(running.map(program => program.ended));
    const url = `http://127.0.0.1:${String(register.facts.port)}`;
    return { info, board, ofd, register, url, ended, close };
  } catch (error) {
    await close();
    throw error;
  }
}

const adminToken = (): string => process.env.KASSA_OFD_ADMIN_TOKEN ?? randomBytes(16).toString("hex");

/** The announcement of a killed board may bear the number of a foreign process: only a running one answers. */
async function refuseSecond(home: string): Promise<void> {
  const board = await runningProgram(home, "board");
  if (board !== undefined && (await isAnswered(String(board.control)))) {
    throw new ShopRuns(home, Number(board.pid));
  }
}

/** The port variables for the children. A busy one is named before anything starts. */
async function portEnv({ home, isOnAnyPort, boardKind }: ShopOptions): Promise<Record<string, string>> {
  const lastOfdPort = await anyOfdPort(home, boardKind);
  const free = (variable: string, byDefault: number): string => {
    if (variable === "KASSA_OFD_PORT" && lastOfdPort !== "0") return lastOfdPort;
    return isOnAnyPort ? "0" : String(byDefault);
  };
  const entries = Object.entries(ports).map(([variable, byDefault]) => {
    return [variable, process.env[variable] ?? free(variable, byDefault)] as const;
  });
  for (const [variable, port] of entries) {
    if (!/^\d{1,5}$/.test(port) || Number(port) > portMax) {
      throw new UsageError(`${variable}: expected a port from 0 to ${portMax}, got ${port}`);
    }
    if (!(await isFree(Number(port)))) {
      throw new DeviceRefusal("PORT_BUSY", { port: Number(port), variable });
    }
  }
  return Object.fromEntries(entries);
}

function isFree(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}

/** Registers a blank board; tells a registered one where the OFD server is this time. */
async function prepareBoard(options: ShopOptions, ofd: RunningProgram, token: string): Promise<DeviceInfo> {
  // The speed stays at the start: the register service opens the port next, and begins there.
  const device = openFiscalDevice({ home: options.home, baud: baudAtStart });
  try {
    const info = await device.present(presentMaxMs);
    const ofdPort = Number(ofd.facts.port);
    if (info.fiscalized) {
      await moveOfd(device, options, info.serial, ofdPort);
    } else if (!options.isBlank) {
      options.onProgress("registering the board with test data");
      await registerBoard(device, info, testRegister(options.boardKind), ofd, token);
      await keepOfdPort(options, info.serial, ofdPort);
    }
    return await device.info();
  } finally {
    await device.close();
  }
}

/** Each kind of board is a register of its own, so that one home can try them all. */
function testRegister(kind: BoardKind = usualKind): (card: Card) => Card {
  const number = boardKinds.indexOf(kind);
  return card => ({ ...card, ofdId: card.ofdId + number, rnm: String(Number(card.rnm) + number).padStart(12, "0") });
}

/** Enrols at the OFD server first, then fiscalizes: a board must never hold a token that nobody knows. */
async function registerBoard(
  device: FiscalDevice,
  info: DeviceInfo,
  register: (card: Card) => Card,
  ofd: RunningProgram,
  token: string,
): Promise<void> {
  const sample = checkCard(JSON.parse(await readFile(join(samplesFolder, "card.json"), "utf8")));
  const card: Card = {
    ...register(sample),
    token: randomInt(1, u32Max),
    ofd: { ...sample.ofd, host: "127.0.0.1", port: Number(ofd.facts.port) },
  };
  const response = await fetch(`http://127.0.0.1:${String(ofd.facts.adminPort)}/devices`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ ...card, serial: info.serial }),
  });
  if (!response.ok) {
    throw new Error(`the OFD server does not enrol the board: ${response.status} ${await response.text()}`);
  }
  await device.fiscalize(encodeCard(card));
}

/** With free ports the OFD server may be elsewhere at each start. OFD_MOVED when the board may not be told so now. */
async function moveOfd(device: FiscalDevice, options: ShopOptions, serial: string, port: number): Promise<void> {
  const kept = (await keptOfdPorts(options.home)).boards[serial];
  if (kept === port) {
    return;
  }
  const { session } = await device.login(testOperator.code, testOperator.pin);
  try {
    await device.ofdAddress(session, "127.0.0.1", port);
  } catch (error) {
    const isOpen = error instanceof DeviceRefusal && error.code === "BUSY" && error.facts.block === "shift open";
    const facts = { got: port, variable: "KASSA_OFD_PORT" };
    throw isOpen ? new DeviceRefusal("OFD_MOVED", kept === undefined ? facts : { expected: kept, ...facts }) : error;
  } finally {
    await device.logout(session);
  }
  await keepOfdPort(options, serial, port);
}

/** Where each board was told to look for the OFD server, by its serial number and by its kind: it need not be told again. */
interface OfdPorts {
  readonly boards: Readonly<Record<string, number>>;
  readonly kinds: Readonly<Record<string, number>>;
}

const ofdPortsFile = (home: string): string => join(home, "run", "ofd-ports.json");

/** Written beside and renamed: a start that is cut short leaves the file of the one before. */
async function keepOfdPort({ home, boardKind }: ShopOptions, serial: string, port: number): Promise<void> {
  const { boards, kinds } = await keptOfdPorts(home);
  const next: OfdPorts = {
    boards: { ...boards, [serial]: port },
    kinds: { ...kinds, [boardKind ?? usualKind]: port },
  };
  const file = ofdPortsFile(home);
  await writeFile(`${file}.tmp`, JSON.stringify(next));
  await rename(`${file}.tmp`, file);
}

const keptOfdPorts = (home: string): Promise<OfdPorts> =>
  readFile(ofdPortsFile(home), "utf8")
    .then(text => ({ boards: {}, kinds: {}, ...JSON.parse(text) }) as OfdPorts)
    .catch(() => ({ boards: {}, kinds: {} }));

/** The port that a board of this kind was told, if it is free: only one whose shift is closed may be told another address. */
async function anyOfdPort(home: string, kind: BoardKind = usualKind): Promise<string> {
  const port = (await keptOfdPorts(home)).kinds[kind] ?? 0;
  return (await isFree(port)) ? String(port) : "0";
}
