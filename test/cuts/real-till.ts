/**
 * A till with the real driver and uplink: it sells under one key until it has an answer, and keeps what it was told. What it
 * was told is then held against the module's log, the operator and the paper.
 */
import { setTimeout as pause } from "node:timers/promises";
import { encodeCard } from "../../host/device/card";
import { encodeCbor } from "../../host/device/cbor";
import { baudWanted, DeviceRefusal, type FiscalDevice, openFiscalDevice } from "../../host/device/fiscal-device";
import { exportJournal } from "../../host/device/journal-export";
import { bytesOf } from "../../host/device/message-channel";
import { createUplink } from "../../host/uplink/uplink";
import type { Bytes } from "../../protocol/bytes";
import { verifyJournal } from "../../protocol/journal-verify";
import card from "../../samples/card.json";
import { type DocumentFacts, documentsIn, journalKey, sha256 } from "./log";
import type { RealOperator } from "./real-operator";
import { Failure, type Order } from "./shop";

export interface RealTill {
  /** Registers the board, once in its life. */
  fiscalize(): Promise<void>;
  /** Sells, or asks again for what was sold under this key, until there is an answer. */
  sell(order: Order): Promise<void>;
  /** Waits until the paper of the newest receipt is out. */
  printed(): Promise<void>;
  /** What was told is still so; `count`: of that many newest receipts. */
  lookUp(count: number): Promise<void>;
  /** The operator gets all that waits. */
  deliver(): Promise<void>;
  /** Log, operator and paper are what was sold. */
  check(printedSigns: readonly string[]): Promise<void>;
  sold(): number;
  close(): Promise<void>;
}

interface RealTold {
  readonly order: Order;
  readonly number: number;
  readonly answer: Bytes;
}
type Reply = Awaited<ReturnType<FiscalDevice["lookup"]>>;

const presentMaxMs = 20_000;
/** A driver gives a sale up after 15 s without the module: then the same key is sent again. */
const sellTriesMax = 8;
const workMaxMs = 60_000;
const pollMs = 10;
/** A printer is asked twice a second. */
const retryMs = 300;
/** The outcome is not known yet, or module or printer have not said yet that they are well: the same key again. */
const unknown = ["OUTCOME_UNKNOWN", "DEVICE_ABSENT", "BUSY", "SESSION_LOST"];
const passing = [...unknown, "PRINTER_ABSENT", "COVER_OPEN", "PRINT_UNFINISHED"];

export function openRealTill(port: string, home: string, operator: RealOperator): RealTill {
  const device = openFiscalDevice({ home, port, baud: baudWanted });
  const uplink = createUplink(device);
  const told: RealTold[] = [];
  let session: Buffer | undefined;

  async function signIn(): Promise<Buffer> {
    await device.present(presentMaxMs);
    ({ session } = await device.login(1, "0000"));
    return session;
  }

  /** Asks again while the module or its line comes back, or it has forgotten the session. */
  async function patiently<Result>(what: string, ask: (session: Buffer) => Promise<Result>): Promise<Result> {
    let last: unknown;
    for (const endMs = performance.now() + workMaxMs; performance.now() < endMs; await pause(pollMs)) {
      try {
        return await ask(session ?? (await signIn()));
      } catch (error) {
        if (!(error instanceof DeviceRefusal) || !passing.includes(error.code)) throw failureOf(what, error);
        if (error.code === "SESSION_LOST") session = undefined;
        last = error;
      }
    }
    throw failureOf(what, last);
  }

  const lookup = (key: string): Promise<Reply> =>
    patiently(`receipt ${key}`, current => device.lookup({ session: current, key }));

  function note(order: Order, reply: Reply): void {
    const number = reply.number ?? 0;
    if (reply.answer === undefined || number !== told.length + 1) {
      throw new Failure("doubled", `${order.key} is number ${number}, expected ${told.length + 1}`);
    }
    told.push({ order, number, answer: bytesOf(encodeCbor(reply.answer)) });
  }

  async function lookUpOne({ order, number, answer }: RealTold): Promise<Reply> {
    const reply = await lookup(order.key);
    const isSame = reply.answer !== undefined && bytesOf(encodeCbor(reply.answer)) === answer;
    if (reply.number !== number || !isSame) throw new Failure("lost", `receipt ${number} has another answer`);
    return reply;
  }

  async function until(what: string, isTrue: () => Promise<boolean>): Promise<void> {
    for (const endMs = performance.now() + workMaxMs; !(await isTrue()); await pause(pollMs)) {
      if (performance.now() < endMs) continue;
      const { printer, queue } = await device.status();
      throw new Failure("bricked", `not in time: ${what}; ${JSON.stringify({ printer, queue })}`);
    }
  }

  return {
    async fiscalize() {
      await device.present(presentMaxMs);
      const ofd = { ...card.ofd, host: "127.0.0.1", port: operator.port };
      await device.fiscalize(encodeCard({ ...card, ofd }));
    },
    async sell(order) {
      const { bytes: upload, lines } = order.receipt;
      const sale = { key: order.key, upload, lines, renewSession: signIn };
      for (let tries = 1; ; tries++) {
        try {
          note(order, await device.sellDocument({ ...sale, session: session ?? (await signIn()) }));
          return;
        } catch (error) {
          const passes = error instanceof DeviceRefusal && passing.includes(error.code);
          if (!passes || tries >= sellTriesMax) throw failureOf(order.key, error);
          await pause(retryMs);
        }
      }
    },
    async printed() {
      const last = told.at(-1);
      if (last === undefined) return;
      await until("the paper is out", async () => (await lookup(last.order.key)).live?.printed === "yes");
    },
    async lookUp(count) {
      for (const one of told.slice(-count)) await lookUpOne(one);
    },
    async deliver() {
      await patiently("try now", current => device.tryNow(current));
      await until("the queue is empty", () => patiently("queue", async () => (await device.queue()).length === 0));
    },
    async check(printedSigns) {
      const { publicKey } = await patiently("info", () => device.info());
      const items = await patiently("export", current => readExport(device, current));
      const verdict = verifyJournal(items, journalKey(bytesOf(publicKey)));
      if (verdict.problem !== undefined) throw new Failure("lost", `the log: ${JSON.stringify(verdict.problem)}`);
      const records = items.slice(1, -1);
      const documents = documentsIn({ firstSequence: 1, anchorHash: "" as Bytes, items: records });
      checkDocuments(told, documents);
      checkOperator(operator, documents);
      checkPaper(printedSigns, documents);
      for (const one of told) await lookUpOne(one);
    },
    sold: () => told.length,
    async close() {
      await uplink.close();
      await device.close();
    },
  };
}

