/**
 * The mirror's tables: raw items of the log, and columns by which receipts are found (SQLite through libsql).
 *
 *   record    every item as the module gave it, with its hash
 *   receipt   one row a document, filled in as its outcome, delivery and printing come
 *   step      when this service saw a step of a request, in milliseconds, by idempotency key
 *
 * Nothing here is a source of truth: the file can be deleted, and is made again from the module. A file that SQLite
 * cannot read any more is put aside (`.damaged`, one of them is kept) and made again in the same way.
 */
import { renameSync, rmSync } from "node:fs";
import Database from "libsql";
import { documentKey } from "../../protocol/document";
import { outcomeKey, printedKey, recordType } from "../../protocol/records";
import { DeviceRefusal } from "../device/device-error";
import type { FrozenAnswer } from "./answer";
import { bytesIn, type LogItem, listIn, numberIn, textIn } from "./log-item";

const schema = `
  CREATE TABLE IF NOT EXISTS record (seq INTEGER PRIMARY KEY, type INTEGER NOT NULL, hash BLOB NOT NULL, item BLOB NOT NULL) STRICT;
  CREATE INDEX IF NOT EXISTS record_type ON record (type, seq);
  CREATE TABLE IF NOT EXISTS receipt (
    number INTEGER PRIMARY KEY, key TEXT NOT NULL, shift INTEGER NOT NULL, operation INTEGER NOT NULL,
    utcS INTEGER NOT NULL, offsetMin INTEGER NOT NULL, total INTEGER NOT NULL, change INTEGER NOT NULL, vat TEXT NOT NULL,
    documentSeq INTEGER NOT NULL, outcomeSeq INTEGER, deliveredSeq INTEGER, printedSeq INTEGER,
    outcome TEXT, sign TEXT, qrUrl TEXT, cause TEXT, resultCode INTEGER, resultText TEXT, outcomeUtcS INTEGER,
    ofdSign TEXT, ofdQrUrl TEXT, deliveredUtcS INTEGER, printedUtcS INTEGER, printedSha BLOB) STRICT;
  CREATE INDEX IF NOT EXISTS receipt_key ON receipt (key);
  CREATE INDEX IF NOT EXISTS receipt_shift ON receipt (shift, number);
  CREATE INDEX IF NOT EXISTS receipt_sign ON receipt (sign);
  CREATE INDEX IF NOT EXISTS receipt_ofd_sign ON receipt (ofdSign);
  CREATE TABLE IF NOT EXISTS step (key TEXT NOT NULL, name TEXT NOT NULL, atMs INTEGER NOT NULL, PRIMARY KEY (key, name)) STRICT;
`;

/** A document as the mirror knows it. */
export interface ReceiptRow {
  readonly number: number;
  readonly key: string;
  readonly documentSeq: number;
  readonly utcS: number;
  readonly offsetMin: number;
  /** Undefined while the document waits for its outcome. */
  readonly answer?: FrozenAnswer;
  readonly outcomeUtcS?: number;
  readonly deliveredUtcS?: number;
  readonly ofdSign?: string;
  readonly ofdQrUrl?: string;
  readonly printedUtcS?: number;
  /** SHA-256 of the bytes that the printer took. */
  readonly printedSha?: Buffer;
  readonly printedSeq?: number;
}

export interface ReceiptFilter {
  readonly key?: string;
  readonly number?: number;
  readonly shift?: number;
  /** The module's or the operator's. */
  readonly sign?: string;
  /** Numbers above this one. */
  readonly after?: number;
}

export interface MirrorStore {
  last(): { readonly sequence: number; readonly hash: Buffer } | undefined;
  /** Adds items in the order of the log, all or none. */
  add(items: readonly { readonly item: LogItem; readonly raw: Buffer }[]): void;
  find(filter: ReceiptFilter, limit: number): ReceiptRow[];
  item(sequence: number): Buffer | undefined;
  /** The newest record of a type at or before `sequence`. */
  newest(type: number, sequence: number): Buffer | undefined;
  /** Where the unbroken end of the mirrored log begins. */
  firstUnbroken(): number | undefined;
  addStep(key: string, name: string, atMs: number): void;
  steps(key: string): { readonly name: string; readonly atMs: number }[];
  /** What SQLite said when it could not read the file: then nothing in it counts any more. */
  damage(): MirrorFailed | undefined;
  close(): void;
}

const outcomeNames = ["online", "autonomous", "refused"] as const;

type Row = { readonly [column: string]: unknown };

