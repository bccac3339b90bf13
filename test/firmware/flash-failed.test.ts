/** A flash that fails: sales stop, everything that is stored and readable can still be read. The whole module in Node and in Lua. */
import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { start } from "../../firmware/start";
import type { Flash } from "../../hal/flash";
import type { Hal } from "../../hal/hal";
import { testGeometry } from "../../hal/sim/geometry";
import { ensureBuilt } from "../../host/build/image";
import { DeviceRefusal } from "../../host/device/device-error";
import { bytesOf } from "../../protocol/bytes";
import { commands, groups, type LoginReply } from "../../protocol/commands";
import { smpOp } from "../../protocol/smp-message";
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

/** The machine with every part of its flash changed. */
function withParts(machine: Machine, change: (part: Part, flash: Flash) => Flash): Machine {
  const wrap = (hal: Hal): Hal => ({
    ...hal,
    fiscal: change("fiscal", hal.fiscal),
    state: change("state", hal.state),
    z: change("z", hal.z),
    scratch: change("scratch", hal.scratch),
  });
  return { ...machine, boot: hal => machine.boot(wrap(hal)) };
}

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
  return withParts(machine, worn);
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

type IsUnreadable = (part: Part, offsetBytes: number) => boolean;
const readable: IsUnreadable = () => false;

/** A shop that has sold once, on a chip whose reads fail where `sickness` says from then on. */
function openForgetful(machine: Machine): { shop: Shop; sickness: { isUnreadable: IsUnreadable } } {
  const sickness = { isUnreadable: readable };
  const sick = (part: Part, flash: Flash): Flash => ({
    ...flash,
    read: (offset, length) =>
      sickness.isUnreadable(part, offset) ? { kind: "other", offsetBytes: offset } : flash.read(offset, length),
  });
  const shop = openShop(testGeometry, withParts(machine, sick));
  shop.sell({ key: "first", receipt: oneLine });
  shop.rest();
  return { shop, sickness };
}

function sessionOf(shop: Shop): LoginReply["session"] {
  const body = { operator: 1, pin: "0000" };
  const reply = shop.request<LoginReply>(smpOp.write, groups.session, commands.session.login, body);
  if (reply instanceof DeviceRefusal) throw reply;
  return reply.session;
}

const expectRefusal = (said: unknown, code: string, where: string): void => {
  assert.instance(said, DeviceRefusal, where);
  assert.is((said as DeviceRefusal).code, code, where);
};

test("a state area that cannot be read blocks the sales, and the next start may find it readable", ({ machines }) => {
  for (const [name, machine] of machines) {
    const { shop, sickness } = openForgetful(machine);
    sickness.isUnreadable = part => part === "state";
    shop.reboot();
    assert.equal([shop.status().state, blocks(shop)], ["blocked", ["FLASH_FAILED"]], name);
    assert.throws(() => shop.signIn(), /FLASH_FAILED/, name);
    const submitted = { key: "second", len: 1, lines: 1, sha: Buffer.alloc(32) };
    expectRefusal(
      shop.request(smpOp.write, groups.documents, commands.documents.submit, submitted),
      "FLASH_FAILED",
      name,
    );
    sickness.isUnreadable = readable;
    shop.reboot();
    shop.signIn();
    assert.equal([shop.status().state, blocks(shop)], ["ready", []], name);
    assert.is(shop.sell({ key: "second", receipt: oneLine }).number, 2, name);
  }
});

