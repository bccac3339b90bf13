import { randomBytes } from "node:crypto";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { DeviceRefusal, type FiscalDevice, openFiscalDevice } from "../../host/device/fiscal-device";
import { createFakeModule, type FakeModule, Refused } from "./fake-module";

interface Bench {
  module: FakeModule;
  device: FiscalDevice;
  session: Buffer;
}

async function withBench(run: (bench: Bench) => Promise<void>): Promise<void> {
  const module = await createFakeModule();
  const device = openFiscalDevice({ home: "/nowhere", port: module.address });
  try {
    await device.present(2000);
    const { session } = await device.login(1, "0000");
    await run({ module, device, session });
  } finally {
    await device.close();
    await module.close();
  }
}

const upload = randomBytes(3000);
const renew = (device: FiscalDevice) => async (): Promise<Buffer> => (await device.login(1, "0000")).session;

/** Calls `act` when a request with this name comes for the first time, before it is answered. */
function once(module: FakeModule, name: string, act: () => void): void {
  const handler = module.handlers.get(name)!;
  module.handlers.set(name, body => {
    module.handlers.set(name, handler);
    act();
    return handler(body);
  });
}

async function refusalOf(work: Promise<unknown>): Promise<DeviceRefusal> {
  try {
    await work;
  } catch (error) {
    assert.instance(error, DeviceRefusal);
    return error as DeviceRefusal;
  }
  throw new Error("nothing was refused");
}

test("a sale goes through its steps in order and ends with the frozen answer", () =>
  withBench(async ({ module, device, session }) => {
    const steps: string[] = [];
    let hints = 0;
    device.on("work", () => hints++);
    const done = await device.sellDocument({ session, key: "k1", upload, lines: 1, onStep: step => steps.push(step) });
    assert.is(done.answer?.number, 1);
    assert.equal(steps, ["uploaded", "submitted", "journalled", "done"]);
    assert.ok(hints >= 2, "the uplink is woken after submit and when the document is stored");
    assert.is(module.documents.size, 1);
  }));

test("a flash that fails once a submit was taken leaves the outcome unknown, before that it refuses the receipt", () =>
  withBench(async ({ module, device, session }) => {
    const failing = (): never => {
      throw new Refused("FLASH_FAILED", { kind: "worn" });
    };
    for (const [request, code] of [
      ["101/0", "FLASH_FAILED"],
      ["101/1", "FLASH_FAILED"],
      ["101/2", "OUTCOME_UNKNOWN"],
    ] as const) {
      const handler = module.handlers.get(request)!;
      module.handlers.set(request, failing);
      const sale = { session, key: `at ${request}`, upload, lines: 1 };
      assert.is((await refusalOf(device.sellDocument(sale))).code, code, request);
      module.handlers.set(request, handler);
      if (code === "FLASH_FAILED") continue;
      // The module says nothing of the key until it has started anew.
      const submit = module.handlers.get("101/1")!;
      module.handlers.set("101/1", failing);
      const again = await refusalOf(device.sellDocument(sale));
      module.handlers.set("101/1", submit);
      assert.equal([again.code, again.facts], ["OUTCOME_UNKNOWN", { key: sale.key }]);
      assert.is((await device.sellDocument(sale)).state, "done");
    }
  }));

test("ten sales with one key at once are one document", () =>
  withBench(async ({ module, device, session }) => {
    const sales = Array.from({ length: 10 }, () => device.sellDocument({ session, key: "same", upload, lines: 1 }));
    const answers = await Promise.all(sales);
    assert.is(new Set(answers.map(answer => JSON.stringify(answer))).size, 1);
    assert.is(module.documents.size, 1);
  }));

