/** Scratch: what was written is read, and sectors wear alike. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createScratch } from "../../firmware/scratch";
import { createSimFlash } from "../../hal/sim/sim-flash";
import type { Bytes } from "../../protocol/bytes";
import { createRandom } from "../random";

test("bytes written in pieces of any size are read back at any offset, at once", () => {
  for (const programBytes of [1, 4, 64]) {
    const flash = createSimFlash({ capacityBytes: 16384, programBytes, sectorBytes: 1024 });
    const scratch = createScratch(flash, 192, 12345);
    const random = createRandom(programBytes);
    for (let document = 0; document < 20; document++) {
      scratch.begin();
      let written = "";
      while (written.length < 6000) {
        const piece = random.bytes(random.below(900));
        scratch.write(written.length, piece);
        written += piece;
        const from = random.below(written.length + 1);
        const length = random.below(written.length - from + 1);
        assert.is(scratch.read(from, length), written.slice(from, from + length));
      }
    }
  }
});

test("a document may fill the whole area", () => {
  const flash = createSimFlash({ capacityBytes: 4096, programBytes: 4, sectorBytes: 1024 });
  const scratch = createScratch(flash, 256, 3);
  const all = "abcd".repeat(1024) as Bytes;
  scratch.begin();
  scratch.write(0, all);
  assert.is(scratch.read(0, 4096), all);
  assert.is(scratch.capacityBytes, 4096);
  assert.throws(() => scratch.write(4096, "x" as Bytes), /fits/);
});

test("short documents wear all sectors alike", () => {
  const flash = createSimFlash({ capacityBytes: 16384, programBytes: 4, sectorBytes: 1024 });
  const scratch = createScratch(flash, 256, 7);
  for (let document = 0; document < 160; document++) {
    scratch.begin();
    scratch.write(0, "x".repeat(900) as Bytes);
  }
  for (let sector = 0; sector < 16; sector++) assert.ok(Math.abs(flash.eraseCount(sector * 1024) - 10) <= 1);
});

test.run();
