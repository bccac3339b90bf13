/** The HTTP edge against a fake module, over real sockets: raw requests where a client library would mend them. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FastifyInstance } from "fastify";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { DeviceRefusal } from "../../host/device/fiscal-device";
import { createRegister, type Register } from "../../host/register/register";
import { createServer } from "../../host/register/server";
import type { refusalRc } from "../../protocol/refusals";
import { createFakeDevice, type FakeDevice } from "./fake-device";

interface Shop {
  fake: FakeDevice;
  register: Register;
  app: FastifyInstance;
  port: number;
  home: string;
}
const test = suite<{ shop: Shop }>("register http");

const posOrigin = "https://pos.example";
const basic = `Basic ${Buffer.from("1:0000").toString("base64")}`;
const body = {
  operation: "sale",
  lines: [{ name: "Нан", quantity: "1", price: 65000, vat: "16" }],
  payments: [{ kind: "cash", sum: 65000 }],
};

test.before.each(async context => {
  const home = mkdtempSync(join(tmpdir(), "kassa-http-"));
  const fake = createFakeDevice();
  const register = createRegister(fake.device, home);
  const app = await createServer(register, { origins: [posOrigin] });
  await app.listen({ host: "127.0.0.1", port: 0 });
  const address = app.server.address();
  const port = address === null || typeof address === "string" ? 0 : address.port;
  context.shop = { fake, register, app, port, home };
});
test.after.each(async ({ shop }) => {
  await shop.app.close();
  await shop.register.close();
  rmSync(shop.home, { recursive: true, force: true });
});

interface Reply {
  readonly status: number;
  readonly headers: { readonly [name: string]: string | string[] | undefined };
  readonly text: string;
  readonly raw: Buffer;
  // biome-ignore lint/suspicious/noExplicitAny: a reply is looked at freely
  readonly json: any;
}
type Headers = { readonly [name: string]: string };

/** node:http, because fetch does not let a test set Host. */
function call(shop: Shop, method: string, path: string, headers: Headers = {}, sent?: string | Buffer): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host: "127.0.0.1", port: shop.port, method, path, headers }, response => {
      const chunks: Buffer[] = [];
      response.on("data", chunk => chunks.push(chunk));
      response.on("end", () => {
        const raw = Buffer.concat(chunks);
        const text = raw.toString("utf8");
        const isJson = /json/.test(response.headers["content-type"] ?? "");
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text,
          raw,
          json: isJson ? JSON.parse(text) : {},
        });
      });
    });
    request.on("error", reject);
    request.end(sent);
  });
}
const json = { "content-type": "application/json" };
const sell = (shop: Shop, key: string, receipt: unknown = body, headers: Headers = {}): Promise<Reply> =>
  call(
    shop,
    "POST",
    "/v1/receipts",
    { ...json, authorization: basic, "idempotency-key": key, ...headers },
    typeof receipt === "string" || Buffer.isBuffer(receipt) ? receipt : JSON.stringify(receipt),
  );
const get = (shop: Shop, path: string, headers: Headers = { authorization: basic }): Promise<Reply> =>
  call(shop, "GET", path, headers);

/** A refusal as RFC 9457 wants it, with a status of its own. */
function expectProblem(reply: Reply, status: number, code: keyof typeof refusalRc): void {
  assert.is(reply.json.code, code, reply.text);
  assert.is(reply.status, status);
  assert.match(String(reply.headers["content-type"]), /^application\/problem\+json/);
  assert.is(reply.json.status, status);
  assert.ok(reply.json.nextActions.kk.length > 0 && reply.json.details.en.length > 0);
}

test("a sale is 201 once, then 200 with the same bytes", async ({ shop }) => {
  const first = await sell(shop, "k1");
  assert.is(first.status, 201);
  assert.is(first.headers.location, "/v1/receipts/KZT00000001-1");
  assert.is(first.headers["idempotent-replayed"], undefined);
  for (let repetition = 0; repetition < 3; repetition++) {
    const again = await sell(shop, "k1");
    assert.is(again.status, 200);
    assert.is(again.headers["idempotent-replayed"], "true");
    assert.is(again.text, first.text);
  }
});

test("ten requests with one key at once give one document and one body", async ({ shop }) => {
  const replies = await Promise.all(Array.from({ length: 10 }, () => sell(shop, "k1")));
  assert.is(new Set(replies.map(({ text }) => text)).size, 1);
  assert.equal(replies.map(({ status }) => status).sort(), [...Array(9).fill(200), 201]);
  assert.is(shop.fake.log.length, 3, "fiscalization, document, outcome");
  assert.is(shop.fake.seen.logins, 1);
});

