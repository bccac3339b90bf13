/**
 * What happens to a register, by seed: what hosts send, what the operator answers, what people do at the printer and to
 * the clock, and when the power fails. All of it is drawn before anything runs, so that every machine gets the same.
 */
import { unfinishedPacketMs } from "../../firmware/limits";
import { eraseStates, type Tear, tears } from "../../hal/sim/sim-flash";
import { readLog } from "../cuts/log";
import type { Order } from "../cuts/shop";
import { createRandom, type Random } from "../random";
import { drawAsk, drawNoise } from "./asks";
import { type Happening, said, startAgain } from "./happening";
import { drawClock, drawOperator, drawPrinter, drawToken } from "./happenings";
import { drawReceipt, drawWrongReceipt } from "./receipts";

export interface Command extends Happening {
  /** The power fails meanwhile, and again during the starts that follow, once for each of these. */
  readonly cuts: readonly PowerCutPlan[];
}

/** In the middle of call number `afterCalls` (from 0) of those that change something; a device's call is not begun. */
export interface PowerCutPlan {
  readonly afterCalls: number;
  /** How far into a program, by its length. */
  readonly placeThousandths: number;
  readonly tear: Tear;
  readonly eraseState: number;
}

const commandsMin = 4;
const commandsMax = 10;
/** Longer than a packet may stop in the middle. */
const packetPauseMs = unfinishedPacketMs + 500;
const framesMax = 4;
const restTicks = 25;
const callsOfSale = 60;
const callsOfStart = 12;

interface Draft {
  readonly random: Random;
  /** Sold before: asked for again, and again with another body. */
  readonly orders: Order[];
}

/** How often, and what. */
const kinds: readonly (readonly [weight: number, draw: (draft: Draft) => Happening])[] = [
  [8, drawSale],
  [4, drawWrongSale],
  [3, drawRepeat],
  [8, drawRequest],
  [3, drawNoiseOnLine],
  [4, ({ random }) => drawOperator(random)],
  [2, ({ random }) => carrying(1 + random.below(framesMax))],
  [2, ({ random }) => drawPrinter(random)],
  [2, ({ random }) => drawClock(random)],
  [1, ({ random }) => drawToken(random)],
  [2, () => ({ name: "close the shift", run: shop => said(() => shop.closeShift()) })],
  [3, ({ random }) => waiting(random.pick([0, 0, 70_000, 1_000_000]))],
  [
    1,
    () => ({
      name: "read the log",
      run: shop => said(() => `${readLog(shop, shop.oldestRecord().firstSeq).length} records`),
    }),
  ],
  [1, () => ({ name: "power off and on", run: startAgain })],
];

/** The same seed gives the same commands; the first one registers a blank board. */
export function drawSequence(seed: number): Command[] {
  const random = createRandom(seed + 1);
  const draft: Draft = { random, orders: [] };
  const count = commandsMin + random.below(commandsMax - commandsMin + 1);
  const registering: Happening = {
    name: "fiscalize",
    run(shop) {
      shop.fiscalize();
      return said(() => shop.signIn());
    },
  };
  const rest = Array.from({ length: count }, () => drawKind(draft)(draft));
  return [registering, ...rest].map(drawn => ({ ...drawn, cuts: drawCuts(random, drawn === registering) }));
}

function drawKind({ random }: Draft): (draft: Draft) => Happening {
  let left = random.below(kinds.reduce((sum, [weight]) => sum + weight, 0));
  for (const [weight, draw] of kinds) {
    left -= weight;
    if (left < 0) return draw;
  }
  throw new Error("the weights add up");
}

function drawCuts(random: Random, isFirst: boolean): PowerCutPlan[] {
  if (isFirst || random.below(4) !== 0) return [];
  const count = random.pick([1, 1, 2, 3]);
  return Array.from({ length: count }, (_, index) => ({
    afterCalls: random.below(index === 0 ? callsOfSale : callsOfStart),
    placeThousandths: random.below(1000),
    tear: random.pick(tears),
    eraseState: random.below(eraseStates),
  }));
}

function drawSale({ random, orders }: Draft): Happening {
  const order: Order = { key: `k${orders.length}`, receipt: drawReceipt(random) };
  orders.push(order);
  return selling("sell", order);
}

function drawWrongSale({ random, orders }: Draft): Happening {
  const key = random.below(4) === 0 ? random.pick(["", "k0", "ключ", "y".repeat(64)]) : `w${orders.length}`;
  return selling("sell wrong", { key, receipt: drawWrongReceipt(random) });
}

/** A key comes again, with the same body or with another one. */
function drawRepeat(draft: Draft): Happening {
  const { random, orders } = draft;
  if (orders.length === 0) return drawSale(draft);
  const order = random.pick(orders);
  return random.below(3) === 0
    ? selling("sell under a used key", { ...order, receipt: drawReceipt(random) })
    : selling("sell again", order);
}

const selling = (name: string, order: Order): Happening => ({
  name: `${name} ${order.key}, ${order.receipt.lines} lines`,
  run: shop => said(() => shop.sellOnce(order).answer.outcome),
});

/** The status is asked at once too: else a new speed of the line would not be proved. */
function drawRequest({ random }: Draft): Happening {
  const { name, ops, group, command, body } = drawAsk(random);
  return {
    name: `ask ${name}`,
    run(shop) {
      const answers = ops.map(op => said(() => shop.request(op, group, command, body(shop.session()))));
      shop.status();
      return answers.join();
    },
  };
}

function drawNoiseOnLine({ random }: Draft): Happening {
  const { name, bytes } = drawNoise(random);
  return {
    name: `noise: ${name}`,
    run(shop) {
      shop.board.line.write(bytes);
      for (let ticks = 0; ticks < 3; ticks++) shop.tick();
      shop.board.wait(packetPauseMs);
      return "sent";
    },
  };
}

/** So long nobody touches anything, then paper comes out. */
const waiting = (ms: number): Happening => ({
  name: `wait ${ms} ms`,
  run(shop) {
    shop.board.wait(ms);
    for (let ticks = 0; ticks < restTicks; ticks++) shop.tick();
    return "waited";
  },
});

/** The uplink takes so many frames to the operator, if the module has them. */
const carrying = (frames: number): Happening => ({
  name: `carry ${frames} frames`,
  run(shop) {
    let carried = 0;
    for (let step = 0; step < frames; step++) carried += shop.carry() ? 1 : 0;
    return `${carried} carried`;
  },
});
