/** A shop of its own, perhaps with a proxy before the operator's server, and what a test does and asks there. */
import { randomUUID } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import * as assert from "uvu/assert";
import { openShop, type Shop, type ShopOptions, sampleReceipt } from "../../host/cli/shop";
import { type RunningProgram, startProgram } from "../../host/cli/spawn";
import { moveOfd } from "../host/at-module";
import { createOfdProxy, type OfdProxy } from "./ofd-proxy";

export interface Counter {
  readonly home: string;
  readonly shop: Shop;
  readonly baud: number;
  /** The board and the register service of this moment. */
  board: RunningProgram;
  register: RunningProgram;
}
export interface Lane extends Counter {
  readonly proxy: OfdProxy;
}

/** What a sale was answered, and how long it took. */
export interface Sold {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: a reply is looked at freely
  readonly body: any;
  /** From the request to the answer, on the board's monotonic clock. */
  readonly tookMs: number;
}

const user = "1:0000";
const authorization = `Basic ${Buffer.from(user).toString("base64")}`;
const adminToken = "0123456789abcdef";
const deviceId = 1000001;
const slowBaud = 115200;
const receipt = readFileSync(sampleReceipt, "utf8");
const deliverMaxMs = 40_000;
const pollMs = 50;

/** Opens a shop; `board` says of what kind its board is. */
export async function openCounter(
  baud = slowBaud,
  board: Pick<ShopOptions, "boardKind" | "boardWords"> = {},
): Promise<Counter> {
  const home = mkdtempSync(join(tmpdir(), "kassa-lane-"));
  process.env.KASSA_OFD_ADMIN_TOKEN = adminToken;
  const shop = await openShop({ home, isOnAnyPort: true, isBlank: false, baud, ...board, onProgress() {} });
  return { home, shop, board: shop.board, register: shop.register, baud };
}

/** Opens a shop whose module sends its frames through the proxy. */
export async function openLane(baud = slowBaud): Promise<Lane> {
  const counter = await openCounter(baud);
  const proxy = await createOfdProxy(Number(counter.shop.ofd.facts.port));
  await moveOfd(counter.home, proxy.port);
  return { ...counter, proxy };
}

export async function closeCounter({ home, shop, board, register }: Counter): Promise<void> {
  await register.stop();
  await board.stop();
  await shop.close();
  rmSync(home, { recursive: true, force: true });
}

export async function closeLane(lane: Lane): Promise<void> {
  await closeCounter(lane);
  await lane.proxy.close();
}

/** Kills the board and the register service, and starts both again. */
export async function restart(lane: Lane): Promise<void> {
  const env = { KASSA_BOARD_PORT: "0", KASSA_REGISTER_PORT: "0", KASSA_BAUD: String(lane.baud) };
  for (const { pid } of [lane.register, lane.board]) {
    process.kill(pid, "SIGKILL");
  }
  await Promise.all([lane.register.ended, lane.board.ended]);
  lane.board = await startProgram("board", lane.home, env);
  lane.register = await startProgram("register", lane.home, env);
}

export async function sell(lane: Counter, key: string = randomUUID(), body = receipt): Promise<Sold> {
  const headers = { authorization, "content-type": "application/json", "idempotency-key": key };
  const began = await boardMs(lane);
  const response = await fetch(urlOf(lane, "/v1/receipts"), { method: "POST", headers, body });
  return { status: response.status, body: await response.json(), tookMs: (await boardMs(lane)) - began };
}

/** When a receipt reached its steps, as the service saw them, by Date.now; NaN when it did not see one. */
export interface Seen {
  /** The last chunk was accepted: the law's time begins (design §4 "Size"). */
  readonly uploadedMs: number;
  readonly journalledMs: number;
  /** The signed answer. */
  readonly doneMs: number;
}
export async function seen(lane: Counter, id: string): Promise<Seen> {
  const { steps } = await get(lane, `/v1/receipts/${id}/timeline`);
  const atMs = (name: string): number => {
    const found = steps.find(({ step, source }: Record<string, unknown>) => step === name && source === "service");
    return found === undefined ? Number.NaN : Date.parse(found.at);
  };
  return { uploadedMs: atMs("uploaded"), journalledMs: atMs("journalled"), doneMs: atMs("done") };
}

// biome-ignore lint/suspicious/noExplicitAny: a reply is looked at freely
export const get = async (lane: Counter, path: string): Promise<any> => JSON.parse(await getText(lane, path));
export const getText = async (lane: Counter, path: string): Promise<string> =>
  (await fetch(urlOf(lane, path), { headers: { authorization } })).text();
const urlOf = ({ register }: Counter, path: string): string => `http://127.0.0.1:${String(register.facts.port)}${path}`;

/** "Try now", and everything that waits is delivered. */
export async function deliver(lane: Counter): Promise<void> {
  const { status } = await fetch(urlOf(lane, "/v1/uplink/try"), { method: "POST", headers: { authorization } });
  assert.is(status, 202, "try now");
  await until(async () => (await get(lane, "/v1/status")).queue?.length === 0, "all is delivered");
}

export async function until(isTrue: () => Promise<boolean>, what: string): Promise<void> {
  for (const lastMs = performance.now() + deliverMaxMs; !(await isTrue()); await pause(pollMs)) {
    assert.ok(performance.now() < lastMs, what);
  }
}

/** What the operator's people see and do. */
// biome-ignore lint/suspicious/noExplicitAny: a reply is looked at freely
export async function askOperator({ shop }: Counter, part = "", init: RequestInit = {}): Promise<any> {
  const headers = { authorization: `Bearer ${adminToken}`, "content-type": "application/json" };
  const url = `http://127.0.0.1:${String(shop.ofd.facts.adminPort)}/devices/${deviceId}${part}`;
  return (await fetch(url, { ...init, headers })).json();
}

const boardMs = async (lane: Counter): Promise<number> => (await askBoard(lane, { verb: "status" })).status.monotonicMs;

/** The board's control socket: faults and questions. */
// biome-ignore lint/suspicious/noExplicitAny: a reply is looked at freely
export function askBoard({ home }: Counter, request: object): Promise<any> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(join(home, "run", "board.sock"));
    socket.on("error", reject);
    socket.on("data", line => {
      socket.end();
      resolve(JSON.parse(line.toString("utf8")));
    });
    socket.write(`${JSON.stringify(request)}\n`);
  });
}