/** The file cannot be read or written at this moment: not now for whoever asks, and `cause` for the one who mends it. */
export class MirrorFailed extends DeviceRefusal {
  readonly isDamaged: boolean;
  constructor(path: string, cause: unknown) {
    super("BUSY");
    this.name = "MirrorFailed";
    this.message = `${path}: ${cause instanceof Error ? cause.message : cause}`;
    const { code } = cause as { code?: unknown };
    this.isDamaged = typeof code === "string" && /^SQLITE_(NOTADB|CORRUPT)/.test(code);
  }
}

/** Every failure of SQLite comes out as MirrorFailed. */
export function openMirrorStore(path: string): MirrorStore {
  let damage: MirrorFailed | undefined;
  const guarded = <Args extends unknown[], Result>(act: (...args: Args) => Result): ((...args: Args) => Result) => {
    return (...args) => {
      try {
        return act(...args);
      } catch (error) {
        const failure = new MirrorFailed(path, error);
        damage ??= failure.isDamaged ? failure : undefined;
        throw failure;
      }
    };
  };
  const store = guarded(openTables)(path);
  return {
    last: guarded(store.last),
    add: guarded(store.add),
    find: guarded(store.find),
    item: guarded(store.item),
    newest: guarded(store.newest),
    firstUnbroken: guarded(store.firstUnbroken),
    addStep: guarded(store.addStep),
    steps: guarded(store.steps),
    damage: () => damage,
    close: guarded(store.close),
  };
}

/** Puts a damaged file aside, with what SQLite keeps beside it. */
export function putMirrorAside(path: string): void {
  renameSync(path, `${path}.damaged`);
  for (const end of ["-wal", "-shm"]) {
    rmSync(path + end, { force: true });
  }
}

function openTables(path: string): Omit<MirrorStore, "damage"> {
  const db = new Database(path);
  db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;");
  db.exec(schema);
  const insertRecord = db.prepare("INSERT INTO record (seq, type, hash, item) VALUES (?, ?, ?, ?)");
  const lastRecord = db.prepare("SELECT seq, hash FROM record ORDER BY seq DESC LIMIT 1");
  const itemAt = db.prepare("SELECT item FROM record WHERE seq = ?");
  const newestOf = db.prepare("SELECT item FROM record WHERE type = ? AND seq <= ? ORDER BY seq DESC LIMIT 1");
  const lastBreak = db.prepare(
    "SELECT max(seq) AS seq FROM record AS r WHERE NOT EXISTS (SELECT 1 FROM record WHERE seq = r.seq - 1)",
  );
  const insertStep = db.prepare("INSERT OR IGNORE INTO step (key, name, atMs) VALUES (?, ?, ?)");
  const stepsOf = db.prepare("SELECT name, atMs FROM step WHERE key = ? ORDER BY atMs");

  function addOne({ item, raw }: { item: LogItem; raw: Buffer }): void {
    insertRecord.run(item.sequence, item.type, item.hash, raw);
    const columns = item.payload === undefined ? undefined : columnsOf(item);
    if (columns === undefined) {
      return;
    }
    const names = Object.keys(columns).filter(name => columns[name] !== undefined);
    const values = names.map(name => columns[name]);
    if (item.type === recordType.document) {
      const places = names.map(() => "?").join(", ");
      db.prepare(`INSERT OR REPLACE INTO receipt (${names.join(", ")}) VALUES (${places})`).run(...values);
    } else {
      const sets = names.map(name => `${name} = ?`).join(", ");
      db.prepare(`UPDATE receipt SET ${sets} WHERE number = ?`).run(...values, columns.number);
    }
  }

  return {
    last() {
      const row = lastRecord.get() as Row | undefined;
      return row === undefined ? undefined : { sequence: row.seq as number, hash: bufferOf(row.hash) as Buffer };
    },
    add: db.transaction((items: readonly { item: LogItem; raw: Buffer }[]) => items.forEach(addOne)),
    find(filter, limit) {
      const { where, values } = conditions(filter);
      const sql = `SELECT * FROM receipt ${where} ORDER BY number LIMIT ?`;
      return (db.prepare(sql).all(...values, limit) as Row[]).map(rowOf);
    },
    item: sequence => bufferOf((itemAt.get(sequence) as Row | undefined)?.item),
    newest: (type, sequence) => bufferOf((newestOf.get(type, sequence) as Row | undefined)?.item),
    firstUnbroken: () => ((lastBreak.get() as Row).seq as number | null) ?? undefined,
    addStep: (key, name, atMs) => void insertStep.run(key, name, atMs),
    steps: key => stepsOf.all(key) as { name: string; atMs: number }[],
    close: () => db.close(),
  };
}

