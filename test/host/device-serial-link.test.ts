import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { openPty, type Pty } from "../../emulator/pty";
import { connectDevice } from "../../host/device/connection";
import { type DeviceRefusal, openFiscalDevice } from "../../host/device/fiscal-device";
import { findPorts } from "../../host/device/port-finder";
import { openLink } from "../../host/device/serial-link";
import { createFakeModule, type FakeModule } from "./fake-module";

interface Bench {
  home: string;
  module: FakeModule;
  /** Makes a pseudo-terminal with the module behind it and announces it. */
  plug(): Promise<Pty>;
}

async function withBench(run: (bench: Bench) => Promise<void>): Promise<void> {
  const home = await mkdtemp(join(tmpdir(), "kassa-link-"));
  await mkdir(join(home, "run"));
  const module = await createFakeModule();
  const plugged: Pty[] = [];
  async function plug(): Promise<Pty> {
    const receive = module.createLine(out => pty.write(out.toString("latin1")));
    const pty = openPty(text => receive(Buffer.from(text, "latin1")));
    plugged.push(pty);
    await writeFile(join(home, "run", "board.json"), JSON.stringify({ pid: process.pid, tty: pty.path }));
    return pty;
  }
  try {
    await run({ home, module, plug });
  } finally {
    for (const pty of plugged) {
      pty.close();
    }
    await module.close();
    await rm(home, { recursive: true });
  }
}

test("a running board is found, opened by serialport and raised to 921600", () =>
  withBench(async ({ home, plug }) => {
    const pty = await plug();
    assert.equal((await findPorts(home, {})).map(({ port, kind }) => [port, kind])[0], [pty.path, "board"]);
    const device = openFiscalDevice({ home });
    await device.present(3000);
    assert.equal(device.state().port, pty.path);
    assert.is(device.state().baud, 921600);
    const { session } = await device.login(1, "0000");
    const sold = await device.sellDocument({ session, key: "k", upload: randomBytes(20_000), lines: 9 });
    assert.is(sold.answer?.number, 1);
    await device.close();
  }));

test("a pseudo-terminal that vanishes and comes back elsewhere is found again", () =>
  withBench(async ({ home, module, plug }) => {
    const pty = await plug();
    const device = openFiscalDevice({ home });
    const { session } = await device.present(3000).then(() => device.login(1, "0000"));
    const absent = new Promise<void>(resolve => device.on("absent", () => resolve()));
    const sale = device.sellDocument({ session, key: "k", upload: randomBytes(20_000), lines: 9 });
    pty.close();
    await absent;
    const again = await plug();
    assert.is((await sale).state, "done");
    assert.is(device.state().port, again.path);
    assert.is(module.documents.size, 1);
    await device.close();
  }));

test("a board whose process is dead is not offered", () =>
  withBench(async ({ home }) => {
    await writeFile(join(home, "run", "board.json"), JSON.stringify({ pid: 2 ** 22 + 1, tty: "/dev/pts/0" }));
    assert.equal(
      (await findPorts(home, {})).filter(({ kind }) => kind === "board"),
      [],
    );
    await writeFile(join(home, "run", "board.json"), "{ torn");
    assert.equal(
      (await findPorts(home, {})).filter(({ kind }) => kind === "board"),
      [],
    );
  }));

test("KASSA_DEVICE is the only candidate when it is set", async () => {
  const ports = await findPorts("/nowhere", { KASSA_DEVICE: "tcp://127.0.0.1:9" });
  assert.equal(
    ports.map(({ port, kind }) => [port, kind]),
    [["tcp://127.0.0.1:9", "named"]],
  );
});

test("a port that another program holds is busy, one that is not there is absent", () =>
  withBench(async ({ plug }) => {
    const pty = await plug();
    const holder = await openLink(pty.path);
    const codeOf = (port: string): Promise<string> =>
      connectDevice(port, 115200).then(
        () => "opened",
        error => (error as DeviceRefusal).code,
      );
    assert.is(await codeOf(pty.path), "PORT_BUSY");
    assert.is(await codeOf("/dev/no-such-port"), "DEVICE_ABSENT");
    assert.is(await codeOf("tcp://127.0.0.1:1"), "DEVICE_ABSENT");
    holder.listen({ data() {}, closed() {} });
    holder.close();
  }));

test.run();
