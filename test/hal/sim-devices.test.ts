/** The simulated devices that the simulated board does not use as they are, and what a test relies on beyond the contract. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Flash } from "../../hal/flash";
import { createRealClock, createVirtualClock } from "../../hal/sim/sim-clock";
import { createSimFlash, partition } from "../../hal/sim/sim-flash";
import { createSimGpio } from "../../hal/sim/sim-gpio";
import { createSimPrinter } from "../../hal/sim/sim-printer";
import { createSimRandom } from "../../hal/sim/sim-random";
import { createMemoryStore, createSimSecureElement } from "../../hal/sim/sim-secure-element";
import { createSimSystem, ResetRequested } from "../../hal/sim/sim-system";
import { createSimUart } from "../../hal/sim/sim-uart";
import type { Bytes } from "../../protocol/bytes";
import { type DeviceUnderTest, deviceContract } from "./device-contract";

const flashOf = (flash: Flash): DeviceUnderTest => ({ devices: { scratch: flash } });
for (const [programBytes, sectorBytes] of [
  [1, 256],
  [4, 4096],
  [64, 4096],
] as const) {
  const capacityBytes = 4 * sectorBytes;
  deviceContract(`sim ${programBytes}/${sectorBytes}`, "scratch flash", () =>
    flashOf(createSimFlash({ capacityBytes, programBytes, sectorBytes })),
  );
}
deviceContract("sim partition", "scratch flash", () => {
  const chip = createSimFlash({ capacityBytes: 64 * 1024, programBytes: 4, sectorBytes: 4096 });
  return flashOf(partition(chip, 8192, 3 * 4096));
});
deviceContract("real", "clock", () => ({ devices: { clock: createRealClock(0) } }));
deviceContract("paced sim", "uart", () => {
  const clock = createVirtualClock();
  const { uart, host } = createSimUart({ nowMs: clock.preciseMs, random: createSimRandom(1, "line") });
  return {
    devices: { uart },
    probe: { waitMs: clock.advance, lineWrite: host.write, lineRead: host.read },
  };
});

test("equal seeds sign and seal alike, other seeds differ", () => {
  const element = (seed: number) => createSimSecureElement({ seed, store: createMemoryStore() });
  const digest = "d".repeat(32) as Bytes;
  assert.is(element(1).sign(digest), element(1).sign(digest));
  assert.is(element(1).seal(digest), element(1).seal(digest));
  assert.is.not(element(1).publicKey(), element(2).publicKey());
});

test("a byte takes ten bits: 1152 bytes at 115200 baud arrive in 100 ms, not in 99", () => {
  const clock = createVirtualClock();
  const { uart, host } = createSimUart({ nowMs: clock.preciseMs, random: createSimRandom(1, "line") });
  host.write("x".repeat(1152));
  clock.advance(99);
  assert.ok(uart.read(2000).length < 1152);
  clock.advance(1);
  assert.is(uart.read(2000).length + 1140, 1152, "the last 12 bytes take the last millisecond");
  uart.write("y".repeat(1152) as Bytes);
  clock.advance(50);
  assert.is(uart.pendingBytes(), 576);
});

test("the speed changes only after the pending bytes have left", () => {
  const clock = createVirtualClock();
  const line = createSimUart({ nowMs: clock.preciseMs, random: createSimRandom(1, "line") });
  line.uart.write("x".repeat(115) as Bytes);
  line.uart.setBaud(921600);
  assert.is(line.baud(), 115200);
  clock.advance(10);
  assert.is(line.uart.pendingBytes(), 0);
  assert.is(line.baud(), 921600);
});

test("unread bytes beyond 2048 are lost and counted; other speeds and noise change bytes; a cut line swallows them", () => {
  const line = createSimUart({ random: createSimRandom(1, "line") });
  line.host.write("x".repeat(2050));
  assert.is(line.uart.read(4096).length, 2048);
  assert.is(line.lostBytes(), 2);
  line.host.setBaud(9600);
  line.host.write("abc");
  assert.not.match(line.uart.read(3), /[abc]{3}/);
  line.host.setBaud(115200);
  line.setNoise(1);
  line.host.write("aaa");
  assert.not.match(line.uart.read(3), "a");
  line.setNoise(0);
  line.setConnected(false);
  line.host.write("abc");
  line.uart.write("abc" as Bytes);
  assert.is(line.uart.read(3) + line.host.read(), "");
});

test("a lost clock says so until it is set; time that passes moves both clocks, a jump only one", () => {
  const clock = createVirtualClock(1000);
  clock.advance(2500);
  assert.equal([clock.monotonicMs(), clock.utcS()], [2500, 1002]);
  clock.jump(3600);
  assert.equal([clock.monotonicMs(), clock.utcS()], [2500, 4602]);
  clock.loseTime();
  clock.jump(5);
  assert.is(clock.utcS(), undefined);
  clock.setUtcS(7);
  assert.is(clock.utcS(), 7);
  clock.reset();
  assert.is(clock.monotonicMs(), 0);
});

test("the printer answers DLE EOT at once and GS r in its place", () => {
  const printer = createSimPrinter();
  printer.write("Чек\x1dr\x01\x10\x04\x04" as Bytes);
  assert.is(printer.read(10), "\0\x12");
  printer.setPaper(false);
  printer.write("more\x1dr\x01\x10\x04\x01\x10\x04\x02\x10\x04\x04" as Bytes);
  assert.is(printer.read(10), "\x1a\x32\x72", "offline, stopped by paper end, no paper; GS r waits");
  printer.setPaper(true);
  assert.is(printer.read(10), "\0");
  assert.is(printer.printed(), "Чекmore");
});

test("picture and letter data are never taken for commands, however the bytes are cut", () => {
  const raster = "\x1dv0\0\x01\0\x06\0\x10\x04\x01\x1dr\x01";
  const glyph = "\x1b&\x03AB\x01\x10\x04\x01\x01\x1dr\x01";
  const qr = "\x1d(k\x03\0\x10\x04\x01";
  const stream = `${raster + glyph + qr}end\x1dVB\0\x1dr\x01`;
  for (let cut = 0; cut <= stream.length; cut++) {
    const printer = createSimPrinter();
    printer.write(stream.slice(0, cut) as Bytes);
    printer.write(stream.slice(cut) as Bytes);
    assert.is(printer.read(10), "\0", `cut at ${cut}`);
    assert.is(printer.printed(), stream.slice(0, -3));
  }
});

test("a printer without paper takes bytes until its buffer is full, then only status requests", () => {
  const printer = createSimPrinter({ bufferBytes: 10 });
  printer.setCover(true);
  assert.is(printer.write("x".repeat(20) as Bytes), 10);
  assert.is(printer.write("x" as Bytes), 0);
  assert.is(printer.write("\x10\x04\x02" as Bytes), 3);
  assert.is(printer.read(10), "\x16");
  printer.setOnline(false);
  assert.is(printer.write("\x10\x04\x02" as Bytes), 0);
  printer.setCover(false);
  printer.setOnline(true);
  printer.write("y" as Bytes);
  assert.is(printer.printed(), "y", "what waited in a printer that was switched off is gone");
});

test("outputs remember what is on and how often", () => {
  const gpio = createSimGpio();
  for (const on of [true, true, false, true]) gpio.set("drawer", on);
  assert.equal([gpio.isOn("drawer"), gpio.pulses("drawer"), gpio.pulses("buzzer")], [true, 2, 0]);
});

test("a reset does not return; the watchdog bites after four seconds without food", () => {
  const clock = createVirtualClock();
  const system = createSimSystem("12345678" as Bytes, clock.monotonicMs);
  assert.throws(
    () => system.reset(),
    (error: unknown) => error instanceof ResetRequested,
  );
  clock.advance(4000);
  assert.is(system.watchdogBites(), false);
  clock.advance(1);
  assert.is(system.watchdogBites(), true);
  system.boot("watchdog");
  assert.equal([system.watchdogBites(), system.resetCause()], [false, "watchdog"]);
});

test.run();
