/**
 * `kassa journal verify|show FILE`: reads an export of the fiscal log (protocol/journal.ts). No device is needed; whoever
 * holds an export and the module's public key can check it.
 */
import { createHash, createPublicKey, type KeyObject } from "node:crypto";
import { closeSync, openSync, readSync } from "node:fs";
import { p256 } from "@noble/curves/nist.js";
import { type Bytes, slice } from "../../protocol/bytes";
import { toHex } from "../../protocol/hex";
import type { JournalHeader } from "../../protocol/journal";
import { createItemSplitter, feedItems, readHeader, readItem, type Sha256 } from "../../protocol/journal-read";
import { type JournalKey, type JournalVerdict, verifyJournal } from "../../protocol/journal-verify";
import { DeviceRefusal } from "../device/device-error";
import type { Language } from "../texts/index";
import { journalSentence, journalTexts } from "../texts/journal";
import { type CommandSpec, helpOf, parseCommand, UsageError } from "./args";
import { orUnreadable, readText } from "./input";
import { describeItem, formatUtc, type ShownItem, showItem } from "./journal-item";
import { columns, exitCode, tellResult } from "./output";

const verifySpec: CommandSpec = {
  usage: "journal verify FILE --key FILE",
  about:
    "Checks every record of an export: form, order, chain and signatures, and names the first one that is not as the module wrote it. Exit 0 intact, 1 not.",
  options: { key: { type: "string", value: "FILE", about: "the module's public key, PEM" } },
  positionals: [1, 1],
  example: "kassa journal verify november.journal --key november.journal.pem",
};

const showSpec: CommandSpec = {
  usage: "journal show FILE",
  about: "Lists the records of an export. Nothing is verified.",
  options: {},
  positionals: [1, 1],
  example: "kassa journal show november.journal",
};

export const help = [
  "kassa journal VERB: the fiscal log",
  "",
  "  export [FILE]              writes the module's log to a file",
  "  show FILE                  lists the records of an export",
  "  verify FILE --key FILE     checks an export against the module's public key",
  "",
  "Example: kassa journal verify november.journal --key november.journal.pem",
].join("\n");

export async function run(args: string[]): Promise<number> {
  const [verb, ...rest] = args;
  if (verb === "verify") {
    return runVerify(rest);
  }
  if (verb === "show") {
    return runShow(rest);
  }
  const isAsked = verb === "--help" || verb === "-h";
  if (!isAsked) {
    throw new UsageError(verb === undefined ? help : `kassa journal: no verb "${verb}"\n\n${help}`);
  }
  console.log(help);
  return exitCode.done;
}

export interface JournalReport extends JournalVerdict {
  /** SHA-256 of the public key, hexadecimal; its first 16 digits are the key id in every signature. */
  readonly fingerprint: string;
}

/** Verifies an export against a key file. Throws DeviceRefusal FILE_UNREADABLE, and UsageError when the key is none. */
export function journalVerify(file: string, keyFile: string): JournalReport {
  const publicKey = publicKeyOf(readKey(keyFile), keyFile);
  const fingerprint = sha256(publicKey);
  const key: JournalKey = {
    kid: slice(fingerprint, 0, 8),
    sha256,
    verify: (digest, signature) =>
      p256.verify(bufferOf(signature), bufferOf(digest), bufferOf(publicKey), { prehash: false }),
  };
  return { ...verifyJournal(readChunks(file), key), fingerprint: toHex(fingerprint) };
}

function runVerify(args: string[]): number {
  const { options, positionals, json, language } = parseCommand(args, verifySpec);
  if (options.key === undefined) {
    throw new UsageError(`--key FILE is needed\n\n${helpOf(verifySpec)}`);
  }
  const report = journalVerify(positionals[0]!, String(options.key));
  tellResult(json, resultOf(report, language), textOf(report, language));
  return report.ok ? exitCode.done : exitCode.refused;
}

