/**
 * A small ring that wraps: a fiscal partition of 128 KB through three wraps.
 *
 *   wrap 1   ten days a shift: what the ring gives up is old and delivered
 *   wrap 2   time stands still: MEMORY_FULL, for nothing may be given up that is younger than 720 h
 *   wrap 3   the operator is away: MEMORY_FULL, for nothing may be given up that is not delivered; then the queue is sent
 */
import { retentionS } from "../../firmware/limits";
import { emulatorGeometry, type Geometry } from "../../hal/sim/geometry";
import type { Board } from "./board";
import { fifteenLines, oneLine, type Receipt, threeLines } from "./receipts";
import { type Order, Refused, type Shop, trySell } from "./shop";

export const ringGeometry: Geometry = {
  ...emulatorGeometry,
  bootBytes: 0,
  slotBytes: 0,
  zBytes: 64 * 1024,
  fiscalBytes: 128 * 1024,
};
export const wraps = 3;

const tenDaysS = 240 * 3600;
const receiptsPerShift = 3;
/** More shifts than the ring holds. */
const shiftsMax = 100;
const receipts: readonly Receipt[] = [fifteenLines, oneLine, fifteenLines, threeLines, fifteenLines];

/** What is told of the wrapping ring: before a sale, and after the shift was closed. */
export interface RingListener {
  readonly beforeSale: (wrap: number) => void;
  readonly afterShift: () => void;
}

/** A shop that has just been fiscalized sells until its ring has wrapped three times. */
export function wrapThrice(shop: Shop, listener: RingListener): void {
  let wrap = 1;
  let sold = 0;

  function sellOne(): boolean {
    listener.beforeSale(wrap);
    if (!sellUnlessFull(shop, { key: `ring ${sold}`, receipt: receipts[sold % receipts.length]! })) return false;
    sold += 1;
    return true;
  }

  /** True when the memory was full. */
  function sellShift(): boolean {
    let isFull = false;
    for (let count = 0; count < receiptsPerShift && !isFull; count++) isFull = !sellOne();
    shop.rest();
    if (shop.status().shift.open) shop.closeShift();
    listener.afterShift();
    return isFull;
  }

  function sellShifts(count: number): void {
    for (let shift = 0; shift < count; shift++) {
      sellShift();
      pass(shop, tenDaysS);
    }
  }

  function sellUntilFull(dayS: number): void {
    for (let shift = 0; shift < shiftsMax; shift++) {
      if (sellShift()) return;
      pass(shop, dayS);
    }
    throw new Error("a ring that may give up nothing is full one day");
  }

  shop.signIn();
  sellShifts(24);
  wrap = 2;
  sellUntilFull(0);
  pass(shop, retentionS);
  sellShifts(5);
  wrap = 3;
  shop.link = false;
  sellUntilFull(tenDaysS);
  shop.link = true;
  shop.rest();
  pass(shop, retentionS);
  sellShifts(8);
}

const pass = (shop: Shop, seconds: number): void => shop.board.setTime(shop.board.nowS() + seconds);

/** False: MEMORY_FULL. */
export function sellUnlessFull(shop: Shop<Board>, order: Order): boolean {
  const said = trySell(shop, order);
  if (!(said instanceof Error)) return true;
  if (said.code === "MEMORY_FULL") return false;
  throw new Refused(said);
}
