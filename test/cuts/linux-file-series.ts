/**
 * The flash of a Linux board, a file, whose power fails at every write and sync of a sale of one line, and again in the
 * recovery. What was not synced may be on the disk, or not, or in part.
 */
import { PowerLost } from "../../hal/sim/sim-flash";
import { createSimRandom } from "../../hal/sim/sim-random";
import { ensureBuilt } from "../../host/build/image";
import { nameCut, seldomExport, survive } from "./judge";
import { type Life, liveTwoDays, markLog, newLife } from "./life";
import { createLinuxFileBoard, type FileCut, type LinuxFileBoard, linuxGeometry } from "./linux-file-board";
import type { Machine } from "./machine";
import { oneLine } from "./receipts";
import { attempt, newTally, type OpenSeries } from "./series";
import { begin, createShop, type Order, type World } from "./shop";

const order: Order = { key: "watched", receipt: oneLine };
/** What the disk holds after a cut is drawn so often. */
const drawsPerCall = 12;
/** After so many of them the power fails again in the recovery. */
const secondsPerCall = 6;
/** More writes and syncs than the start and the rest of a sale take. */
const recoveryCallsMax = 160;
const keptMaxBytes = 512;

/** A shop in the middle of its day. */
interface Lived {
  readonly life: Life<LinuxFileBoard>;
  readonly start: World;
  /** Writes and syncs until the sale begins, and until it has ended. */
  readonly callsBefore: number;
  readonly callsAfter: number;
}

function live(board: LinuxFileBoard, shop: Life<LinuxFileBoard>["shop"]): Lived {
  const life = newLife(begin(shop), linuxGeometry);
  liveTwoDays(life);
  markLog(life);
  const start = shop.world();
  openDay(life, start);
  const callsBefore = board.calls();
  sellWhole(life);
  return { life, start, callsBefore, callsAfter: board.calls() };
}

function openDay({ shop }: Life<LinuxFileBoard>, start: World): void {
  shop.enter(start, "a life with a cut");
  shop.boot();
  shop.signIn();
}

function sellWhole({ shop }: Life<LinuxFileBoard>): void {
  shop.sell(order);
  shop.rest();
}

/** Runs until the power fails; false: it did not. */
function untilPowerFails(run: () => void): boolean {
  try {
    run();
    return false;
  } catch (error) {
    if (!(error instanceof PowerLost)) throw error;
    return true;
  }
}

/** The first cut. */
function cutSale({ life, start }: Lived, cut: FileCut): void {
  life.shop.board.cutNext(cut);
  if (!untilPowerFails(() => openDaySell(life, start))) throw new Error("a sale repeats itself to the write");
}

function openDaySell(life: Life<LinuxFileBoard>, start: World): void {
  openDay(life, start);
  sellWhole(life);
}

/** The second cut, in the start or the rest of the sale, or after both. */
function cutRecovery({ life }: Lived, cut: FileCut): void {
  const { shop } = life;
  shop.board.cutNext(cut);
  untilPowerFails(() => {
    shop.reboot();
    shop.signIn();
    sellWhole(life);
  });
}

function cutWords({ atCall, keptBytes, seed }: FileCut, { callsBefore }: Lived): string {
  return `cut at write or sync ${atCall - callsBefore}, ${keptBytes ?? "all"} bytes of it, seed ${seed}`;
}

function liveOrClose(board: LinuxFileBoard, machine: Machine): Lived {
  try {
    return live(board, createShop(board, machine));
  } catch (error) {
    board.close();
    throw error;
  }
}

/** A unit is one write or sync, with all its draws. */
export async function openLinuxFile(isSyncless = false): Promise<OpenSeries> {
  const { image } = await ensureBuilt();
  const { board, machine } = createLinuxFileBoard({ image, isSyncless });
  const lived = liveOrClose(board, machine);
  const { life, callsBefore, callsAfter } = lived;
  return {
    units: callsAfter - callsBefore,
    run(unit, tally) {
      for (let draw = 0; draw < drawsPerCall; draw++) {
        const turn = unit * drawsPerCall + draw;
        const chance = createSimRandom(turn, "file cut");
        const below = (limit: number): number => Math.floor(chance.unit() * limit);
        const keptBytes = draw % 2 === 0 ? undefined : below(keptMaxBytes);
        const first: FileCut = { atCall: callsBefore + 1 + unit, keptBytes, seed: 1 + turn };
        const words = cutWords(first, lived);
        attempt(tally, turn, false, () =>
          nameCut(words, () => {
            cutSale(lived, first);
            survive(life, life.shop.world(), seldomExport(turn), undefined);
          }),
        );
        if (draw >= secondsPerCall) continue;
        const second: FileCut = { atCall: 1 + below(recoveryCallsMax), keptBytes: undefined, seed: 100_000 + turn };
        attempt(tally, turn, true, () => {
          nameCut(`${words}; again at ${second.atCall} of the recovery`, () => {
            cutSale(lived, first);
            cutRecovery(lived, second);
            survive(life, life.shop.world(), seldomExport(turn), undefined);
          });
        });
      }
    },
    async close() {
      board.close();
    },
  };
}

/** What the search says of a flash that does not sync when it has found it; undefined: it was not caught. */
export async function catchSyncless(thin: number): Promise<string | undefined> {
  const tally = newTally(thin);
  const open = await openLinuxFile(true);
  try {
    for (let unit = 0; unit < open.units && tally.failures.length === 0; unit++) await open.run(unit, tally);
    return tally.failures[0]?.message;
  } finally {
    await open.close();
  }
}