test("one tiyn changed under the same key is 409", async ({ shop }) => {
  await sell(shop, "k1");
  const other = { ...body, payments: [{ kind: "cash", sum: 65001 }] };
  expectProblem(await sell(shop, "k1", other), 409, "KEY_REUSED");
});

test("an answer that the OFD refused is 422 with its code and text, and stays bound to the key", async ({ shop }) => {
  shop.fake.outcome = "refused";
  for (const replayed of [undefined, "true"]) {
    const reply = await sell(shop, "k1");
    expectProblem(reply, 422, "OFD_REFUSED");
    assert.equal(reply.json.facts, { number: 1, resultCode: 17, resultText: "Seller is buyer" });
    assert.is(reply.headers["idempotent-replayed"], replayed);
  }
  const row = (await get(shop, "/v1/receipts/KZT00000001-1")).json;
  assert.equal([row.state, row.resultCode, row.fiscalSign], ["refused", 17, undefined]);
});

test("a client that hangs up does not stop the sale", async ({ shop }) => {
  let open: () => void = () => {};
  shop.fake.gate = new Promise(resolve => {
    open = resolve;
  });
  const socket = connect(shop.port, "127.0.0.1");
  const sent = JSON.stringify(body);
  socket.write(
    `POST /v1/receipts HTTP/1.1\r\nHost: 127.0.0.1:${shop.port}\r\nAuthorization: ${basic}\r\nIdempotency-Key: k1\r\n` +
      `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(sent)}\r\n\r\n${sent}`,
  );
  await new Promise(resolve => setTimeout(resolve, 50));
  socket.destroy();
  open();
  const again = await sell(shop, "k1");
  assert.is(again.status, 200);
  assert.is(shop.fake.log.length, 3);
});

const badKeys: [string, string | undefined, keyof typeof refusalRc][] = [
  ["no key", undefined, "IDEMPOTENCY_KEY_MISSING"],
  ["a key of 65 characters", "x".repeat(65), "IDEMPOTENCY_KEY_INVALID"],
  ["an empty key", "", "IDEMPOTENCY_KEY_INVALID"],
  ["a key with a letter past ASCII", "\u00e9", "IDEMPOTENCY_KEY_INVALID"],
];
for (const [name, key, code] of badKeys) {
  test(`${name} is refused`, async ({ shop }) => {
    const headers = { ...json, authorization: basic, ...(key === undefined ? {} : { "idempotency-key": key }) };
    expectProblem(await call(shop, "POST", "/v1/receipts", headers, JSON.stringify(body)), 400, code);
  });
}

test("a key of 64 printable characters is taken", async ({ shop }) => {
  assert.is((await sell(shop, "!~ ".padEnd(64, "k"))).status, 201);
});

const badBodies: [string, string | Buffer | object, Headers, number, keyof typeof refusalRc][] = [
  ["broken JSON", '{"operation": "sale",', {}, 400, "JSON_INVALID"],
  ["an empty body", "", {}, 422, "FIELD_INVALID"],
  ["bytes that are no UTF-8", Buffer.from('{"operation": "\xff"}', "latin1"), {}, 400, "JSON_INVALID"],
  ["another media type", "a=b", { "content-type": "application/x-www-form-urlencoded" }, 415, "MEDIA_TYPE_UNSUPPORTED"],
  ["plain text", "sale", { "content-type": "text/plain" }, 415, "MEDIA_TYPE_UNSUPPORTED"],
  ["513 KB", `"${"x".repeat(513 * 1024)}"`, {}, 413, "BODY_TOO_LARGE"],
  [
    "161 KB of document",
    { ...body, lines: Array(500).fill({ ...body.lines[0], name: "Ә".repeat(160) }) },
    {},
    413,
    "DOCUMENT_TOO_LARGE",
  ],
  ["501 lines", { ...body, lines: Array(501).fill(body.lines[0]) }, {}, 422, "LINES_TOO_MANY"],
  ["an unknown field", { ...body, tip: 5 }, {}, 422, "FIELD_UNKNOWN"],
  [
    "fractional tiyn",
    '{"operation":"sale","lines":[{"name":"a","quantity":"1","price":650.5}],"payments":[]}',
    {},
    422,
    "FIELD_INVALID",
  ],
  ["an unknown rate", { ...body, vat: "13" }, {}, 422, "VAT_UNKNOWN"],
  ["a return", { ...body, operation: "saleReturn" }, {}, 422, "OPERATION_NOT_SUPPORTED"],
];
for (const [name, sent, headers, status, code] of badBodies) {
  test(`${name} is ${status} ${code}, and nothing is sold`, async ({ shop }) => {
    expectProblem(await sell(shop, "k1", sent, headers), status, code);
    assert.is(shop.fake.seen.sales, 0);
  });
}