function resultOf(report: JournalReport, language: Language): object {
  const { ok, records, problem, header, trailer, fingerprint } = report;
  const detail = problem && journalSentence(problem.record, problem.problem, language);
  const nextAction = journalTexts[language].nextAction;
  return {
    ok,
    records,
    ...(header && describeHeader(header)),
    utcS: trailer?.utcS,
    fingerprint,
    keyAdvice: journalTexts[language].keyAdvice,
    ...(problem && { problem: { ...problem, detail, nextAction } }),
  };
}

function textOf({ problem, records, header, trailer, fingerprint }: JournalReport, language: Language): string {
  const texts = journalTexts[language];
  const facts = columns([
    ["serial", header === undefined ? "?" : utf8Text(header.serial)],
    ["rnm", header === undefined ? "?" : utf8Text(header.rnm)],
    ["records", header === undefined ? "?" : `${records} (${header.from} … ${header.to})`],
    ["exported", trailer === undefined ? "?" : formatUtc(trailer.utcS)],
    ["key", fingerprint.replace(/(.{4})(?=.)/g, "$1 ")],
  ]);
  const verdict =
    problem === undefined
      ? [texts.intact]
      : [
          `${problem.problem}: ${journalSentence(problem.record, problem.problem, language)}`,
          columns([
            ["  expected", problem.expected],
            ["  got", problem.got],
          ]),
          texts.nextAction,
        ];
  return [facts, "", ...verdict, "", texts.keyAdvice].join("\n");
}

function runShow(args: string[]): number {
  const { positionals, json } = parseCommand(args, showSpec);
  const file = positionals[0]!;
  let header: JournalHeader | undefined;
  const shown: ShownItem[] = [];
  let splitter = createItemSplitter();
  for (const chunk of readChunks(file)) {
    const fed = feedItems(splitter, chunk);
    splitter = fed.splitter;
    for (const bytes of fed.items) {
      const item = readItem(bytes);
      header = header ?? readHeader(bytes);
      if (item !== undefined) {
        shown.push(showItem(bytes, item, sha256));
      }
    }
  }
  if (header === undefined) {
    throw new DeviceRefusal("FILE_UNREADABLE", { file, reason: "not a journal" });
  }
  const lines = shown.map(describeItem);
  tellResult(json, { header: describeHeader(header), records: shown }, lines.join("\n"));
  return exitCode.done;
}

const describeHeader = ({ serial, rnm, from, to, anchorSequence, anchorHash }: JournalHeader) => ({
  serial: utf8Text(serial),
  rnm: utf8Text(rnm),
  from,
  to,
  anchor: { sequence: anchorSequence, hash: toHex(anchorHash) },
});

// Files and keys.

const bufferOf = (bytes: Bytes): Buffer => Buffer.from(bytes, "latin1");
const utf8Text = (bytes: Bytes): string => bufferOf(bytes).toString("utf8");
const sha256: Sha256 = bytes => createHash("sha256").update(bytes, "latin1").digest().toString("latin1") as Bytes;

const chunkBytes = 65536;

function* readChunks(file: string): Generator<Bytes> {
  const descriptor = orUnreadable(file, () => openSync(file, "r"));
  try {
    const buffer = Buffer.alloc(chunkBytes);
    for (;;) {
      const lengthBytes = orUnreadable(file, () => readSync(descriptor, buffer));
      if (lengthBytes === 0) {
        return;
      }
      yield buffer.toString("latin1", 0, lengthBytes) as Bytes;
    }
  } finally {
    closeSync(descriptor);
  }
}

function readKey(file: string): KeyObject {
  const pem = readText(file);
  try {
    return createPublicKey(pem);
  } catch {
    throw new UsageError(`--key ${file}: expected a public key in PEM, got something else`);
  }
}

/** The uncompressed point, 65 bytes: what the module hashes to its key id. */
function publicKeyOf(key: KeyObject, file: string): Bytes {
  if (key.asymmetricKeyDetails?.namedCurve !== "prime256v1") {
    throw new UsageError(`--key ${file}: expected a P-256 key, got ${key.asymmetricKeyType}`);
  }
  const { x = "", y = "" } = key.export({ format: "jwk" });
  const point = [Buffer.of(0x04), Buffer.from(x, "base64url"), Buffer.from(y, "base64url")];
  return Buffer.concat(point).toString("latin1") as Bytes;
}
