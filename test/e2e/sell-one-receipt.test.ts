/** One receipt, end to end: what `start --json` tells is held against paper, log, and the operator's copy. */
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { deflateSync } from "node:zlib";
import { fromBinary } from "@bufbuild/protobuf";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { runningProgram } from "../../host/cli/home";
import { journalVerify } from "../../host/cli/journal";
import { openShop, sampleReceipt } from "../../host/cli/shop";
import { baudWanted } from "../../host/device/fiscal-device";
import { createFrameReader, payloadOf } from "../../host/ofd/frame";
import { CommandTypeEnum, type Money, type Request, RequestSchema, ResponseSchema } from "../../host/ofd/proto/ofd_pb";
import { openSqliteStore } from "../../host/ofd/store/sqlite";
import { numberIn, readLogItem, textIn } from "../../host/register/log-item";
import type { Bytes } from "../../protocol/bytes";
import { createItemSplitter, feedItems } from "../../protocol/journal-read";
import { drawEscpos } from "../../protocol/paper/escpos-read";
import { encodeKz1048 } from "../../protocol/paper/kz1048";
import { outcomeKey, recordType } from "../../protocol/records";
import { keysOnFlash, moveOfd } from "../host/at-module";
import { decodePicture, qrTextOf } from "../protocol/paper/picture";
import { createOfdTap } from "./ofd-tap";
import { endOf, reportIn, type Started, type StartReport, start, startOnce, until } from "./start-command";

interface Context {
  home: string;
  first: StartReport;
  /** The second run, which stays, and what it said. */
  shop: Started;
  second: StartReport;
}

const test = suite<Context>("one receipt, end to end");
const authorization = `Basic ${Buffer.from("1:0000").toString("base64")}`;
const image = fileURLToPath(new URL("../../build/image.luac", import.meta.url));
const receipt = readFileSync(sampleReceipt, "utf8");
const deviceId = 1000001;

test.before(async context => {
  context.home = mkdtempSync(join(tmpdir(), "kassa-one-"));
  context.first = await startOnce(context.home);
});
test.after(async ({ home, shop }) => {
  // It has ended, unless a test failed before that, perhaps while it was held.
  shop?.child.kill("SIGCONT");
  shop?.child.kill("SIGTERM");
  await shop?.ended;
  rmSync(home, { recursive: true, force: true });
});

const latin1 = (bytes: Buffer): Bytes => bytes.toString("latin1") as Bytes;
/** Header, records and trailer of an export. */
const itemsOf = (journal: string): Bytes[] => [...feedItems(createItemSplitter(), latin1(readFileSync(journal))).items];

test("the command tells what it sold, with which image, and how long each leg took", ({ first }) => {
  const total = JSON.parse(receipt).payments.reduce((sum: number, payment: { sum: number }) => sum + payment.sum, 0);
  assert.equal([first.board, first.documentNumber, first.totalTiyn], ["emulator", 1, total]);
  assert.is(first.imageSha256, createHash("sha256").update(readFileSync(image)).digest("hex"));
  assert.match(first.serial, /^KZT\d{8}$/);
  assert.match(first.fiscalSign, /^\d{12}$/);
  const query = new RegExp(`^https?://[^?]+\\?i=${first.fiscalSign}&f=\\d{12}&s=36078\\.05&t=\\d{8}T\\d{6}$`);
  assert.match(first.qrUrl, query);
  const { total: totalMs, ...legs } = first.legsMs;
  assert.equal(Object.keys(legs), ["http", "serial", "module", "ofd", "print"]);
  const sumMs = Object.values(legs).reduce((sum, ms) => sum + ms, 0);
  assert.ok(
    Object.values(legs).every(ms => ms >= 0) && sumMs > 0 && sumMs <= totalMs + 10,
    JSON.stringify(first.legsMs),
  );
});

