import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { brokerGroup, brokerSocket, createBroker } from "../../host/device/broker";
import { brokerScheme } from "../../host/device/connection";
import { type DeviceRefusal, type FiscalDevice, openFiscalDevice } from "../../host/device/fiscal-device";
import { socketChannel } from "../../host/device/message-channel";
import { createSmpClient } from "../../host/device/smp-client";
import { createFakeModule, Refused } from "./fake-module";

async function withBroker(run: (owner: FiscalDevice, home: string) => Promise<void>, refuse = false): Promise<void> {
  const home = await mkdtemp(join(tmpdir(), "kassa-broker-"));
  const module = await createFakeModule();
  if (refuse) {
    module.handlers.set("104/7", () => {
      throw new Refused("PAPER_ABSENT", { got: 1 });
    });
  }
  const owner = openFiscalDevice({ home, port: module.address });
  await owner.present(2000);
  const broker = await createBroker(home, owner);
  try {
    await run(owner, home);
  } finally {
    await broker.close();
    await owner.close();
    await module.close();
    await rm(home, { recursive: true });
  }
}

test("another program reaches the module while the owner holds the port", () =>
  withBroker(async (owner, home) => {
    const guest = openFiscalDevice({ home, port: brokerScheme + brokerSocket(home) });
    await guest.present(2000);
    const { session } = await guest.login(1, "0000");
    const upload = Buffer.alloc(5000, 1);
    const both = [
      guest.sellDocument({ session, key: "guest", upload, lines: 1 }),
      owner.sellDocument({ session, key: "owner", upload: Buffer.alloc(10), lines: 1 }),
      ...Array.from({ length: 10 }, () => guest.info()),
    ];
    await Promise.allSettled(both.slice(1));
    assert.is(((await both[0]!) as { state: string }).state, "done");
    await guest.close();
  }));

test("a refusal passes through the broker with its facts", () =>
  withBroker(async (_owner, home) => {
    const guest = openFiscalDevice({ home, port: brokerScheme + brokerSocket(home) });
    await guest.present(2000);
    try {
      await guest.status();
      assert.unreachable();
    } catch (error) {
      assert.is((error as DeviceRefusal).code, "PAPER_ABSENT");
      assert.equal((error as DeviceRefusal).facts, { got: 1 });
    }
    await guest.close();
  }, true));

test("release frees the port for a while, then the owner takes it again", () =>
  withBroker(async (owner, home) => {
    const client = createSmpClient(socketChannel(connect(brokerSocket(home))));
    await client.request({ op: "write", group: brokerGroup, id: 0 }, { forMs: 400 });
    await new Promise(resolve => setTimeout(resolve, 100));
    assert.is(owner.state().present, false);
    await owner.present(2000);
    client.close();
  }));

test("a second broker in one home is refused, a dead one's socket is replaced", () =>
  withBroker(async (owner, home) => {
    try {
      await createBroker(home, owner);
      assert.unreachable();
    } catch (error) {
      assert.is((error as DeviceRefusal).code, "PORT_BUSY");
    }
  }));

test("a caller that sends no messages is cut off", () =>
  withBroker(async (_owner, home) => {
    const socket = connect(brokerSocket(home));
    socket.on("error", () => {});
    socket.write(Buffer.from("GET / HTTP/1.1\r\n\r\n"));
    await new Promise(resolve => socket.once("close", resolve));
  }));

test.run();
