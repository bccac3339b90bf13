/** The fiscal memory, the state area and their power cuts, in Node and in Lua: the same code, the same decisions. */
import { openFiscalMemory } from "../../firmware/fiscal-memory";
import { createScratch } from "../../firmware/scratch";
import { loadState, saveState } from "../../firmware/state-area";
import { appendZ, countZ, settleZ } from "../../firmware/z-area";
import { createSimFlash, type Tear, tears } from "../../hal/sim/sim-flash";
import { assert } from "../../protocol/assert";
import { type Bytes, repeatByte } from "../../protocol/bytes";
import { recordType } from "../../protocol/records";
import { cutEveryByte, cutEveryCall, cutTwice, type Search, wrapRing } from "../firmware/log-cuts";
import { documentPayload, readWhole, type TestHash, untilPowerLoss } from "../firmware/log-workload";

const searchOf = (hash: TestHash, sectorBytes: number, programBytes: number): Search => ({
  open: openFiscalMemory,
  hash,
  geometry: { sectorBytes, programBytes, sectorCount: 12 },
  before: [30],
  during: [60],
  stride: 19,
});

function saveUntilCut(tear: Tear): void {
  const flash = createSimFlash({ capacityBytes: 65536, programBytes: 4, sectorBytes: 4096 });
  saveState(flash, 256, 1, repeatByte(1, 40));
  let isLost = true;
  for (let afterBytes = 0; isLost; afterBytes += 9) {
    const sequence = afterBytes + 2;
    flash.cutPower({ afterBytes, tear });
    isLost = untilPowerLoss(() => saveState(flash, 256, sequence + 1000, repeatByte(2, 40)));
    flash.powerOn();
    const loaded = loadState(flash, 256);
    assert(loaded.kind === "state", "a whole copy remains");
    const again = loadState(flash, 256);
    assert(again.kind === "state" && again.payload === loaded.payload, "two starts see the same");
    saveState(flash, 256, loaded.sequence + 1, repeatByte(1, 40));
    if (loaded.sequence > 1000) {
      break;
    }
  }
}

export const cases = [
  {
    name: "a record that spans sectors is read back, with its hash",
    run: (hash: TestHash) => {
      const flash = createSimFlash({ capacityBytes: 8192, programBytes: 4, sectorBytes: 512 });
      const { memory } = openFiscalMemory(flash, hash, 256, undefined);
      const payload = documentPayload(memory.lastHash(), 1, 1800);
      const record = memory.append(recordType.document, payload, { number: 1, utcS: 7 });
      assert(readWhole(memory, record) === payload, "a record keeps its bytes");
      const again = openFiscalMemory(flash, hash, 256, memory.logPosition());
      assert(again.problem === undefined && again.memory.lastHash() === memory.lastHash(), "a start reads the same");
    },
  },
  {
    name: "no record is lost when the power fails at a byte or call of a document",
    run: (hash: TestHash) => {
      assert(cutEveryByte(searchOf(hash, 256, 4)) > 20, "many bytes were tried");
      assert(cutEveryCall({ ...searchOf(hash, 512, 16), during: [200] }) > 40, "many calls were tried");
    },
  },
  {
    name: "no record is lost when the recovery loses power too",
    run: (hash: TestHash) => {
      assert(cutTwice({ ...searchOf(hash, 256, 4), stride: 67 }) > 20, "many second cuts were tried");
    },
  },
  {
    name: "a ring wraps under power cuts",
    run: (hash: TestHash) => {
      assert(wrapRing(searchOf(hash, 1024, 4), 4, 3) > 3, "the power failed on the way");
    },
  },
  {
    name: "the state area keeps a whole copy through every kind of tear",
    run: (_hash: TestHash) => {
      for (const tear of tears) {
        saveUntilCut(tear);
      }
    },
  },
  {
    name: "Z records are counted once, whatever a cut left",
    run: (_hash: TestHash) => {
      const flash = createSimFlash({ capacityBytes: 8192, programBytes: 4, sectorBytes: 4096 });
      appendZ(flash, 256, repeatByte(1, 200));
      for (let afterBytes = 1; afterBytes < 216; afterBytes += 40) {
        flash.cutPower({ afterBytes, tear: "unstable" });
        untilPowerLoss(() => appendZ(flash, 256, repeatByte(2, 200)));
        flash.powerOn();
        settleZ(flash, 256);
        const count = countZ(flash, 256);
        settleZ(flash, 256);
        assert(countZ(flash, 256) === count, "two starts count the same");
      }
    },
  },
  {
    name: "scratch gives back what was written in uneven pieces",
    run: (_hash: TestHash) => {
      const flash = createSimFlash({ capacityBytes: 4096, programBytes: 4, sectorBytes: 1024 });
      const scratch = createScratch(flash, 128, 9);
      scratch.begin();
      let written = "";
      for (let size = 1; written.length + size < 4000; size += 7) {
        const piece = repeatByte(size % 256, size);
        scratch.write(written.length, piece);
        written += piece;
      }
      assert(scratch.read(0, written.length) === (written as Bytes), "what was written is read");
      assert(scratch.read(100, 50) === written.substring(100, 150), "at any offset");
    },
  },
];
