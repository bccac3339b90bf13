/**
 * What recovery does at the place of the next record: facts → exactly one action.
 *
 *   slot \ ahead   nothing   same     following  stray
 *   blank          tail      goOn     corrupt    corrupt
 *   torn           drop      goOn     corrupt    corrupt
 *   unsealed       drop      goOn     accept     corrupt
 *   sealed         keep      goOn     accept     corrupt
 *   latched        accept    accept   accept     accept
 *   broken         corrupt   corrupt  corrupt    corrupt
 *
 * Slot: blank: nothing written. torn: a power cut left it, it can never be whole. unsealed: all there but the seal.
 * sealed: the seal reads programmed, the latch does not, so the seal may be torn. latched: finished. broken: no power
 * cut leaves this.
 * Ahead: same: the next sector goes on with this very sequence, so the slot was given up by an earlier start.
 * following: an earlier start believed the record, for it wrote on after it, in its sector or in the next one. stray: later records exist and cannot be reached.
 */
export type Slot = "blank" | "torn" | "unsealed" | "sealed" | "latched" | "broken";
export type Ahead = "nothing" | "same" | "following" | "stray";

/**
 * tail: the log ends here and goes on here. accept: the record counts. goOn: look in the next sector. drop: the record
 * never was; keep: it counts; both are made durable by an event in a fresh sector before anyone hears of it.
 */
export type TailAction = "tail" | "accept" | "goOn" | "drop" | "keep" | "corrupt";

export const tailActions: Record<Slot, Record<Ahead, TailAction>> = {
  blank: { nothing: "tail", same: "goOn", following: "corrupt", stray: "corrupt" },
  torn: { nothing: "drop", same: "goOn", following: "corrupt", stray: "corrupt" },
  unsealed: { nothing: "drop", same: "goOn", following: "accept", stray: "corrupt" },
  sealed: { nothing: "keep", same: "goOn", following: "accept", stray: "corrupt" },
  latched: { nothing: "accept", same: "accept", following: "accept", stray: "accept" },
  broken: { nothing: "corrupt", same: "corrupt", following: "corrupt", stray: "corrupt" },
};
