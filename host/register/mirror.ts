/**
 * The mirror: a copy of the module's log beside the service, so that receipts are found and shown without asking the
 * module for each. It follows the log record by record and checks the chain: each record's prev is the hash before it.
 *
 *   same board, log longer        go on
 *   oldest records given up       a gap: told, and the chain goes on at the module's anchor
 *   another board                 its own file, by serial and public key
 *   same board, other records     a fork: told as an alarm, nothing is overwritten, the mirror stands still
 *   a module that cannot read     nothing is concluded: the next start may find its records again
 *   a file that is damaged        put aside, and made again from the oldest record that the module has
 */
import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { DeviceInfo, FiscalDevice } from "../device/fiscal-device";
import { type LogItem, readLogItem } from "./log-item";
import { MirrorFailed, type MirrorStore, openMirrorStore, putMirrorAside } from "./mirror-store";

/** Records that go into the file together. */
const batchMax = 64;
/** Bytes of one item at most: a document of 160 KB with its envelope. */
const itemBytesMax = 200 * 1024;

export type MirrorAlarm =
  | { readonly code: "LOG_FORKED"; readonly sequence: number; readonly expected: string; readonly got: string }
  | { readonly code: "LOG_GAP"; readonly from: number; readonly to: number };

export interface MirrorEvents {
  /** Records that are new to the mirror, in order. `isFresh`: written while the mirror was following. */
  readonly onItems: (items: readonly LogItem[], isFresh: boolean) => void;
  readonly onAlarm: (alarm: MirrorAlarm) => void;
  /** The file was damaged and has been put aside; the mirror begins anew. */
  readonly onDamage: (reason: string) => void;
}

export interface Mirror {
  /** Pulls all that the module has at this moment, with any live session. Calls at the same time share one run. */
  catchUp(session: Buffer): Promise<void>;
  /** The tables of the board that was present last; undefined before any was. */
  store(): MirrorStore | undefined;
  /** The newest record that it holds; 0 when it has none, or cannot read it. */
  lastSequence(): number;
  serial(): string | undefined;
  forked(): boolean;
  close(): Promise<void>;
}

type LogDevice = Pick<FiscalDevice, "info" | "logPage" | "status">;

/** Blocks of a module whose log may be shorter than it is: what cannot be read is not there for it. */
const unreadableBlocks: readonly string[] = ["FLASH_FAILED", "MEMORY_CORRUPT"];

interface Open {
  readonly name: string;
  readonly serial: string;
  readonly path: string;
  readonly store: MirrorStore;
  /** The last record of the store is the module's too. */
  isJoined: boolean;
  isForked: boolean;
}

