/** The emulated hobby board at work, as `serialport`, firmata-io and johnny-five see it. */
import five from "johnny-five";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createDrawnPrinter, type PrintedPaper } from "../../emulator/drawn-printer";
import { type Bytes, packBytes, utf8 } from "../../protocol/bytes";
import { firmataBaud, hardwareSerial1, i2cBytesMax, pinModes, serialBytesMax } from "../../protocol/firmata";
import { dleEot } from "../../protocol/paper/escpos-write";
import { escposOf, piecesOf, printerProfile, receipt } from "../protocol/paper/receipt";
import { createRandom } from "../random";
import { answer, createBench, read, until, values, write } from "./firmata-host";

const test = suite("firmata device");
const { start, fram, connect, connectI2c } = createBench(test);

test("a host finds a Mega: versions, pins with their modes, analog channels", async () => {
  const { io } = await connect(start({ paced: true }));
  assert.equal(io.version, { major: 2, minor: 6 });
  assert.is(io.firmware.name, "ConfigurableFirmata");
  const { input, output, analog, pwm, i2c, serial, pullup } = pinModes;
  const modesOf = (pin: number): number[] => [...(io.pins[pin]?.supportedModes ?? [])].sort((a, b) => a - b);
  assert.is(io.pins.length, 70);
  assert.equal(modesOf(0), []);
  assert.equal(modesOf(13), [input, output, pwm, pullup]);
  assert.equal(modesOf(18), [input, output, serial, pullup]);
  assert.equal(modesOf(20), [input, output, i2c, pullup]);
  assert.equal(modesOf(22), [input, output, pullup]);
  assert.equal(modesOf(54), [input, output, analog, pullup]);
  assert.equal([io.pins[53]?.analogChannel, io.analogPins[0], io.analogPins[15]], [127, 54, 69]);
});

test("outputs follow ports, single pins and PWM; only a pin that is an output does", async () => {
  const device = start();
  const { io, port, fence } = await connect(device);
  const seen: [number, number][] = [];
  device.onOutput = (pin, value) => seen.push([pin, value]);
  io.digitalWrite(22, 1);
  io.pinMode(22, pinModes.output);
  io.digitalWrite(22, 1);
  io.pinMode(46, pinModes.pwm);
  io.analogWrite(46, 200);
  io.pinMode(13, pinModes.pwm);
  io.analogWrite(13, 7);
  io.pinMode(30, pinModes.output);
  port.write([0xf5, 30, 1, 0xf5, 31, 1]);
  await fence();
  const expected = [
    [22, 1],
    [46, 200],
    [13, 7],
    [30, 1],
  ];
  assert.equal(seen, expected);
  assert.equal(device.pin(46), { mode: pinModes.pwm, value: 200 });
  await answer<void>(told => io.queryPinState(46, told));
  assert.equal([io.pins[46]?.mode, io.pins[46]?.state], [pinModes.pwm, 200]);
  io.pinMode(22, pinModes.input);
  await fence();
  assert.equal(seen.at(-1), [22, 0]);
  assert.equal(device.violations(), []);
});

test("a reported port tells its inputs; with a pull-up an open contact is high", async () => {
  const device = start();
  const { io } = await connect(device);
  const heard: number[] = [];
  io.pinMode(32, pinModes.input);
  io.digitalRead(32, value => heard.push(value));
  await until(() => heard.length === 1, "the port is told at once");
  io.pinMode(32, pinModes.pullup);
  await until(() => heard.length === 2, "the pull-up is told");
  device.setInput(32, "closed");
  await until(() => heard.length === 3, "the closed contact is told");
  device.setInput(32, "closed");
  device.setInput(32, "high");
  await until(() => heard.length === 4, "the voltage is told");
  assert.equal(heard, [0, 1, 0, 1]);
  assert.equal(device.pin(32), { mode: pinModes.pullup, value: 1 });
});

test("analog inputs are told at once and then at the sampling interval", async () => {
  const device = start();
  const { io } = await connect(device);
  const heard: number[] = [];
  io.setSamplingInterval(5);
  io.analogRead(2, value => heard.push(value));
  await until(() => heard.length >= 3, "samples come");
  device.setInput(56, "high");
  await until(() => heard.includes(1023), "the voltage is sampled");
  assert.is(heard[0], 0);
  assert.equal(device.violations(), []);
});

