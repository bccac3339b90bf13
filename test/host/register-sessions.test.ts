import { test } from "uvu";
import * as assert from "uvu/assert";
import { DeviceRefusal } from "../../host/device/fiscal-device";
import { createSessions, readBasic, withSession } from "../../host/register/sessions";
import { createFakeDevice } from "./fake-device";

const cashier = { operator: 1, pin: "0000" };
const codeOf = (error: unknown): unknown =>
  (error as { refusal?: { code: string } }).refusal?.code ?? (error as { code?: string }).code;
const rejects = async (promise: Promise<unknown>): Promise<unknown> => promise.then(() => "taken", codeOf);

test("many requests with one PIN make one sign-in at the module", async () => {
  const fake = createFakeDevice();
  const sessions = createSessions(fake.device);
  await Promise.all(Array.from({ length: 10 }, () => sessions.byPin(cashier)));
  await sessions.byPin(cashier);
  assert.is(fake.seen.logins, 1);
});

test("a wrong PIN goes to the module each time and is not remembered", async () => {
  const fake = createFakeDevice();
  const sessions = createSessions(fake.device);
  await sessions.byPin(cashier);
  for (let attempt = 0; attempt < 2; attempt++) {
    assert.is(await rejects(sessions.byPin({ operator: 1, pin: "1111" })), "PIN_WRONG");
  }
  assert.is(fake.seen.logins, 3);
});

test("a session that the module lost is renewed once when the PIN is at hand", async () => {
  const fake = createFakeDevice();
  const sessions = createSessions(fake.device);
  const caller = await sessions.byPin(cashier);
  fake.forgetSessions();
  const page = await withSession(caller, session => fake.device.logPage(session, 1, 0));
  assert.is(page.seq, 1);
  assert.is(fake.seen.logins, 2);
});

test("requests that lose their session together sign in once", async () => {
  const fake = createFakeDevice();
  const sessions = createSessions(fake.device);
  const callers = await Promise.all(Array.from({ length: 5 }, () => sessions.byPin(cashier)));
  fake.forgetSessions();
  await Promise.all(callers.map(caller => withSession(caller, session => fake.device.logPage(session, 1, 0))));
  assert.is(fake.seen.logins, 2);
});

test("a token's holder has to sign in again when the module lost the session", async () => {
  const fake = createFakeDevice();
  const sessions = createSessions(fake.device);
  const { token } = await sessions.open(cashier);
  fake.forgetSessions();
  const caller = sessions.byToken(token);
  assert.is(await rejects(withSession(caller, session => fake.device.logPage(session, 1, 0))), "SESSION_LOST");
});

test("a session ends after the module's idle time, and lives on while it is used", async () => {
  let nowMs = 0;
  const fake = createFakeDevice();
  const sessions = createSessions(fake.device, () => nowMs);
  const { token } = await sessions.open(cashier);
  nowMs = 899_000;
  sessions.byToken(token);
  nowMs = 1_798_000;
  sessions.byToken(token);
  nowMs = 2_698_000;
  assert.throws(
    () => sessions.byToken(token),
    (error: unknown) => codeOf(error) === "SESSION_LOST",
  );
});

test("signing out ends the module's session", async () => {
  const fake = createFakeDevice();
  const sessions = createSessions(fake.device);
  const { token, caller } = await sessions.open(cashier);
  await sessions.close(token);
  assert.throws(
    () => sessions.byToken(token),
    (error: unknown) => codeOf(error) === "SESSION_LOST",
  );
  assert.is(await rejects(fake.device.logPage(caller.session(), 1, 0)), "SESSION_LOST");
});

test("a token is long and never the same", async () => {
  const sessions = createSessions(createFakeDevice().device);
  const [one, two] = [await sessions.open(cashier), await sessions.open(cashier)];
  assert.is.not(one.token, two.token);
  assert.is(one.token.length, 43);
});

test("Basic credentials are an operator's code and a PIN, nothing else", () => {
  const basic = (text: string) => Buffer.from(text).toString("base64");
  assert.equal(readBasic(basic("1:0000")), cashier);
  for (const text of ["1", "1:", ":0000", "x:0000", "1:00a0", "12345:0000", "1:0000:1"]) {
    assert.throws(
      () => readBasic(basic(text)),
      (error: unknown) => codeOf(error) === "PIN_WRONG",
      text,
    );
  }
});

test("an absent module is told as such, not as a wrong PIN", async () => {
  const fake = createFakeDevice();
  fake.isPresent = false;
  assert.is(await rejects(createSessions(fake.device).byPin(cashier)), "DEVICE_ABSENT");
  assert.instance(new DeviceRefusal("DEVICE_ABSENT"), Error);
});

test.run();
