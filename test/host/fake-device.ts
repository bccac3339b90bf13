/**
 * A module for tests of the HTTP edge: a log in an array with a right chain, no serial line and no rules. What the real
 * module decides is tested with the real module.
 */
import { createHash, generateKeyPairSync } from "node:crypto";
import { EventEmitter } from "node:events";
import { Decoder } from "cbor-x";
import { encodeCbor } from "../../host/device/cbor";
import { DeviceAbsent, DeviceRefusal, type FiscalDevice } from "../../host/device/fiscal-device";
import type { Bytes } from "../../protocol/bytes";
import { cardKey, ofdKey, orgKey, posKey } from "../../protocol/card";
import type { Answer, LookupReply } from "../../protocol/commands";
import { coseHead, coseTail, protectedHeader } from "../../protocol/cose-sign1";
import { documentKey, headKey, lineKey, paymentKey } from "../../protocol/document";
import { secretItem } from "../../protocol/journal";
import { readItem } from "../../protocol/journal-read";
import {
  fiscalizationKey,
  outcomeKey,
  printedKey,
  printerKey,
  recordType,
  signedTypes,
  typeName,
} from "../../protocol/records";

export interface FakeDevice {
  readonly device: FiscalDevice;
  /** Export items; the sequence of the first is `firstSeq`. */
  readonly log: Buffer[];
  readonly seen: { logins: number; sales: number; logPages: number };
  serial: string;
  isPresent: boolean;
  /** Thrown by the next calls of these methods, first in, first out. */
  readonly failures: Map<string, Error[]>;
  outcome: "online" | "autonomous" | "refused";
  /** Holds sales until it is resolved. */
  gate: Promise<void>;
  firstSeq: number;
  /** Sessions are lost, as by a reboot. */
  forgetSessions(): void;
  append(type: number, entries: readonly (readonly [number, unknown])[]): void;
  appendSecret(): void;
  /** Why it does not sell. */
  blocks: string[];
  /** The oldest `count` records are given up, as when the ring is full. */
  giveUp(count: number): void;
  print(number: number, escpos: Buffer): void;
  present(): void;
}

const sha = (bytes: Buffer): Buffer => createHash("sha256").update(bytes).digest();
const pinOf = "0000";
const utcS = 1795520525;
const kid = "\x01\x02\x03\x04\x05\x06\x07\x08" as Bytes;
const latin1 = (bytes: Buffer): Bytes => bytes.toString("latin1") as Bytes;

/** A payload with prev first; signed types in an envelope whose signature is not one. */
function payloadOf(type: number, prev: Buffer, entries: readonly (readonly [number, unknown])[]): Buffer {
  const map = encodeCbor(new Map<number, unknown>([[1, prev], ...entries.filter(([, value]) => value !== undefined)]));
  const name = typeName(type);
  if (name === undefined || !signedTypes.includes(name)) {
    return map;
  }
  const head = Buffer.from(coseHead(protectedHeader(kid), map.length), "latin1");
  return Buffer.concat([head, map, Buffer.from(coseTail("s".repeat(64) as Bytes), "latin1")]);
}

const prevOf = (item: Buffer): Buffer => Buffer.from(readItem(latin1(item))?.prev ?? "", "latin1");

export const fakeProfile = {
  name: "fake",
  columns: 48,
  letters: "table",
  codeTable: 53,
  qr: "command",
  confirms: true,
  cutter: true,
} as const;

const fiscalization: readonly (readonly [number, unknown])[] = [
  [fiscalizationKey.serial, "KZT00000001"],
  [fiscalizationKey.utcS, utcS - 100],
  [
    fiscalizationKey.card,
    new Map<number, unknown>([
      [cardKey.ofdId, 1000001],
      [cardKey.rnm, "010100000001"],
      [
        cardKey.org,
        new Map<number, unknown>([
          [orgKey.titleRu, 'ТОО "Дала Сауда"'],
          [orgKey.titleKk, '"Дала Сауда" ЖШС'],
          [orgKey.iinBin, "260140999993"],
          [orgKey.vatPayer, true],
        ]),
      ],
      [
        cardKey.pos,
        new Map<number, unknown>([
          [posKey.addressRu, "г. Астана, пр. Абая, д. 1"],
          [posKey.addressKk, "Астана қ., Абай даңғ., 1-үй"],
        ]),
      ],
      [
        cardKey.ofd,
        new Map<number, unknown>([
          [ofdKey.titleRu, 'АО "Пример ОФД"'],
          [ofdKey.titleKk, '"Үлгі ФДО" АҚ'],
          [ofdKey.site, "consumer.ofd.example"],
        ]),
      ],
    ]),
  ],
  [
    fiscalizationKey.printer,
    new Map<number, unknown>([
      [printerKey.name, fakeProfile.name],
      [printerKey.columns, fakeProfile.columns],
      [printerKey.letters, fakeProfile.letters],
      [printerKey.codeTable, fakeProfile.codeTable],
      [printerKey.qr, fakeProfile.qr],
      [printerKey.confirms, fakeProfile.confirms],
      [printerKey.cutter, fakeProfile.cutter],
    ]),
  ],
];