test("a broken body is told by its place, never quoted: it may hold a PIN", async ({ shop }) => {
  const reply = await call(shop, "POST", "/v1/sessions", json, '{"operator":1,"pin":"4711",}');
  expectProblem(reply, 400, "JSON_INVALID");
  assert.not.match(reply.text, /4711/);
  assert.type(reply.json.facts.position, "number");
});

const refusals: [keyof typeof refusalRc, number][] = [
  ["PAPER_ABSENT", 422],
  ["COVER_OPEN", 422],
  ["MEMORY_FULL", 422],
  ["CLOCK_UNSET", 423],
  ["BLOCKED", 423],
  ["BUSY", 503],
  ["OUTCOME_UNKNOWN", 503],
  ["PAYMENT_MISMATCH", 422],
  ["AMOUNT_TOO_LARGE", 422],
];
for (const [code, status] of refusals) {
  test(`the module's ${code} is ${status}`, async ({ shop }) => {
    shop.fake.failures.set("sellDocument", [new DeviceRefusal(code, { expected: 1, got: 2 })]);
    const reply = await sell(shop, "k1");
    expectProblem(reply, status, code);
    assert.equal(reply.json.facts, { expected: 1, got: 2 });
    assert.is(reply.headers["retry-after"], status === 503 ? "1" : undefined);
    assert.is((await sell(shop, "k1")).status, 201, "the key is free");
  });
}

test("an absent module is 503 DEVICE_ABSENT, also before anybody signed in", async ({ shop }) => {
  shop.fake.isPresent = false;
  expectProblem(await sell(shop, "k1"), 503, "DEVICE_ABSENT");
  assert.is((await get(shop, "/v1/status", {})).json.state, "absent");
  assert.equal((await get(shop, "/health", {})).json, { status: "ok", device: "absent" });
});

test("a wrong PIN is 401 with the seconds to wait", async ({ shop }) => {
  const wrong = `Basic ${Buffer.from("1:9999").toString("base64")}`;
  const reply = await sell(shop, "k1", body, { authorization: wrong });
  expectProblem(reply, 401, "PIN_WRONG");
  assert.is(reply.json.facts.waitS, 2);
  assert.is(reply.headers["retry-after"], "2");
  assert.match(String(reply.headers["www-authenticate"]), /^Basic realm=/);
});

test("without a sign-in only status, docs, OpenAPI and health answer", async ({ shop }) => {
  for (const path of ["/v1/status", "/docs", "/openapi.json", "/health"]) {
    assert.is((await get(shop, path, {})).status, 200, path);
  }
  for (const path of ["/v1/shift", "/v1/receipts", "/v1/receipts/KZT00000001-1", "/v1/journal", "/v1/events"]) {
    expectProblem(await get(shop, path, {}), 401, "SIGN_IN_NEEDED");
  }
  expectProblem(await call(shop, "POST", "/v1/uplink/try"), 401, "SIGN_IN_NEEDED");
});

test("a token works as Bearer and as cookie until it is signed out", async ({ shop }) => {
  const opened = await call(shop, "POST", "/v1/sessions", json, JSON.stringify({ operator: 1, pin: "0000" }));
  assert.is(opened.status, 201);
  assert.equal(opened.json.operator, { code: 1, name: "Ә. Қуанышева", role: "administrator" });
  assert.ok(Date.parse(opened.json.expiresAt) > Date.now());
  const [cookie] = opened.headers["set-cookie"] as string[];
  assert.match(cookie as string, /^kassa=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/);
  const bearer = { authorization: `Bearer ${opened.json.token}` };
  assert.is((await get(shop, "/v1/shift", bearer)).status, 200);
  assert.is((await get(shop, "/v1/shift", { cookie: `a=b; kassa=${opened.json.token}` })).status, 200);
  assert.is((await call(shop, "DELETE", "/v1/sessions/current", bearer)).status, 204);
  expectProblem(await get(shop, "/v1/shift", bearer), 401, "SESSION_LOST");
});

