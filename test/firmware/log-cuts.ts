/**
 * The power-cut search of the fiscal memory: every byte of every program, every state of every erase, second cuts in
 * the recovery, and rings that wrap while the power fails again and again. Runs in Node and in Lua.
 */
import { createSimFlash, eraseStates, type PowerCut, type SimFlash, tears } from "../../hal/sim/sim-flash";
import { assert } from "../../protocol/assert";
import {
  copyTruth,
  newTruth,
  type Open,
  openShop,
  policyOf,
  reboot,
  type Shop,
  sell,
  type TestHash,
  untilPowerLoss,
} from "./log-workload";

export interface Geometry {
  readonly sectorBytes: number;
  readonly programBytes: number;
  readonly sectorCount: number;
}

export interface Search {
  readonly open: Open;
  readonly hash: TestHash;
  readonly geometry: Geometry;
  /** Fill bytes of the documents that are there before, and of those that are being sold when the power goes. */
  readonly before: readonly number[];
  readonly during: readonly number[];
  /** Try every `stride`th byte. */
  readonly stride: number;
}

export const newFlash = (geometry: Geometry, seed: number): SimFlash =>
  createSimFlash({
    capacityBytes: geometry.sectorBytes * geometry.sectorCount,
    programBytes: geometry.programBytes,
    sectorBytes: geometry.sectorBytes,
    seed,
  });

function shopWith(search: Search, seed: number): Shop {
  const shop = openShop(newFlash(search.geometry, seed), search.hash, search.open, 256, newTruth());
  for (const fillBytes of search.before) {
    sell(shop, fillBytes);
  }
  return shop;
}

/** The shop as it was before a run: its flash from a snapshot, its truth a copy, its memory opened anew. */
function restart(base: Shop, snapshot: ReturnType<SimFlash["snapshot"]>): Shop {
  base.flash.restore(snapshot);
  return openShop(base.flash, base.hash, base.open, base.callBytesMax, copyTruth(base.truth));
}

/** What was found stays found, through starts that change nothing, and selling goes on. */
function surviveFurther(shop: Shop): void {
  shop.flash.powerOn();
  reboot(shop);
  reboot(shop);
  sell(shop, 20);
  reboot(shop);
}

/** Sells with one cut armed; true when it came. */
function sellInto(shop: Shop, fills: readonly number[], cut: PowerCut): boolean {
  shop.flash.cutPower(cut);
  const isLost = untilPowerLoss(() => {
    for (const fillBytes of fills) {
      sell(shop, fillBytes);
    }
  });
  shop.flash.cutPower(undefined);
  return isLost;
}

/** Every byte of every program × every kind of tear. Returns the number of cuts. */
export function cutEveryByte(search: Search): number {
  const base = shopWith(search, 1);
  const snapshot = base.flash.snapshot();
  let cuts = 0;
  for (const tear of tears) {
    let isLost = true;
    for (let afterBytes = 0; isLost; afterBytes += search.stride) {
      const shop = restart(base, { ...snapshot, random: afterBytes + 2 });
      isLost = sellInto(shop, search.during, { afterBytes, tear });
      if (isLost) {
        surviveFurther(shop);
        cuts += 1;
      }
    }
  }
  return cuts;
}

/** Every state of every erase, and every call torn in its middle. */
export function cutEveryCall(search: Search): number {
  const base = shopWith(search, 2);
  const snapshot = base.flash.snapshot();
  let cuts = 0;
  for (let state = 0; state < eraseStates; state++) {
    let isLost = true;
    for (let afterCalls = 0; isLost; afterCalls++) {
      const shop = restart(base, { ...snapshot, random: afterCalls * 8 + state + 2 });
      isLost = sellInto(shop, search.during, { afterCalls, tear: tears[state % 4]!, eraseState: state });
      if (isLost) {
        surviveFurther(shop);
        cuts += 1;
      }
    }
  }
  return cuts;
}

/** A first cut in every call, a second one at every byte or call of the recovery. */
export function cutTwice(search: Search): number {
  const base = shopWith(search, 3);
  const snapshot = base.flash.snapshot();
  let cuts = 0;
  let isLost = true;
  for (let afterCalls = 0; isLost; afterCalls++) {
    const first: PowerCut = { afterCalls, tear: tears[afterCalls % 4]!, eraseState: afterCalls % eraseStates };
    const shop = restart(base, { ...snapshot, random: afterCalls + 2 });
    isLost = sellInto(shop, search.during, first);
    if (isLost) {
      shop.flash.powerOn();
      cuts += cutRecovery(shop, search.stride);
    }
  }
  return cuts;
}

