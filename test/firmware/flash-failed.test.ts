/** A flash that fails: sales stop, everything that is stored can still be read. The whole module in Node and in Lua. */
import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { start } from "../../firmware/start";
import type { Flash } from "../../hal/flash";
import type { Hal } from "../../hal/hal";
import { testGeometry } from "../../hal/sim/geometry";
import { ensureBuilt } from "../../host/build/image";
import { readLog } from "../cuts/log";
import { createLuaMachine, createNodeMachine, type Machine } from "../cuts/machine";
import { fifteenLines, oneLine } from "../cuts/receipts";
import { openShop, type Shop, trySell } from "../cuts/shop";

const test = suite<{ machines: readonly [string, Machine][] }>("a flash that fails");

test.before(async context => {
  const image = readFileSync((await ensureBuilt()).image);
  context.machines = [
    ["node", createNodeMachine(start)],
    ["lua", await createLuaMachine(image)],
  ];
});
test.after(({ machines }) => {
  for (const [, machine] of machines) machine.close();
});

type Part = "fiscal" | "state" | "z" | "scratch";
/** Programs and erases of a part still work for so many calls. */
type Health = { part: Part; calls: number };

/** The machine with a chip that wears out when it is told to. */
function wearing(machine: Machine, health: Health): Machine {
  const worn = (part: Part, flash: Flash): Flash => {
    const fails = (): boolean => part === health.part && health.calls-- <= 0;
    return {
      ...flash,
      program: (offset, data) => (fails() ? { kind: "worn", offsetBytes: offset } : flash.program(offset, data)),
      eraseSector: offset => (fails() ? { kind: "worn", offsetBytes: offset } : flash.eraseSector(offset)),
    };
  };
  const wrap = (hal: Hal): Hal => ({
    ...hal,
    fiscal: worn("fiscal", hal.fiscal),
    state: worn("state", hal.state),
    z: worn("z", hal.z),
    scratch: worn("scratch", hal.scratch),
  });
  return { ...machine, boot: hal => machine.boot(wrap(hal)) };
}

const healthy = Number.POSITIVE_INFINITY;
const blocks = (shop: Shop): string[] => shop.status().blocks.map(({ code }) => code);
function refusalOf(shop: Shop, key: string, receipt = oneLine): string {
  try {
    const said = trySell(shop, { key, receipt });
    return said instanceof Error ? said.code : "sold";
  } catch (failure) {
    // Its document is stored and has a number; its outcome is what did not get through.
    assert.match(String(failure), /a numbered receipt: FLASH_FAILED/);
    return "FLASH_FAILED";
  }
}

/** Sells once, lets the chip fail in the next sale, and looks at what can still be read. */
function failInSale(machine: Machine, calls: number): void {
  const health: Health = { part: "fiscal", calls: healthy };
  const shop = openShop(testGeometry, wearing(machine, health));
  const first = shop.sell({ key: "first", receipt: oneLine }).answer;
  shop.rest();
  health.calls = calls;
  const said = refusalOf(shop, "second");
  if (said === "sold") assert.throws(() => shop.rest(), /paper or queue never end/, "the record of its paper fails");
  else assert.is(said, "FLASH_FAILED", `after ${calls} calls`);
  for (const life of ["the same life", "after a start", "after another start"]) {
    const where = `${life}, after ${calls} calls`;
    if (life !== "the same life") {
      shop.reboot();
      shop.signIn();
    }
    assert.equal(shop.lookup("first")?.answer, first, where);
    assert.ok(readLog(shop, 1).length > 3, where);
    health.calls = 0;
    assert.is(refusalOf(shop, "third"), "FLASH_FAILED", where);
    assert.equal(blocks(shop), ["FLASH_FAILED"], where);
  }
}

test("wherever in a sale the log's chip fails, sales stop and what is stored can be read, after a start too", ({
  machines,
}) => {
  for (const [name, machine] of machines) {
    for (let calls = 0; calls < 16; calls += name === "lua" ? 4 : 1) failInSale(machine, calls);
  }
});

for (const part of ["state", "z"] as const) {
  test(`a failing ${part} area stops the sales when the shift is closed`, ({ machines }) => {
    for (const [name, machine] of machines) {
      const health: Health = { part, calls: healthy };
      const shop = openShop(testGeometry, wearing(machine, health));
      shop.sell({ key: "first", receipt: oneLine });
      shop.rest();
      health.calls = 1;
      assert.throws(() => shop.closeShift(), /FLASH_FAILED/, name);
      assert.equal(blocks(shop), ["FLASH_FAILED"], name);
      shop.reboot();
      shop.signIn();
      assert.equal(blocks(shop), ["FLASH_FAILED"], `${name}: the closing cannot be finished`);
      health.calls = healthy;
      shop.reboot();
      shop.signIn();
      assert.equal([blocks(shop), shop.status().shift.open], [[], false], `${name}: another chip's worth of luck`);
      assert.is(refusalOf(shop, "next"), "sold", name);
    }
  });
}

test("after a failure nothing more is written, in the same life", ({ machines }) => {
  for (const [name, machine] of machines) {
    const health: Health = { part: "fiscal", calls: healthy };
    const shop = openShop(testGeometry, wearing(machine, health));
    shop.sell({ key: "first", receipt: oneLine });
    shop.rest();
    health.calls = 5;
    assert.is(refusalOf(shop, "second"), "FLASH_FAILED", name);
    health.calls = healthy;
    assert.throws(() => shop.enterToken(7), /FLASH_FAILED/, name);
    assert.throws(() => shop.closeShift(), /FLASH_FAILED/, name);
    shop.reboot();
    shop.signIn();
    assert.equal(blocks(shop), [], name);
    // It was stored: the key sells it once.
    assert.is(shop.sell({ key: "second", receipt: oneLine }).number, 2, name);
    shop.enterToken(7);
  }
});

test("a failing scratch area refuses the receipt", ({ machines }) => {
  for (const [name, machine] of machines) {
    const health: Health = { part: "scratch", calls: healthy };
    const shop = openShop(testGeometry, wearing(machine, health));
    health.calls = 0;
    assert.is(refusalOf(shop, "first", fifteenLines), "FLASH_FAILED", name);
    assert.equal(blocks(shop), ["FLASH_FAILED"], name);
  }
});

test.run();