test("a module that rebooted costs a Basic caller nothing", async ({ shop }) => {
  await sell(shop, "k1");
  shop.fake.forgetSessions();
  assert.is((await sell(shop, "k1")).status, 200);
});

test("another Host is refused: a page that rebinds its name reaches nothing", async ({ shop }) => {
  for (const host of [
    "evil.example",
    `evil.example:${shop.port}`,
    "127.0.0.1:1",
    "127.0.0.1",
    `localhost.evil:${shop.port}`,
  ]) {
    expectProblem(await get(shop, "/v1/status", { host }), 403, "HOST_NOT_ALLOWED");
    expectProblem(await sell(shop, "k1", body, { host }), 403, "HOST_NOT_ALLOWED");
  }
  for (const name of ["localhost", "127.0.0.1", "[::1]", "LOCALHOST"]) {
    assert.is((await get(shop, "/v1/status", { host: `${name}:${shop.port}` })).status, 200, name);
  }
  assert.is(shop.fake.seen.sales, 0);
});

test("another Origin is refused, with or without the cookie", async ({ shop }) => {
  for (const origin of ["https://evil.example", "null", "http://127.0.0.1", `https://127.0.0.1:${shop.port}`]) {
    expectProblem(await sell(shop, "k1", body, { origin }), 403, "ORIGIN_NOT_ALLOWED");
  }
  assert.is((await sell(shop, "k1", body, { origin: `http://localhost:${shop.port}` })).status, 201);
});

test("an Origin that KASSA_CORS lists may sell, and its preflight is answered", async ({ shop }) => {
  const preflight = await call(shop, "OPTIONS", "/v1/receipts", {
    origin: posOrigin,
    "access-control-request-method": "POST",
  });
  assert.is(preflight.status, 204);
  assert.is(preflight.headers["access-control-allow-origin"], posOrigin);
  assert.match(String(preflight.headers["access-control-allow-headers"]), /Idempotency-Key/);
  const sold = await sell(shop, "k1", body, { origin: posOrigin });
  assert.equal([sold.status, sold.headers["access-control-allow-origin"]], [201, posOrigin]);
});

test("an unknown address is 404, a wrong method 405 with what is allowed", async ({ shop }) => {
  for (const path of ["/", "/v1", "/v1/drafts", "/v1/cash-movements", "/v1/receipts/a/b/c", "/%zz", "/..%2f..%2fetc"]) {
    expectProblem(await get(shop, path), 404, "ROUTE_UNKNOWN");
  }
  expectProblem(await call(shop, "POST", "/v1/shift/close", json, "{}"), 404, "ROUTE_UNKNOWN");
  const wrong = await call(shop, "PUT", "/v1/receipts", json, "{}");
  expectProblem(wrong, 405, "METHOD_NOT_ALLOWED");
  assert.is(wrong.headers.allow, "POST, GET");
});

test("a mirror that was overwritten by random bytes ends nothing and is made again", async ({ shop }) => {
  await sell(shop, "k1");
  await get(shop, "/v1/receipts");
  await shop.register.close();
  const folder = join(shop.home, "register");
  for (const name of readdirSync(folder)) {
    writeFileSync(join(folder, name), randomBytes(64 * 1024));
  }
  const register = createRegister(shop.fake.device, shop.home);
  const app = await createServer(register, { origins: [] });
  await app.listen({ host: "127.0.0.1", port: 0 });
  const address = app.server.address() as { port: number };
  const again = { ...shop, port: address.port };
  try {
    const list = await get(again, "/v1/receipts?key=k1");
    assert.is(list.status, 200, list.text);
    assert.is(list.json.receipts.length, 1);
    assert.is((await sell(again, "k2")).status, 201);
  } finally {
    await app.close();
    await register.close();
  }
});

test("what is no HTTP gets 400 and the door", async ({ shop }) => {
  const reply = await new Promise<string>(resolve => {
    const socket = connect(shop.port, "127.0.0.1");
    let text = "";
    socket.on("data", chunk => {
      text += String(chunk);
    });
    socket.on("close", () => resolve(text));
    socket.end("NOT HTTP AT ALL\r\n\r\n");
  });
  assert.match(reply, /^HTTP\/1\.1 400 /);
});