function cutRecovery(shop: Shop, stride: number): number {
  const torn = shop.flash.snapshot();
  let cuts = 0;
  for (const tear of tears) {
    let isLost = true;
    for (let afterBytes = 0; isLost; afterBytes += stride) {
      isLost = survive(shop, { ...torn, random: afterBytes + 2 }, { afterBytes, tear });
      cuts += isLost ? 1 : 0;
    }
    isLost = true;
    for (let afterCalls = 0; isLost; afterCalls++) {
      const eraseState = (afterCalls + tears.indexOf(tear) * 2) % eraseStates;
      isLost = survive(shop, { ...torn, random: afterCalls + 7 }, { afterCalls, tear, eraseState });
      cuts += isLost ? 1 : 0;
    }
  }
  return cuts;
}

function survive(torn: Shop, snapshot: ReturnType<SimFlash["snapshot"]>, cut: PowerCut): boolean {
  const shop: Shop = { ...torn, truth: copyTruth(torn.truth) };
  shop.flash.restore(snapshot);
  shop.flash.cutPower(cut);
  const isLost = untilPowerLoss(() => reboot(shop));
  shop.flash.cutPower(undefined);
  if (isLost) {
    surviveFurther(shop);
  }
  return isLost;
}

/**
 * Sells on a small ring until it has wrapped `wraps` times, while the power fails at random bytes and calls, also in
 * the recovery; many documents are undelivered or young unless the ring is stuck on them. Returns the number of cuts.
 */
export function wrapRing(search: Search, wraps: number, seed: number): number {
  const { sectorBytes, sectorCount } = search.geometry;
  const shop = openShop(newFlash(search.geometry, seed), search.hash, search.open, 256, newTruth());
  const random = createDice(seed);
  let cuts = 0;
  let quiet = 0;
  while (openedSectors(shop, sectorBytes, sectorCount) < wraps * sectorCount) {
    shop.checkpoint = random(2) === 0 ? undefined : shop.memory.logPosition();
    if (shop.checkpoint !== undefined && shop.checkpoint.sequence === 0) {
      shop.checkpoint = undefined;
    }
    // Never two steps in a row: the step between brings the spare sectors back.
    shop.flash.cutPower(quiet > 0 && random(2) === 0 ? randomCut(random) : undefined);
    if (untilPowerLoss(() => workOn(shop, random, quiet < 20))) {
      cuts += 1 + recoverFrom(shop, random);
      quiet = 0;
    } else {
      quiet += 1;
    }
    assert(quiet < 10000, "the ring goes on");
  }
  shop.flash.cutPower(undefined);
  reboot(shop);
  return cuts;
}

/** How many sectors were opened or erased so far. */
function openedSectors(shop: Shop, sectorBytes: number, sectorCount: number): number {
  let count = 0;
  for (let sector = 0; sector < sectorCount; sector++) {
    count += shop.flash.eraseCount(sector * sectorBytes);
  }
  return count;
}

function randomCut(random: (limit: number) => number): PowerCut {
  const tear = tears[random(4)]!;
  return random(2) === 0
    ? { afterBytes: random(200), tear }
    : { afterCalls: random(6), tear, eraseState: random(eraseStates) };
}

/** Makes room, then sells one document. */
function workOn(shop: Shop, random: (limit: number) => number, isCareful: boolean): void {
  const { memory } = shop;
  const fillBytes = random(120);
  const policy = policyOf(shop, isCareful ? random(40) : 0, isCareful ? random(40) : 0);
  for (let tries = 0; tries < 4 && memory.freeBytes() < memory.costBytes(fillBytes + 60); tries++) {
    memory.reuseOldest(policy);
  }
  if (memory.freeBytes() >= memory.costBytes(fillBytes + 60)) {
    sell(shop, fillBytes);
  }
}

/** Power comes back, perhaps to fail again in the recovery. Returns the number of further cuts. */
function recoverFrom(shop: Shop, random: (limit: number) => number): number {
  for (let tries = 0; tries < 3; tries++) {
    shop.flash.powerOn();
    shop.flash.cutPower(tries < 2 && random(3) === 0 ? randomCut(random) : undefined);
    if (!untilPowerLoss(() => reboot(shop))) {
      shop.flash.cutPower(undefined);
      return tries;
    }
  }
  assert(false, "a start without a cut ends");
}

function createDice(seed: number): (limit: number) => number {
  let state = seed * 7919 + 1;
  return limit => {
    state = (state * 48271) % 2147483647;
    return Math.floor(state / 8) % limit;
  };
}
