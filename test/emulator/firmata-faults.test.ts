/** The emulated hobby board against a host that does wrong, and on a bad day: resets, stalls, lost bytes, pulled cables. */
import { SerialPort } from "serialport";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { violationsMax } from "../../emulator/firmata-device";
import { type Bytes, packBytes } from "../../protocol/bytes";
import { firmataBaud, hardwareSerial1, pinModes, sysex } from "../../protocol/firmata";
import { answer, createBench, type Host, losesPort, read, until, write, zeros } from "./firmata-host";

const test = suite("firmata faults");
const { start, fram, connect, connectI2c } = createBench(test);

/** What a host does wrong, and the words for it. */
const wrongs: readonly (readonly [name: string, words: string, act: (host: Host) => void])[] = [
  ["25 bytes to I2C", "I2C: a write of at most 24 bytes, not 25", ({ io }) => io.i2cWrite(0x50, zeros(25))],
  ["25 bytes from I2C", "I2C: a read of 1 to 24 bytes, not 25", ({ io }) => io.i2cReadOnce(0x50, 25, () => undefined)],
  [
    "a register of 8 bits and more",
    "I2C: register 256 does not fit one byte",
    ({ io }) => io.i2cReadOnce(0x50, 256, 1, () => undefined),
  ],
  [
    "a register of 15 bits",
    "I2C: a read is a register of up to 16383 and a length",
    ({ io }) => io.sysexCommand([sysex.i2cRequest, 0x50, 0x08, 0, 0, 1, 1, 0]),
  ],
  ["half a value", "I2C: half a byte", ({ io }) => io.sysexCommand([sysex.i2cRequest, 0x50, 0, 1, 0, 1])],
  ["a value of nine bits", "I2C: a value above 255", ({ io }) => io.sysexCommand([sysex.i2cRequest, 0x50, 0, 0, 2])],
  ["continuous reading", "I2C: continuous reading not supported", ({ io }) => io.i2cRead(0x50, 1, () => undefined)],
  ["ten bits", "10-bit addressing not supported", ({ io }) => io.sysexCommand([sysex.i2cRequest, 0x50, 0x20, 0, 0])],
  [
    "31 bytes to the printer",
    "serial: a write of at most 30 bytes, not 31",
    ({ io }) => io.serialWrite(hardwareSerial1, zeros(31)),
  ],
  ["another serial port", "serial: no port 2", ({ io }) => io.serialConfig({ portId: 2, baud: 9600 })],
  ["a delay above 127 us", "byte 0xc8 inside a sysex", ({ io }) => io.i2cConfig(200)],
  ["a long sysex", "sysex longer than 64 bytes", ({ io }) => io.sysexCommand([sysex.stringData, ...zeros(64)])],
  ["an unknown sysex", "unknown sysex 0x73", ({ io }) => io.sysexCommand([0x73, 1, 2])],
  ["an empty sysex", "empty sysex", ({ port }) => port.write([0xf0, 0xf7])],
  ["an end without a begin", "end of a sysex that did not begin", ({ port }) => port.write([0xf7])],
  ["an unknown command", "unknown command 0xa1", ({ port }) => port.write([0xa1, 1, 2])],
  ["data alone", "data without a command", ({ port }) => port.write([1, 2, 3])],
  ["half a command", "command 0xf4 without its data", ({ port }) => port.write([0xf4, 22, 0xf9])],
  ["a mode that a pin lacks", "pin 22 has no mode 3", ({ io }) => io.pinMode(22, pinModes.pwm)],
  ["a pin that is not there", "no pin 70", ({ port }) => port.write([0xf4, 70, 1])],
  ["too much PWM", "PWM of 256, at most 255", ({ port }) => port.write([0xe0 + 13, 0, 2])],
];

for (const [name, words, act] of wrongs) {
  test(`a violation is told and not obeyed: ${name}`, async () => {
    const chip = fram(32768);
    chip.write(0, packBytes(zeros(64).map(() => 0x55)));
    const printed: Bytes[] = [];
    const printer = {
      write(data: Bytes) {
        printed.push(data);
        return data.length;
      },
      read: () => packBytes([]),
    };
    const device = start({ fram: [chip], printer });
    const host = await connectI2c(device);
    host.io.serialConfig({ portId: hardwareSerial1, baud: 9600 });
    await host.fence();
    act(host);
    await host.fence();
    assert.equal(device.violations(), [words]);
    assert.equal(host.strings, [words]);
    assert.equal(printed, []);
    assert.is(chip.peek(0, 64), packBytes(zeros(64).map(() => 0x55)));
    write(host.io, 0x50, 0, []);
    assert.equal(await read(host.io, 0x50, 1), [0x55], "the next message is obeyed");
  });
}

test("what a host does wrong without end is kept up to a bound", async () => {
  const device = start();
  const { port, fence } = await connect(device);
  for (let count = 0; count < violationsMax + 50; count++) port.write([0xf0, 0xf7]);
  await fence();
  assert.is(device.violations().length, violationsMax);
});

