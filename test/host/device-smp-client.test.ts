import { test } from "uvu";
import * as assert from "uvu/assert";
import { type DeviceRefusal, refusalIn } from "../../host/device/device-error";
import { type FiscalDevice, openFiscalDevice } from "../../host/device/fiscal-device";
import { createFakeModule, type Damage, type FakeModule } from "./fake-module";

async function withDevice(run: (device: FiscalDevice, module: FakeModule) => Promise<void>): Promise<void> {
  const module = await createFakeModule();
  const device = openFiscalDevice({ home: "/nowhere", port: module.address });
  try {
    await device.present(2000);
    await run(device, module);
  } finally {
    await device.close();
    await module.close();
  }
}

const flipped: Damage = lines => {
  const damaged = Buffer.from(lines);
  damaged[20] = damaged[20] === 0x41 ? 0x42 : 0x41;
  return damaged;
};
const damages: [string, Damage][] = [
  ["with one letter changed", flipped],
  ["cut in the middle of a line", lines => Buffer.concat([lines.subarray(0, 30), Buffer.from("\n")])],
  ["without its first marker", lines => lines.subarray(2)],
  ["with noise before it", lines => Buffer.concat([Buffer.from([0, 255, 10, 200, 6, 9, 65, 10]), lines])],
  ["twice", lines => Buffer.concat([lines, lines])],
  [
    "with its lines swapped",
    lines => Buffer.from(`${lines.toString("latin1").split("\n").reverse().join("\n")}\n`, "latin1"),
  ],
];
for (const [name, damage] of damages) {
  test(`an answer that comes ${name} costs at most a repeat`, () =>
    withDevice(async (device, module) => {
      module.damages.push(damage);
      const began = performance.now();
      assert.is((await device.info()).serial, "FAKE0001");
      assert.is((await device.info()).serial, "FAKE0001");
      assert.ok(performance.now() - began < 2000, "damage is met by an early repeat, not by the time-out");
    }));
}

test("the answer to an earlier request is skipped", () =>
  withDevice(async (device, module) => {
    let kept = Buffer.alloc(0);
    module.damages.push(lines => {
      kept = Buffer.from(lines);
      return flipped(lines);
    });
    module.damages.push(lines => Buffer.concat([kept, lines]));
    assert.is((await device.info()).serial, "FAKE0001");
  }));

test("an answer that comes in two parts with a long pause between is still one answer", () =>
  withDevice(async (device, module) => {
    const parts: Buffer[] = [];
    module.damages.push(lines => {
      parts.push(lines.subarray(5));
      return lines.subarray(0, 5);
    });
    // Every repetition is answered by the rest of the first answer, as by a module that was only slow.
    module.damages.push(() => parts.pop());
    assert.is((await device.info()).serial, "FAKE0001");
  }));

test("a request that is not answered is repeated after 2.5 s", () =>
  withDevice(async (device, module) => {
    module.damages.push(() => undefined);
    const began = performance.now();
    await device.info();
    const tookMs = performance.now() - began;
    assert.ok(tookMs > 2400 && tookMs < 3200, `took ${tookMs} ms`);
  }));

test("the speed is raised after info, and both fall back when the echo does not come", async () => {
  const module = await createFakeModule();
  module.handlers.set("0/0", () => undefined);
  const device = openFiscalDevice({ home: "/nowhere", port: module.address });
  await device.present(4000);
  assert.is(device.state().baud, 115200);
  assert.ok(module.seen.indexOf("104/1") > module.seen.indexOf("104/0"));
  await device.close();
  module.handlers.set("0/0", body => ({ r: body.d }));
  const again = openFiscalDevice({ home: "/nowhere", port: module.address });
  await again.present(4000);
  assert.is(again.state().baud, 921600);
  await again.close();
  await module.close();
});

test("a full queue is an answer", () =>
  withDevice(async device => {
    const many = Array.from({ length: 80 }, () =>
      device.info().then(
        () => "answered",
        error => (error as DeviceRefusal).code,
      ),
    );
    const outcomes = await Promise.all(many);
    assert.is(outcomes.filter(outcome => outcome === "BUSY").length, 15);
    assert.is(outcomes.filter(outcome => outcome === "answered").length, 65);
  }));

test("the uplink's requests overtake the others", () =>
  withDevice(async (device, module) => {
    module.handlers.set("103/0", () => ({ waitMs: 10 }));
    const others = Array.from({ length: 20 }, () => device.info());
    await device.next({ off: 0 });
    assert.ok(module.seen.filter(name => name === "104/0").length < 5);
    await Promise.all(others);
  }));

test("every shape of an error becomes a refusal", () => {
  const code = (reply: Record<string, unknown>): string | undefined => refusalIn(reply)?.code;
  assert.is(code({ err: { group: 101, rc: 10 }, facts: { a: 1 } }), "PAPER_ABSENT");
  assert.is(code({ err: { group: 101, rc: 9999 } }), "OPERATION_NOT_SUPPORTED");
  assert.is(code({ err: { group: 1, rc: 10 } }), "OPERATION_NOT_SUPPORTED");
  assert.is(code({ rc: 256, rsn: "PAPER_ABSENT" }), "PAPER_ABSENT");
  assert.is(code({ rc: 8 }), "OPERATION_NOT_SUPPORTED");
  assert.is(code({ rc: 10 }), "BUSY");
  assert.is(code({ off: 3 }), undefined);
  assert.equal(refusalIn({ err: { group: 101, rc: 30 }, facts: { expected: 5, bad: [1] } })?.facts, { expected: 5 });
});

test.run();
