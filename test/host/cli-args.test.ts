import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  type CommandSpec,
  findVerb,
  HelpAsked,
  languageOf,
  numberOption,
  parseCommand,
  UsageError,
} from "../../host/cli/args";
import { legsOf, waitForPaper } from "../../host/cli/first-sale";
import { publicKeyPem } from "../../host/cli/public-key";
import { formatTenge } from "../../host/cli/sell";
import { DeviceRefusal } from "../../host/device/device-error";

const spec: CommandSpec = {
  usage: "try FILE [--count N]",
  about: "Tries.",
  options: { count: { type: "string", value: "N", short: "c", about: "how often" } },
  positionals: [1, 1],
  example: "kassa try file",
};

test("options and positionals are told apart", () => {
  const parsed = parseCommand(["file", "-c", "3", "--json"], spec);
  assert.equal([...parsed.positionals], ["file"]);
  assert.is(numberOption(parsed, "count", 1, 5), 3);
  assert.is(parsed.json, true);
});

test("a verb is one of the table, no word that every object knows; else all are named", () => {
  const verbs = { try: { spec } };
  assert.is(findVerb(verbs, "try"), verbs.try);
  for (const name of [undefined, "constructor", "tries"]) {
    assert.throws(
      () => findVerb(verbs, name),
      (error: Error) => error instanceof UsageError && /kassa try FILE/.test(error.message),
    );
  }
  assert.throws(
    () => findVerb(verbs, "--help"),
    (error: Error) => error instanceof HelpAsked && /kassa try FILE/.test(error.message),
  );
});

test("wrong usage says what was wrong", () => {
  assert.throws(
    () => parseCommand([], spec),
    (error: Error) => error instanceof UsageError && /try FILE/.test(error.message),
  );
  assert.throws(
    () => parseCommand(["file", "--nope"], spec),
    (error: Error) => error instanceof UsageError,
  );
  const parsed = parseCommand(["file", "--count", "six"], spec);
  assert.throws(() => numberOption(parsed, "count", 1, 5), /--count: expected a whole number from 1 to 5, got six/);
});

test("help shows every option and an example", () => {
  try {
    parseCommand(["--help"], spec);
    assert.unreachable();
  } catch (error) {
    assert.instance(error, HelpAsked);
    assert.match(
      (error as Error).message,
      /-c, --count N +how often[\s\S]*--json[\s\S]*--lang[\s\S]*Example: kassa try file/,
    );
  }
});

test("the language is what was asked, else the locale's, else English", () => {
  assert.is(languageOf("kk", {}), "kk");
  assert.is(languageOf(undefined, { LANG: "ru_KZ.UTF-8" }), "ru");
  assert.is(languageOf(undefined, { LANG: "de_DE.UTF-8" }), "en");
  assert.throws(() => languageOf("de", {}), /expected kk, ru or en/);
});

test("a module's public key becomes a PEM that OpenSSL reads", () => {
  const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const point = publicKey.export({ type: "spki", format: "der" }).subarray(-65);
  const pem = publicKey.export({ type: "spki", format: "pem" });
  assert.is(publicKeyPem(point), pem);
  assert.is(publicKeyPem(point.subarray(1)), pem);
  assert.ok(createPublicKey(publicKeyPem(point)).equals(publicKey));
});

test("money is shown in tenge with its tiyn", () => {
  assert.is(formatTenge(1329000), "13\u00a0290,00\u00a0₸");
  assert.is(formatTenge(5), "0,05\u00a0₸");
});

test("the legs of a sale add up to its way", () => {
  const at = (step: string, sinceAcceptedMs: number) => ({ step, sinceAcceptedMs });
  const steps = [
    at("accepted", 0),
    at("uploaded", 20),
    at("journalled", 50),
    at("sent", 60),
    at("answered", 70),
    at("done", 90),
  ];
  assert.equal(legsOf(steps, 95, 200), { http: 5, serial: 30, module: 50, ofd: 10, print: 200, total: 295 });
  // The service saw the document in the log only after the operator had answered.
  const lateStep = steps.map(step => (step.step === "journalled" ? { ...step, sinceAcceptedMs: 85 } : step));
  const late = legsOf(lateStep, 95, 200);
  assert.is(late.http + late.serial + late.module + late.ofd + late.print, late.total);
  assert.equal(legsOf([], 95, 0), { http: 95, serial: 0, module: 0, ofd: 0, print: 0, total: 95 });
});

test("paper is waited for while the register makes its mirror again, and no other refusal is", async () => {
  const folder = mkdtempSync(join(tmpdir(), "kassa-paper-"));
  writeFileSync(join(folder, "000007.escpos"), "");
  const answers: (boolean | DeviceRefusal)[] = [new DeviceRefusal("BUSY"), new DeviceRefusal("BUSY"), false, true];
  const register = {
    async isPrinted() {
      const answer = answers.shift() ?? new DeviceRefusal("RECEIPT_UNKNOWN");
      if (answer instanceof DeviceRefusal) {
        throw answer;
      }
      return answer;
    },
  };
  assert.is(await waitForPaper(register, "KZT00000001-7", folder, 0), join(folder, "000007"));
  assert.is(answers.length, 0);
  const refused = await waitForPaper(register, "KZT00000001-7", folder, 0).catch(error => error.code);
  assert.is(refused, "RECEIPT_UNKNOWN");
  rmSync(folder, { recursive: true });
});

test.run();