test("the picture is what the printer's bytes draw; one letter's byte changed draws another", ({ first }) => {
  const draw = (escpos: Buffer): Buffer =>
    Buffer.from(
      drawEscpos(latin1(escpos), { columns: 48, deflate: bytes => latin1(deflateSync(Buffer.from(bytes, "latin1"))) }),
      "latin1",
    );
  const escpos = readFileSync(first.escpos);
  const paper = readFileSync(first.paperPng);
  assert.ok(draw(escpos).equals(paper));
  const milk = Buffer.from(Array.from("Молоко", letter => encodeKz1048(letter.codePointAt(0)!)!));
  const at = escpos.indexOf(milk);
  assert.ok(at > 0, "the first line is printed by the KZ-1048 table");
  escpos[at]! += 1;
  assert.not(draw(escpos).equals(paper));
});

test("a QR library reads the receipt's address from the picture", async ({ first }) => {
  assert.is(qrTextOf(await decodePicture(latin1(readFileSync(first.paperPng)))), first.qrUrl);
});

test("the log verifies with the module's key and holds the sign", ({ first }) => {
  const verdict = journalVerify(first.journal, first.publicKey);
  assert.equal([verdict.ok, verdict.problem], [true, undefined]);
  const outcomes = itemsOf(first.journal)
    .map(item => readLogItem(Buffer.from(item, "latin1")))
    .filter(item => item?.type === recordType.outcome);
  const told = outcomes.map(item => [
    numberIn(item!.payload!, outcomeKey.number),
    textIn(item!.payload!, outcomeKey.sign),
  ]);
  assert.equal(told, [[1, first.fiscalSign]]);
});

const tiynOf = (money: Money | undefined): number => Number(money?.bills ?? 0) * 100 + Number(money?.coins ?? 0);

/** What the operator's server keeps of each document: its own sign, and the frame as it came. */
async function operatorsCopies(ofdStore: string): Promise<{ sign: string; frame: Buffer }[]> {
  const store = await openSqliteStore(ofdStore);
  const documents = await store.documents(deviceId, -1);
  await store.close();
  return documents.map(({ frame, ticketNumber }) => ({ sign: ticketNumber, frame: Buffer.from(frame) }));
}

/** The payload of the one frame that these bytes are, nothing before and nothing behind it. */
function payloadIn(bytes: Buffer): Buffer {
  const reader = createFrameReader();
  const events = reader.push(bytes);
  assert.equal([events.map(({ kind }) => kind), reader.pendingBytes], [["frame"], 0]);
  const [event] = events;
  return event?.kind === "frame" ? payloadOf(event.frame) : Buffer.alloc(0);
}

/** Lines, total, payments and change of a request, as the generated code reads it, are those that were sold. */
function checkTotals(request: Request, documentNumber: number): void {
  const { ticket } = request;
  const { lines, payments } = JSON.parse(receipt);
  const goods = ticket?.items.filter(({ commodity }) => commodity !== undefined) ?? [];
  assert.equal([goods.length, Number(ticket?.printedDocumentNumber)], [lines.length, documentNumber]);
  const total = (ticket?.items ?? []).reduce((sum, { commodity, markup, discount }) => {
    return sum + tiynOf(commodity?.sum) + tiynOf(markup?.sum) - tiynOf(discount?.sum);
  }, -tiynOf(ticket?.amounts?.discount?.sum));
  const soldTiyn = payments.reduce((sum: number, payment: { sum: number }) => sum + payment.sum, 0);
  assert.equal([total, tiynOf(ticket?.amounts?.total)], [soldTiyn, soldTiyn]);
  const cash = payments.find((payment: { kind: string }) => payment.kind === "cash");
  assert.is(tiynOf(ticket?.amounts?.taken), cash.taken);
  assert.is(tiynOf(ticket?.amounts?.change), cash.taken - cash.sum);
  assert.equal(
    ticket?.payments.map(({ sum }) => tiynOf(sum)).sort(),
    payments.map(({ sum }: { sum: number }) => sum).sort(),
  );
}

test("the operator's copy has the same totals", async ({ first }) => {
  const copies = await operatorsCopies(first.ofdStore);
  assert.equal(
    copies.map(({ sign }) => sign),
    [first.fiscalSign],
  );
  checkTotals(fromBinary(RequestSchema, payloadIn(copies[0]!.frame)), first.documentNumber);
});