function conditions(filter: ReceiptFilter): { where: string; values: unknown[] } {
  const parts: string[] = [];
  const values: unknown[] = [];
  for (const name of ["key", "number", "shift"] as const) {
    if (filter[name] !== undefined) {
      parts.push(`${name} = ?`);
      values.push(filter[name]);
    }
  }
  if (filter.sign !== undefined) {
    parts.push("(sign = ? OR ofdSign = ?)");
    values.push(filter.sign, filter.sign);
  }
  if (filter.after !== undefined) {
    parts.push("number > ?");
    values.push(filter.after);
  }
  return { where: parts.length === 0 ? "" : `WHERE ${parts.join(" AND ")}`, values };
}

/** The columns of `receipt` that a record fills in; undefined for records that are not about a document. */
function columnsOf({ sequence, type, payload }: LogItem): { readonly [column: string]: unknown } | undefined {
  const map = payload ?? new Map();
  switch (type) {
    case recordType.document:
      return {
        number: numberIn(map, documentKey.number),
        key: textIn(map, documentKey.key),
        shift: numberIn(map, documentKey.shift),
        operation: numberIn(map, documentKey.operation),
        utcS: numberIn(map, documentKey.utcS),
        offsetMin: numberIn(map, documentKey.offsetMin),
        total: numberIn(map, documentKey.total),
        change: numberIn(map, documentKey.change) ?? 0,
        vat: JSON.stringify(listIn(map, documentKey.vat).map(each => (each as number[]).slice(0, 2))),
        documentSeq: sequence,
      };
    case recordType.outcome:
      return {
        number: numberIn(map, outcomeKey.number),
        outcome: outcomeNames[numberIn(map, outcomeKey.kind) ?? -1],
        sign: textIn(map, outcomeKey.sign),
        qrUrl: textIn(map, outcomeKey.qrUrl),
        cause: textIn(map, outcomeKey.cause),
        resultCode: numberIn(map, outcomeKey.resultCode),
        resultText: textIn(map, outcomeKey.resultText),
        outcomeUtcS: numberIn(map, outcomeKey.utcS),
        outcomeSeq: sequence,
      };
    case recordType.delivered:
      return {
        number: numberIn(map, outcomeKey.number),
        ofdSign: textIn(map, outcomeKey.sign),
        ofdQrUrl: textIn(map, outcomeKey.qrUrl),
        deliveredUtcS: numberIn(map, outcomeKey.utcS),
        deliveredSeq: sequence,
      };
    case recordType.printed:
      return {
        number: numberIn(map, printedKey.number),
        printedSha: bytesIn(map, printedKey.sha),
        printedUtcS: numberIn(map, printedKey.utcS),
        printedSeq: sequence,
      };
    default:
      return undefined;
  }
}

function rowOf(row: Row): ReceiptRow {
  const maybe = <T>(column: string): T | undefined => (row[column] ?? undefined) as T | undefined;
  const outcome = maybe<FrozenAnswer["outcome"]>("outcome");
  return {
    number: row.number as number,
    key: row.key as string,
    documentSeq: row.documentSeq as number,
    utcS: row.utcS as number,
    offsetMin: row.offsetMin as number,
    answer: outcome === undefined ? undefined : answerOf(row, outcome),
    outcomeUtcS: maybe("outcomeUtcS"),
    deliveredUtcS: maybe("deliveredUtcS"),
    ofdSign: maybe("ofdSign"),
    ofdQrUrl: maybe("ofdQrUrl"),
    printedUtcS: maybe("printedUtcS"),
    printedSha: bufferOf(row.printedSha),
    printedSeq: maybe("printedSeq"),
  };
}

function answerOf(row: Row, outcome: FrozenAnswer["outcome"]): FrozenAnswer {
  const maybe = <T>(column: string): T | undefined => (row[column] ?? undefined) as T | undefined;
  return {
    outcome,
    number: row.number as number,
    shift: row.shift as number,
    key: row.key as string,
    operation: row.operation as number,
    utcS: row.utcS as number,
    offsetMin: row.offsetMin as number,
    total: row.total as number,
    change: row.change as number,
    vat: JSON.parse(row.vat as string) as [number, number][],
    sign: maybe("sign"),
    qrUrl: maybe("qrUrl"),
    cause: maybe("cause"),
    resultCode: maybe("resultCode"),
    resultText: maybe("resultText"),
  };
}

const bufferOf = (value: unknown): Buffer | undefined =>
  value instanceof Uint8Array || value instanceof ArrayBuffer ? Buffer.from(value as Uint8Array) : undefined;
