/**
 * The contract of a board (hal/contract), as build/hal-contract.lua in Lua, over the Firmata board: its flash, printer and
 * outputs wait for a serial line, so the functions of its Hal and of the probe answer later. What stays with the computer
 * is the simulated board's.
 */
import { readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { cases } from "../../hal/contract/contract";
import type { Part, Probe } from "../../hal/contract/probe";
import { callBytesMax, framWriteBytes } from "../../hal/firmata/limits";
import { createSimHal, type SimBoard } from "../../hal/sim/sim-board";
import { PowerLost } from "../../hal/sim/sim-flash";
import type { BridgedHal } from "../../hal/vm/hal-bridge";
import type { LuaFunction } from "../../hal/vm/lua-values";
import { createLuaVm } from "../../hal/vm/lua-vm";
import { ensureContract } from "../../host/build/image";
import type { Bytes } from "../../protocol/bytes";
import { type Bench, removeFolders, startBench } from "./firmata-bench";

type Answers = {
  [Name in keyof Probe]-?: Probe[Name] extends ((...values: infer Values) => infer Result) | undefined
    ? (...values: Values) => unknown | Promise<Result>
    : never;
};

/** Real milliseconds that a wait takes at most: the line is a real one, the clock is not. */
const realWaitMs = 5;

function halOf({ board }: Bench, sim: SimBoard, counts: Map<string, number>): BridgedHal {
  const { facts } = { facts: sim.hal.board };
  const counted = (part: Part, flash: BridgedHal["fiscal"]): BridgedHal["fiscal"] => ({
    ...flash,
    eraseSector(offsetBytes) {
      const place = placeOf(part, offsetBytes, flash.sectorBytes);
      counts.set(place, (counts.get(place) ?? 0) + 1);
      return flash.eraseSector(offsetBytes);
    },
  });
  return {
    ...sim.hal,
    board: { ...facts, kind: "firmata", callBytesMax, bootTrust: "none" },
    scratch: counted("scratch", sim.hal.scratch),
    state: counted("state", sim.hal.state),
    z: counted("z", sim.hal.z),
    fiscal: counted("fiscal", board.fiscal),
    printer: board.printer,
    gpio: board.gpio,
  };
}

const placeOf = (part: Part, offsetBytes: number, sectorBytes: number): string =>
  `${part} ${Math.floor(offsetBytes / sectorBytes)}`;

/** The power of the hobby board fails before this message, and comes back. */
async function cutLink(bench: Bench, message: number, act: () => unknown): Promise<void> {
  const count = bench.proofs();
  bench.device.faults.dropLinkAfterMessages(message);
  const error = await act();
  if (error === undefined) throw new Error("the line did not break");
  bench.device.plug();
  await bench.proved(count + 1);
}

function cutChip(sim: SimBoard, act: () => unknown): void {
  try {
    act();
    throw new Error("the power did not fail");
  } catch (error) {
    if (!(error instanceof PowerLost)) throw error;
  }
  sim.flash.powerOn();
}

function probeOf(bench: Bench, sim: SimBoard, hal: BridgedHal, counts: ReadonlyMap<string, number>): Answers {
  return {
    cutProgram(part, offsetBytes, data, afterBytes) {
      const program = (): unknown => hal[part].program(offsetBytes, data);
      if (part === "fiscal") return cutLink(bench, 1 + Math.floor(afterBytes / framWriteBytes), program);
      sim.flash.cutPower({ afterBytes, tear: "subset" });
      return cutChip(sim, program);
    },
    cutErase(part, offsetBytes) {
      const erase = (): unknown => hal[part].eraseSector(offsetBytes);
      if (part === "fiscal") return cutLink(bench, 1, erase);
      sim.flash.cutPower({ afterCalls: 0, tear: "prefix", eraseState: 3 });
      return cutChip(sim, erase);
    },
    eraseCount: (part, offsetBytes) => counts.get(placeOf(part, offsetBytes, hal[part].sectorBytes)) ?? 0,
    async reboot() {
      sim.reboot("power");
      const count = bench.proofs();
      bench.device.reset();
      await bench.proved(count + 1);
      return hal;
    },
    starve() {
      sim.clock.advance(5000);
      if (sim.system.watchdogBites()) sim.reboot("watchdog");
      return hal;
    },
    async waitMs(ms) {
      sim.clock.advance(ms);
      await pause(Math.min(ms, realWaitMs));
    },
    lineWrite: data => sim.uart.host.write(data),
    lineRead: () => sim.uart.host.read() as Bytes,
  };
}

test("the Firmata board keeps the contract, every case of it", async () => {
  // Built first: a computer that is busy for so long is a lost line to the board.
  const contract = readFileSync(ensureContract());
  const bench = await startBench();
  const sim = createSimHal();
  const vm = await createLuaVm({ stepTimeoutMs: 60_000 });
  const lines: string[] = [];
  try {
    const exported = vm.call(vm.load(contract, "contract"), []) as { run: LuaFunction };
    const counts = new Map<string, number>();
    const hal = halOf(bench, sim, counts);
    const probe = probeOf(bench, sim, hal, counts);
    const failed = await vm.call(exported.run, [hal, probe, (line: string) => void lines.push(line)]);
    assert.equal(
      lines.filter(line => /^not ok|^ {2}#|SKIP/.test(line)),
      [],
    );
    assert.equal([failed, lines.at(-1)], [0, `# ${cases.length} passed, 0 failed, 0 skipped`]);
    assert.equal(bench.device.violations(), []);
  } finally {
    vm.close();
    await bench.close();
    removeFolders();
  }
});

test.run();