test("receipts are found by key, number, shift and sign, page by page", async ({ shop }) => {
  for (let index = 1; index <= 3; index++) {
    await sell(shop, `k${index}`);
  }
  const found = async (query: string): Promise<number[]> =>
    (await get(shop, `/v1/receipts?${query}`)).json.receipts.map(
      (row: { documentNumber: number }) => row.documentNumber,
    );
  assert.equal(await found("key=k2"), [2]);
  assert.equal(await found("number=3"), [3]);
  assert.equal(await found("sign=812345678901"), [1]);
  assert.equal(await found("shift=1&after=1"), [2, 3]);
  assert.equal(await found("key=unknown"), []);
  expectProblem(await get(shop, "/v1/receipts?nonsense=1"), 422, "FIELD_UNKNOWN");
  expectProblem(await get(shop, "/v1/receipts?number=x"), 422, "FIELD_INVALID");
});

test("a receipt shows its stored answer and what became of it", async ({ shop }) => {
  const sold = (await sell(shop, "k1")).json;
  const row = (await get(shop, `/v1/receipts/${sold.id}`)).json;
  assert.equal(row.live, { printed: false, delivered: true });
  const { state, live, ...answer } = row;
  assert.equal(answer, sold);
  for (const id of ["KZT00000001-2", "KZT00000002-1", "x", "KZT00000001-0"]) {
    expectProblem(await get(shop, `/v1/receipts/${id}`), 404, "RECEIPT_UNKNOWN");
  }
});

test("the timeline tells the service's steps in milliseconds, the module's in seconds", async ({ shop }) => {
  await sell(shop, "k1");
  const { steps } = (await get(shop, "/v1/receipts/KZT00000001-1/timeline")).json;
  const names = steps.map(({ step }: { step: string }) => step);
  assert.equal(names, ["accepted", "uploaded", "journalled", "answered", "done"]);
  assert.equal(
    steps.map(({ source }: { source: string }) => source),
    ["service", "service", "module", "module", "service"],
  );
  assert.is(steps[0].sinceAcceptedMs, 0);
});

test("a sale is accepted when it comes in, before the sign-in and the look-up at the module", async ({ shop }) => {
  const slowMs = 60;
  for (const name of ["login", "lookup"] as const) {
    const inner = shop.fake.device[name] as (...args: unknown[]) => Promise<unknown>;
    Object.assign(shop.fake.device, {
      async [name](...args: unknown[]) {
        await new Promise(resolve => setTimeout(resolve, slowMs));
        return inner(...args);
      },
    });
  }
  await sell(shop, "k1");
  const { steps } = (await get(shop, "/v1/receipts/KZT00000001-1/timeline")).json;
  const uploaded = steps.find(({ step }: { step: string }) => step === "uploaded");
  assert.ok(uploaded.sinceAcceptedMs >= 2 * slowMs - 5, String(uploaded.sinceAcceptedMs));
});

test("paper is drawn from the mirror and held against what the printer took", async ({ shop }) => {
  await sell(shop, "k1");
  const path = "/v1/receipts/KZT00000001-1/paper";
  const escpos = await get(shop, `${path}.escpos`);
  assert.is(escpos.headers["paper-matches"], "not-printed");
  shop.fake.print(1, escpos.raw);
  assert.is((await get(shop, `${path}.escpos`)).headers["paper-matches"], "printed");
  assert.is((await get(shop, "/v1/receipts/KZT00000001-1")).json.live.printed, true);
  const text = await get(shop, `${path}.txt`);
  for (const words of ["Нан", "812345678901", "КТН/РНМ", "Фискальный чек"]) {
    assert.ok(text.text.includes(words), words);
  }
  const png = await get(shop, `${path}.png`);
  assert.is(png.headers["content-type"], "image/png");
  assert.is(png.raw.subarray(1, 4).toString(), "PNG");
});

test("paper that differs from what was printed says so", async ({ shop }) => {
  await sell(shop, "k1");
  shop.fake.print(1, Buffer.from("another paper"));
  assert.is((await get(shop, "/v1/receipts/KZT00000001-1/paper.txt")).headers["paper-matches"], "differs");
});

test("the journal is a CBOR sequence whose records are those of the log", async ({ shop }) => {
  await sell(shop, "k1");
  const journal = await get(shop, "/v1/journal");
  assert.is(journal.status, 200);
  assert.is(journal.headers["content-type"], "application/cbor-seq");
  assert.ok(journal.raw.includes(Buffer.concat(shop.fake.log)));
});

test("reprint and try-now reach the module", async ({ shop }) => {
  await sell(shop, "k1");
  const reprint = (): Promise<Reply> =>
    call(shop, "POST", "/v1/receipts/KZT00000001-1/reprint", { authorization: basic });
  assert.is((await reprint()).status, 202);
  shop.fake.failures.set("reprint", [new DeviceRefusal("NUMBER_UNKNOWN", { got: 1 })]);
  expectProblem(await reprint(), 404, "NUMBER_UNKNOWN");
  assert.is((await call(shop, "POST", "/v1/uplink/try", { authorization: basic })).status, 202);
});