/** Lines and head of an upload. */
export function decodeUpload(upload: Buffer): Map<number, unknown>[] {
  const decoder = new Decoder({ mapsAsObjects: false, useRecords: false, int64AsNumber: true } as object);
  return decoder.decodeMultiple(upload) as Map<number, unknown>[];
}

export function createFakeDevice(): FakeDevice {
  const events = new EventEmitter();
  const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const rawKey = publicKey.export({ format: "der", type: "spki" }).subarray(-65);
  const documents = new Map<string, { sha: string; answer: Answer }>();
  const sessions = new Set<string>();
  let hash: Buffer = Buffer.alloc(32);
  let firstAnchor: Buffer = hash;
  let number = 0;

  function failNext(method: string): void {
    const error = fake.failures.get(method)?.shift();
    if (error !== undefined) {
      throw error;
    }
    if (!fake.isPresent) {
      throw new DeviceAbsent("unplugged");
    }
  }
  function mustKnow(session: Buffer): void {
    if (!sessions.has(session.toString("hex"))) {
      throw new DeviceRefusal("SESSION_LOST");
    }
  }
  function store(key: string, upload: Buffer): Answer {
    const items = decodeUpload(upload);
    const head = items.at(-1) as Map<number, unknown>;
    const payments = head.get(headKey.payments) as Map<number, unknown>[];
    const total = payments.reduce((sum, each) => sum + (each.get(paymentKey.sum) as number), 0);
    number += 1;
    const lines = items.slice(0, -1).map(line => new Map([...line, [lineKey.sum, line.get(lineKey.price)]]));
    fake.append(recordType.document, [
      [documentKey.number, number],
      [documentKey.shift, 1],
      [documentKey.utcS, utcS],
      [documentKey.offsetMin, 300],
      [documentKey.operatorCode, 1],
      [documentKey.operatorName, "Ә. Қуанышева"],
      [documentKey.key, key],
      [documentKey.operation, 2],
      [documentKey.total, total],
      [documentKey.change, 0],
      [documentKey.vat, [[16000, 8966, total]]],
      [documentKey.payments, payments],
      [documentKey.language, 0],
      [documentKey.lineCount, lines.length],
      [documentKey.lines, lines],
    ]);
    const { outcome } = fake;
    const sign = outcome === "refused" ? undefined : outcome === "online" ? `81234567890${number}` : `100104${number}`;
    const told = {
      sign,
      qrUrl: sign === undefined ? undefined : `https://consumer.ofd.example/?i=${sign}`,
      cause: outcome === "autonomous" ? "silent" : undefined,
      resultCode: outcome === "refused" ? 17 : undefined,
      resultText: outcome === "refused" ? "Seller is buyer" : undefined,
    };
    fake.append(recordType.outcome, [
      [outcomeKey.number, number],
      [outcomeKey.kind, ["online", "autonomous", "refused"].indexOf(outcome)],
      [outcomeKey.sign, told.sign],
      [outcomeKey.qrUrl, told.qrUrl],
      [outcomeKey.cause, told.cause],
      [outcomeKey.resultCode, told.resultCode],
      [outcomeKey.resultText, told.resultText],
      [outcomeKey.utcS, utcS + 1],
    ]);
    const frozen = { number, shift: 1, key, operation: 2, utcS, offsetMin: 300, total, change: 0 };
    return { outcome, ...frozen, vat: [[16000, 8966]], ...told };
  }

  const info = () => ({
    version: 1,
    board: "fake",
    serial: fake.serial,
    firmware: "0",
    bootTrust: "none",
    fiscalized: true,
    rnm: "010100000001",
    publicKey: rawKey,
    baudMax: 921600,
    sequence: fake.log.length + fake.firstSeq - 1,
    documentNumber: number,
  });

  const device = {
    on: (event: string, listener: () => void) => events.on(event, listener),
    off: (event: string, listener: () => void) => events.off(event, listener),
    state: () => ({ present: fake.isPresent, port: "fake", baud: 115200, info: fake.isPresent ? info() : undefined }),
    async present() {
      failNext("present");
      return info();
    },
    async info() {
      failNext("info");
      return info();
    },
    async status() {
      failNext("status");
      return {
        state: fake.blocks.length > 0 ? "blocked" : "ready",
        blocks: fake.blocks.map(code => ({ code, sinceUtcS: utcS })),
        shift: { number: 1, open: true, openedUtcS: utcS, documents: number },
        queue: { mode: "online", length: 0 },
        printer: { paper: true, cover: false, online: true, confirms: true, pending: 0 },
        memory: { freeBytes: 1000000, usedBytes: 1, bytesPerDay: 50000 },
        utcS,
        offsetMin: 300,
      };
    },
    async login(operator: number, pin: string) {
      fake.seen.logins += 1;
      failNext("login");
      if (pin !== pinOf || operator !== 1) {
        throw new DeviceRefusal("PIN_WRONG", { waitS: 2 });
      }
      const session = Buffer.from(`session-${fake.seen.logins}`.padEnd(16, "."));
      sessions.add(session.toString("hex"));
      return { session, name: "Ә. Қуанышева", role: 3, idleS: 900 };
    },
    async logout(session: Buffer) {
      sessions.delete(session.toString("hex"));
    },
    async lookup({ session, key }: { session: Buffer; key: string }): Promise<LookupReply> {
      failNext("lookup");
      mustKnow(session);
      const document = documents.get(key);
      if (document === undefined) {
        throw new DeviceRefusal("KEY_UNKNOWN");
      }
      return { state: "done", answer: document.answer };
    },
    async sellDocument(sale: Parameters<FiscalDevice["sellDocument"]>[0]) {
      await fake.gate;
      failNext("sellDocument");
      mustKnow(sale.session);
      fake.seen.sales += 1;
      const known = documents.get(sale.key);
      const bodySha = sha(sale.upload).toString("hex");
      if (known !== undefined && known.sha !== bodySha) {
        throw new DeviceRefusal("KEY_REUSED", { number: known.answer.number });
      }
      sale.onStep?.("uploaded");
      const answer = known?.answer ?? store(sale.key, sale.upload);
      documents.set(sale.key, { sha: bodySha, answer });
      sale.onStep?.("done");
      return { state: "done", answer };
    },
    async logPage(session: Buffer, seq: number, off: number) {
      fake.seen.logPages += 1;
      failNext("logPage");
      mustKnow(session);
      const item = fake.log[seq - fake.firstSeq];
      if (item === undefined) {
        throw new DeviceRefusal("RECORD_UNKNOWN", { got: seq });
      }
      const data = item.subarray(off, off + 700);
      const lastSeq = fake.log.length + fake.firstSeq - 1;
      return { anchorHash: firstAnchor, seq, off, len: item.length, data, firstSeq: fake.firstSeq, lastSeq };
    },
    async logRecord(session: Buffer, seq: number) {
      mustKnow(session);
      return { item: fake.log[seq - fake.firstSeq], firstSeq: fake.firstSeq, lastSeq: fake.log.length };
    },
    exportTrailer: async () => ({ trailer: encodeCbor(new Map([[1, "trailer"]])) }),
    async reprint() {
      failNext("reprint");
    },
    async tryNow() {
      failNext("tryNow");
    },
  } as unknown as FiscalDevice;

  const fake: FakeDevice = {
    device,
    log: [],
    seen: { logins: 0, sales: 0, logPages: 0 },
    serial: "KZT00000001",
    isPresent: true,
    failures: new Map(),
    outcome: "online",
    gate: Promise.resolve(),
    firstSeq: 1,
    blocks: [],
    forgetSessions: () => sessions.clear(),
    append(type, entries) {
      const payload = payloadOf(type, hash, entries);
      const item = Buffer.concat([
        Buffer.from([0x83]),
        encodeCbor(fake.log.length + fake.firstSeq),
        encodeCbor(type),
        payload,
      ]);
      fake.log.push(item);
      hash = sha(item);
    },
    appendSecret() {
      const secretHash = sha(Buffer.from(`secret ${fake.log.length}`));
      const item = secretItem(fake.log.length + fake.firstSeq, recordType.attempt, latin1(secretHash), latin1(hash));
      fake.log.push(Buffer.from(item, "latin1"));
      hash = secretHash;
    },
    giveUp(count) {
      fake.log.splice(0, count);
      fake.firstSeq += count;
      firstAnchor = prevOf(fake.log[0] as Buffer);
    },
    print(printedNumber, escpos) {
      fake.append(recordType.printed, [
        [printedKey.number, printedNumber],
        [printedKey.sha, sha(escpos)],
        [printedKey.lengthBytes, escpos.length],
        [printedKey.repeated, 0],
        [printedKey.utcS, utcS + 2],
        [printedKey.confirmed, true],
      ]);
    },
    present: () => void events.emit("present", info()),
  };
  fake.append(recordType.fiscalization, fiscalization);
  return fake;
}
