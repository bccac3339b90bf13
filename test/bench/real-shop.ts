/**
 * The real shop, as the benchmark sells in it: board, OFD server and register service as processes, a pseudo-terminal paced
 * to the line's speed, TCP to the operator, a home of its own that is gone afterwards.
 */
import { randomUUID } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { start } from "../../firmware/start";
import { type BoardKind, ensureBoardBuilt } from "../../host/cli/board-kind";
import { type Legs, legsOf, testUser, waitForPaper } from "../../host/cli/first-sale";
import { createRegisterClient, type TimelineStep } from "../../host/cli/register-client";
import { openShop, type Shop, sampleReceipt } from "../../host/cli/shop";
import { createSimShop, receiptOf } from "./sim-shop";

export interface RealShopOptions {
  readonly boardKind: BoardKind;
  readonly baud: number;
}

export interface RealShop {
  readonly home: string;
  /** Sells the sample receipt; rejects when it was answered with the other outcome. */
  sell(outcome: "online" | "alone"): Promise<Answered>;
  /** The operator's server goes away and stays away. */
  stopOperator(): Promise<void>;
  close(): Promise<void>;
}

export interface Answered {
  /** From the POS's request to its answer. */
  readonly answerMs: number;
  /** Waits until its paper is out: to be called at once. */
  printed(): Promise<Sold>;
}

export interface Sold {
  readonly answerMs: number;
  /** From the last part of the document to the answer's being decided. */
  readonly formedMs: number;
  readonly legs: Legs;
}

const receiptLines = 15;
const bitsPerByte = 10;
const body = readFileSync(sampleReceipt, "utf8");

/** What so many bytes take on a serial line that does nothing else. */
export const wireMs = (bytes: number, baud: number): number => (bytes * bitsPerByte * 1000) / baud;

export async function openRealShop({ boardKind, baud }: RealShopOptions): Promise<RealShop> {
  await ensureBoardBuilt(boardKind);
  const home = mkdtempSync(path.join(tmpdir(), "kassa-bench-"));
  const forget = (): void => rmSync(home, { recursive: true, force: true });
  const options = { home, isOnAnyPort: true, isBlank: false, baud, boardKind, onProgress() {} };
  const shop = await openShop(options).catch(error => {
    forget();
    throw error;
  });
  return {
    home,
    sell: sellerIn(shop),
    stopOperator: shop.ofd.stop,
    async close() {
      await shop.close();
      forget();
    },
  };
}

function sellerIn({ url, board }: Shop): RealShop["sell"] {
  const register = createRegisterClient(url, testUser);
  const papers = String(board.facts.papers);
  const paperCount = (): number => readdirSync(papers).filter(name => name.endsWith(".escpos")).length;

  return async outcome => {
    const printedBefore = paperCount();
    const startedAt = performance.now();
    const { id, autonomous, cause } = await register.sell(body, randomUUID());
    const answerMs = performance.now() - startedAt;
    if (autonomous !== (outcome === "alone")) throw new Error(`autonomous is ${autonomous}: ${cause}`);
    return {
      answerMs,
      async printed() {
        await waitForPaper(register, id, papers, printedBefore);
        const printMs = performance.now() - startedAt - answerMs;
        const steps = await register.timeline(id);
        const formedMs = atMs(steps, "done") - atMs(steps, "uploaded");
        return { answerMs, formedMs, legs: legsOf(steps, answerMs, printMs) };
      },
    };
  };
}

const atMs = (steps: readonly TimelineStep[], name: string): number =>
  steps.find(({ step }) => step === name)?.sinceAcceptedMs ?? Number.NaN;

/** Counted where nothing waits: document, frame and answers with all that frames them, no polling, no repeats. */
export function lineBytesOfSale(): number {
  const shop = createSimShop({}, board => start(board.hal));
  shop.fiscalize();
  shop.signIn();
  return shop.sell(receiptOf(receiptLines), "floor").lineBytes;
}