test("a second run goes on with the same log", async context => {
  const { home, first } = context;
  const shop = start(home, ["--json"]);
  context.shop = shop;
  await until(() => shop.said().stdout.includes("\n") || shop.child.exitCode !== null, "the second run sells");
  const second = reportIn(shop.said().stdout);
  context.second = second;
  assert.equal([second.documentNumber, second.serial], [2, first.serial]);
  assert.is.not(second.fiscalSign, first.fiscalSign);
  assert.ok(journalVerify(second.journal, second.publicKey).ok);
  const records = itemsOf(first.journal).slice(1, -1);
  assert.equal(itemsOf(second.journal).slice(1, 1 + records.length), records);
});

/** One more sale in a shop that runs. */
async function post(url: string, key: string): Promise<Posted> {
  const headers = { authorization, "content-type": "application/json", "idempotency-key": key };
  const signal = AbortSignal.timeout(20_000);
  const response = await fetch(`${url}/v1/receipts`, { method: "POST", headers, body: receipt, signal });
  return { status: response.status, headers: response.headers, body: await response.json() };
}
interface Posted {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: a reply is looked at freely
  readonly body: any;
}

test("what goes over TCP to the operator has the sale's totals, its answer the sign; the store keeps these very bytes", async ({
  home,
  second,
}) => {
  const ofd = await runningProgram(home, "ofd");
  const tap = await createOfdTap(Number(ofd?.port));
  try {
    await moveOfd(home, tap.port);
    const { status, body: sold } = await post(second.url, "tapped");
    assert.equal([status, sold.autonomous], [201, false], JSON.stringify(sold));
    // The module may ask how the server does; that is another command, over a connection of its own.
    const read = tap.tapped().map(({ sent, received }) => {
      return { sent, received, request: fromBinary(RequestSchema, payloadIn(sent)) };
    });
    const tickets = read.filter(({ request }) => request.command === CommandTypeEnum.COMMAND_TICKET);
    assert.is(tickets.length, 1, "one ticket on the wire");
    const { sent, received, request } = tickets[0]!;
    checkTotals(request, sold.documentNumber);
    const answer = fromBinary(ResponseSchema, payloadIn(received));
    assert.equal([answer.result?.resultCode, answer.ticket?.ticketNumber], [0, sold.fiscalSign]);
    const { sign, frame } = (await operatorsCopies(second.ofdStore)).at(-1)!;
    assert.is(sign, sold.fiscalSign);
    assert.ok(frame.equals(sent), "the store keeps the frame as it came");
  } finally {
    await moveOfd(home, Number(ofd?.port));
    await tap.close();
  }
});

test("without its board the service lives and sells nothing: 503 DEVICE_ABSENT; the command ends with 3", async ({
  home,
  shop,
  second,
}) => {
  // The command ends the shop when one of its processes ends. It is held, so that the service is there to be asked.
  shop.child.kill("SIGSTOP");
  const board = await runningProgram(home, "board");
  process.kill(Number(board?.pid), "SIGKILL");
  const { status, headers, body } = await post(second.url, "no board").finally(() => shop.child.kill("SIGCONT"));
  assert.equal([status, body.code], [503, "DEVICE_ABSENT"], JSON.stringify(body));
  assert.match(headers.get("content-type") ?? "", /^application\/problem\+json/);
  assert.is(headers.get("retry-after"), "1");
  assert.equal([body.status, body.type], [503, "/docs#DEVICE_ABSENT"]);
  assert.ok(body.detail.length > 0 && body.nextAction.length > 0);
  assert.is(await endOf(shop), 3, shop.said().stderr);
  assert.is((await operatorsCopies(second.ofdStore)).length, 3);
});

test("what was refused without a board is sold under its key when the board is back", async ({ home }) => {
  const shop = await openShop({ home, isOnAnyPort: true, isBlank: false, baud: baudWanted, onProgress() {} });
  try {
    assert.is((await keysOnFlash(home)).includes("no board"), false);
    const { status, body: sold } = await post(shop.url, "no board");
    assert.equal([status, sold.documentNumber], [201, 4], JSON.stringify(sold));
  } finally {
    await shop.close();
  }
});

test.run();