export function createMirror(device: LogDevice, folder: string, events: MirrorEvents): Mirror {
  let open: Open | undefined;
  let running: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  let isClosed = false;

  function openFor(info: DeviceInfo): Open {
    const name = `${info.serial}-${createHash("sha256").update(info.publicKey).digest("hex").slice(0, 16)}`;
    if (open?.name !== name) {
      closeStore();
      mkdirSync(folder, { recursive: true });
      const path = join(folder, `mirror-${name}.db`);
      open = { name, serial: info.serial, path, store: openSound(path), isJoined: false, isForked: false };
    }
    return open;
  }

  function openSound(path: string): MirrorStore {
    try {
      return openMirrorStore(path);
    } catch (error) {
      if (!(error instanceof MirrorFailed) || !error.isDamaged) {
        throw error;
      }
      putAside(path, error);
      return openMirrorStore(path);
    }
  }

  function putAside(path: string, { message }: MirrorFailed): void {
    putMirrorAside(path);
    events.onDamage(message);
  }

  /** A damaged file may refuse even this. */
  function closeStore(): void {
    const closing = open;
    open = undefined;
    try {
      closing?.store.close();
    } catch (error) {
      if (!(error instanceof MirrorFailed)) {
        throw error;
      }
    }
  }

  /** Damage is found by whoever reads; the next run puts the file aside, and one that meets it begins anew. */
  async function runSound(session: Buffer): Promise<void> {
    leaveDamaged();
    try {
      await run(session);
    } catch (error) {
      if (!leaveDamaged()) {
        throw error;
      }
      await run(session);
    }
  }

  function leaveDamaged(): boolean {
    const damage = open?.store.damage();
    if (open === undefined || damage === undefined) {
      return false;
    }
    const { path } = open;
    closeStore();
    putAside(path, damage);
    return true;
  }

  function fork(mirror: Open, sequence: number, expected: string, got: string): void {
    mirror.isForked = true;
    events.onAlarm({ code: "LOG_FORKED", sequence, expected, got });
  }

  async function run(session: Buffer): Promise<void> {
    const info = await device.info();
    const mirror = openFor(info);
    if (mirror.isForked) {
      return;
    }
    const last = mirror.store.last();
    if (last !== undefined && last.sequence > info.sequence) {
      if (!(await isUnreadable())) {
        fork(mirror, last.sequence, `record ${last.sequence}`, `log ends at ${info.sequence}`);
      }
      return;
    }
    if (last !== undefined && !mirror.isJoined && !(await joins(mirror, session, last, info.sequence))) {
      return;
    }
    if (info.sequence > (last?.sequence ?? 0)) {
      await follow(mirror, session, info.sequence);
    }
    mirror.isJoined = true;
  }

  async function isUnreadable(): Promise<boolean> {
    const { blocks } = await device.status();
    return blocks.some(({ code }) => unreadableBlocks.includes(code));
  }

  /** After a start: is the newest record that we have the module's as well? One given up meanwhile cannot be asked. */
  async function joins(
    mirror: Open,
    session: Buffer,
    last: { sequence: number; hash: Buffer },
    newest: number,
  ): Promise<boolean> {
    if ((await firstSequence(session, newest)) > last.sequence) {
      return true;
    }
    const { raw } = await fetchItem(session, last.sequence);
    const hash = raw === undefined ? undefined : readLogItem(raw)?.hash;
    if (hash !== undefined && hash.equals(last.hash)) {
      return true;
    }
    fork(mirror, last.sequence, last.hash.toString("hex"), hash?.toString("hex") ?? "no record");
    return false;
  }

  async function follow(mirror: Open, session: Buffer, newest: number): Promise<void> {
    const last = mirror.store.last();
    let next = Math.max((last?.sequence ?? 0) + 1, await firstSequence(session, newest));
    let prev = last?.hash;
    if (last === undefined || next > last.sequence + 1) {
      prev = undefined;
      if (last !== undefined) {
        events.onAlarm({ code: "LOG_GAP", from: last.sequence + 1, to: next - 1 });
      }
    }
    while (next <= newest && !isClosed) {
      const batch: { item: LogItem; raw: Buffer }[] = [];
      for (; next <= newest && batch.length < batchMax; next++) {
        const { raw, anchorHash } = await fetchItem(session, next);
        const item = raw === undefined ? undefined : readLogItem(raw);
        const expected = prev ?? anchorHash;
        if (
          item === undefined ||
          raw === undefined ||
          item.sequence !== next ||
          expected?.equals(item.prev) === false
        ) {
          keep(mirror, batch);
          const got = item === undefined ? "no record" : item.prev.toString("hex");
          fork(mirror, next, expected?.toString("hex") ?? "any", got);
          return;
        }
        batch.push({ item, raw });
        prev = item.hash;
      }
      keep(mirror, batch);
    }
  }

  function keep(mirror: Open, batch: readonly { item: LogItem; raw: Buffer }[]): void {
    if (batch.length > 0) {
      mirror.store.add(batch);
      events.onItems(
        batch.map(({ item }) => item),
        mirror.isJoined,
      );
    }
  }

  /** The oldest record that the module still has. */
  async function firstSequence(session: Buffer, newest: number): Promise<number> {
    return (await device.logPage(session, newest, 0)).firstSeq;
  }

  /** A whole item by pages; `anchorHash` is the prev of the oldest record. */
  async function fetchItem(session: Buffer, sequence: number): Promise<{ raw?: Buffer; anchorHash?: Buffer }> {
    const parts: Buffer[] = [];
    let anchorHash: Buffer | undefined;
    for (let off = 0; ; ) {
      const page = await device.logPage(session, sequence, off);
      parts.push(page.data);
      off += page.data.length;
      anchorHash ??= page.anchorHash;
      if (page.data.length === 0 || page.len > itemBytesMax) {
        return {};
      }
      if (off >= page.len) {
        return { raw: Buffer.concat(parts), anchorHash };
      }
    }
  }

  function catchUp(session: Buffer): Promise<void> {
    if (running === undefined) {
      running = runSound(session).finally(() => {
        running = undefined;
      });
      return running;
    }
    // The run under way may have asked before the caller's record was there: one more, for all who wait.
    next ??= running
      .catch(() => {})
      .then(() => {
        next = undefined;
        return catchUp(session);
      });
    return next;
  }

  return {
    catchUp,
    store: () => open?.store,
    lastSequence() {
      try {
        return open?.store.last()?.sequence ?? 0;
      } catch (error) {
        if (error instanceof MirrorFailed) {
          return 0;
        }
        throw error;
      }
    },
    serial: () => open?.serial,
    forked: () => open?.isForked ?? false,
    async close() {
      isClosed = true;
      await running?.catch(() => {});
      closeStore();
    },
  };
}
