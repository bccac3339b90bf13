/** The service over the real module: the image in Lua behind a pseudo-terminal, and the OFD server. */
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { p256 } from "@noble/curves/nist.js";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ensureBuilt } from "../../host/build/image";
import { openShop, type Shop, sampleReceipt } from "../../host/cli/shop";
import { type RunningProgram, startProgram } from "../../host/cli/spawn";
import type { Bytes } from "../../protocol/bytes";
import { verifyJournal } from "../../protocol/journal-verify";
import { keysOnFlash } from "./at-module";

interface Context {
  home: string;
  shop: Shop;
  /** Of the service of this moment. */
  url: string;
  /** What was started again, the newest first. */
  running: RunningProgram[];
}

const test = suite<Context>("register with a board");
const authorization = `Basic ${Buffer.from("1:0000").toString("base64")}`;
const receipt = readFileSync(sampleReceipt, "utf8");
const baud = 921600;

test.before(async context => {
  await ensureBuilt();
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

/** Over ten connections, none waits for another. */
const postTen = (url: string, key: string): Promise<Reply[]> =>
  Promise.all(Array.from({ length: 10 }, () => post(url, key, receipt)));
const statusesOf = (replies: readonly Reply[]): number[] => replies.map(({ status }) => status);

/** One answer to the byte, marked as repeated where it is, and one document in the module's own log. */
async function checkOneDocument({ home, url }: Context, key: string, replies: readonly Reply[]): Promise<void> {
  assert.equal([...new Set(replies.map(({ text }) => text))], [replies[0]!.text]);
  assert.ok(replies.every(({ status, replayed }) => (replayed === "true") === (status === 200)));
  assert.is((await getJson(url, `/v1/receipts?key=${encodeURIComponent(key)}`)).receipts.length, 1);
  assert.is((await keysOnFlash(home)).filter(each => each === key).length, 1, "on the flash");
}

const runningOf = ({ shop, running }: Context, name: "board" | "register"): RunningProgram =>
  running.find(program => program.name === name) ?? shop[name];

/** Kills without a word and starts again. */
async function restart(context: Context, name: "board" | "register"): Promise<void> {
  const { pid, ended } = runningOf(context, name);
  process.kill(pid, "SIGKILL");
  await ended;
  const env = { KASSA_BOARD_PORT: "0", KASSA_REGISTER_PORT: "0", KASSA_BAUD: String(baud) };
  const again = await startProgram(name, context.home, env);
  context.running.unshift(again);
  if (name === "register") context.url = `http://127.0.0.1:${again.facts.port}`;
}

/** Does `work` when the document stands on the flash and waits for its outcome: the OFD is held up meanwhile. */
async function whilePending({ shop, url }: Context, key: string, work: () => Promise<void>): Promise<void> {
  process.kill(shop.ofd.pid, "SIGSTOP");
  try {
    await until(async () => {
      const [found] = (await getJson(url, `/v1/receipts?key=${encodeURIComponent(key)}`)).receipts;
      return found?.state === "pending";
    }, "the document is stored");
    await work();
  } finally {
    process.kill(shop.ofd.pid, "SIGCONT");
  }
}

/** Asks until it is so, for ten seconds at most. */
async function until(isTrue: () => Promise<boolean>, what: string): Promise<void> {
  for (const lastMs = performance.now() + 10_000; !(await isTrue()); await pause(50)) {
    assert.ok(performance.now() < lastMs, what);
  }
}

test("a sale is signed by the operator, found again, and its paper is the printer's to the byte", async ({
  home,
  url,
}) => {
  const sold = await post(url, "paper", receipt);
  assert.is(sold.status, 201, sold.text);
  const { id, fiscalSign, autonomous, documentNumber } = sold.json;
  assert.is(autonomous, false, sold.text);
  await until(async () => (await getJson(url, `/v1/receipts/${id}`)).live.printed === true, "printed");
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

test("ten requests in turn with one key, the service and the board killed between, are one document", async context => {
  const replies: Reply[] = [await post(context.url, "in turn", receipt)];
  for (let count = 1; count < 10; count++) {
    if (count === 4) await restart(context, "register");
    if (count === 7) await restart(context, "board");
    replies.push(await post(context.url, "in turn", receipt));
  }
  assert.equal(statusesOf(replies), [201, ...Array(9).fill(200)]);
  await checkOneDocument(context, "in turn", replies);
});

test("ten requests at once with a fresh key are one document, also when both are killed and ten come again", async context => {
  const replies = await postTen(context.url, "at once");
  assert.equal(statusesOf(replies).sort(), [...Array(9).fill(200), 201]);
  await restart(context, "register");
  const afterService = await postTen(context.url, "at once");
  await restart(context, "board");
  const afterBoard = await postTen(context.url, "at once");
  assert.equal(statusesOf([...afterService, ...afterBoard]), Array(20).fill(200));
  await checkOneDocument(context, "at once", [...replies, ...afterService, ...afterBoard]);
});

test("ten requests at once whose board is killed under the stored document all get its one answer", async context => {
  const sending = postTen(context.url, "board killed");
  await whilePending(context, "board killed", () => restart(context, "board"));
  const replies = await sending;
  assert.equal(statusesOf(replies).sort(), [...Array(9).fill(200), 201]);
  await checkOneDocument(context, "board killed", replies);
});

test("ten requests at once whose service is killed get nothing, and sent again the one answer", async context => {
  const sending = Promise.allSettled(Array.from({ length: 10 }, () => post(context.url, "service killed", receipt)));
  await whilePending(context, "service killed", () => restart(context, "register"));
  assert.ok((await sending).every(({ status }) => status === "rejected"));
  // docs/integrator.md "One key, one receipt": whatever breaks, the same request is sent again with the same key.
  const replies = await postTen(context.url, "service killed");
  assert.equal(statusesOf(replies), Array(10).fill(200));
  await checkOneDocument(context, "service killed", replies);
});

/** The change is one tiyn more, so this body could be sold under a key of its own. */
const oneTiynMore = (): string => {
  const changed = JSON.parse(receipt);
  changed.payments.find((payment: { kind: string }) => payment.kind === "cash").taken += 1;
  return JSON.stringify(changed);
};

test("one tiyn changed under a known key is 409 KEY_REUSED, also after both were killed", async context => {
  for (const key of ["in turn", "at once", "board killed", "service killed"]) {
    const reply = await post(context.url, key, oneTiynMore());
    assert.equal([reply.status, reply.json.code], [409, "KEY_REUSED"], key);
  }
  const alone = await post(context.url, "one tiyn more", oneTiynMore());
  assert.is(alone.status, 201, alone.text);
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
  process.kill(runningOf(context, "board").pid, "SIGKILL");
  const reply = await post(context.url, "gone", receipt);
  assert.equal([reply.status, reply.json.code], [503, "DEVICE_ABSENT"], reply.text);
  assert.ok(reply.json.nextAction.length > 0);
  await until(async () => (await getJson(context.url, "/v1/status")).state === "absent", "told as absent");
});

test.run();
