/** The state area: what was saved is loaded, whatever a cut left, and two starts see the same. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type LoadedState, loadState, saveState } from "../../firmware/state-area";
import { createSimFlash, eraseStates, type PowerCut, type SimFlash, tears } from "../../hal/sim/sim-flash";
import { type Bytes, repeatByte } from "../../protocol/bytes";
import { untilPowerLoss } from "./log-workload";

const newFlash = (sectorBytes = 4096, programBytes = 4): SimFlash =>
  createSimFlash({ capacityBytes: 64 * 1024, programBytes, sectorBytes });
const stateOf = (number: number): Bytes => repeatByte(number, 100 + number);
const load = (flash: SimFlash): LoadedState => loadState(flash, 256);
/** A state in doubt may be written again, under a larger sequence. */
const payloadOf = (loaded: LoadedState): Bytes | undefined => (loaded.kind === "state" ? loaded.payload : undefined);

test("a fresh area holds none; the newest of many saves is loaded", () => {
  const flash = newFlash();
  assert.equal(load(flash), { kind: "none" });
  for (let sequence = 1; sequence <= 10; sequence++) {
    saveState(flash, 256, sequence, stateOf(sequence));
    assert.equal(load(flash), { kind: "state", sequence, payload: stateOf(sequence) });
  }
});

test("the largest state fits, by calls of 64 bytes too", () => {
  const flash = newFlash(4096, 64);
  const payload = repeatByte(9, 16 * 1024);
  saveState(flash, 64, 1, payload);
  assert.equal(loadState(flash, 64), { kind: "state", sequence: 1, payload });
});

/** Saves state 4 into a cut, then starts twice and saves on. */
function saveInto(flash: SimFlash, cut: PowerCut): boolean {
  flash.cutPower(cut);
  const isLost = untilPowerLoss(() => saveState(flash, 256, 4, stateOf(4)));
  flash.powerOn();
  const first = payloadOf(load(flash));
  assert.ok(first === stateOf(3) || first === stateOf(4), "the old state or the new one");
  assert.ok(isLost || first === stateOf(4), "what was saved is there");
  for (let start = 0; start < 3; start++) assert.is(payloadOf(load(flash)), first, "each start sees the same");
  saveState(flash, 256, 100, stateOf(5));
  assert.is(payloadOf(load(flash)), stateOf(5));
  return isLost;
}

test("a cut at any byte or call of a save leaves the old state or the new one, the same at every start", () => {
  const flash = newFlash(4096, 1);
  for (let sequence = 1; sequence <= 3; sequence++) saveState(flash, 256, sequence, stateOf(sequence));
  const snapshot = flash.snapshot();
  for (const tear of tears) {
    for (let afterBytes = 0, isLost = true; isLost; afterBytes++) {
      flash.restore({ ...snapshot, random: 2 + afterBytes });
      isLost = saveInto(flash, { afterBytes, tear });
    }
  }
  for (let eraseState = 0; eraseState < eraseStates; eraseState++) {
    for (let afterCalls = 0, isLost = true; isLost; afterCalls++) {
      flash.restore({ ...snapshot, random: 2 + afterCalls });
      isLost = saveInto(flash, { afterCalls, tear: "unstable", eraseState });
    }
  }
});

test("a first save that is cut leaves none, or the state", () => {
  const flash = newFlash();
  const blank = flash.snapshot();
  for (let afterCalls = 0, isLost = true; isLost; afterCalls++) {
    flash.restore({ ...blank, random: 2 + afterCalls });
    flash.cutPower({ afterCalls, tear: "unstable", eraseState: 5 });
    isLost = untilPowerLoss(() => saveState(flash, 256, 1, stateOf(1)));
    flash.powerOn();
    const first = load(flash);
    assert.is.not(first.kind, "corrupt");
    assert.is(payloadOf(load(flash)), payloadOf(first));
  }
});

test("a damaged newest copy is not replaced by an older state in silence", () => {
  const flash = newFlash();
  saveState(flash, 256, 1, stateOf(1));
  saveState(flash, 256, 2, stateOf(2));
  const second = 5 * 4096;
  flash.corrupt(second + 28, "x" as Bytes);
  assert.equal(load(flash), { kind: "corrupt" });
});

test("a cut while an uncertain copy is written again leaves it to the next start", () => {
  const flash = newFlash();
  for (let sequence = 1; sequence <= 3; sequence++) saveState(flash, 256, sequence, stateOf(sequence));
  const whole = flash.snapshot();
  let settled = 0;
  for (let seal = 100; seal < 140; seal++) {
    flash.restore(whole);
    flash.cutPower({ afterBytes: seal, tear: "unstable" });
    untilPowerLoss(() => saveState(flash, 256, 4, stateOf(4)));
    flash.powerOn();
    const torn = flash.snapshot();
    for (let afterCalls = 0, isLost = true; isLost; afterCalls++) {
      flash.restore({ ...torn, random: 2 + afterCalls });
      flash.cutPower({ afterCalls, tear: "unstable", eraseState: 7 });
      isLost = untilPowerLoss(() => load(flash));
      flash.powerOn();
      const first = payloadOf(load(flash));
      assert.ok(first === stateOf(3) || first === stateOf(4));
      assert.is(payloadOf(load(flash)), first);
      settled += 1;
    }
  }
  assert.ok(settled > 40);
});

test.run();
