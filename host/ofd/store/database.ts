/** Opens the embedded store's file: SQLite in WAL mode, each commit on the disk before it is told. */
import { chmodSync, mkdirSync } from "node:fs";
import path from "node:path";
import Database from "libsql";
import { schema, schemaVersion } from "./schema";

export type Connection = Database.Database;

/** Pages after which the log is folded into the file: fewer cost throughput, more make the pauses longer. */
const checkpointPages = 4000;
const lockWaitMs = 5000;

export function openDatabase(file: string): Connection {
  // A path that went through resolve() has lost one slash of its URL.
  if (/\bpostgres(ql)?:\//.test(file)) throw new Error(`expected the path of a file, got ${file}`);
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  const database = new Database(file, { timeout: lockWaitMs });
  // Tokens and the sign's key are inside.
  chmodSync(file, 0o600);
  database.pragma("journal_mode = WAL");
  database.pragma("synchronous = FULL");
  database.pragma("foreign_keys = ON");
  database.pragma(`wal_autocheckpoint = ${checkpointPages}`);
  migrate(database);
  return database;
}

function migrate(database: Connection): void {
  const { user_version: version } = database.prepare("pragma user_version").get() as { user_version: number };
  if (version === schemaVersion) return;
  if (version > schemaVersion)
    throw new Error(`the store is of version ${version}, this server knows ${schemaVersion}`);
  database.exec(`begin immediate; ${schema} pragma user_version = ${schemaVersion}; commit;`);
}
