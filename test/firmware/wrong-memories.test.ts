/** The search for power cuts and damage must find memories that are wrong on purpose. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { openFiscalMemory } from "../../firmware/fiscal-memory";
import { createSimHash } from "../../hal/sim/sim-hash";
import { cutEveryByte, cutTwice, type Search, wrapRing } from "./log-cuts";
import { damageEveryByte } from "./log-damage";
import type { Open } from "./log-workload";
import { type Mistake, makeMistake } from "./wrong-memory";

const mistakes: readonly Mistake[] = [
  {
    name: "CRC skipped",
    file: "log-walk.ts",
    right: "return readU32be(readFlash(area, start + head.dataBytes, dataCrcBytes), 0) === crc32End(crc);",
    wrong: "return crc32End(crc) >= 0;",
  },
  {
    name: "sector reused too early",
    file: "fiscal-memory.ts",
    right: "next.newestDocument <= policy.settledNumber &&",
    wrong: "",
  },
  {
    name: "unsealed record believed",
    file: "tail-actions.ts",
    right: 'unsealed: { nothing: "drop"',
    wrong: 'unsealed: { nothing: "accept"',
  },
  {
    name: "doubtful seal believed without a durable word",
    file: "tail-actions.ts",
    right: 'sealed: { nothing: "keep"',
    wrong: 'sealed: { nothing: "accept"',
  },
  {
    name: "torn end written over",
    file: "tail-actions.ts",
    right: 'torn: { nothing: "drop"',
    wrong: 'torn: { nothing: "tail"',
  },
  {
    name: "erased state trusted",
    file: "log-tail.ts",
    right: "  eraseSector(area, sector);\n  programFlash",
    wrong: "  programFlash",
  },
  {
    name: "stray records not looked for",
    file: "log-walk.ts",
    right: 'return hasStray(area, sector, sequence) ? "stray" : "nothing";',
    wrong: 'return hasStray(area, sector, sequence) ? "nothing" : "nothing";',
  },
  {
    name: "young sector reused",
    file: "fiscal-memory.ts",
    right: "next.newestUtcS <= policy.utcS - retentionS &&",
    wrong: "",
  },
];

/** Everything a right memory survives. */
function searchAll(open: Open): void {
  const hash = createSimHash();
  const geometry = { sectorBytes: 256, programBytes: 4, sectorCount: 16 };
  const search: Search = { open, hash, geometry, before: [30, 10], during: [60], stride: 3 };
  damageEveryByte({ ...search, before: [30, 100, 10, 60] }, 5);
  cutEveryByte(search);
  cutTwice({ ...search, before: [30], stride: 41 });
  for (let seed = 1; seed <= 5; seed++) {
    wrapRing({ ...search, geometry: { sectorBytes: 1024, programBytes: 4, sectorCount: 8 } }, 6, seed);
  }
}

test("the right memory survives the search", () => searchAll(openFiscalMemory));

for (const mistake of mistakes) {
  test(`caught: ${mistake.name}`, async () => {
    const { open, remove } = await makeMistake(mistake);
    let caught = "";
    try {
      searchAll(open);
    } catch (error) {
      caught = error instanceof Error ? error.message : JSON.stringify(error);
    } finally {
      remove();
    }
    assert.is.not(caught, "", "a wrong memory fails the search");
  });
}

test.run();
