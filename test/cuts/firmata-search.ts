/**
 * The thread that searches on Firmata boards: one line is sold, and at one of the messages to the hobby board the line is
 * lost. The image goes on without its fiscal memory for a while; when the line is back it starts again and is judged.
 *
 *   enter the shop's day ─► line up ─► sell, lose the line ─► line up ─► judge
 *
 * A line takes half a second to come up, so several boards take turns.
 */
import { parentPort } from "node:worker_threads";
import type { Board } from "./board";
import { createFirmataBoard, firmataGeometry, LinkLost, type Waited } from "./firmata-board";
import type { FromSearch, ToSearch } from "./firmata-series";
import { type Care, nameCut, seldomExport, survive } from "./judge";
import { type Life, liveTwoDays, markLog, newLife } from "./life";
import { oneLine } from "./receipts";
import { begin, createShop, Failure, type Order, Refused, type Shop, type World } from "./shop";
import { callStarter } from "./waiting-call";

const order: Order = { key: "watched", receipt: oneLine };
/** Trials of one unit; boards take turns in them. */
const unitTrials = 16;

interface Place {
  readonly bench: Waited;
  readonly life: Life<Board>;
  /** How often the FRAM had been proved when the trial went on. */
  proofs: number;
}

/** Bench number `index` of the thread that has started this one. */
const benchOf = (index: number): Waited =>
  new Proxy({} as Waited, {
    get:
      (_, name) =>
      (...values: unknown[]) =>
        callStarter(String(name), [index, ...values]),
  });

/**
 * The line may also be lost by itself: a computer that is too busy for 600 ms is a silent board to the driver. What fails
 * then is tried again.
 */
const triesMax = 4;

/** Whether the line was lost again since the FRAM was proved so often. */
const isDisturbed = (bench: Waited, proofs: number): boolean => bench.proofs() !== proofs || !bench.isUp();

interface Day {
  readonly life: Life<Board>;
  readonly start: World;
  /** Of the sale. */
  readonly messages: number;
}

/** A shop in the middle of its day. */
function liveDay(shop: Shop<Board>, bench: Waited): Day {
  const life = newLife(begin(shop), firmataGeometry);
  liveTwoDays(life);
  markLog(life);
  const start = shop.world();
  const before = bench.messages();
  shop.sell(order);
  shop.rest();
  return { life, start, messages: bench.messages() - before };
}

function liveDayPatiently(shop: Shop<Board>, bench: Waited): Day {
  const blank = shop.world();
  for (let tries = 1; ; tries++) {
    const proofs = bench.proofs();
    try {
      return liveDay(shop, bench);
    } catch (error) {
      if (tries >= triesMax || !isDisturbed(bench, proofs)) throw error;
      shop.enter(blank, "a new board");
      bench.up();
    }
  }
}

/** A shop on the first board, and the same on the others. */
function prepare(boards: number): { places: Place[]; day: Day } {
  const benches = Array.from({ length: boards }, (_, index) => benchOf(index));
  const shops = benches.map(bench => {
    bench.up();
    const { board, machine } = createFirmataBoard(bench);
    return createShop(board, machine);
  });
  const day = liveDayPatiently(shops[0]!, benches[0]!);
  return {
    places: shops.map((shop, index) => ({ bench: benches[index]!, life: { ...day.life, shop }, proofs: 0 })),
    day,
  };
}

/** One loss of the line; yields while the line comes up. False: the sale had ended before. */
function* loseOnce(place: Place, start: World, trial: number): Generator<void, boolean> {
  const { bench, life } = place;
  const { shop } = life;
  const message = 1 + Math.floor(trial / 2);
  const isAfter = trial % 2 === 1;
  shop.enter(start, `life ${trial}`);
  yield;
  bench.up();
  place.proofs = bench.proofs();
  shop.boot();
  shop.signIn();
  bench.dropAt(message, isAfter);
  const isWhole = sellOnce(life);
  if (isWhole && bench.isUp()) return false;
  yield;
  bench.up();
  place.proofs = bench.proofs();
  nameCut(`the line lost ${isAfter ? "after" : "before"} message ${message}`, () =>
    survive(life, shop.world(), careOf(trial), undefined),
  );
  return true;
}

function* lose(place: Place, start: World, trial: number): Generator<void, boolean> {
  for (let tries = 1; ; tries++) {
    try {
      return yield* loseOnce(place, start, trial);
    } catch (error) {
      if (tries >= triesMax || !isDisturbed(place.bench, place.proofs)) throw error;
    }
  }
}

/** What a message has left behind is what the next one finds: the sales after it are not all sold on. */
function careOf(trial: number): Care {
  const isAfter = trial % 2 === 1;
  return isAfter && trial % 6 !== 1 ? "look" : seldomExport(trial / 2);
}

/** True when it came to the end. */
function sellOnce({ shop }: Life<Board>): boolean {
  try {
    shop.sell(order);
    shop.rest();
    return true;
  } catch (error) {
    const isLoss = error instanceof LinkLost || (error instanceof Refused && error.refusal.code === "FLASH_FAILED");
    if (!isLoss) throw error;
    return false;
  }
}

interface Result {
  cuts: number;
  readonly failures: { kind: Failure["kind"]; message: string }[];
}

/** Every place takes a trial, then the next: whoever waits for its line lets the others go on. */
function runTrials(places: readonly Place[], start: World, trials: number[]): Result {
  const result: Result = { cuts: 0, failures: [] };
  const step = (run: Generator<void, boolean>): boolean => {
    try {
      const { done, value } = run.next();
      if (done === true && value === true) result.cuts += 1;
      return done === true;
    } catch (error) {
      const failure = error instanceof Failure ? error : new Failure("bricked", String(error));
      result.cuts += 1;
      result.failures.push({ kind: failure.kind, message: failure.message });
      return true;
    }
  };
  const running = new Map<Place, Generator<void, boolean>>();
  while (trials.length > 0 || running.size > 0) {
    for (const place of places) {
      const trial = running.has(place) ? undefined : trials.shift();
      if (trial !== undefined) running.set(place, lose(place, start, trial));
      const run = running.get(place);
      if (run !== undefined && step(run)) running.delete(place);
    }
  }
  return result;
}

let prepared: ReturnType<typeof prepare> | undefined;
const tell = (message: FromSearch): void => parentPort?.postMessage(message);

parentPort?.on("message", (message: ToSearch) => {
  if ("boards" in message) {
    prepared = prepare(message.boards);
    tell({ units: Math.ceil((2 * prepared.day.messages) / unitTrials) });
  } else {
    const { places, day } = prepared!;
    const first = message.unit * unitTrials;
    const trials = Array.from({ length: unitTrials }, (_, index) => first + index);
    const wanted = trials.filter(trial => trial < 2 * day.messages && trial % message.thin === 0);
    tell(runTrials(places, day.start, wanted));
  }
});
