/** The whole simulated board, as tests use it: in Node directly, and behind the bridge in Lua. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Hal } from "../../hal/hal";
import { partitionsOf, testGeometry } from "../../hal/sim/geometry";
import { createSimHal } from "../../hal/sim/sim-board";
import { PowerLost } from "../../hal/sim/sim-flash";
import { createMemoryStore } from "../../hal/sim/sim-secure-element";
import { startImage } from "../../hal/vm/hal-bridge";
import type { Bytes } from "../../protocol/bytes";

test("partitions follow one another and fill the flash", () => {
  const { state, scratch, z, fiscal, capacityBytes } = partitionsOf(testGeometry);
  assert.is(state.offsetBytes, 0);
  assert.is(scratch.offsetBytes, state.lengthBytes);
  assert.is(z.offsetBytes, scratch.offsetBytes + scratch.lengthBytes);
  assert.is(fiscal.offsetBytes + fiscal.lengthBytes, capacityBytes);
});

test("equal seeds make equal boards, other seeds others", () => {
  const facts = ({ secureElement, system }: Hal): string => secureElement.publicKey() + system.uniqueId();
  assert.is(facts(createSimHal({ seed: 5 }).hal), facts(createSimHal({ seed: 5 }).hal));
  assert.is.not(facts(createSimHal({ seed: 5 }).hal), facts(createSimHal({ seed: 6 }).hal));
});

test("a reboot keeps flash, element and wall clock, and forgets hashes, line and monotonic time", () => {
  const { hal, clock, uart, reboot } = createSimHal();
  hal.fiscal.program(0, "abcd" as Bytes);
  hal.secureElement.counterStep();
  for (let handle = 0; handle < 8; handle++) hal.hash.open();
  uart.host.write("old");
  hal.uart.setBaud(921600);
  clock.advance(5000);
  const utcS = clock.utcS();
  reboot("watchdog");
  assert.is(hal.fiscal.read(0, 4), "abcd");
  assert.is(hal.secureElement.counter(), 1);
  hal.hash.digest(hal.hash.open());
  assert.equal([hal.uart.read(10), uart.baud(), clock.monotonicMs()], ["", 115200, 0]);
  assert.equal([clock.utcS(), hal.system.resetCause()], [utcS, "watchdog"]);
});

test("after a reboot the line carries bytes at once, however long the board had run", () => {
  const { uart, clock, reboot } = createSimHal({ paced: true });
  clock.advance(3_600_000);
  uart.host.write("before");
  clock.advance(10);
  reboot("power");
  uart.host.write("after");
  clock.advance(10);
  assert.is(uart.uart.read(10), "after");
});

test("flash and element move to another board together", () => {
  const elementStore = createMemoryStore();
  const first = createSimHal({ elementStore });
  first.hal.fiscal.program(0, "abcd" as Bytes);
  const second = createSimHal({ elementStore, flash: first.flash, seed: 99 });
  assert.is(second.hal.fiscal.read(0, 4), "abcd");
  assert.is(second.hal.secureElement.publicKey(), first.hal.secureElement.publicKey());
});

test("lost power leaves the Lua image as the exception that the flash threw, and the next boot reads the torn bytes", async () => {
  const image = Buffer.from(`return { start = function(hal)
    local found = hal.fiscal.read(0, 8)
    return function()
      pcall(function() hal.fiscal.program(0, "abcdefgh") end)
      hal.gpio.set("ready", true)
      return found == "abcd\\255\\255\\255\\255" and 1 or 0
    end
  end }`);
  const board = createSimHal();
  const running = await startImage({ image, hal: board.hal });
  board.flash.cutPower({ afterBytes: 4, tear: "prefix" });
  assert.throws(
    () => running.tick(),
    (error: unknown) => error instanceof PowerLost,
  );
  assert.is(board.gpio.isOn("ready"), false, "nothing happens after the power is gone");
  board.reboot("power");
  running.restart(board.hal);
  assert.is(running.tick(), 1);
  running.close();
});

test.run();
