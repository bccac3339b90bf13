/**
 * kill -9 of a Linux board's process at random moments of its sales, paper included; it starts again at once, and the same
 * key is sent until there is an answer. Real process, real files, real driver. Several boards work at the same time, for
 * they mostly wait.
 */
import { tmpdir } from "node:os";
import { setTimeout as pause } from "node:timers/promises";
import { createSimRandom, type SimRandom } from "../../hal/sim/sim-random";
import { type LinuxProcess, openLinuxProcess } from "./linux-process";
import { openRealOperator, type RealOperator } from "./real-operator";
import { openRealTill, type RealTill } from "./real-till";
import { oneLine, threeLines } from "./receipts";
import type { OpenSeries, Tally } from "./series";
import { Failure, type Order } from "./shop";

const boardsUsual = 9;
const killsPerBoard = 56;
/** Of each board in one unit. */
const killsPerUnit = 7;
const units = killsPerBoard / killsPerUnit;
/** Sales without a kill, to know how long one takes. */
const measured = 3;
/** Kills are drawn over a little more than a whole sale. */
const spread = 1.1;
const secondKillChance = 0.2;
const secondKillMaxMs = 400;
const awayChance = 0.3;
/** After each kill so many of the newest receipts are looked up again. */
const lookedUp = 3;

interface Lane {
  readonly index: number;
  readonly process: LinuxProcess;
  readonly operator: RealOperator;
  readonly till: RealTill;
  readonly random: SimRandom;
  /** From handing a receipt in until its paper is out. */
  saleMs: number;
  failed: boolean;
}

async function openLane(index: number): Promise<Lane> {
  const serial = `KZT0000${String(index + 1).padStart(4, "0")}`;
  const process = await openLinuxProcess(serial, index % 2 === 0);
  const operator = await openRealOperator(serial);
  const till = openRealTill(process.tty, tmpdir(), operator);
  const random = createSimRandom(index, "kills");
  return { index, process, operator, till, random, saleMs: 0, failed: false };
}

/** Registers the board, and sells to know how long that takes. */
async function beginDay(lane: Lane): Promise<void> {
  const { till, process } = lane;
  await process.start();
  await till.fiscalize();
  for (let sale = 0; sale < measured; sale++) {
    const startedMs = performance.now();
    await till.sell(nextOrder(lane));
    await till.printed();
    lane.saleMs = performance.now() - startedMs;
  }
}

async function closeLane({ till, process, operator }: Lane): Promise<void> {
  await till.close();
  await process.close();
  await operator.close();
}

function nextOrder({ till, index }: Lane): Order {
  const number = till.sold() + 1;
  return { key: `board ${index}, sale ${number}`, receipt: number % 4 === 0 ? threeLines : oneLine };
}

async function killAfter({ process }: Lane, afterMs: number): Promise<void> {
  await pause(afterMs);
  await process.kill();
}

/** Sells, and kills the board meanwhile; how often. */
async function killInSale(lane: Lane): Promise<number> {
  const { till, operator, process, random } = lane;
  operator.isThere = !random.chance(awayChance);
  const momentMs = random.unit() * spread * lane.saleMs;
  const isTwice = random.chance(secondKillChance);
  const secondMs = random.unit() * secondKillMaxMs;
  const selling = till.sell(nextOrder(lane));
  const killing = (async () => {
    await killAfter(lane, momentMs);
    const started = process.start();
    if (isTwice) {
      await killAfter(lane, secondMs);
      await started;
      await process.start();
    } else await started;
  })();
  await Promise.all([selling, killing]);
  await till.printed();
  await till.lookUp(lookedUp);
  return isTwice ? 2 : 1;
}

/** Everything is delivered; log, operator and paper are what was sold; one more sale works. */
async function finish(lane: Lane): Promise<void> {
  const { till, operator, process } = lane;
  operator.isThere = true;
  await till.sell(nextOrder(lane));
  await till.printed();
  await till.deliver();
  await till.check(process.printedSigns());
}

function fail(lane: Lane, tally: Tally, error: unknown, what: string): void {
  const kind = error instanceof Failure ? error.kind : "bricked";
  const words = error instanceof Error ? error.message : String(error);
  lane.failed = true;
  tally.failures.push(new Failure(kind, `${words} (board ${lane.index}, ${what})`));
}

async function runLane(lane: Lane, unit: number, tally: Tally): Promise<void> {
  for (let kill = unit * killsPerUnit; kill < (unit + 1) * killsPerUnit && !lane.failed; kill++) {
    if ((lane.index * killsPerBoard + kill) % tally.thin !== 0) continue;
    try {
      const kills = await killInSale(lane);
      tally.cuts += kills;
      tally.second += kills - 1;
    } catch (error) {
      tally.cuts += 1;
      fail(lane, tally, error, `kill ${kill}`);
    }
  }
}

/** The last unit looks at everything. */
export async function openLinuxKills(boards = boardsUsual): Promise<OpenSeries> {
  const lanes = await Promise.all(Array.from({ length: boards }, (_, index) => openLane(index)));
  const close = async (): Promise<void> => {
    for (const lane of lanes) await closeLane(lane);
  };
  try {
    await Promise.all(lanes.map(beginDay));
  } catch (error) {
    await close();
    throw error;
  }
  return {
    units: units + 1,
    async run(unit, tally) {
      if (unit < units) await Promise.all(lanes.map(lane => runLane(lane, unit, tally)));
      else {
        const well = lanes.filter(({ failed }) => !failed);
        await Promise.all(well.map(lane => finish(lane).catch(error => fail(lane, tally, error, "in the end"))));
      }
    },
    close,
  };
}
