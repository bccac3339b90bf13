/** Damage that no power cut leaves: each byte of a log in turn is changed, and nothing may be lost without a word. */
import type { FiscalMemory } from "../../firmware/memory-api";
import { partition } from "../../hal/sim/sim-flash";
import { assert } from "../../protocol/assert";
import { type Bytes, byteAt, bytesOf } from "../../protocol/bytes";
import { newFlash, type Search } from "./log-cuts";
import { newTruth, openShop, readWhole, sell } from "./log-workload";

/**
 * Changes every `stride`th byte of a log of documents; returns how many changes were reported. A change that is not
 * reported must have hit bytes that carry nothing, or the blank end, which is then left behind with an event.
 */
export function damageEveryByte(search: Search, stride: number): number {
  const shop = openShop(newFlash(search.geometry, 1), search.hash, search.open, 256, newTruth());
  for (const fillBytes of search.before) {
    sell(shop, fillBytes);
  }
  const { flash } = shop;
  const snapshot = flash.snapshot();
  const records = readAll(shop.memory);
  const usedBytes = (search.geometry.sectorCount - 4) * search.geometry.sectorBytes;
  let reported = 0;
  for (let offset = 0; offset < usedBytes; offset += stride) {
    flash.restore(snapshot);
    search.hash.reset();
    const old = byteAt(flash.read(offset, 1) as Bytes, 0);
    flash.corrupt(offset, bytesOf((old + 1 + (offset % 255)) % 256));
    const opened = search.open(partition(flash, 0, flash.capacityBytes), search.hash, 256, undefined);
    if (opened.problem === undefined) {
      const found = readAll(opened.memory);
      assert(found.length === records.length + (opened.repaired ? 1 : 0), "nothing is lost without a word");
      assert(
        records.every((payload, index) => found[index] === payload),
        "nothing is altered without a word",
      );
    } else {
      reported += 1;
    }
  }
  return reported;
}

function readAll(memory: FiscalMemory): Bytes[] {
  const payloads: Bytes[] = [];
  let ref = memory.next(undefined);
  while (ref !== undefined) {
    payloads.push(readWhole(memory, ref));
    ref = memory.next(ref);
  }
  return payloads;
}
