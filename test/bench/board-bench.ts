/**
 * The same receipt of 15 lines on every kind of board: what its answer takes, the floor of the slowest part that it must
 * pass, and the heap. A floor is what that part takes when it does nothing else:
 *
 *   line      bytes of the sale on the line to the host, at its speed                                      every board
 *   disk      writes that are brought to the disk one by one, times the median of one as large, here, now  linux
 *   firmata   bytes on the line to the hobby board, the larger direction, at its speed                     firmata
 */
import { closeSync, fdatasyncSync, fsyncSync, openSync, writeSync } from "node:fs";
import path from "node:path";
import type { BoardKind } from "../../host/cli/board-kind";
import { firmataBaud } from "../../protocol/firmata";
import { type BoardStatus, boardStatus } from "./board-status";
import { hundredths, median, tenths, timed } from "./median";
import { lineBytesOfSale, openRealShop, type RealShop, wireMs } from "./real-shop";

export type Part = "line" | "disk" | "firmata";

export interface BoardTimes {
  readonly kind: BoardKind;
  /** So many sales the medians are of. */
  readonly sales: number;
  /** From the POS's request to its answer, the operator answering. */
  readonly onlineMs: number;
  readonly slowestPart: Part;
  /** Of the slowest part. */
  readonly floorMs: number;
  readonly floorsMs: Partial<Record<Part, number>>;
  /** How much of onlineMs the floor of the slowest part explains. */
  readonly shareOfFloor: number;
  /** Of the image after the last answer: what its machine ever held at once; on Linux, what Lua holds now. */
  readonly heapBytes: number;
}

export interface BoardsOptions {
  readonly kinds: readonly BoardKind[];
  /** Sold before those that count. */
  readonly warmUps: number;
  readonly sales: number;
  /** Hears of each shop that has opened and of each sale. */
  readonly onStep: () => void;
}

export const boardBaud = 115_200;
const syncSamples = 101;

/** Opens the shops side by side, since most of that is waiting; then only one of them works at a time. */
export async function measureBoards(options: BoardsOptions): Promise<BoardTimes[]> {
  const shops = await openAll(options);
  const lineFloorMs = wireMs(lineBytesOfSale(), boardBaud);
  try {
    const times: BoardTimes[] = [];
    for (const [kind, shop] of shops) times.push(await measureBoard(kind, shop, lineFloorMs, options));
    return times;
  } finally {
    await Promise.all(shops.map(([, shop]) => shop.close()));
  }
}

async function openAll({ kinds, onStep }: BoardsOptions): Promise<[BoardKind, RealShop][]> {
  const opening = kinds.map(async (kind): Promise<[BoardKind, RealShop]> => {
    const shop = await openRealShop({ boardKind: kind, baud: boardBaud });
    onStep();
    return [kind, shop];
  });
  const settled = await Promise.allSettled(opening);
  const opened = settled.flatMap(result => (result.status === "fulfilled" ? [result.value] : []));
  const failed = settled.find(result => result.status === "rejected");
  if (failed === undefined) return opened;
  await Promise.all(opened.map(([, shop]) => shop.close()));
  throw failed.reason;
}

interface Sale {
  readonly answerMs: number;
  readonly before: BoardStatus;
  readonly after: BoardStatus;
}

async function measureBoard(
  kind: BoardKind,
  shop: RealShop,
  lineFloorMs: number,
  { warmUps, sales: count, onStep }: BoardsOptions,
): Promise<BoardTimes> {
  const sold: Sale[] = [];
  while (sold.length < warmUps + count) {
    const before = await boardStatus(shop.home, kind);
    const answered = await shop.sell("online");
    sold.push({ before, answerMs: answered.answerMs, after: await boardStatus(shop.home, kind) });
    // The next one must not wait for this one's paper.
    if (sold.length < warmUps + count) await answered.printed();
    onStep();
  }
  const sales = sold.slice(warmUps);
  const floors: [Part, number][] = [["line", lineFloorMs], ...ownFloors[kind](sales, shop.home)];
  const [slowestPart, floorMs] = floors.reduce((slowest, floor) => (floor[1] > slowest[1] ? floor : slowest));
  const onlineMs = median(sales.map(({ answerMs }) => answerMs));
  const { heapPeakBytes, heapBytes } = sold[sold.length - 1]!.after;
  return {
    kind,
    sales: count,
    onlineMs: tenths(onlineMs),
    slowestPart,
    floorMs: tenths(floorMs),
    floorsMs: Object.fromEntries(floors.map(([part, ms]) => [part, tenths(ms)])),
    shareOfFloor: hundredths(floorMs / onlineMs),
    heapBytes: (kind === "linux" ? heapBytes : heapPeakBytes) ?? Number.NaN,
  };
}

/** Of the parts that only this kind of board has. */
const ownFloors: Record<BoardKind, (sales: readonly Sale[], home: string) => [Part, number][]> = {
  emulator: () => [],
  linux: (sales, home) => [["disk", diskFloorMs(sales, home)]],
  firmata: sales => [["firmata", firmataFloorMs(sales)]],
};

/** How much a count of the board grew by one sale. */
const growth = (sales: readonly Sale[], countOf: (status: BoardStatus) => number | undefined): number =>
  median(sales.map(({ before, after }) => (countOf(after) ?? Number.NaN) - (countOf(before) ?? Number.NaN)));

function firmataFloorMs(sales: readonly Sale[]): number {
  const toDevice = growth(sales, ({ carriedBytes }) => carriedBytes?.toDevice);
  const toHost = growth(sales, ({ carriedBytes }) => carriedBytes?.toHost);
  return wireMs(Math.max(toDevice, toHost), firmataBaud);
}

function diskFloorMs(sales: readonly Sale[], home: string): number {
  const syncs = growth(sales, status => status.syncs);
  const syncedBytes = growth(sales, status => status.syncedBytes);
  return syncs * syncMs(home, Math.ceil(syncedBytes / syncs));
}

/** The median of bringing so many bytes to the disk, inside a file that has its full size, as the board's flash has. */
function syncMs(folder: string, lengthBytes: number): number {
  const file = openSync(path.join(folder, "sync-probe"), "w+", 0o600);
  try {
    writeSync(file, Buffer.alloc(syncSamples * lengthBytes, 0xff), 0, undefined, 0);
    fsyncSync(file);
    const data = Buffer.alloc(lengthBytes);
    const times = Array.from({ length: syncSamples }, (_, sample) => {
      writeSync(file, data, 0, lengthBytes, sample * lengthBytes);
      return timed(() => fdatasyncSync(file));
    });
    return median(times);
  } finally {
    closeSync(file);
  }
}
