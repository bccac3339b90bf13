/** The service over the real module: the image in Lua behind a pseudo-terminal, and the OFD server. */
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { p256 } from "@noble/curves/nist.js";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { openShop, type Shop, sampleReceipt } from "../../host/cli/shop";
import { type RunningProgram, startProgram } from "../../host/cli/spawn";
import { readLogItem, textIn } from "../../host/register/log-item";
import type { Bytes } from "../../protocol/bytes";
import { documentKey } from "../../protocol/document";
import { createItemSplitter, feedItems } from "../../protocol/journal-read";
import { verifyJournal } from "../../protocol/journal-verify";
import { recordType } from "../../protocol/records";

const test = suite<{ home: string; shop: Shop; url: string; running: RunningProgram[] }>("register with a board");
const authorization = `Basic ${Buffer.from("1:0000").toString("base64")}`;
const receipt = readFileSync(sampleReceipt, "utf8");
const baud = 921600;

test.before(async context => {
  context.home = mkdtempSync(join(tmpdir(), "kassa-board-"));
  context.running = [];
  const options = { home: context.home, isOnAnyPort: true, isBlank: false, baud, onProgress() {} };
  context.shop = await openShop(options);
  context.url = context.shop.url;
});
test.after(async ({ home, shop, running }) => {
  for (const program of running) {
    await program.stop();
  }
  await shop?.close();
  rmSync(home, { recursive: true, force: true });
});

interface Reply {
  readonly status: number;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: a reply is looked at freely
  readonly json: any;
  readonly replayed: string | null;
}
async function post(url: string, key: string, body: string): Promise<Reply> {
  const headers = { authorization, "content-type": "application/json", "idempotency-key": key };
  const response = await fetch(`${url}/v1/receipts`, { method: "POST", headers, body });
  const text = await response.text();
  return {
    status: response.status,
    text,
    json: JSON.parse(text),
    replayed: response.headers.get("idempotent-replayed"),
  };
}
// biome-ignore lint/suspicious/noExplicitAny: a reply is looked at freely
const getJson = async (url: string, path: string): Promise<any> => (await get(url, path)).json();
const get = (url: string, path: string): Promise<Response> => fetch(url + path, { headers: { authorization } });

/** Kills without a word and starts again. */
async function replace(
  context: { home: string; running: RunningProgram[] },
  program: RunningProgram,
  env: Record<string, string>,
): Promise<RunningProgram> {
  process.kill(program.pid, "SIGKILL");
  await program.ended;
  const again = await startProgram(program.name, context.home, env);
  context.running.unshift(again);
  return again;
}
const restartRegister = async (context: Parameters<typeof replace>[0] & { shop: Shop }): Promise<string> => {
  const running = context.running.find(({ name }) => name === "register") ?? context.shop.register;
  const again = await replace(context, running, { KASSA_REGISTER_PORT: "0", KASSA_BAUD: String(baud) });
  return `http://127.0.0.1:${again.facts.port}`;
};

test("a sale is signed by the operator, found again, and its paper is the printer's to the byte", async ({
  home,
  url,
}) => {
  const sold = await post(url, "paper", receipt);
  assert.is(sold.status, 201, sold.text);
  const { id, fiscalSign, autonomous, documentNumber } = sold.json;
  assert.is(autonomous, false, sold.text);
  for (let tries = 0; (await getJson(url, `/v1/receipts/${id}`)).live.printed !== true; tries++) {
    assert.ok(tries < 200, "printed within ten seconds");
    await new Promise(resolve => setTimeout(resolve, 50));
  }
  const paper = await get(url, `/v1/receipts/${id}/paper.escpos`);
  assert.is(paper.headers.get("paper-matches"), "printed");
  const file = join(home, "board", "paper", `${String(documentNumber).padStart(6, "0")}.escpos`);
  assert.ok(readFileSync(file).equals(Buffer.from(await paper.arrayBuffer())));
  const found = await getJson(url, `/v1/receipts?sign=${fiscalSign}`);
  assert.is(found.receipts[0].id, id);
  const { steps } = await getJson(url, `/v1/receipts/${id}/timeline`);
  const names = steps.map(({ step }: { step: string }) => step);
  assert.equal(names, ["accepted", "uploaded", "submitted", "journalled", "sent", "answered", "done", "printed"]);
});

