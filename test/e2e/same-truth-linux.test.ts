/**
 * Same truth: one set of sales on the emulator, on Linux and on Firmata. The papers are equal, and so are the logs, but for
 * keys, times and numbers that are the board's own. The last sale loses the power in its middle.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createDrawnPrinter } from "../../emulator/drawn-printer";
import { findProfile } from "../../hal/printers";
import { type BoardKind, ensureBoardBuilt } from "../../host/cli/board-kind";
import { sampleReceipt } from "../../host/cli/shop";
import { readLogItem } from "../../host/register/log-item";
import type { Bytes } from "../../protocol/bytes";
import { createItemSplitter, feedItems } from "../../protocol/journal-read";
import { printedKey, recordType } from "../../protocol/records";
import { askBoard, type Counter, closeCounter, deliver, get, openCounter, sell, until } from "./lane";

/** What all boards must answer alike. */
interface Answer {
  readonly status: number;
  readonly code?: string;
  readonly autonomous?: boolean;
  readonly facts: readonly unknown[];
}

/** What one board left. */
interface Truth {
  readonly imageSha256: string;
  readonly answers: readonly Answer[];
  readonly papers: readonly string[];
  readonly log: readonly unknown[];
  /** Of the sale that lost its power: how many documents have its number, and how it was answered. */
  readonly afterCut: readonly unknown[];
}

interface Context {
  truths: ReadonlyMap<BoardKind, Promise<Truth>>;
}

const kinds: readonly BoardKind[] = ["emulator", "linux", "firmata"];
const test = suite<Context>("same truth");
const training = "ОҚУ ҚҰРЫЛҒЫСЫ / УЧЕБНОЕ УСТРОЙСТВО";
const baud = 921600;
const sample = JSON.parse(readFileSync(sampleReceipt, "utf8"));

/** A cash receipt of so many lines, each different. */
function receiptOf(lines: number): string {
  const [first] = sample.lines;
  const items = Array.from({ length: lines }, (_, index) => ({ ...first, quantity: "1", price: 10000 + index * 100 }));
  const total = items.reduce((sum, { price }) => sum + price, 0);
  return JSON.stringify({
    operation: "sale",
    lines: items,
    payments: [{ kind: "cash", sum: total, taken: total }],
    language: "kk+ru",
  });
}

const sleepOfd = ({ shop }: Counter, signal: "SIGSTOP" | "SIGCONT"): boolean => process.kill(shop.ofd.pid, signal);

async function isPrinted(counter: Counter, id: string): Promise<void> {
  await until(async () => (await get(counter, `/v1/receipts/${id}`)).live?.printed === true, `${id} is printed`);
}

/** A sale whose paper is out before the next begins. */
async function sellWhole(counter: Counter, key: string, body: string): Promise<Answer> {
  const { status, body: answer } = await sell(counter, key, body);
  if (status === 201) await isPrinted(counter, answer.id);
  const { code, documentNumber, shift, total, change, vat, autonomous, cause } = answer;
  return { status, code, autonomous, facts: [documentNumber, shift, total, change, vat, cause] };
}

async function playScript(counter: Counter): Promise<Answer[]> {
  const answers = [
    await sellWhole(counter, "one", receiptOf(1)),
    await sellWhole(counter, "fifteen", JSON.stringify(sample)),
    await sellWhole(counter, "hundred", receiptOf(100)),
  ];
  await askBoard(counter, { verb: "paper", present: false });
  await until(async () => (await get(counter, "/v1/status")).printer.paper === false, "the roll is out");
  answers.push(await sellWhole(counter, "paper", receiptOf(2)));
  await askBoard(counter, { verb: "paper", present: true });
  await until(async () => (await get(counter, "/v1/status")).printer.paper === true, "a new roll is in");
  answers.push(await sellWhole(counter, "paper", receiptOf(2)));
  sleepOfd(counter, "SIGSTOP");
  answers.push(await sellWhole(counter, "silent", receiptOf(1)), await sellWhole(counter, "offline", receiptOf(3)));
  sleepOfd(counter, "SIGCONT");
  await deliver(counter);
  return answers;
}

/** The power goes while a stored sale waits for the operator; the same key is sent until it is answered. */
async function sellThroughCut(counter: Counter): Promise<unknown[]> {
  sleepOfd(counter, "SIGSTOP");
  const first = sell(counter, "cut", receiptOf(15));
  await until(async () => (await get(counter, "/v1/status")).queue?.length !== 0, "it is under way");
  await askBoard(counter, { verb: "cut-power" });
  sleepOfd(counter, "SIGCONT");
  await first;
  let answer = await sell(counter, "cut", receiptOf(15));
  for (let tries = 0; answer.status === 503 && tries < 50; tries++) answer = await sell(counter, "cut", receiptOf(15));
  const again = await sell(counter, "cut", receiptOf(15));
  await isPrinted(counter, answer.body.id);
  await deliver(counter);
  const { status, body } = answer;
  return [status < 300, again.status, body.documentNumber, body.total, body.id === again.body.id];
}

function textOfPaper(escpos: Buffer): string {
  let text = "";
  const printer = createDrawnPrinter({ profile: findProfile("epson-tm-t20")!, onPaper: paper => (text = paper.text) });
  for (let at = 0; at < escpos.length; at += 1024) printer.write(escpos.toString("latin1", at, at + 1024) as Bytes);
  return text;
}

