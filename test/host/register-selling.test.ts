import { test } from "uvu";
import * as assert from "uvu/assert";
import { DeviceRefusal } from "../../host/device/fiscal-device";
import { readReceiptRequest } from "../../host/register/receipt-request";
import { createSelling, type Selling } from "../../host/register/selling";
import { createSessions } from "../../host/register/sessions";
import { createFakeDevice, type FakeDevice } from "./fake-device";

const receiptOf = (sum = 65000) =>
  readReceiptRequest({
    operation: "sale",
    lines: [{ name: "Нан", quantity: "1", price: sum, vat: "16" }],
    payments: [{ kind: "cash", sum }],
  });

async function createShop(): Promise<{
  fake: FakeDevice;
  selling: Selling;
  steps: string[];
  sell: (key: string, sum?: number) => ReturnType<Selling["sell"]>;
}> {
  const fake = createFakeDevice();
  const caller = await createSessions(fake.device).byPin({ operator: 1, pin: "0000" });
  const steps: string[] = [];
  const selling = createSelling(fake.device, {
    onStep: (key, step, atMs) => steps.push(`${key} ${step}${atMs === 1000 ? " at 1000" : ""}`),
    onSold() {},
  });
  return {
    fake,
    selling,
    steps,
    sell: (key, sum) => selling.sell({ ...receiptOf(sum), key, caller, arrivedMs: 1000 }),
  };
}
const codeOf = (error: unknown): unknown =>
  (error as { refusal?: { code: string } }).refusal?.code ?? (error as { code?: string }).code;

test("ten requests with one key at the same time are one sale, and nine of them repetitions", async () => {
  const { fake, sell } = await createShop();
  const sold = await Promise.all(Array.from({ length: 10 }, () => sell("k")));
  assert.is(fake.seen.sales, 1);
  assert.is(sold.filter(({ isRepeated }) => isRepeated).length, 9);
  assert.is(new Set(sold.map(({ answer }) => JSON.stringify(answer))).size, 1);
});

test("a repetition after the answer is told as such and asks the module to compare the body", async () => {
  const { fake, sell } = await createShop();
  const first = await sell("k");
  const again = await sell("k");
  assert.equal([first.isRepeated, again.isRepeated], [false, true]);
  assert.equal(again.answer, first.answer);
  assert.is(fake.seen.sales, 2);
});

test("one tiyn more under the same key is KEY_REUSED, while the first is under way and after", async () => {
  const { fake, sell } = await createShop();
  let open: () => void = () => {};
  fake.gate = new Promise(resolve => {
    open = resolve;
  });
  const first = sell("k");
  assert.is(await sell("k", 65001).catch(codeOf), "KEY_REUSED");
  open();
  await first;
  assert.is(await sell("k", 65001).catch(codeOf), "KEY_REUSED");
});

test("a refusal binds no key: the same request may succeed later", async () => {
  const { fake, sell } = await createShop();
  fake.failures.set("sellDocument", [new DeviceRefusal("PAPER_ABSENT")]);
  assert.is(await sell("k").catch(codeOf), "PAPER_ABSENT");
  assert.is((await sell("k")).isRepeated, false);
});

test("what the module says of an earlier refusal of the key does not stop the new request", async () => {
  const { fake, sell } = await createShop();
  fake.failures.set("lookup", [new DeviceRefusal("PAPER_ABSENT")]);
  assert.is((await sell("k")).isRepeated, false);
});

test("an absent module is DEVICE_ABSENT, and the key is free again", async () => {
  const { fake, sell } = await createShop();
  fake.isPresent = false;
  assert.is(await sell("k").catch(codeOf), "DEVICE_ABSENT");
  fake.isPresent = true;
  assert.is((await sell("k")).isRepeated, false);
});

test("steps are noted once, and none for a repetition", async () => {
  const { steps, sell } = await createShop();
  await sell("k");
  await sell("k");
  assert.equal(steps, ["k accepted at 1000", "k uploaded", "k done"]);
});

test("the uplink's steps belong to the sale that is under way, and to none otherwise", async () => {
  const { selling, steps, sell } = await createShop();
  const uplink = (frame: number): void => {
    for (const step of ["fetched", "sent", "answered"] as const) {
      selling.noteUplink(step, frame);
    }
  };
  uplink(1);
  await sell("k");
  uplink(2);
  assert.not.ok(steps.some(step => step.endsWith("sent") || step.endsWith("answered")));
});

test("a frame out of the queue is none of the sale's", async () => {
  const { fake, selling, steps, sell } = await createShop();
  const { sellDocument } = fake.device;
  fake.device.sellDocument = async sale => {
    selling.noteUplink("fetched", 1);
    sale.onStep?.("uploaded");
    selling.noteUplink("sent", 1);
    sale.onStep?.("submitted");
    sale.onStep?.("journalled");
    selling.noteUplink("answered", 1);
    for (const step of ["fetched", "sent", "answered"] as const) {
      selling.noteUplink(step, 2);
    }
    return sellDocument({ ...sale, onStep: undefined });
  };
  await sell("k");
  assert.equal(steps.slice(1), ["k uploaded", "k submitted", "k journalled", "k sent", "k answered"]);
});

test.run();
