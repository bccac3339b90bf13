/** The embedded store: what a batch promises, and what a failure of one call costs the others. */
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { DocumentFacts, Intake } from "../../host/ofd/register-state";
import { openDatabase } from "../../host/ofd/store/database";
import { openSqliteStore } from "../../host/ofd/store/sqlite";
import type { Reply } from "../../host/ofd/store/store";
import { type Call, openWriter } from "../../host/ofd/store/writer";
import { testEnrolment, testToken } from "./ofd-client";

const folder = mkdtempSync(path.join(tmpdir(), "kassa-ofd-store-"));
let files = 0;
const newFile = (): string => path.join(folder, `${++files}.db`);
test.after(() => rmSync(folder, { recursive: true }));

const facts = (number: number, more: Partial<DocumentFacts> = {}): DocumentFacts => ({
  frame: Buffer.from(`frame ${number}`),
  bodySha: Buffer.alloc(32, number),
  documentNumber: number,
  operation: 2,
  totalTiyn: 100,
  cashDeltaTiyn: 100,
  revenueDeltaTiyn: 100,
  localS: 1768473000,
  objections: [],
  ...more,
});
const ticket = (deviceId: number, token: number, reqnum: number, document: DocumentFacts): Call => {
  const intake: Intake = { deviceId, token, reqnum, command: 1, document };
  return { kind: "take", intake };
};
const enrol = (id: number): Call => ({ kind: "enrol", enrolment: { ...testEnrolment, id, serial: `SN-${id}` } });

test("the next document of a register in the same batch must carry the token that the first was given", () => {
  const writer = openWriter(newFile());
  writer.run([enrol(1)]);
  const results = writer.run([ticket(1, testToken, 1, facts(1)), ticket(1, testToken, 2, facts(2))]);
  const replies = results.map(result => result.ok && (result.value as Reply));
  assert.equal(
    replies.map(reply => reply && reply.isWrongToken),
    [false, true],
  );
  writer.close();
});

test("a call that cannot be written fails alone, and leaves nothing behind", () => {
  const writer = openWriter(newFile());
  writer.run([enrol(1), enrol(2), enrol(3)]);
  // A number that no column takes: the row fails after the register was already decided on.
  const poison = facts(1, { operation: null as unknown as number });
  const results = writer.run([
    ticket(1, testToken, 1, facts(1)),
    ticket(2, testToken, 1, poison),
    ticket(3, testToken, 1, facts(1)),
  ]);
  assert.equal(
    results.map(({ ok }) => ok),
    [true, false, true],
  );
  const counts = writer.run([1, 2, 3].map(id => ({ kind: "device", id })));
  assert.equal(
    counts.map(result => result.ok && (result.value as { documents: number }).documents),
    [1, 0, 1],
  );
  writer.close();
});

test("registers: one a serial number, one an id; the very same again is known", async () => {
  const store = await openSqliteStore(newFile());
  assert.is(await store.enrol(testEnrolment), "enrolled");
  assert.is(await store.enrol({ ...testEnrolment, id: 7 }), "serialTaken");
  assert.is(await store.enrol({ ...testEnrolment, serial: "other" }), "idTaken");
  assert.is(await store.enrol({ ...testEnrolment, token: 99 }), "known");
  const take = (token: number) => store.take({ deviceId: testEnrolment.id, token, reqnum: 1, command: 0 });
  assert.equal([(await take(99)).isWrongToken, (await take(testToken)).isWrongToken], [false, true]);
  await store.take({ deviceId: testEnrolment.id, token: 99, reqnum: 1, command: 1, document: facts(1) });
  assert.is(await store.enrol({ ...testEnrolment, token: 55 }), "inUse");
  await store.amend(testEnrolment.id, { status: "deregistered" });
  assert.is(await store.enrol({ ...testEnrolment, id: 7 }), "enrolled");
  assert.is(await store.amend(8, { status: "active" }), false);
  await store.close();
});

test("the store is reopened with its registers, documents and sign key; only its owner reads it", async () => {
  const file = newFile();
  const first = await openSqliteStore(file);
  await first.enrol(testEnrolment);
  const intake: Intake = { deviceId: testEnrolment.id, token: testToken, reqnum: 1, command: 1, document: facts(1) };
  const reply = await first.take(intake);
  await first.close();
  const second = await openSqliteStore(file);
  const again = await second.take(intake);
  assert.equal([again.token, Buffer.from(again.payload)], [reply.token, Buffer.from(reply.payload)]);
  assert.is((await second.documents(testEnrolment.id, -1)).length, 1);
  await second.close();
  assert.is(statSync(file).mode & 0o077, 0);
});

test("documents come by pages of 100, oldest first", async () => {
  const store = await openSqliteStore(newFile());
  await store.enrol(testEnrolment);
  let token = testToken;
  for (let number = 1; number <= 130; number++) {
    const document = facts(number);
    ({ token } = await store.take({ deviceId: testEnrolment.id, token, reqnum: number, command: 1, document }));
  }
  const page = await store.documents(testEnrolment.id, -1);
  const rest = await store.documents(testEnrolment.id, 99);
  assert.equal([page.length, page[0]?.seq, page[99]?.seq, rest.length, rest[0]?.seq], [100, 0, 99, 30, 100]);
  await store.close();
});

test("each commit is on the disk: WAL and synchronous=FULL", () => {
  const database = openDatabase(newFile());
  const read = (pragma: string): unknown =>
    (database.prepare(`pragma ${pragma}`).get() as Record<string, unknown>)[pragma];
  assert.equal([read("journal_mode"), read("synchronous")], ["wal", 2]);
  database.close();
});

test("a store of a newer version is refused by name", () => {
  const file = newFile();
  const database = openDatabase(file);
  database.exec("pragma user_version = 99");
  database.close();
  assert.throws(() => openDatabase(file), /version 99/);
});

test("a file that cannot be opened rejects, and ends no process", async () => {
  let failure: unknown;
  const notFolder = newFile();
  writeFileSync(notFolder, "");
  assert.throws(() => openDatabase(path.resolve("postgres://localhost/ofd")), /path of a file/);
  await openSqliteStore(path.join(notFolder, "ofd.db")).catch(error => {
    failure = error;
  });
  assert.ok(failure instanceof Error);
});

test.run();
