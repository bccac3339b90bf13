/** Z control records: each once, in order, whatever a cut left. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { FlashFailure } from "../../firmware/fiscal-memory";
import { appendZ, countZ, lastZ, nextZ, readZ, settleZ } from "../../firmware/z-area";
import { createSimFlash, type SimFlash, tears } from "../../hal/sim/sim-flash";
import { type Bytes, repeatByte } from "../../protocol/bytes";
import { untilPowerLoss } from "./log-workload";

const newFlash = (programBytes = 4): SimFlash =>
  createSimFlash({ capacityBytes: 8192, programBytes, sectorBytes: 1024 });
const recordOf = (number: number): Bytes => repeatByte(number, 150 + number);

function readAll(flash: SimFlash): Bytes[] {
  const records: Bytes[] = [];
  let slot = nextZ(flash, 256, 0);
  while (slot !== undefined) {
    records.push(readZ(flash, 256, slot));
    slot = nextZ(flash, 256, slot + 1);
  }
  assert.is(countZ(flash, 256), records.length);
  return records;
}

test("records come back in order until the area is full", () => {
  for (const [programBytes, slots] of [
    [1, 32],
    [4, 32],
    [8, 32],
    [16, 16],
    [64, 16],
  ] as const) {
    const flash = newFlash(programBytes);
    assert.is(lastZ(flash, 256), undefined);
    for (let slot = 0; slot < slots; slot++) assert.is(appendZ(flash, 256, recordOf(slot)), slot);
    assert.equal(
      readAll(flash),
      Array.from({ length: slots }, (_, slot) => recordOf(slot)),
    );
    assert.is(lastZ(flash, 256), slots - 1);
    assert.throws(
      () => appendZ(flash, 256, recordOf(1)),
      (error: unknown) => (error as FlashFailure).kind === "full",
    );
  }
});

test("ten years of shifts fit 1 MB", () => {
  assert.ok((1024 * 1024) / 256 >= 3660);
});

test("a cut at any byte leaves the record or not, the same at every start, and the next one is written", () => {
  const flash = newFlash(1);
  appendZ(flash, 256, recordOf(1));
  appendZ(flash, 256, recordOf(2));
  const snapshot = flash.snapshot();
  for (const tear of tears) {
    for (let afterBytes = 0, isLost = true; isLost; afterBytes++) {
      flash.restore({ ...snapshot, random: 2 + afterBytes });
      flash.cutPower({ afterBytes, tear });
      isLost = untilPowerLoss(() => appendZ(flash, 256, recordOf(3)));
      flash.powerOn();
      settleUnderCuts(flash, afterBytes);
      const found = readAll(flash);
      assert.ok(isLost || found.length === 3);
      assert.equal(found, [recordOf(1), recordOf(2), recordOf(3)].slice(0, found.length));
      assert.ok(found.length >= 2);
      for (let start = 0; start < 3; start++) {
        settleZ(flash, 256);
        assert.equal(readAll(flash), found);
      }
      appendZ(flash, 256, recordOf(4));
      assert.equal(readAll(flash), [...found, recordOf(4)]);
    }
  }
});

/** Settles with two cuts on the way. */
function settleUnderCuts(flash: SimFlash, seed: number): void {
  for (const afterCalls of [seed % 3, (seed * 7) % 3]) {
    flash.cutPower({ afterCalls, tear: "unstable" });
    untilPowerLoss(() => settleZ(flash, 256));
    flash.powerOn();
  }
  settleZ(flash, 256);
}

test.run();
