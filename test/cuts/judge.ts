/**
 * What must be true after the power failed, whatever it left:
 *
 *   acknowledged ⊆ found ⊆ acknowledged + the one in flight      nothing altered; two starts agree
 *   chain and signatures verify                                  every receipt once in the log and once at the operator
 *   the next sale works
 */
import { retentionS } from "../../firmware/limits";
import { encodeCbor } from "../../host/device/cbor";
import { bytesOf } from "../../host/device/message-channel";
import type { Bytes } from "../../protocol/bytes";
import type { LookupReply } from "../../protocol/commands";
import type { Board } from "./board";
import { checkLog, type Life } from "./life";
import type { DocumentFacts } from "./log";
import { nextLine } from "./receipts";
import { sellUnlessFull } from "./ring";
import { Failure, type Order, type Shop, type Told, type World } from "./shop";
import { type Cut, callWords, cutWords, type Point } from "./watch";

/** One power cut. */
export interface Trial {
  readonly point: Point;
  readonly cut: Cut;
  /** Draws the chance of the torn bytes. */
  readonly turn: number;
}

/** The power fails, comes back, and the shop must survive it. Throws Failure that names the cut. */
export function judge(shop: Shop, trial: Trial, survives: (before: World) => void): void {
  const { call, life } = trial.point;
  nameCut(`cut ${life} in ${callWords(call)}: ${cutWords(trial.cut)}`, () => {
    enterAfter(shop, trial);
    survives(trial.point.world);
  });
}

/** Whatever goes wrong in it becomes a Failure that names the cut. */
export function nameCut(cutName: string, run: () => void): void {
  try {
    run();
  } catch (error) {
    const kind = error instanceof Failure ? error.kind : "bricked";
    const words = error instanceof Error ? error.message : JSON.stringify(error);
    throw new Failure(kind, `${words} (${cutName})`, { cause: error });
  }
}

/** The world after the cut; the module has not started yet. */
export function enterAfter(shop: Shop, { point, cut, turn }: Trial): void {
  const { world, call, life } = point;
  const random = 1 + ((turn * 7919) % 2147483646);
  shop.enter({ ...world, board: { ...world.board, flash: { ...world.board.flash, random } } }, `life ${life + 1}`);
  if (cut !== undefined) shop.board.tear(call, cut);
}

/**
 * How closely a cut is looked at. look: a start and what it finds, and another one where bytes may read differently the
 * next time. sell: a start, then the shop sells on, its log on the flash is verified, and it starts again. export: the
 * same with the log as the module gives it. whole: two starts, then the same, and what was in flight and got lost is sold
 * again, however long it is.
 */
export type Care = "look" | "sell" | "export" | "whole";

/** Every fourth log is read from the module: what it gives depends on the log alone, and asking takes long. */
export const seldomExport = (turn: number): Care => (turn % 4 === 0 ? "export" : "sell");

export function survive(life: Life<Board>, before: World, care: Care, cut: Cut): void {
  const { shop } = life;
  const first = lookAround(shop, before);
  const mayChange = cut?.tear === "unstable" || cut?.eraseState !== undefined;
  if (care === "whole" || (care === "look" && mayChange)) agree(first, lookAround(shop, before));
  if (care === "look") return;
  shop.link = true;
  const isSold = sellOn(shop, before, first, care);
  // A full memory delivers all that it has: that is how it makes room, and the log must say so.
  shop.rest(isSold ? framesPerTrial : undefined);
  const documents = checkLog(life, before, care === "sell" ? "flash" : "module");
  const { told } = shop.world();
  if (!isSold) makeRoom(shop);
  const last = lookAround(shop, { ...before, told, inFlight: undefined });
  // Making room may have given it up.
  const oldest = isSold ? told.find(one => documents.has(one.number)) : undefined;
  const isSeen = oldest === undefined || last.told.some(({ number }) => number === oldest.number);
  const replies = isSeen ? last.told : [...last.told, checkTold(oldest, shop.lookup(oldest.key))];
  for (const reply of replies) checkDelivery(reply, documents.get(reply.number ?? 0));
}

/** Finishes what is there; what got lost is sold again, or a new receipt is sold. False: MEMORY_FULL. */
function sellOn(shop: Shop<Board>, { told, inFlight }: World, found: Found, care: Care): boolean {
  const begun = found.inFlight === undefined ? told.at(-1) : inFlight;
  if (begun !== undefined && !sellUnlessFull(shop, begun)) return false;
  const isLost = inFlight !== undefined && found.inFlight === undefined;
  const repeats = isLost && (care === "whole" || inFlight.receipt.lines <= linesRepeatedMax);
  return sellUnlessFull(shop, repeats ? inFlight : nextOrder);
}

