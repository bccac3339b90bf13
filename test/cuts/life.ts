/**
 * A life of the shop: what was written into the log while nothing failed, and what must stand there after something did.
 *
 * Before each sale the log is marked. After a cut it is read on from the mark; what is older lies in sectors that are the
 * same immutable objects of the simulated flash as long as nobody has erased them, so they need not be read again.
 */
import { retentionS } from "../../firmware/limits";
import type { LogPosition, RecordRef } from "../../firmware/memory-api";
import { lastZ, readZ } from "../../firmware/z-area";
import { type Geometry, partitionsOf } from "../../hal/sim/geometry";
import { bytesOf } from "../../host/device/message-channel";
import type { Bytes } from "../../protocol/bytes";
import { decodeMap, getUint } from "../../protocol/cbor-read";
import type { JournalKey } from "../../protocol/journal-verify";
import { shiftCloseKey } from "../../protocol/records";
import type { Board, WatchedBoard } from "./board";
import { openFlashLog, readItems } from "./flash-log";
import { type DocumentFacts, documentsIn, journalKey, type Log, lastCloseIn, readLog, sha256, verifyLog } from "./log";
import { nextLine } from "./receipts";
import { Failure, type Shop, type World } from "./shop";

export interface Life<Kind extends Board = WatchedBoard> {
  readonly shop: Shop<Kind>;
  readonly geometry: Geometry;
  readonly key: JournalKey;
  /** Where the log stood before sale n, counted from 0. */
  readonly marks: LogPosition[];
  /** Every record that ever was, from 1. */
  readonly items: Bytes[];
}

/** A life that begins with this shop. */
export function newLife<Kind extends Board>(shop: Shop<Kind>, geometry: Geometry): Life<Kind> {
  return { shop, geometry, key: journalKey(shop.board.hal().secureElement.publicKey()), marks: [], items: [] };
}

/** Marks the log, sells one line under this name, and lets paper and queue end. */
export function sellMarked(life: Life<Board>, name: string): void {
  markLog(life);
  life.shop.sell({ key: name, receipt: nextLine });
  life.shop.rest();
}

/** Two shifts, so that all copies of the state are written. */
export function liveTwoDays(life: Life<Board>): void {
  for (const day of ["first day", "second day"]) {
    sellMarked(life, day);
    life.shop.closeShift();
  }
}

/** Before a sale: what the log has grown by. */
export function markLog({ shop, marks, items }: Life<Board>): void {
  const memory = openFlashLog(shop.board.fiscal, marks.at(-1));
  items.push(...readItems(memory, memory.find(items.length)));
  if (marks.length === shop.world().told.length) marks.push(memory.logPosition());
  shop.board.tearOff();
}

/** What the ring keeps is what was sold; what it gave up might go. */
export function checkRing(shop: Shop<Board>): void {
  const memory = openFlashLog(shop.board.fiscal, undefined);
  const { sequence, hash } = memory.anchor();
  const documents = documentsIn({ firstSequence: sequence, anchorHash: hash, items: readItems(memory, undefined) });
  checkGivenUp(shop, documents);
  checkReceipts(shop, documents);
}

/** The log after a cut, from whom it is read: chain, signatures, and every receipt as it was sold. */
export function checkLog(
  life: Life<Board>,
  before: World,
  from: "module" | "flash",
): ReadonlyMap<number, DocumentFacts> {
  const { shop, key, items, marks } = life;
  const mark = marks[Math.max(0, before.told.length - 1)]!;
  const { firstSeq, anchorHash } = shop.oldestRecord();
  const memory = openFlashLog(shop.board.fiscal, mark);
  const tail = from === "module" ? readLog(shop, mark.sequence + 1) : readItems(memory, memory.find(mark.sequence));
  verifyLog(shop, key, mark.sequence + 1, mark.hash, tail);
  checkUntouched(life, before, mark, firstSeq, memory.next(undefined));
  const log: Log = {
    firstSequence: firstSeq,
    anchorHash,
    items: [...items.slice(firstSeq - 1, mark.sequence), ...tail],
  };
  const documents = documentsIn(log);
  checkGivenUp(shop, documents);
  checkReceipts(shop, documents);
  checkPaper(before, documents);
  checkControl(shop, log);
  return documents;
}

