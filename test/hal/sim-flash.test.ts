/** The simulated flash: its tears, its snapshots, its record of calls. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createSimFlash, eraseStates, PowerLost, partition, type SimFlash, type Tear } from "../../hal/sim/sim-flash";
import type { Bytes } from "../../protocol/bytes";

const newFlash = (): SimFlash => createSimFlash({ capacityBytes: 4096, programBytes: 4, sectorBytes: 1024, seed: 5 });
const data = "\0".repeat(64) as Bytes;
const isPowerLost = (error: unknown): boolean => error instanceof PowerLost;
const read = (flash: SimFlash, offset = 0, length = 64): string => flash.read(offset, length) as string;

function tear(flash: SimFlash, tear: Tear, afterBytes: number): void {
  flash.cutPower({ afterBytes, tear });
  assert.throws(() => flash.program(0, data), isPowerLost);
  assert.throws(() => flash.read(0, 1), isPowerLost);
  flash.powerOn();
}

test("a torn program leaves a prefix, a suffix or a subset of its bits", () => {
  const prefix = newFlash();
  tear(prefix, "prefix", 10);
  assert.is(read(prefix), "\0".repeat(10) + "\xff".repeat(54));
  const suffix = newFlash();
  tear(suffix, "suffix", 10);
  assert.is(read(suffix), "\xff".repeat(54) + "\0".repeat(10));
  const subset = newFlash();
  tear(subset, "subset", 32);
  assert.is(read(subset), read(subset));
  assert.ok(read(subset) !== data && read(subset) !== "\xff".repeat(64));
});

test("unstable bytes read differently each time, until their sector is erased", () => {
  const flash = newFlash();
  tear(flash, "unstable", 32);
  assert.is.not(read(flash), read(flash));
  assert.is(read(flash, 64, 8), "\xff".repeat(8), "only the torn call's bytes");
  flash.eraseSector(0);
  assert.is(read(flash), "\xff".repeat(64));
  assert.is(flash.program(0, data), undefined);
});

test("bytes of whole calls count towards the cut; what a torn call touched is not programmed again", () => {
  const flash = newFlash();
  flash.cutPower({ afterBytes: 70, tear: "prefix" });
  flash.program(64, data);
  assert.throws(() => flash.program(0, data), isPowerLost);
  flash.powerOn();
  assert.is(read(flash), "\0".repeat(6) + "\xff".repeat(58));
  assert.equal(flash.program(4, "\0\0\0\0" as Bytes), { kind: "notErased", offsetBytes: 4 });
  assert.is(flash.program(8, "\0\0\0\0" as Bytes), undefined, "bytes that the call never reached");
});

test("a torn erase leaves one of eight states, none of which takes bytes before the next erase", () => {
  const seen = new Set<string>();
  for (let eraseState = 0; eraseState < eraseStates; eraseState++) {
    const flash = newFlash();
    flash.program(0, "a".repeat(1024) as Bytes);
    flash.cutPower({ afterCalls: 0, tear: "prefix", eraseState });
    assert.throws(() => flash.eraseSector(0), isPowerLost);
    flash.powerOn();
    const [first, second] = [read(flash, 0, 1024), read(flash, 0, 1024)];
    seen.add(first === second ? first : "differs");
    assert.is(typeof flash.program(1020, "abcd" as Bytes), "object");
    flash.eraseSector(0);
    assert.is(flash.program(1020, "abcd" as Bytes), undefined);
  }
  assert.is(seen.size, eraseStates);
});

test("a snapshot brings back bytes, wear and chance", () => {
  const flash = newFlash();
  tear(flash, "unstable", 20);
  const snapshot = flash.snapshot();
  const first = [read(flash), read(flash)];
  flash.eraseSector(0);
  flash.restore(snapshot);
  assert.equal([read(flash), read(flash)], first);
  assert.is(flash.eraseCount(0), 0);
});

test("calls are recorded, and a worn sector says so", () => {
  const flash = createSimFlash({ capacityBytes: 2048, programBytes: 4, sectorBytes: 1024, erasesMax: 2 });
  const calls = flash.record();
  flash.eraseSector(1024);
  flash.program(1024, "abcd" as Bytes);
  assert.equal(calls, [
    { kind: "erase", offsetBytes: 1024 },
    { kind: "program", offsetBytes: 1024, lengthBytes: 4 },
  ]);
  flash.eraseSector(1024);
  assert.equal(flash.eraseSector(1024), { kind: "worn", offsetBytes: 1024 });
});

test("an image is there from the start; a partition counts from its own begin", () => {
  const image = ("\xff".repeat(1024) + "abcd") as Bytes;
  const flash = createSimFlash({ capacityBytes: 4096, programBytes: 4, sectorBytes: 1024, image });
  const part = partition(flash, 1024, 1024);
  assert.is(part.read(0, 5), "abcd\xff");
  assert.equal(part.program(0, "abcd" as Bytes), { kind: "notErased", offsetBytes: 0 });
  assert.equal(part.read(1024, 1), { kind: "outOfBounds", offsetBytes: 1024 });
});

test.run();
