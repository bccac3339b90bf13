/** The pseudo-terminal, as `serialport` sees it. */
import { SerialPort } from "serialport";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { openPty } from "../../emulator/pty";

const allBytes = String.fromCharCode(...Array.from({ length: 256 }, (_, value) => value));

const open = (path: string): Promise<SerialPort> =>
  new Promise((resolve, reject) => {
    const port = new SerialPort({ path, baudRate: 115200, autoOpen: false });
    port.open(error => (error === null ? resolve(port) : reject(error)));
  });

/** Waits until `read` gives `expected` or two seconds have passed. */
async function arrives(read: () => string, expected: string): Promise<void> {
  for (let tries = 0; read().length < expected.length && tries < 400; tries++) {
    await new Promise(resolve => setTimeout(resolve, 5));
  }
  assert.is(read(), expected);
}

test("every byte passes in both directions, in order, 64 KB at a time", async () => {
  let fromHost = "";
  const pty = openPty(bytes => {
    fromHost += bytes;
  });
  const port = await open(pty.path);
  let fromBoard = "";
  port.on("data", (bytes: Buffer) => {
    fromBoard += bytes.toString("latin1");
  });
  const much = allBytes.repeat(256);
  port.write(Buffer.from(much, "latin1"));
  await arrives(() => fromHost, much);
  pty.write(much);
  await arrives(() => fromBoard, much);
  await new Promise(resolve => port.close(resolve));
  pty.close();
});

test("a port that is unplugged closes as disconnected; another host may come after one has gone", async () => {
  const pty = openPty(() => undefined);
  const first = await open(pty.path);
  await new Promise(resolve => first.close(resolve));
  const second = await open(pty.path);
  const heard = new Promise(resolve => second.on("data", resolve));
  pty.write("!");
  await heard;
  // serialport notices only while it reads, and it begins again a moment later.
  await new Promise(resolve => setTimeout(resolve, 50));
  const closed = new Promise(resolve => second.once("close", resolve));
  pty.close();
  assert.is(((await closed) as { disconnected?: boolean }).disconnected, true);
});

test("what nobody reads does not pile up", async () => {
  const pty = openPty(() => undefined);
  for (let round = 0; round < 20; round++) pty.write(allBytes.repeat(64));
  await new Promise(resolve => setTimeout(resolve, 50));
  pty.close();
});

test.run();