function failureOf(what: string, error: unknown): Failure {
  if (error instanceof Failure) return error;
  const facts = error instanceof DeviceRefusal ? JSON.stringify(error.facts) : "";
  return new Failure("bricked", `${what}: ${error instanceof Error ? error.message : error} ${facts}`, {
    cause: error,
  });
}

async function readExport(device: FiscalDevice, session: Buffer): Promise<Bytes[]> {
  const items: Bytes[] = [];
  for await (const item of exportJournal(device, session)) items.push(bytesOf(item));
  return items;
}

/** Every receipt that was told stands in the log as it was sold, and no other; numbers have no gap. */
function checkDocuments(told: readonly RealTold[], documents: ReadonlyMap<number, DocumentFacts>): void {
  for (const { order, number } of told) {
    const found = documents.get(number);
    const isSold = found?.key === order.key && found.requestSha === sha256(bytesOf(order.receipt.bytes));
    if (!isSold || found.sign === undefined) throw new Failure("lost", `receipt ${number}, ${order.key}`);
  }
  if (documents.size !== told.length) {
    throw new Failure("doubled", `${documents.size} receipts in the log, ${told.length} were sold`);
  }
}

/** The operator has every receipt once, with the sign that the log holds. */
function checkOperator(operator: RealOperator, documents: ReadonlyMap<number, DocumentFacts>): void {
  const { tickets } = operator.state();
  if (tickets.length !== documents.size || tickets.some(({ number }, index) => number !== index + 1)) {
    const numbers = tickets.map(({ number }) => number).join(", ");
    throw new Failure("doubled", `the operator has receipts ${numbers}; ${documents.size} were sold`);
  }
  for (const { number, sign } of tickets) {
    const document = documents.get(number);
    if ((document?.deliveredSign ?? document?.sign) !== sign) {
      throw new Failure("lost", `receipt ${number} has not the operator's sign`);
    }
  }
}

/** Every sign on paper stands in the log, and every receipt's sign is on paper. */
function checkPaper(printed: readonly string[], documents: ReadonlyMap<number, DocumentFacts>): void {
  const signs = [...documents.values()].map(({ sign }) => sign);
  const stray = printed.find(sign => !signs.includes(sign));
  if (stray !== undefined) throw new Failure("lost", `paper shows sign ${stray}, which is not in the log`);
  const missing = signs.find(sign => sign === undefined || !printed.includes(sign));
  if (missing !== undefined)
    throw new Failure("lost", `no paper shows sign ${missing}, whose paper was told to be out`);
}
