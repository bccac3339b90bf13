/** The receipt that `kassa start` sells, and the proof of it: paper, log, key, and where the time went. */
import { randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { DeviceRefusal } from "../device/device-error";
import { exportFile } from "./journal-export";
import { publicKeyPem } from "./public-key";
import { createRegisterClient, type Receipt, type RegisterClient, type TimelineStep } from "./register-client";
import type { Shop } from "./shop";
import { sampleReceipt } from "./shop";

export interface Legs {
  /** Between the POS and the register service. */
  readonly http: number;
  /** On the line: the document in, the frame out. */
  readonly serial: number;
  /** In the module: check, sign, store, judge the answer. */
  readonly module: number;
  /** Between the frame's last byte and the answer's. */
  readonly ofd: number;
  /** From the answer to the POS until the printer confirmed. */
  readonly print: number;
  readonly total: number;
}
export interface FirstSale {
  readonly receipt: Receipt;
  readonly paperPng: string;
  readonly escpos: string;
  readonly journal: string;
  readonly publicKey: string;
  readonly legsMs: Legs;
}

export const testUser = "1:0000";
const printMaxMs = 15_000;
/** A mirror that was deleted is made again first: the whole log goes over the line. */
const mirrorMaxMs = 180_000;
const printPollMs = 20;
/** So many exports of starts are kept, the newest ones. */
const exportsMax = 20;

export async function sellFirst(shop: Shop, home: string): Promise<FirstSale> {
  const register = createRegisterClient(shop.url, testUser);
  const papers = String(shop.board.facts.papers);
  const printedBefore = (await papersIn(papers)).length;
  const body = await readFile(sampleReceipt, "utf8");
  const startedAt = performance.now();
  const receipt = await register.sell(body, randomUUID());
  const answeredAt = performance.now();
  const paper = await waitForPaper(register, receipt.id, papers, printedBefore);
  const printedAt = performance.now();
  const proof = await keepProof(register, shop, home);
  const legsMs = legsOf(await register.timeline(receipt.id), answeredAt - startedAt, printedAt - answeredAt);
  return { receipt, paperPng: `${paper}.png`, escpos: `${paper}.escpos`, ...proof, legsMs };
}

/** The printer has confirmed, and its paper is filed. Answers the file's path without ending. */
export async function waitForPaper(
  register: Pick<RegisterClient, "isPrinted">,
  id: string,
  folder: string,
  before: number,
): Promise<string> {
  const mirrorUntilMs = Date.now() + mirrorMaxMs;
  for (let untilMs = Date.now() + printMaxMs; Date.now() < untilMs; await pause(printPollMs)) {
    const papers = await papersIn(folder);
    const printed = papers.length > before ? await unlessBusy(register.isPrinted(id)) : false;
    if (printed === true) {
      return join(folder, papers.at(-1)!.replace(/\.escpos$/, ""));
    }
    if (printed === undefined) {
      // The register does not know yet: the paper's time begins when it does.
      untilMs = Math.min(Date.now() + printMaxMs, mirrorUntilMs);
    }
  }
  throw new Error(`receipt ${id} was not printed within ${printMaxMs / 1000} s`);
}

/** Undefined while the register says "not now". */
const unlessBusy = <T>(answer: Promise<T>): Promise<T | undefined> =>
  answer.catch(error => {
    if (error instanceof DeviceRefusal && error.code === "BUSY") {
      return undefined;
    }
    throw error;
  });

const papersIn = async (folder: string): Promise<string[]> =>
  (await readdir(folder).catch(() => [])).filter(name => name.endsWith(".escpos")).sort();

async function keepProof(
  register: RegisterClient,
  shop: Shop,
  home: string,
): Promise<{ journal: string; publicKey: string }> {
  const export_ = await register.journal();
  const journal = exportFile(home, shop.info.serial, Date.now());
  const publicKey = join(home, "exports", `${shop.info.serial}.pem`);
  await mkdir(dirname(journal), { recursive: true });
  await makeRoom(dirname(journal), shop.info.serial);
  await writeFile(journal, export_);
  await writeFile(publicKey, publicKeyPem(shop.info.publicKey));
  return { journal, publicKey };
}

/**
 * Removes the oldest exports of earlier starts, so that with the one to come no more than `exportsMax` are there. Their
 * names end in the milliseconds of their time, thirteen digits: no number of a record is so long, and what `kassa journal
 * export` wrote for somebody stays.
 */
async function makeRoom(folder: string, serial: string): Promise<void> {
  const isOfStart = (name: string): boolean =>
    name.startsWith(`${serial}-`) && /^\d{13}\.journal$/.test(name.slice(serial.length + 1));
  const files = (await readdir(folder, { withFileTypes: true })).filter(entry => entry.isFile());
  const exports = files.map(({ name }) => name).filter(isOfStart);
  for (const name of exports.sort().slice(0, 1 - exportsMax)) {
    await rm(join(folder, name));
  }
}

const legSteps = ["accepted", "uploaded", "journalled", "sent", "answered", "done"] as const;
type LegStep = (typeof legSteps)[number];

/**
 * Times of the service's own steps, in their order. The service may see a step only after the next one happened (it
 * polls); no step is later than the one after it, and one that was not seen takes no time. So the legs add up.
 */
export function legsOf(steps: readonly TimelineStep[], postMs: number, printMs: number): Legs {
  const seenMs = new Map(steps.map(({ step, sinceAcceptedMs }) => [step, sinceAcceptedMs]));
  const atMs = new Map<LegStep, number>();
  let nextMs = seenMs.get("done") ?? 0;
  for (const step of legSteps.toReversed()) {
    nextMs = Math.max(0, Math.min(seenMs.get(step) ?? nextMs, nextMs));
    atMs.set(step, nextMs);
  }
  const between = (from: LegStep, to: LegStep): number => (atMs.get(to) ?? 0) - (atMs.get(from) ?? 0);
  const inService = between("accepted", "done");
  const rounded = (ms: number): number => Math.round(ms * 10) / 10;
  return {
    http: rounded(Math.max(0, postMs - inService)),
    serial: between("accepted", "uploaded") + between("journalled", "sent"),
    module: between("uploaded", "journalled") + between("answered", "done"),
    ofd: between("sent", "answered"),
    print: rounded(printMs),
    total: rounded(postMs + printMs),
  };
}
