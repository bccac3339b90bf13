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
import { sampleReceipt } from "../../host/cli/shop";
import { createFrameReader, payloadOf } from "../../host/ofd/frame";
import { type Money, type Request, RequestSchema } from "../../host/ofd/proto/ofd_pb";
import { openSqliteStore } from "../../host/ofd/store/sqlite";
import { numberIn, readLogItem, textIn } from "../../host/register/log-item";
import type { Bytes } from "../../protocol/bytes";
import { createItemSplitter, feedItems } from "../../protocol/journal-read";
import { drawEscpos } from "../../protocol/paper/escpos-read";
import { encodeKz1048 } from "../../protocol/paper/kz1048";
import { outcomeKey, recordType } from "../../protocol/records";
import { decodePicture, qrTextOf } from "../protocol/paper/picture";
import { endOf, reportIn, type StartReport, start, startOnce, until } from "./start-command";

const test = suite<{ home: string; first: StartReport }>("one receipt, end to end");
const image = fileURLToPath(new URL("../../build/image.luac", import.meta.url));
const receipt = readFileSync(sampleReceipt, "utf8");
const deviceId = 1000001;

test.before(async context => {
  context.home = mkdtempSync(join(tmpdir(), "kassa-one-"));
  context.first = await startOnce(context.home);
});
test.after(({ home }) => rmSync(home, { recursive: true, force: true }));

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

/** Requests as the operator's server keeps them: the frames as they came, read by the generated code. */
async function operatorsCopies(ofdStore: string): Promise<{ sign: string; request: Request }[]> {
  const store = await openSqliteStore(ofdStore);
  const documents = await store.documents(deviceId, -1);
  await store.close();
  return documents.map(({ frame, ticketNumber }) => {
    const [event] = createFrameReader().push(Buffer.from(frame));
    assert.is(event?.kind, "frame");
    const payload = event?.kind === "frame" ? payloadOf(event.frame) : Buffer.alloc(0);
    return { sign: ticketNumber, request: fromBinary(RequestSchema, payload) };
  });
}

test("the operator's copy has the same totals", async ({ first }) => {
  const copies = await operatorsCopies(first.ofdStore);
  assert.equal(
    copies.map(({ sign }) => sign),
    [first.fiscalSign],
  );
  const { ticket } = copies[0]!.request;
  const { lines, payments } = JSON.parse(receipt);
  const goods = ticket?.items.filter(({ commodity }) => commodity !== undefined) ?? [];
  assert.equal([goods.length, Number(ticket?.printedDocumentNumber)], [lines.length, first.documentNumber]);
  const total = (ticket?.items ?? []).reduce((sum, { commodity, markup, discount }) => {
    return sum + tiynOf(commodity?.sum) + tiynOf(markup?.sum) - tiynOf(discount?.sum);
  }, -tiynOf(ticket?.amounts?.discount?.sum));
  assert.equal([total, tiynOf(ticket?.amounts?.total)], [first.totalTiyn, first.totalTiyn]);
  const cash = payments.find((payment: { kind: string }) => payment.kind === "cash");
  assert.is(tiynOf(ticket?.amounts?.taken), cash.taken);
  assert.is(tiynOf(ticket?.amounts?.change), cash.taken - cash.sum);
  assert.equal(
    ticket?.payments.map(({ sum }) => tiynOf(sum)).sort(),
    payments.map(({ sum }: { sum: number }) => sum).sort(),
  );
});

test("a second run goes on with the same log; without its board it sells nothing more", async ({ home, first }) => {
  const shop = start(home, ["--json"]);
  const { child, said } = shop;
  await until(() => said().stdout.includes("\n") || child.exitCode !== null, "the second run sells");
  const second = reportIn(said().stdout);
  assert.equal([second.documentNumber, second.serial], [2, first.serial]);
  assert.is.not(second.fiscalSign, first.fiscalSign);
  assert.ok(journalVerify(second.journal, second.publicKey).ok);
  const records = itemsOf(first.journal).slice(1, -1);
  assert.equal(itemsOf(second.journal).slice(1, 1 + records.length), records);

  const board = await runningProgram(home, "board");
  process.kill(Number(board?.pid), "SIGKILL");
  const headers = {
    authorization: `Basic ${btoa("1:0000")}`,
    "content-type": "application/json",
    "idempotency-key": "no board",
  };
  // Refused by the service, or the service has followed its board meanwhile.
  const signal = AbortSignal.timeout(20_000);
  const status = await fetch(`${second.url}/v1/receipts`, { method: "POST", headers, body: receipt, signal }).then(
    response => response.status,
    () => 503,
  );
  assert.is(status, 503);
  assert.is(await endOf(shop), 3, said().stderr);
  assert.is((await operatorsCopies(second.ofdStore)).length, 2);
});

test.run();
