/** The fiscal memory under power cuts, on flash of several shapes. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { openFiscalMemory } from "../../firmware/fiscal-memory";
import { createSimHash } from "../../hal/sim/sim-hash";
import { cutEveryByte, cutEveryCall, cutTwice, type Search, wrapRing } from "./log-cuts";
import { damageEveryByte } from "./log-damage";

const hash = createSimHash();
const shapes = [
  { sectorBytes: 256, programBytes: 1, sectorCount: 16 },
  { sectorBytes: 256, programBytes: 4, sectorCount: 16 },
  { sectorBytes: 512, programBytes: 16, sectorCount: 12 },
  { sectorBytes: 4096, programBytes: 4, sectorCount: 8 },
  { sectorBytes: 4096, programBytes: 64, sectorCount: 8 },
] as const;

for (const geometry of shapes) {
  const search: Search = {
    open: openFiscalMemory,
    hash,
    geometry,
    before: [30, 10],
    during: [60, 150, 20],
    stride: geometry.programBytes === 64 ? 67 : 29,
  };
  const shape = `sectors of ${geometry.sectorBytes}, units of ${geometry.programBytes}`;

  test(`${shape}: no record is lost when a program of three documents is cut`, () => {
    assert.ok(cutEveryByte(search) > 60);
  });

  test(`${shape}: no record is lost when any call is cut, whatever an erase leaves`, () => {
    assert.ok(cutEveryCall(search) >= 96);
  });

  test(`${shape}: no record is lost when the recovery is cut too`, () => {
    assert.ok(cutTwice({ ...search, during: [60], stride: 2 * search.stride }) > 60);
  });

  test(`${shape}: a ring that wraps under cuts gives up only what is delivered and old`, () => {
    let cuts = 0;
    for (let seed = 1; seed <= 4; seed++) cuts += wrapRing(search, 8, seed);
    assert.ok(cuts > 40);
  });
}

test("every byte of one document, for each kind of tear", () => {
  const geometry = shapes[1];
  const search = { open: openFiscalMemory, hash, geometry, before: [30, 10], during: [60], stride: 1 };
  assert.ok(cutEveryByte(search) > 400);
});

test("every changed byte is told, or carries nothing", () => {
  const search = {
    open: openFiscalMemory,
    hash,
    geometry: shapes[1],
    before: [30, 100, 10, 60],
    during: [],
    stride: 1,
  };
  assert.ok(damageEveryByte(search, 1) > 600);
});

test.run();