test("a start on a flash that cannot be read answers, whichever part or all of it fails", ({ machines }) => {
  for (const [name, machine] of machines) {
    const { shop, sickness } = openForgetful(machine);
    const sicknesses: readonly IsUnreadable[] = [
      part => part === "fiscal",
      part => part === "fiscal" || part === "state",
      () => true,
      (part, offset) => part === "fiscal" && offset < 64,
      (part, offset) => part === "state" || (part === "fiscal" && offset > 1000),
    ];
    for (const [index, isUnreadable] of sicknesses.entries()) {
      sickness.isUnreadable = isUnreadable;
      shop.reboot();
      assert.equal(blocks(shop), ["FLASH_FAILED"], `${name}: ${index}`);
      for (let time = 0; time < 20; time++) assert.is(shop.status().state, "blocked", `${name}: ${index}`);
    }
    sickness.isUnreadable = readable;
    shop.reboot();
    shop.signIn();
    assert.is(shop.sell({ key: "second", receipt: oneLine }).number, 2, name);
  }
});

test("one read that fails, whichever of a start it is, ends in a module that answers", ({ machines }) => {
  const [, machine] = machines[0]!;
  const { shop, sickness } = openForgetful(machine);
  let reads = 0;
  sickness.isUnreadable = () => {
    reads += 1;
    return false;
  };
  shop.reboot();
  const readsOfStart = reads;
  assert.ok(readsOfStart > 50, `${readsOfStart} reads`);
  for (let failing = 1; failing <= readsOfStart; failing++) {
    reads = 0;
    sickness.isUnreadable = () => {
      reads += 1;
      return reads === failing;
    };
    shop.reboot();
    assert.equal(blocks(shop), ["FLASH_FAILED"], `read ${failing}`);
  }
});

test("a record that cannot be read is refused as often as it is asked for, and so are the sales", ({ machines }) => {
  for (const [name, machine] of machines) {
    const { shop, sickness } = openForgetful(machine);
    const session = sessionOf(shop);
    const ask = (seq: number): unknown =>
      shop.request(smpOp.read, groups.service, commands.service.log, { session, seq, off: 0 });
    // The token's record is a secret one: of it the hash is told, which every byte of it must be read for.
    let largest = { offset: 0, length: 0 };
    sickness.isUnreadable = (part, offset) => {
      if (part === "fiscal") largest = { offset, length: largest.length + 1 };
      return false;
    };
    assert.not.instance(ask(2), DeviceRefusal);
    assert.ok(largest.length > 3);
    const { offset: weak } = largest;
    sickness.isUnreadable = (part, offset) => part === "fiscal" && offset === weak;
    for (let time = 0; time < 20; time++) expectRefusal(ask(2), "FLASH_FAILED", `${name}: time ${time}`);
    assert.not.instance(ask(1), DeviceRefusal, `${name}: another record is read`);
    assert.is(refusalOf(shop, "second"), "FLASH_FAILED", name);
  }
});

test("no look-up in a log whose bytes have changed resets the board, and a refusal names the flash or the key", ({
  machines,
}) => {
  for (const [name, machine] of machines) {
    let changed = -1;
    const rot = (flash: Flash): Flash => ({
      ...flash,
      read(offset, length) {
        const bytes = flash.read(offset, length);
        const at = changed - offset;
        if (typeof bytes !== "string" || at < 0 || at >= length) return bytes;
        return bytesOf(...[...bytes].map((byte, index) => byte.charCodeAt(0) ^ (index === at ? 0x40 : 0)));
      },
    });
    const boot = (hal: Hal): void => machine.boot({ ...hal, fiscal: rot(hal.fiscal) });
    for (let offset = 40; offset < 3000; offset += name === "lua" ? 97 : 13) {
      changed = -1;
      const shop = openShop(testGeometry, { ...machine, boot });
      shop.sell({ key: "first", receipt: oneLine });
      shop.rest();
      const session = sessionOf(shop);
      changed = offset;
      for (const key of ["first", "other"]) {
        const said = shop.request(smpOp.read, groups.documents, commands.documents.lookup, { session, key });
        if (said instanceof DeviceRefusal) assert.match(said.code, /FLASH_FAILED|KEY_UNKNOWN/, `${name}: ${offset}`);
      }
      assert.ok(shop.status().blocks.every(({ code }) => code === "FLASH_FAILED"));
    }
  }
});

test.run();