const linesRepeatedMax = 3;
/** The operator is asked whether it is back, then gets one receipt of the queue; the whole of it would take too long. */
const framesPerTrial = 2;
const nextOrder: Order = { key: "next", receipt: nextLine };

/** A full memory sells again once its shift is closed and all is delivered and old. */
function makeRoom(shop: Shop<Board>): void {
  shop.rest();
  if (shop.status().shift.open) shop.closeShift();
  shop.board.setTime(shop.board.nowS() + retentionS);
  if (!sellUnlessFull(shop, { key: "room", receipt: nextLine })) {
    throw new Failure("bricked", "what is delivered and old makes no room");
  }
}

/** What the module says of the last receipts that were told, and of the one in flight. */
interface Found {
  readonly told: readonly LookupReply[];
  readonly inFlight: LookupReply | undefined;
}

/** Starts, and looks up. */
function lookAround(shop: Shop<Board>, { told, inFlight }: World): Found {
  shop.reboot();
  const { state, blocks } = shop.status();
  if (state !== "ready") throw new Failure("bricked", `the module is ${state}: ${JSON.stringify(blocks)}`);
  shop.signIn();
  const replies = told.slice(-2).map(one => checkTold(one, shop.lookup(one.key)));
  const reply = inFlight === undefined ? undefined : shop.lookup(inFlight.key);
  const number = (told.at(-1)?.number ?? 0) + 1;
  if (reply?.number !== undefined && reply.number !== number) {
    throw new Failure("doubled", `the receipt in flight is number ${reply.number}, not ${number}`);
  }
  return { told: replies, inFlight: reply };
}

/** What was told is still so. */
function checkTold(told: Told, reply: LookupReply | undefined): LookupReply {
  if (reply === undefined) throw new Failure("lost", `receipt ${told.number} was told and is not found`);
  if (reply.number !== told.number) throw new Failure("lost", `receipt ${told.number} is number ${reply.number} now`);
  if (told.answer !== undefined && answerOf(reply) !== told.answer) {
    throw new Failure("lost", `receipt ${told.number} has another answer`);
  }
  return reply;
}

/** The operator's sign that is told is the one of the log. */
function checkDelivery({ number, live }: LookupReply, document: DocumentFacts | undefined): void {
  if (live?.ofdSign !== document?.deliveredSign) {
    throw new Failure(
      "lost",
      `receipt ${number} has the operator's sign ${document?.deliveredSign}, ${live?.ofdSign} is told`,
    );
  }
}

const answerOf = ({ answer }: LookupReply): Bytes | undefined =>
  answer === undefined ? undefined : bytesOf(encodeCbor(answer));

/** What one start has found, the next one finds. */
function agree(first: Found, second: Found): void {
  if ((first.inFlight === undefined) !== (second.inFlight === undefined)) {
    throw new Failure("lost", "two starts disagree about a receipt");
  }
  const pairs = [...first.told, first.inFlight].map((reply, index) => [reply, second.told[index] ?? second.inFlight]);
  for (const [one, other] of pairs) {
    if (one?.answer !== undefined && (other === undefined || answerOf(one) !== answerOf(other))) {
      throw new Failure("lost", "two starts disagree about an answer");
    }
    if (one?.live?.ofdSign !== undefined && one.live.ofdSign !== other?.live?.ofdSign) {
      throw new Failure("lost", "two starts disagree about the operator's sign");
    }
  }
}

/** Two machines that start after the same cut must do the same: the flash is equal to the byte when they wait for work. */
export function startAlike(one: Shop, other: Shop, trial: Trial): void {
  const flashes = [one, other].map(shop => {
    enterAfter(shop, trial);
    shop.boot();
    const { state, blocks } = shop.status();
    if (state !== "ready") throw new Failure("bricked", `the module is ${state}: ${JSON.stringify(blocks)}`);
    return shop.board.state().flash.sectors;
  });
  const [first, second] = flashes as [Sectors, Sectors];
  const isAlike =
    first.size === second.size && [...first].every(([index, { bytes }]) => second.get(index)?.bytes === bytes);
  if (!isAlike) throw new Failure("lost", "two machines leave different flashes");
}
type Sectors = ReturnType<Shop["world"]>["board"]["flash"]["sectors"];
