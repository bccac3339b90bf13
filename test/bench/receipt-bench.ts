/**
 * One receipt of 15 lines in the real shop: board, OFD server and register service as processes, a pseudo-terminal paced
 * to the line's speed, TCP to the operator. First with the operator there, then without.
 */
import { randomUUID } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { start } from "../../firmware/start";
import { type Legs, legsOf, testUser } from "../../host/cli/first-sale";
import {
  createRegisterClient,
  type Receipt,
  type RegisterClient,
  type TimelineStep,
} from "../../host/cli/register-client";
import { openShop, type Shop, sampleReceipt } from "../../host/cli/shop";
import { hundredths, median, tenths } from "./median";
import { createSimShop, receiptOf } from "./sim-shop";

export interface ReceiptTimes {
  readonly baud: number;
  /** From the POS's request to its answer, the operator answering. */
  readonly onlineMs: number;
  /**
   * From the last part of the document at the module, where the law's seven seconds begin, to the answer, when the
   * operator is found to be away: five seconds of waiting are in it.
   */
  readonly autonomousMs: number;
  /** The same once that is known. */
  readonly knownOfflineMs: number;
  readonly legsMs: Legs;
  /** What the bytes that must pass the line take at its speed. */
  readonly lineFloorMs: number;
  /** How much of onlineMs the line's floor and the operator explain. */
  readonly shareOfFloor: number;
}

export interface ReceiptOptions {
  readonly baud: number;
  readonly rounds: number;
  readonly onRound: () => void;
}

const warmUps = 2;
const bitsPerByte = 10;
const printMaxMs = 15_000;
const printPollMs = 20;
const body = readFileSync(sampleReceipt, "utf8");

export async function measureReceipt({ baud, rounds, onRound }: ReceiptOptions): Promise<ReceiptTimes> {
  const home = mkdtempSync(path.join(tmpdir(), "kassa-bench-"));
  let shop: Shop | undefined;
  try {
    shop = await openShop({ home, isOnAnyPort: true, isBlank: false, baud, onProgress() {} });
    const register = createRegisterClient(shop.url, testUser);
    const sold: Sold[] = [];
    for (let round = 0; round < warmUps + rounds; round++) {
      sold.push(await sell(register, false));
      onRound();
    }
    const online = sold.slice(warmUps);
    await shop.ofd.stop();
    const autonomousMs = (await sell(register, true)).formedMs;
    const known: number[] = [];
    for (let round = 0; round < rounds; round++) {
      known.push((await sell(register, true)).formedMs);
      onRound();
    }
    const onlineMs = median(online.map(({ answerMs }) => answerMs));
    const legsMs = medianLegs(online.map(({ legs }) => legs));
    const lineFloorMs = (lineBytesOf(15) * bitsPerByte * 1000) / baud;
    return {
      baud,
      onlineMs: tenths(onlineMs),
      autonomousMs: tenths(autonomousMs),
      knownOfflineMs: tenths(median(known)),
      legsMs,
      lineFloorMs: tenths(lineFloorMs),
      shareOfFloor: hundredths((lineFloorMs + legsMs.ofd) / onlineMs),
    };
  } finally {
    await shop?.close();
    rmSync(home, { recursive: true, force: true });
  }
}

interface Sold {
  /** From the POS's request to its answer. */
  readonly answerMs: number;
  /** From the last part of the document to the answer's being decided. */
  readonly formedMs: number;
  readonly legs: Legs;
}

async function sell(register: RegisterClient, isAlone: boolean): Promise<Sold> {
  const startedAt = performance.now();
  const receipt = await register.sell(body, randomUUID());
  const answerMs = performance.now() - startedAt;
  if (receipt.autonomous !== isAlone) throw new Error(`autonomous is ${receipt.autonomous}: ${receipt.cause}`);
  await waitForPaper(register, receipt);
  const printMs = performance.now() - startedAt - answerMs;
  const steps = await register.timeline(receipt.id);
  const formedMs = atMs(steps, "done") - atMs(steps, "uploaded");
  return { answerMs, formedMs, legs: legsOf(steps, answerMs, printMs) };
}

const atMs = (steps: readonly TimelineStep[], name: string): number =>
  steps.find(({ step }) => step === name)?.sinceAcceptedMs ?? Number.NaN;

async function waitForPaper(register: RegisterClient, { id }: Receipt): Promise<void> {
  for (const until = Date.now() + printMaxMs; Date.now() < until; await pause(printPollMs)) {
    if (await register.isPrinted(id)) return;
  }
  throw new Error(`receipt ${id} was not printed within ${printMaxMs / 1000} s`);
}

function medianLegs(legs: readonly Legs[]): Legs {
  const of = (name: keyof Legs): number => tenths(median(legs.map(leg => leg[name])));
  return {
    http: of("http"),
    serial: of("serial"),
    module: of("module"),
    ofd: of("ofd"),
    print: of("print"),
    total: of("total"),
  };
}

/** Counted where nothing waits: document, frame and answers with all that frames them, no polling, no repeats. */
function lineBytesOf(lines: number): number {
  const shop = createSimShop({}, board => start(board.hal));
  shop.fiscalize();
  shop.signIn();
  return shop.sell(receiptOf(lines), "floor").lineBytes;
}