test("neither bus nor serial port work before they are configured; after a reset they are not", async () => {
  const chip = fram(32768);
  const device = start({ fram: [chip] });
  const { io, fence } = await connect(device);
  io.sysexCommand([sysex.i2cRequest, 0x50, 0, 0, 0, 0, 0, 1, 0]);
  io.serialWrite(hardwareSerial1, [65]);
  await fence();
  const words = ["I2C: a request before the config", "serial: the port is not configured"];
  assert.equal(device.violations(), words);
  io.i2cConfig(0);
  io.pinMode(22, pinModes.output);
  io.digitalWrite(22, 1);
  await fence();
  assert.is(device.pin(22).value, 1);
  io.reset();
  write(io, 0x50, 0, [1]);
  await fence();
  assert.equal(device.violations(), [...words, words[0]]);
  assert.equal(device.pin(22), { mode: pinModes.input, value: 0 });
  assert.is(chip.peek(0, 1), packBytes([0]));
});

test("the reset button puts outputs out and tells the versions again", async () => {
  const device = start();
  const { io, fence } = await connect(device);
  io.pinMode(22, pinModes.output);
  io.digitalWrite(22, 1);
  await fence();
  const seen: [number, number][] = [];
  device.onOutput = (pin, value) => seen.push([pin, value]);
  const told = answer(resolve => io.once("reportversion", resolve));
  device.reset();
  await told;
  assert.equal(seen, [[22, 0]]);
});

test("strings of the host are logged; the firmware tells its name when asked", async () => {
  const lines: string[] = [];
  const { io, fence } = await connect(start({ log: line => lines.push(line) }));
  io.sendString("Hi");
  await fence();
  assert.equal(lines, ["the host says: Hi"]);
  await answer<void>(told => io.queryFirmware(told));
});

test("a stalled device obeys and answers nothing, then everything", async () => {
  const device = start();
  const { io, fence } = await connect(device);
  const messages = device.messages();
  const beganMs = performance.now();
  device.faults.stall(80);
  io.pinMode(22, pinModes.output);
  await fence();
  assert.ok(performance.now() - beganMs >= 80);
  assert.is(device.messages(), messages + 2);
  assert.is(device.pin(22).mode, pinModes.output);
});

test("bytes are lost on the line when asked for, and the line recovers", async () => {
  const device = start({ fram: [fram()] });
  const { io, port, fence } = await connectI2c(device);
  await fence();
  device.faults.loseBytes(0.2);
  for (let piece = 0; piece < 50; piece++) write(io, 0x50, piece, [1, 2, 3]);
  await new Promise<void>(resolve => port.drain(() => resolve()));
  await until(() => device.violations().length > 5, "the device notices");
  device.faults.loseBytes(0);
  // What was begun and never ended is ended by this.
  port.write([0xf7]);
  await fence();
  write(io, 0x50, 0, [9]);
  write(io, 0x50, 0, []);
  assert.equal(await read(io, 0x50, 1), [9]);
});

for (const after of [false, true]) {
  test(`the link drops at a message, which is ${after ? "" : "not "}obeyed; FRAM stays`, async () => {
    const chip = fram();
    const device = start({ fram: [chip] });
    const first = await connectI2c(device);
    await first.fence();
    const messages = device.messages();
    const old = device.path;
    device.faults.dropLinkAfterMessages(3, { after });
    for (let piece = 0; piece < 6; piece++) write(first.io, 0x50, piece, [0x61 + piece]);
    await losesPort(first);
    assert.is(device.messages(), messages + 3);
    assert.is(chip.peek(0, 4), packBytes([0x61, 0x62, after ? 0x63 : 0, 0]));
    assert.is.not(device.path, old);
    device.plug();
    const { io } = await connectI2c(device);
    write(io, 0x50, 0, []);
    assert.equal(await read(io, 0x50, 1), [0x61]);
  });
}

test("a device without its cable has no port and no power; with it, it starts anew", async () => {
  const device = start();
  const host = await connect(device);
  host.io.pinMode(22, pinModes.output);
  host.io.digitalWrite(22, 1);
  await host.fence();
  assert.is(device.pin(22).value, 1);
  device.unplug();
  device.unplug();
  await losesPort(host);
  assert.is(device.pin(22).value, 0);
  const failure = await new Promise(resolve => {
    new SerialPort({ path: device.path, baudRate: firmataBaud, autoOpen: false }).open(resolve);
  });
  assert.instance(failure, Error);
  device.plug();
  device.plug();
  await connect(device);
});

test("a stuck bus answers no read and takes no write; the rest works", async () => {
  const chip = fram();
  const device = start({ fram: [chip] });
  const { io, strings, fence } = await connectI2c(device);
  device.faults.stickI2c(true);
  let answered = false;
  io.i2cReadOnce(0x50, 1, () => {
    answered = true;
  });
  write(io, 0x50, 0, [1]);
  await fence();
  assert.equal([answered, strings], [false, []]);
  assert.is(chip.peek(0, 1), packBytes([0]));
  device.faults.stickI2c(false);
  assert.equal(await read(io, 0x50, 1), [0]);
});

test("an FRAM that is taken away answers nowhere; another one may come in its place", async () => {
  const device = start({ fram: [fram()] });
  const { io } = await connectI2c(device);
  device.faults.removeFram(0x51);
  write(io, 0x50, 0, [1]);
  assert.equal(await read(io, 0x50, 1), []);
  assert.equal(await read(io, 0x51, 1), []);
  const other = fram(32768, "other.bin");
  other.write(0, packBytes([77]));
  device.faults.replaceFram(other);
  write(io, 0x50, 0, []);
  assert.equal(await read(io, 0x50, 1), [77]);
});

test.run();
