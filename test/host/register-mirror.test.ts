import { randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { DeviceRefusal } from "../../host/device/fiscal-device";
import { createMirror, type Mirror, type MirrorAlarm } from "../../host/register/mirror";
import { MirrorFailed } from "../../host/register/mirror-store";
import { readReceiptRequest } from "../../host/register/receipt-request";
import { recordType } from "../../protocol/records";
import { createFakeDevice, type FakeDevice } from "./fake-device";

interface Bench {
  readonly fake: FakeDevice;
  readonly folder: string;
  readonly alarms: MirrorAlarm[];
  readonly fresh: number[];
  readonly damages: string[];
  mirror: Mirror;
  session: Buffer;
  /** As after a restart of the service. */
  reopen(): Promise<void>;
  sell(key: string): Promise<void>;
}
const test = suite<{ bench: Bench }>("register mirror");

test.before.each(async context => {
  const fake = createFakeDevice();
  const folder = mkdtempSync(join(tmpdir(), "kassa-mirror-"));
  const alarms: MirrorAlarm[] = [];
  const fresh: number[] = [];
  const damages: string[] = [];
  const open = (): Mirror =>
    createMirror(fake.device, folder, {
      onItems: (items, isFresh) => fresh.push(...items.filter(() => isFresh).map(({ sequence }) => sequence)),
      onAlarm: alarm => alarms.push(alarm),
      onDamage: reason => damages.push(reason),
    });
  const { session } = await fake.device.login(1, "0000");
  context.bench = {
    fake,
    folder,
    alarms,
    fresh,
    damages,
    mirror: open(),
    session,
    async reopen() {
      await this.mirror.close();
      this.mirror = open();
    },
    async sell(key) {
      const receipt = readReceiptRequest({
        operation: "sale",
        lines: [{ name: "Нан", quantity: "1", price: 65000, vat: "16" }],
        payments: [{ kind: "cash", sum: 65000 }],
      });
      await fake.device.sellDocument({ session, key, ...receipt });
    },
  };
});
test.after.each(async ({ bench }) => {
  await bench.mirror.close();
  rmSync(bench.folder, { recursive: true, force: true });
});

test("documents are found by number, key, shift and sign, with their frozen answer", async ({ bench }) => {
  await bench.sell("one");
  await bench.sell("two");
  await bench.mirror.catchUp(bench.session);
  const store = bench.mirror.store()!;
  const [two] = store.find({ key: "two" }, 10);
  assert.is(two?.number, 2);
  assert.is(two?.answer?.sign, "812345678902");
  assert.equal(two?.answer?.vat, [[16000, 8966]]);
  assert.is(store.find({ shift: 1 }, 10).length, 2);
  assert.is(store.find({ sign: "812345678901" }, 10)[0]?.key, "one");
  assert.is(store.find({ number: 3 }, 10).length, 0);
  assert.equal(
    store.find({ after: 1 }, 10).map(({ number }) => number),
    [2],
  );
});

test("a module that cannot read its log is no fork: its records are followed again when it can", async ({ bench }) => {
  await bench.sell("one");
  await bench.mirror.catchUp(bench.session);
  const whole = bench.fake.log.splice(0);
  bench.fake.blocks.push("FLASH_FAILED");
  await bench.mirror.catchUp(bench.session);
  assert.equal([bench.alarms, bench.mirror.forked()], [[], false]);
  assert.is(bench.mirror.store()!.find({ key: "one" }, 10).length, 1, "what was mirrored is found");
  bench.fake.log.push(...whole);
  bench.fake.blocks.pop();
  await bench.sell("two");
  await bench.mirror.catchUp(bench.session);
  assert.is(bench.mirror.store()!.find({ key: "two" }, 10).length, 1);
});

test("a delivered record adds the operator's sign beside the autonomous one", async ({ bench }) => {
  bench.fake.outcome = "autonomous";
  await bench.sell("one");
  bench.fake.append(recordType.delivered, [
    [2, 1],
    [4, "812345678999"],
    [5, "https://x"],
    [10, 1795520600],
  ]);
  await bench.mirror.catchUp(bench.session);
  const [row] = bench.mirror.store()!.find({ sign: "812345678999" }, 1);
  assert.is(row?.answer?.sign, "1001041");
  assert.is(row?.answer?.cause, "silent");
  assert.is(row?.ofdSign, "812345678999");
});

test("records of secrets are followed through their hashes", async ({ bench }) => {
  bench.fake.appendSecret();
  await bench.sell("one");
  bench.fake.appendSecret();
  bench.fake.appendSecret();
  await bench.sell("two");
  await bench.mirror.catchUp(bench.session);
  assert.equal(bench.alarms, []);
  assert.is(bench.mirror.store()!.last()?.sequence, bench.fake.log.length);
});

test("a long record comes by pages and is kept whole", async ({ bench }) => {
  bench.fake.append(recordType.event, [[2, "X".repeat(5000)]]);
  await bench.mirror.catchUp(bench.session);
  assert.ok(
    bench.mirror
      .store()!
      .item(2)
      ?.equals(bench.fake.log[1] as Buffer),
  );
});

test("after a restart only what is new is pulled, and the past is not told as news", async ({ bench }) => {
  await bench.sell("one");
  await bench.mirror.catchUp(bench.session);
  await bench.reopen();
  await bench.sell("two");
  bench.fake.seen.logPages = 0;
  await bench.mirror.catchUp(bench.session);
  assert.equal(bench.fresh, []);
  assert.ok(bench.fake.seen.logPages <= 5, String(bench.fake.seen.logPages));
  await bench.sell("three");
  await bench.mirror.catchUp(bench.session);
  assert.equal(bench.fresh, [6, 7]);
});

test("calls at the same time share the work, and each sees what was there when it came", async ({ bench }) => {
  const first = bench.mirror.catchUp(bench.session);
  await bench.sell("one");
  await Promise.all([first, ...Array.from({ length: 5 }, () => bench.mirror.catchUp(bench.session))]);
  assert.is(bench.mirror.store()!.find({ key: "one" }, 1).length, 1);
});

test("a changed byte in the log is a fork: told, and nothing of it is stored", async ({ bench }) => {
  await bench.sell("one");
  await bench.mirror.catchUp(bench.session);
  await bench.sell("two");
  const item = bench.fake.log[3] as Buffer;
  item[item.length - 70] = (item[item.length - 70] as number) ^ 1;
  await bench.mirror.catchUp(bench.session);
  assert.is(bench.alarms[0]?.code, "LOG_FORKED");
  assert.ok((bench.mirror.store()!.last()?.sequence ?? 0) <= 4);
  await bench.mirror.catchUp(bench.session);
  assert.is(bench.alarms.length, 1, "a fork is told once");
});

test("another history under the same key is a fork, also after a restart", async ({ bench }) => {
  await bench.sell("one");
  await bench.mirror.catchUp(bench.session);
  await bench.reopen();
  const last = bench.fake.log.pop() as Buffer;
  bench.fake.append(recordType.event, [[2, "OTHER"]]);
  await bench.mirror.catchUp(bench.session);
  const alarm = bench.alarms[0];
  assert.is(alarm?.code, "LOG_FORKED");
  assert.ok(bench.mirror.store()!.item(3)?.equals(last), "what was mirrored stays");
});

test("a log that became shorter is a fork", async ({ bench }) => {
  await bench.sell("one");
  await bench.mirror.catchUp(bench.session);
  bench.fake.log.pop();
  await bench.mirror.catchUp(bench.session);
  assert.is(bench.alarms[0]?.code, "LOG_FORKED");
  assert.ok(bench.mirror.forked());
});

test("records that the module gave up meanwhile are a gap, and the mirror goes on behind it", async ({ bench }) => {
  await bench.mirror.catchUp(bench.session);
  await bench.sell("one");
  await bench.sell("two");
  bench.fake.giveUp(3);
  await bench.reopen();
  await bench.mirror.catchUp(bench.session);
  assert.equal(bench.alarms, [{ code: "LOG_GAP", from: 2, to: 3 }]);
  const store = bench.mirror.store()!;
  assert.is(store.firstUnbroken(), 4);
  assert.is(store.find({ key: "two" }, 1).length, 1);
});

test("another board has a file of its own, and the first one's comes back with it", async ({ bench }) => {
  await bench.sell("one");
  await bench.mirror.catchUp(bench.session);
  bench.fake.serial = "KZT00000002";
  await bench.mirror.catchUp(bench.session);
  assert.is(bench.mirror.serial(), "KZT00000002");
  assert.is(readdirSync(bench.folder).filter(name => name.endsWith(".db")).length, 2);
  bench.fake.serial = "KZT00000001";
  await bench.mirror.catchUp(bench.session);
  assert.is(bench.mirror.store()!.find({ key: "one" }, 1).length, 1);
  assert.equal(bench.alarms, []);
});

test("a module that goes away in the middle leaves a mirror that goes on later", async ({ bench }) => {
  await bench.sell("one");
  await bench.sell("two");
  const fail = new DeviceRefusal("DEVICE_ABSENT");
  const passes = 3;
  let calls = 0;
  const inner = bench.fake.device.logPage;
  bench.fake.device.logPage = async (...args) => {
    calls += 1;
    if (calls === passes) {
      throw fail;
    }
    return inner(...args);
  };
  assert.is(await bench.mirror.catchUp(bench.session).catch(error => error), fail);
  await bench.mirror.catchUp(bench.session);
  assert.is(bench.mirror.store()!.find({}, 10).length, 2);
});

/** Random bytes over the mirror's file and what SQLite keeps beside it. */
function damage({ folder }: Bench): void {
  for (const name of readdirSync(folder)) {
    writeFileSync(join(folder, name), randomBytes(64 * 1024));
  }
}

test("a damaged file is put aside at the start and made again from the module", async ({ bench }) => {
  await bench.sell("one");
  await bench.mirror.catchUp(bench.session);
  await bench.mirror.close();
  damage(bench);
  await bench.reopen();
  await bench.mirror.catchUp(bench.session);
  assert.is(bench.damages.length, 1);
  assert.match(bench.damages[0] as string, /not a database/);
  assert.is(bench.mirror.store()!.find({ key: "one" }, 1).length, 1);
  assert.is(readdirSync(bench.folder).filter(name => name.endsWith(".damaged")).length, 1);
  assert.equal(bench.alarms, []);
});

test("damage under way is met as BUSY by who reads, and mended by the next run", async ({ bench }) => {
  await bench.sell("one");
  await bench.mirror.catchUp(bench.session);
  const store = bench.mirror.store()!;
  const broken = new MirrorFailed("x", Object.assign(new Error("malformed"), { code: "SQLITE_CORRUPT_VTAB" }));
  store.damage = () => broken;
  assert.is(broken.code, "BUSY");
  await bench.mirror.catchUp(bench.session);
  assert.is(bench.damages.length, 1);
  assert.not(bench.mirror.store() === store);
  assert.is(bench.mirror.store()!.find({ key: "one" }, 1).length, 1);
});

test.run();