/** Without what is a board's own. */
const common = (text: string, own: readonly string[]): string =>
  own
    .reduce((left, word) => left.replaceAll(word, "#".repeat(word.length)), text)
    .replace(/\d\d\.\d\d\.20\d\d \d\d:\d\d:\d\d/g, "DATE TIME")
    .replace(/( +)(\d{6,12})$/gm, (_, gap, sign) => " ".repeat(gap.length + sign.length));

/** A sealed token is as long as its digits are many. */
const hashBytes = 32;
const secondsMin = 1_600_000_000;

/** A payload without keys, seals, hashes, times and the board's own numbers. */
function plain(value: unknown, own: readonly string[]): unknown {
  if (Buffer.isBuffer(value) || value instanceof Uint8Array) return value.length === hashBytes ? "hash" : "bytes";
  if (typeof value === "string") return /^\d{6,12}$/.test(value) ? "sign" : common(value, own).replace(/\?i=.*/, "?");
  if (typeof value === "number" && own.includes(String(value))) return "own";
  if (typeof value === "number") return value > secondsMin && value < 2 * secondsMin ? "time" : value;
  if (Array.isArray(value)) return value.map(item => plain(item, own));
  if (value instanceof Map) return [...value].map(([key, item]) => [key, plain(item, own)]);
  return value;
}

function logOf(journal: Buffer, own: readonly string[]): [type: number, payload: unknown][] {
  const { items } = feedItems(createItemSplitter(), journal.toString("latin1") as Bytes);
  return items.flatMap(item => {
    const read = readLogItem(Buffer.from(item, "latin1"));
    if (read?.payload === undefined) return read === undefined ? [] : [[read.type, "secret"]];
    // A sign in a QR code is as long as its digits are many; the papers are compared themselves.
    const isLength = (key: number): boolean => read.type === recordType.printed && key === printedKey.lengthBytes;
    return [[read.type, plain(new Map([...read.payload].filter(([key]) => !isLength(key))), own)]];
  });
}

async function journalOf({ register }: Counter): Promise<Buffer> {
  const headers = { authorization: `Basic ${Buffer.from("1:0000").toString("base64")}` };
  const response = await fetch(`http://127.0.0.1:${String(register.facts.port)}/v1/journal`, { headers });
  return Buffer.from(await response.arrayBuffer());
}

async function truthOf(kind: BoardKind): Promise<Truth> {
  await ensureBoardBuilt(kind);
  const boardWords = kind === "firmata" ? ["--unpaced"] : [];
  const counter = await openCounter(baud, { boardKind: kind, boardWords });
  try {
    const { info, board, ofd } = counter.shop;
    const number = 1_000_000 + Number(String(info.rnm).slice(-1));
    const own = [info.serial, String(info.rnm), String(number), String(ofd.facts.port)];
    const answers = await playScript(counter);
    const log = logOf(await journalOf(counter), own);
    const folder = String(board.facts.papers);
    const papers = readdirSync(folder)
      .filter(name => name.endsWith(".escpos"))
      .sort()
      .map(name => common(textOfPaper(readFileSync(join(folder, name))), own));
    const afterCut = await sellThroughCut(counter);
    const documents = logOf(await journalOf(counter), own).filter(([type]) => type === recordType.document);
    return {
      imageSha256: String(board.facts.imageSha256),
      answers,
      papers,
      log,
      afterCut: [...afterCut, documents.length],
    };
  } finally {
    sleepOfd(counter, "SIGCONT");
    await closeCounter(counter);
  }
}

test.before(context => {
  // Side by side: they mostly wait.
  context.truths = new Map(kinds.map(kind => [kind, truthOf(kind)]));
  for (const truth of context.truths.values()) truth.catch(() => undefined);
});

for (const kind of kinds) {
  test(`the set is sold on a board of kind ${kind}`, async ({ truths }) => {
    const { answers, afterCut } = await truths.get(kind)!;
    assert.equal(
      answers.map(({ code, autonomous }) => code ?? autonomous),
      [false, false, false, "PAPER_ABSENT", false, true, true],
    );
    assert.equal(afterCut, [true, 200, 7, receiptTotal(15), true, 7]);
  });
}

const receiptTotal = (lines: number): number => JSON.parse(receiptOf(lines)).payments[0].sum;

for (const kind of ["linux", "firmata"] as const) {
  test(`${kind} runs the emulator's image, prints its papers and writes its log`, async ({ truths }) => {
    const [expected, found] = [await truths.get("emulator")!, await truths.get(kind)!];
    assert.is(found.imageSha256, expected.imageSha256);
    assert.equal(found.answers, expected.answers);
    const papers = found.papers.map(paper =>
      paper
        .split("\n")
        .filter(line => line.trim() !== training)
        .join("\n"),
    );
    assert.equal(
      papers.map(paper => paper !== found.papers[papers.indexOf(paper)]),
      papers.map(() => kind === "firmata"),
    );
    assert.equal(papers, expected.papers);
    const words = (log: readonly unknown[]): string[] => log.map(record => JSON.stringify(record));
    const [ours, theirs] = [words(found.log), words(expected.log)];
    const at = theirs.findIndex((record, index) => record !== ours[index]);
    assert.is(ours[at], theirs[at], `record ${at + 1}`);
    assert.is(ours.length, theirs.length);
  });
}

test.run();