test("pages hear of a sale, of the module, and catch up on what they missed", async ({ shop }) => {
  const listen = (
    headers: Headers,
  ): { text: () => string; close: () => void; until: (pattern: RegExp) => Promise<void> } => {
    let text = "";
    const request = httpRequest({
      host: "127.0.0.1",
      port: shop.port,
      path: "/v1/events",
      headers: { authorization: basic, ...headers },
    });
    request.on("response", response => response.on("data", chunk => (text += String(chunk))));
    request.on("error", () => {});
    request.end();
    const until = async (pattern: RegExp): Promise<void> => {
      for (let tries = 0; !pattern.test(text); tries++) {
        assert.ok(tries < 300, `${pattern} in ${text}`);
        await new Promise(resolve => setTimeout(resolve, 10));
      }
    };
    return { text: () => text, close: () => request.destroy(), until };
  };
  await sell(shop, "k0");
  await get(shop, "/v1/receipts");
  const page = listen({});
  await page.until(/retry/);
  shop.fake.present();
  await sell(shop, "k1");
  await page.until(/event: device\ndata: \{"present":true/);
  await page.until(/event: receipt\ndata: \{"id":"KZT00000001-2","documentNumber":2,"outcome":"online"\}/);
  const [, id] = /id: (\d+)\nevent: device/.exec(page.text()) ?? [];
  page.close();
  const again = listen({ "last-event-id": String(id) });
  await again.until(/event: receipt/);
  assert.not.match(again.text(), /event: device/);
  again.close();
});

test("OpenAPI 3.1 lists exactly the routes that are there", async ({ shop }) => {
  const api = (await get(shop, "/openapi.json", {})).json;
  assert.is(api.openapi, "3.1.0");
  assert.equal(Object.keys(api.paths).sort(), [
    "/health",
    "/v1/events",
    "/v1/journal",
    "/v1/receipts",
    "/v1/receipts/{id}",
    "/v1/receipts/{id}/paper.escpos",
    "/v1/receipts/{id}/paper.png",
    "/v1/receipts/{id}/paper.txt",
    "/v1/receipts/{id}/reprint",
    "/v1/receipts/{id}/timeline",
    "/v1/sessions",
    "/v1/sessions/current",
    "/v1/shift",
    "/v1/status",
    "/v1/uplink/try",
  ]);
  const references = [...JSON.stringify(api).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)].map(
    match => match[1],
  );
  assert.ok(references.length > 0);
  for (const name of references) {
    assert.ok(api.components.schemas[name as string] !== undefined, name);
  }
  const sale = api.paths["/v1/receipts"].post;
  assert.is(sale.requestBody.content["application/json"].schema.properties.lines.maxItems, 500);
  assert.equal(Object.keys(sale.responses).sort(), ["200", "201", "default"]);
});

test("the docs page names every route and every code and loads nothing from elsewhere", async ({ shop }) => {
  const { text, headers } = await get(shop, "/docs", { "accept-language": "kk" });
  assert.match(text, /<html lang="kk">/);
  for (const word of ["/v1/receipts/{id}/timeline", "OUTCOME_UNKNOWN", 'id="KEY_REUSED"']) {
    assert.ok(text.includes(word), word);
  }
  assert.not.match(text, /<script|src=|https?:\/\//);
  assert.match(String(headers["content-security-policy"]), /default-src 'none'/);
});

test("status has the members of the contract", async ({ shop }) => {
  const { json: status } = await get(shop, "/v1/status", {});
  assert.is(status.state, "ready");
  assert.equal(Object.keys(status).sort(), [
    "alarms",
    "blocks",
    "clock",
    "device",
    "memory",
    "ofd",
    "printer",
    "queue",
    "shift",
    "state",
  ]);
  assert.is(status.shift.expiresAt, "2026-11-25T16:42:05+05:00");
  assert.is(status.memory.daysLeft, 20);
  assert.is(status.ofd.mode, "online");
  assert.is(status.device.serial, "KZT00000001");
});

test("sentences come in the language of Accept-Language", async ({ shop }) => {
  const reply = await get(shop, "/v1/shift", { "accept-language": "kk" });
  assert.is(reply.json.detail, reply.json.details.kk);
  assert.is(reply.headers["content-language"], "kk");
});

test.run();
