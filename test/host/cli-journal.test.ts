import { spawnSync } from "node:child_process";
import { createHash, createPublicKey } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Sign1 } from "@auth0/cose";
import { Decoder } from "cbor-x";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { journalVerify, run } from "../../host/cli/journal";
import { languages } from "../../host/texts/index";
import { journalSentence } from "../../host/texts/journal";
import { bufferOf, createSigner, joinJournal, withByte, writeJournal } from "../protocol/journal-sample";

const folder = mkdtempSync(path.join(tmpdir(), "kassa-journal-"));
test.after(() => rmSync(folder, { recursive: true }));

const ours = createSigner("ours");
const journal = writeJournal(ours);
const file = keep("november.journal", bufferOf(joinJournal(journal)));
const key = keep("november.journal.pem", ours.pem);

function keep(name: string, content: Buffer | string): string {
  const kept = path.join(folder, name);
  writeFileSync(kept, content);
  return kept;
}

/** What a command printed on stdout, and its exit code. */
async function runCaught(...args: string[]): Promise<{ code: number; out: string }> {
  const { log } = console;
  let out = "";
  console.log = (text: string) => {
    out += `${text}\n`;
  };
  try {
    return { code: await run(args), out };
  } finally {
    console.log = log;
  }
}

test("an intact export verifies with real signatures and exits 0", async () => {
  const { code, out } = await runCaught("verify", file, "--key", key, "--json");
  const result = JSON.parse(out);
  assert.is(code, 0);
  assert.is(result.ok, true);
  assert.is(result.records, 20);
  assert.is(result.serial, "KZT00000001");
  assert.is(result.fingerprint, createHash("sha256").update(bufferOf(ours.publicKey)).digest("hex"));
});

test("a changed signature fails in earnest and exits 1, the record named", async () => {
  const offset = journal.header.length + journal.records[0]!.length - 10;
  const damaged = keep("damaged.journal", bufferOf(withByte(joinJournal(journal), offset, 1)));
  const { code, out } = await runCaught("verify", damaged, "--key", key, "--json");
  assert.is(code, 1);
  assert.is(JSON.parse(out).problem.record, 21);
  assert.is(JSON.parse(out).problem.problem, "SIGNATURE_BAD");
});

test("another device's key is told, with both key ids", () => {
  const { problem } = journalVerify(file, keep("theirs.pem", createSigner("theirs").pem));
  assert.is(problem?.problem, "KEY_OTHER");
});

test("people are told to compare the fingerprint", async () => {
  const { out } = await runCaught("verify", file, "--key", key, "--lang", "en");
  assert.match(out, "A key file that came with the export proves nothing");
  assert.match(out, "Every record is as the module wrote it");
});

test("every problem has a sentence in every language", () => {
  for (const language of languages) {
    assert.match(journalSentence(1042, "MISSING", language), "1042");
  }
  assert.is(journalSentence("trailer", "TRUNCATED", "en"), "The trailer is cut off: the file ends inside it.");
});

test("a key that is none, and a missing one, are wrong usage; a file that is not there is refused", async () => {
  for (const args of [["verify", file], ["verify", file, "--key", file], ["prove"]]) {
    let name = "";
    await run(args).catch(error => {
      name = error.constructor.name;
    });
    assert.is(name, "UsageError");
  }
  assert.throws(() => journalVerify(path.join(folder, "none"), key), /FILE_UNREADABLE/);
});

test("show names the fields of every record", async () => {
  const { out } = await runCaught("show", file, "--json");
  const { records } = JSON.parse(out);
  assert.is(records.length, 20);
  assert.is(records[3].fields.number, 1003);
  assert.is(records[2].fields, undefined, "a secret shows nothing");
});

test("a COSE library and cbor-x alone read the same file", async () => {
  const items: unknown[] = [];
  new Decoder({ mapsAsObjects: false, useRecords: false }).decodeMultiple(bufferOf(joinJournal(journal)), value => {
    items.push(value);
  });
  assert.is(items.length, 22);
  const publicKey = createPublicKey(ours.pem);
  const document = journal.records[3]!;
  const envelope = Sign1.decode(bufferOf(document).subarray(4));
  await envelope.verify(publicKey, { externalAAD: Buffer.from("kassa/1/document") });
  const trailer = Sign1.decode(bufferOf(journal.trailer));
  await trailer.verify(publicKey, { externalAAD: Buffer.from("kassa/1/export") });
  let refused = false;
  await envelope.verify(publicKey, { externalAAD: Buffer.from("kassa/1/outcome") }).catch(() => {
    refused = true;
  });
  assert.ok(refused, "an envelope of another type does not pass");
});

test("the command itself exits 0, 1 and 2", () => {
  const kassa = (...args: string[]) => spawnSync(process.execPath, ["host/cli/kassa.mjs", "journal", ...args]).status;
  assert.is(kassa("verify", file, "--key", key), 0);
  assert.is(kassa("verify", file), 2);
});

test.run();