test("ten requests in turn and ten at once with one key, the service and the board killed between, are one document", async context => {
  let { url } = context;
  const replies: Reply[] = [await post(url, "ten", receipt)];
  for (let count = 0; count < 9; count++) {
    if (count === 3) {
      url = context.url = await restartRegister(context);
    }
    if (count === 6) {
      await replace(context, context.shop.board, { KASSA_BOARD_PORT: "0" });
    }
    replies.push(await post(url, "ten", receipt));
  }
  replies.push(...(await Promise.all(Array.from({ length: 10 }, () => post(url, "ten", receipt)))));
  assert.equal(
    replies.map(({ status }) => status),
    [201, ...Array(19).fill(200)],
  );
  assert.is(new Set(replies.map(({ text }) => text)).size, 1);
  assert.ok(replies.slice(1).every(({ replayed }) => replayed === "true"));
  const found = await getJson(url, "/v1/receipts?key=ten");
  assert.is(found.receipts.length, 1);
  const journal = Buffer.from(await (await get(url, "/v1/journal")).arrayBuffer()).toString("latin1") as Bytes;
  const keys = feedItems(createItemSplitter(), journal)
    .items.map(item => readLogItem(Buffer.from(item, "latin1")))
    .flatMap(item => (item?.type === recordType.document ? [textIn(item.payload!, documentKey.key)] : []));
  assert.is(keys.filter(key => key === "ten").length, 1, "on the flash");
});

test("one tiyn changed under a known key is 409 KEY_REUSED", async ({ url }) => {
  const changed = JSON.parse(receipt);
  changed.payments.find((payment: { kind: string }) => payment.kind === "cash").sum += 1;
  const reply = await post(url, "ten", JSON.stringify(changed));
  assert.equal([reply.status, reply.json.code], [409, "KEY_REUSED"]);
});

test("what the module refuses is told with its facts, and no number is used up", async ({ url }) => {
  const number = async (): Promise<number> => (await getJson(url, "/v1/receipts")).receipts.at(-1).documentNumber;
  const before = await number();
  const bend = async (key: string, change: (body: ReturnType<typeof JSON.parse>) => void): Promise<Reply> => {
    const body = JSON.parse(receipt);
    change(body);
    return post(url, key, JSON.stringify(body));
  };
  const mismatch = await bend("a", body => (body.payments[0].sum += 1));
  assert.equal([mismatch.status, mismatch.json.code], [422, "PAYMENT_MISMATCH"], mismatch.text);
  assert.is(Math.abs(mismatch.json.facts.got - mismatch.json.facts.expected), 1);
  const huge = await bend("b", body => (body.lines[0].price = 9007199254740991));
  assert.equal([huge.status, huge.json.code, huge.json.facts.line], [422, "AMOUNT_TOO_LARGE", 1], huge.text);
  const words = await bend("c", body => (body.lines[1].name = "ФИСКАЛЬНЫЙ  ЧЕК"));
  assert.equal([words.status, words.json.code], [422, "FISCAL_WORDS"], words.text);
  const control = await bend("d", body => (body.lines[1].name = "Хлеб\u001b@"));
  assert.equal([control.status, control.json.code], [422, "FIELD_INVALID"], control.text);
  assert.is(await number(), before);
});

test("the journal verifies with the module's key, from the first record to the signed trailer", async ({
  url,
  shop,
}) => {
  const journal = Buffer.from(await (await get(url, "/v1/journal")).arrayBuffer());
  const latin1 = (bytes: Buffer): Bytes => bytes.toString("latin1") as Bytes;
  const verdict = verifyJournal([latin1(journal)], {
    kid: latin1(createHash("sha256").update(shop.info.publicKey).digest().subarray(0, 8)),
    sha256: bytes => latin1(createHash("sha256").update(bytes, "latin1").digest()),
    verify: (digest, signature) =>
      p256.verify(Buffer.from(signature, "latin1"), Buffer.from(digest, "latin1"), shop.info.publicKey, {
        prehash: false,
      }),
  });
  assert.equal(verdict.problem, undefined);
  assert.ok(verdict.ok);
  assert.ok(verdict.records > 8, String(verdict.records));
  assert.equal((await getJson(url, "/v1/status")).alarms, []);
});

test("pulling the board out is 503 with a next action, never 500", async context => {
  process.kill(context.running.find(({ name }) => name === "board")?.pid ?? context.shop.board.pid, "SIGKILL");
  const reply = await post(context.url, "gone", receipt);
  assert.is(reply.status, 503, reply.text);
  assert.ok(["DEVICE_ABSENT", "OUTCOME_UNKNOWN"].includes(reply.json.code));
  for (let tries = 0; (await getJson(context.url, "/v1/status")).state !== "absent"; tries++) {
    assert.ok(tries < 100, "told as absent within ten seconds");
    await new Promise(resolve => setTimeout(resolve, 100));
  }
});

test.run();