test("johnny-five becomes ready, a Led shines, a Switch closes, a Relay pulls", async () => {
  const device = start({ paced: true });
  const { io } = await connect(device);
  type BoardIo = ConstructorParameters<typeof five.Board>[0]["io"];
  const board = new five.Board({ io: io as unknown as BoardIo, repl: false, debug: false, sigint: false });
  await answer(told => board.once("ready", told));
  const changes: number[] = [];
  device.onOutput = (pin, value) => pin === 22 && changes.push(value);
  const led = new five.Led({ pin: 22, board }) as InstanceType<typeof five.Led> & {
    blink(intervalMs: number): void;
    stop(): void;
  };
  led.blink(10);
  await until(() => changes.length >= 4, "the light blinks");
  led.stop();
  assert.equal(changes.slice(0, 4), [1, 0, 1, 0]);
  const contact = new five.Switch({ pin: 32, board });
  const closes = answer(told => contact.once("close", told));
  io.pinMode(32, pinModes.pullup);
  device.setInput(32, "high");
  await until(() => device.pin(32).mode === pinModes.pullup, "the pull-up is on");
  device.setInput(32, "closed");
  device.setInput(32, "open");
  device.setInput(32, "closed");
  await closes;
  io.pinMode(30, pinModes.output);
  new five.Relay({ pin: 30, board }).close();
  await until(() => device.pin(30).value === 1, "the relay has pulled");
  assert.equal(device.violations(), []);
});

test("FRAM of 128 KB keeps what is written below and above 0x10000, also over a restart", async () => {
  const chip = fram();
  const device = start({ fram: [chip] });
  const { io, fence } = await connectI2c(device);
  write(io, 0x50, 0x1234, [1, 2, 255]);
  write(io, 0x51, 0x1234, [7, 8, 9]);
  write(io, 0x50, 0xfffe, [10, 11, 12, 13]);
  write(io, 0x50, 0xfffe, []);
  assert.equal(await read(io, 0x50, 4), [10, 11, 12, 13], "a read crosses the banks");
  write(io, 0x51, 0x1234, []);
  assert.equal(await read(io, 0x51, 2), [7, 8]);
  assert.equal(await read(io, 0x51, 2), [9, 0], "the next read goes on");
  write(io, 0x51, 0xffff, [42]);
  assert.equal(await read(io, 0x51, 1), [0], "the counter begins anew at the end of the part");
  await fence();
  assert.is(chip.peek(0x11234, 3), packBytes([7, 8, 9]));
  const again = fram();
  assert.is(again.peek(0x1ffff, 1), packBytes([42]), "the kernel has it before the chip is closed");
  const reborn = await connectI2c(start({ fram: [again] }));
  write(reborn.io, 0x50, 0x1234, []);
  assert.equal(await read(reborn.io, 0x50, 3), [1, 2, 255]);
  assert.equal(device.violations(), []);
});

test("FRAM of 32 KB answers at one address and wraps at its end", async () => {
  const chip = fram(32768);
  const { io, strings } = await connectI2c(start({ fram: [chip] }));
  write(io, 0x50, 0x7fff, [1, 2]);
  write(io, 0x50, 0xffff, []);
  assert.equal(await read(io, 0x50, 2), [1, 2], "the top bit of the address means nothing");
  assert.is(chip.peek(0, 1), packBytes([2]));
  assert.equal(await read(io, 0x51, 2), [], "nobody is at the next address");
  assert.equal(strings, ["I2C: Too few bytes received"]);
});

test("random writes and reads leave in the FRAM what a list of bytes would hold", async () => {
  const random = createRandom(7);
  const model = new Array<number>(131072).fill(0);
  const { io } = await connectI2c(start({ fram: [fram()] }));
  for (let round = 0; round < 60; round++) {
    const offset = random.pick([random.below(131072), 65520 + random.below(20), 131060 + random.below(12)]);
    const data = values(random.bytes(random.below(i2cBytesMax - 1)));
    write(io, 0x50 + (offset >> 16), offset & 0xffff, data);
    data.forEach((value, index) => {
      model[(offset + index) % 131072] = value;
    });
    write(io, 0x50 + (offset >> 16), offset & 0xffff, []);
    const expected = Array.from({ length: i2cBytesMax }, (_, index) => model[(offset + index) % 131072]);
    assert.equal(await read(io, 0x50, i2cBytesMax), expected);
  }
});

test("a register is one byte on the bus: the upper half of the address", async () => {
  const chip = fram(32768);
  chip.write(0x0300, packBytes([5, 6]));
  const { io } = await connectI2c(start({ fram: [chip] }));
  write(io, 0x50, 0x0000, []);
  assert.equal(await answer(told => io.i2cReadOnce(0x50, 3, 2, told)), [5, 6]);
});