/** The newest Z record has its control record, whatever came between them. */
function checkControl({ board }: Shop<Board>, log: Log): void {
  const { callBytesMax } = board.hal().board;
  const slot = lastZ(board.z, callBytesMax);
  const control = slot === undefined ? undefined : decodeMap(readZ(board.z, callBytesMax, slot));
  const got = control === undefined ? undefined : getUint(control, shiftCloseKey.documentNumber);
  const expected = lastCloseIn(log);
  if (expected !== undefined && got !== expected) {
    throw new Failure("lost", `the last Z record is ${expected}, the last control record is of ${got}`);
  }
}

/** Sectors from the one of the oldest record up to the one of the mark, that one not included. */
function checkUntouched(
  { shop, geometry }: Life<Board>,
  before: World,
  mark: LogPosition,
  firstSeq: number,
  oldest: RecordRef | undefined,
): void {
  const { sectorBytes, fiscalBytes } = geometry;
  const base = partitionsOf(geometry).fiscal.offsetBytes / sectorBytes;
  const count = fiscalBytes / sectorBytes;
  const sectorOf = (position: number): number => Math.floor((position - 1) / sectorBytes);
  const now = shop.board.state().flash.sectors;
  if (oldest?.sequence !== firstSeq) {
    throw new Failure("lost", `the oldest record is ${firstSeq} to the module, ${oldest?.sequence} to another start`);
  }
  for (let sector = sectorOf(oldest.position); sector !== sectorOf(mark.position); sector = (sector + 1) % count) {
    if (now.get(base + sector) !== before.board.flash.sectors.get(base + sector)) {
      throw new Failure("lost", `sector ${sector} of the log was changed`);
    }
  }
}

/** What the ring gave up was delivered and 720 h old. */
function checkGivenUp(shop: Shop<Board>, documents: ReadonlyMap<number, DocumentFacts>): void {
  const { told, operator } = shop.world();
  const nowS = shop.board.nowS();
  for (const one of told) {
    if (documents.has(one.number)) continue;
    const isDelivered = operator.tickets[one.number - 1]?.number === one.number;
    if (!isDelivered || one.utcS === undefined || one.utcS > nowS - retentionS) {
      throw new Failure("lost", `receipt ${one.number} was given up ${isDelivered ? "young" : "undelivered"}`);
    }
  }
}

/** Every receipt in the log is one that was sold, as it was sold; the operator has the oldest ones, each once. */
function checkReceipts(shop: Shop<Board>, documents: ReadonlyMap<number, DocumentFacts>): void {
  const { told, operator } = shop.world();
  const numbers = operator.tickets.map(ticket => ticket.number);
  if (numbers.length > told.length || numbers.some((number, index) => number !== index + 1)) {
    throw new Failure("doubled", `the operator has receipts ${numbers.join(", ")}; ${told.length} were sold`);
  }
  for (const { number, key, requestSha, sign, deliveredSign } of documents.values()) {
    const sold = told[number - 1];
    if (sold?.number !== number || sold.key !== key || sha256(bytesOf(sold.receipt.bytes)) !== requestSha) {
      throw new Failure("lost", `receipt ${number} is not the one that was sold`);
    }
    const ticket = operator.tickets[number - 1];
    if (ticket !== undefined ? (deliveredSign ?? sign) !== ticket.sign : deliveredSign !== undefined) {
      throw new Failure("lost", `receipt ${number} has not the operator's sign`);
    }
  }
}

/** A sign that left the printer since the last mark stands in the log; one that broke off in the middle has no end. */
function checkPaper({ board }: World, documents: ReadonlyMap<number, DocumentFacts>): void {
  const signs = new Set([...documents.values()].map(({ sign }) => sign));
  for (const [, sign] of board.paper.matchAll(/[?&]i=(\d+)&/g)) {
    if (!signs.has(sign)) throw new Failure("lost", `paper shows sign ${sign}, which is not in the log`);
  }
}