for (const [name, request] of [
  ["the first chunk", "101/0"],
  ["submit", "101/1"],
  ["a look-up", "101/2"],
] as const) {
  test(`unplugged at ${name}, the sale goes on with the same key when the module is back`, () =>
    withBench(async ({ module, device, session }) => {
      once(module, request, () => void module.unplug(150));
      const sale = { session, key: "k", upload, lines: 1, renewSession: renew(device) };
      const done = await device.sellDocument(sale);
      assert.is(done.answer?.number, 1);
      assert.is(module.documents.size, 1);
    }));

  test(`a reboot at ${name} costs a new session and nothing else`, () =>
    withBench(async ({ module, device, session }) => {
      once(module, request, () => module.forget());
      const done = await device.sellDocument({ session, key: "k", upload, lines: 1, renewSession: renew(device) });
      assert.is(done.state, "done");
      assert.is(module.documents.size, 1);
    }));
}

test("a lost session without a way to renew it is told", () =>
  withBench(async ({ module, device, session }) => {
    module.forget();
    assert.is((await refusalOf(device.sellDocument({ session, key: "k", upload, lines: 1 }))).code, "SESSION_LOST");
  }));

test("another body under the same key is refused", () =>
  withBench(async ({ device, session }) => {
    await device.sellDocument({ session, key: "k", upload, lines: 1 });
    const other = device.sellDocument({ session, key: "k", upload: randomBytes(3000), lines: 1 });
    assert.is((await refusalOf(other)).code, "KEY_REUSED");
  }));

test("a refusal carries the module's facts", () =>
  withBench(async ({ module, device, session }) => {
    module.handlers.set("101/1", () => {
      throw new Refused("PAYMENT_MISMATCH", { expected: 100, got: 99 });
    });
    const refusal = await refusalOf(device.sellDocument({ session, key: "k", upload, lines: 1 }));
    assert.is(refusal.code, "PAYMENT_MISMATCH");
    assert.equal(refusal.facts, { expected: 100, got: 99 });
  }));

test("a module that is busy for a while is asked again", () =>
  withBench(async ({ module, device, session }) => {
    for (let times = 0; times < 3; times++) {
      once(module, "101/0", () => {
        throw new Refused("BUSY");
      });
    }
    assert.is((await device.sellDocument({ session, key: "k", upload, lines: 1 })).state, "done");
  }));

test("a document that another program has under way is waited for, however long its upload stays", () =>
  withBench(async ({ module, device, session }) => {
    const submit = module.handlers.get("101/1")!;
    let times = 0;
    module.handlers.set("101/1", body => {
      times += 1;
      if (times <= 12) {
        throw new Refused("BUSY");
      }
      return submit(body);
    });
    assert.is((await device.sellDocument({ session, key: "k", upload, lines: 1 })).state, "done");
    assert.is(module.seen.filter(name => name === "101/0").length, 4, "the upload is not repeated");
  }));

test("a receipt waits for the one before it to come out of the printer", () =>
  withBench(async ({ module, device, session }) => {
    once(module, "101/1", () => {
      throw new Refused("PRINT_UNFINISHED", { number: 1 });
    });
    assert.is((await device.sellDocument({ session, key: "k", upload, lines: 1 })).state, "done");
  }));

test("sixteen sales at once take their turn, the seventeenth is BUSY", () =>
  withBench(async ({ module, device, session }) => {
    const sell = (key: string) => device.sellDocument({ session, key, upload, lines: 1 });
    const sales = Array.from({ length: 16 }, (_, index) => sell(`k${index}`));
    assert.is((await refusalOf(sell("k16"))).code, "BUSY");
    await Promise.all(sales);
    assert.is(module.documents.size, 16);
    await sell("k16");
  }));

test("another module in the same place does not get the sale", () =>
  withBench(async ({ module, device, session }) => {
    once(module, "101/1", () => {
      module.serial = "FAKE0002";
      void module.unplug(100);
    });
    const sale = device.sellDocument({ session, key: "k", upload, lines: 1, renewSession: renew(device) });
    assert.is((await refusalOf(sale)).code, "OUTCOME_UNKNOWN");
  }));

test("a module that was never there is absent after three seconds", async () => {
  const device = openFiscalDevice({ home: "/nowhere", port: "tcp://127.0.0.1:1" });
  const sale = device.sellDocument({ session: Buffer.alloc(16), key: "k", upload, lines: 1 });
  assert.is((await refusalOf(sale)).code, "DEVICE_ABSENT");
  await device.close();
});

test.run();