test("a printer at TX1 prints, and answers DLE EOT at RX1 while that is read", async () => {
  const papers: PrintedPaper[] = [];
  const printer = createDrawnPrinter({ profile: printerProfile(), onPaper: paper => papers.push(paper) });
  const device = start({ printer });
  const { io, fence } = await connect(device);
  const heard: number[] = [];
  io.serialConfig({ portId: hardwareSerial1, baud: 38400 });
  io.serialRead(hardwareSerial1, serialBytesMax, bytes => heard.push(...bytes));
  const escpos = values(escposOf(piecesOf(receipt), printerProfile()));
  for (let begin = 0; begin < escpos.length; begin += serialBytesMax) {
    io.serialWrite(hardwareSerial1, escpos.slice(begin, begin + serialBytesMax));
  }
  io.serialWrite(hardwareSerial1, values(dleEot(1)));
  await until(() => heard.length > 0, "the printer answers");
  assert.equal(heard, [0x12]);
  assert.is(papers.length, 1);
  assert.equal([...(papers[0]?.escpos ?? [])], escpos);
  printer.setPaper("end");
  io.serialWrite(hardwareSerial1, values(dleEot(4)));
  await until(() => heard.length > 1, "the printer answers without paper");
  assert.is(heard[1], 0x72);
  assert.is(device.pin(18).mode, pinModes.serial);
  io.serialStop(hardwareSerial1);
  io.serialWrite(hardwareSerial1, values(dleEot(1)));
  io.serialFlush(hardwareSerial1);
  io.serialClose(hardwareSerial1);
  await fence();
  assert.is(heard.length, 2);
  assert.equal(device.violations(), []);
});

test("a reply of the printer has at most so many bytes as were asked for", async () => {
  const waiting = values(utf8("abcdefgh"));
  const printer = {
    write: (data: Bytes) => data.length,
    read: (lengthMaxBytes: number) => packBytes(waiting.splice(0, lengthMaxBytes)),
  };
  const { io } = await connect(start({ printer }));
  const heard: number[][] = [];
  io.serialConfig({ portId: hardwareSerial1, baud: 9600 });
  io.serialRead(hardwareSerial1, 3, bytes => heard.push(bytes));
  await until(() => heard.length === 3, "all has come");
  assert.equal(heard, [values(utf8("abc")), values(utf8("def")), values(utf8("gh"))]);
});

test("the line has its speed: 600 bytes of FRAM take a quarter of a second there, more than that back", async () => {
  const { io, fence } = await connectI2c(start({ fram: [fram()], paced: true }));
  await fence();
  const lineMs = (bytes: number): number => (bytes * 10_000) / firmataBaud;
  const pieceBytes = i2cBytesMax - 2;
  const pieces = Math.ceil(600 / pieceBytes);
  const beganMs = performance.now();
  for (let piece = 0; piece < pieces; piece++) write(io, 0x50, piece * pieceBytes, new Array(pieceBytes).fill(piece));
  await fence();
  const writtenMs = performance.now();
  assert.ok(writtenMs - beganMs >= lineMs(pieces * (5 + 2 * i2cBytesMax)), `written in ${writtenMs - beganMs} ms`);
  write(io, 0x50, 0, []);
  for (let piece = 0; piece < 600 / i2cBytesMax; piece++) await read(io, 0x50, i2cBytesMax);
  const readMs = performance.now() - writtenMs;
  const roundBytes = 7 + (7 + 2 * i2cBytesMax);
  assert.ok(readMs >= lineMs((600 / i2cBytesMax) * roundBytes), `read in ${readMs} ms`);
});

test("a slow printer holds up the device, not its bytes", async () => {
  let printedBytes = 0;
  const printer = {
    write(data: Bytes) {
      printedBytes += data.length;
      return data.length;
    },
    read: () => packBytes([]),
  };
  const { io, fence } = await connect(start({ printer, paced: true }));
  io.serialConfig({ portId: hardwareSerial1, baud: 9600 });
  const beganMs = performance.now();
  for (let piece = 0; piece < 8; piece++) io.serialWrite(hardwareSerial1, new Array(serialBytesMax).fill(0x41));
  io.serialFlush(hardwareSerial1);
  await fence();
  assert.ok(performance.now() - beganMs >= (8 * serialBytesMax * 10_000) / 9600);
  await until(() => printedBytes === 8 * serialBytesMax, "all is printed");
});

test.run();
