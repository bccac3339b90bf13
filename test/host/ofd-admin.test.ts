import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Ofd, startOfd } from "../../host/ofd/ofd";
import { createRegister, testEnrolment, testToken, ticketPayload } from "./ofd-client";

const folder = mkdtempSync(path.join(tmpdir(), "kassa-ofd-admin-"));
let ofd: Ofd;
test.before(async () => {
  const file = path.join(folder, "ofd.db");
  const ports = { host: "127.0.0.1", port: 0, adminPort: 0 };
  ofd = await startOfd({ file, ...ports, adminToken: "secret", onError: () => undefined });
});
test.after(async () => {
  await ofd.close();
  rmSync(folder, { recursive: true });
});

interface Got {
  readonly status: number;
  readonly text: string;
  readonly body: unknown;
}
async function call(method: string, url: string, body?: unknown, token = "secret"): Promise<Got> {
  const response = await fetch(`http://127.0.0.1:${ofd.adminPort}${url}`, {
    method,
    headers: { authorization: `Bearer ${token}` },
    body: typeof body === "string" ? body : body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, text, body: JSON.parse(text) };
}
const { id, profile, ...rest } = testEnrolment;
const card = { ...rest, ...profile, ofdId: id };
const deviceUrl = `/devices/${id}`;

test("without the token everything but health is closed", async () => {
  assert.is((await call("GET", "/health", undefined, "")).status, 200);
  for (const token of ["", "wrong", "secretx"]) {
    assert.is((await call("GET", deviceUrl, undefined, token)).status, 401);
    assert.is((await call("POST", "/devices", card, token)).status, 401);
  }
});

test("a card puts a register on record; the same again is known, another under its id is not", async () => {
  assert.is((await call("POST", "/devices", { ...card, operators: [], offsetMin: 300 })).status, 201);
  assert.is((await call("POST", "/devices", card)).status, 200);
  assert.is((await call("POST", "/devices", { ...card, serial: "other" })).status, 409);
  assert.is((await call("POST", "/devices", { ...card, ofdId: 2 })).status, 409);
});

test("documents are listed with their frames, and no answer holds a token", async () => {
  const register = createRegister(() => ofd.port);
  const frame = register.frame(ticketPayload({ number: 1 }));
  await register.send(frame);
  const list = await call("GET", `${deviceUrl}/documents`);
  const [document] = list.body as { frame: string; ticketNumber: string }[];
  assert.is(Buffer.from(document?.frame ?? "", "base64").toString("latin1"), frame);
  assert.match(document?.ticketNumber ?? "", /^\d{12}$/);
  assert.equal((await call("GET", `${deviceUrl}/documents?after=0`)).body, []);
  const device = await call("GET", deviceUrl);
  assert.not.match(device.text, String(testToken));
  assert.not.match(device.text, String(register.token));
  assert.is((device.body as { documents: number }).documents, 1);
});

test("a register is blocked, unblocked and given a token by hand", async () => {
  const register = createRegister(() => ofd.port);
  const codeAfter = async (amendment: object): Promise<number> => {
    assert.is((await call("PATCH", deviceUrl, amendment)).status, 200);
    return (await register.send(register.frame(ticketPayload({ number: 2 })))).resultCode;
  };
  register.reqnum = 9;
  register.token = 4242;
  assert.is(await codeAfter({ status: "blocked", blockText: "стоп" }), 15);
  assert.is(await codeAfter({ status: "active" }), 2);
  assert.is(await codeAfter({ token: 4242 }), 0);
});

test("what is wrong with a body is named", async () => {
  const detailOf = async (body: unknown): Promise<string> => {
    const { status, body: problem } = await call("POST", "/devices", body);
    assert.is(status, 422);
    return (problem as { detail: string }).detail;
  };
  assert.match(await detailOf("{"), "body");
  assert.match(await detailOf({ ...card, token: -1 }), "token");
  assert.match(await detailOf({ ...card, token: 2 ** 32 }), "token");
  assert.match(await detailOf({ ...card, rnm: "12" }), "rnm");
  assert.match(await detailOf({ ...card, serial: undefined }), "serial");
  assert.match(await detailOf({ ...card, org: { ...card.org, iinBin: 5 } }), "org.iinBin");
  assert.match(await detailOf({ ...card, pos: null }), "pos");
  assert.is((await call("PATCH", deviceUrl, { status: "gone" })).status, 422);
  assert.is((await call("PATCH", deviceUrl, { token: 0 })).status, 422);
  assert.is((await call("POST", "/devices", "x".repeat(70_000))).status, 422);
});

test("other paths and methods are told apart", async () => {
  assert.is((await call("GET", "/other")).status, 404);
  assert.is((await call("GET", "/devices/5")).status, 404);
  assert.is((await call("GET", "/devices/abc")).status, 404);
  assert.is((await call("PATCH", "/devices/5", { status: "active" })).status, 404);
  assert.is((await call("GET", "/devices")).status, 405);
  assert.is((await call("DELETE", deviceUrl)).status, 405);
});

test.run();
