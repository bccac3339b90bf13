/**
 * The contract of a board (hal/contract): the simulated board keeps it, in Node and behind the bridge in Lua, and boards
 * that are deliberately wrong are each caught by a case that names the mistake.
 */
import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { cases, run } from "../../hal/contract/contract";
import type { Probe } from "../../hal/contract/probe";
import type { Flash } from "../../hal/flash";
import type { Hal } from "../../hal/hal";
import { partitionsOf, testGeometry } from "../../hal/sim/geometry";
import { createSimHal, type SimBoard } from "../../hal/sim/sim-board";
import { PowerLost } from "../../hal/sim/sim-flash";
import type { LuaFunction } from "../../hal/vm/lua-values";
import { createLuaVm } from "../../hal/vm/lua-vm";
import { ensureContract } from "../../host/build/image";
import type { Bytes } from "../../protocol/bytes";

/** All that can be done beside a simulated board whose Hal is `hal`. */
function probeOf(board: SimBoard, hal: Hal): Required<Probe> {
  const cut = (act: () => unknown): void => {
    try {
      act();
      throw new Error("the power did not fail");
    } catch (error) {
      if (!(error instanceof PowerLost)) throw error;
    }
    board.flash.powerOn();
  };
  return {
    cutProgram: (part, offsetBytes, data, afterBytes) => {
      board.flash.cutPower({ afterBytes, tear: "subset" });
      cut(() => hal[part].program(offsetBytes, data));
    },
    cutErase: (part, offsetBytes) => {
      board.flash.cutPower({ afterCalls: 0, tear: "prefix", eraseState: 3 });
      cut(() => hal[part].eraseSector(offsetBytes));
    },
    eraseCount: (part, offsetBytes) =>
      board.flash.eraseCount(partitionsOf(testGeometry)[part].offsetBytes + offsetBytes),
    reboot: () => {
      board.reboot("power");
      return hal;
    },
    starve: () => {
      board.clock.advance(5000);
      if (board.system.watchdogBites()) board.reboot("watchdog");
      return hal;
    },
    waitMs: ms => board.clock.advance(ms),
    lineWrite: data => board.uart.host.write(data),
    lineRead: () => board.uart.host.read() as Bytes,
  };
}

interface Told {
  readonly failed: number;
  readonly lines: readonly string[];
  /** Names of the cases that failed. */
  readonly broken: readonly string[];
}

function check(change: (hal: Hal) => Hal = hal => hal, withProbe = true): Told {
  const board = createSimHal();
  const hal = change(board.hal);
  const lines: string[] = [];
  const failed = run(hal, withProbe ? probeOf(board, hal) : undefined, line => lines.push(line));
  const broken = lines.flatMap(line => /^not ok \d+ - (.*)$/.exec(line)?.[1] ?? []);
  return { failed, lines, broken };
}

test("the simulated board keeps the contract, every case of it", () => {
  const { failed, lines } = check();
  assert.equal(
    lines.filter(line => /^not ok|SKIP/.test(line)),
    [],
  );
  assert.is(failed, 0);
  assert.equal(lines.slice(0, 2), ["TAP version 13", `1..${cases.length}`]);
  assert.is(lines.at(-1), `# ${cases.length} passed, 0 failed, 0 skipped`);
  assert.is(new Set(cases.map(({ name }) => name)).size, cases.length);
});

test("the same contract, as build/hal-contract.lua in Lua, passes over the same board", async () => {
  const vm = await createLuaVm({ stepTimeoutMs: 60_000 });
  const exported = vm.call(vm.load(readFileSync(ensureContract()), "contract"), []) as { run: LuaFunction };
  const board = createSimHal();
  const lines: string[] = [];
  const failed = vm.call(exported.run, [board.hal, probeOf(board, board.hal), (line: string) => void lines.push(line)]);
  vm.close();
  assert.equal(
    lines.filter(line => /^not ok|SKIP/.test(line)),
    [],
  );
  assert.equal([failed, lines.at(-1)], [0, `# ${cases.length} passed, 0 failed, 0 skipped`]);
});

test("without a probe what needs one is skipped and says so, and the rest passes", () => {
  const { failed, lines } = check(undefined, false);
  const skipped = lines.filter(line => line.includes("# SKIP needs probe."));
  assert.is(failed, 0);
  assert.ok(skipped.length >= 18 && skipped.length < cases.length / 2, `${skipped.length} skipped`);
});

test("on a board that has sold, nothing but the scratch area is written and the counter stays", () => {
  const board = createSimHal();
  const parts = ["state", "z", "fiscal"] as const;
  for (const part of parts) {
    const flash = board.hal[part];
    flash.program(0, "KFM1".repeat(16) as Bytes);
    flash.program(flash.capacityBytes - flash.sectorBytes, "live".repeat(16) as Bytes);
  }
  const counter = board.hal.secureElement.counter();
  const calls = board.flash.record();
  const lines: string[] = [];
  assert.is(
    run(board.hal, probeOf(board, board.hal), line => lines.push(line)),
    0,
  );
  const { offsetBytes, lengthBytes } = partitionsOf(testGeometry).scratch;
  const outside = calls.filter(call => call.offsetBytes < offsetBytes || call.offsetBytes >= offsetBytes + lengthBytes);
  assert.equal([outside.length, board.hal.secureElement.counter()], [0, counter]);
  assert.is(lines.filter(line => line.includes("# SKIP holds records")).length, 28);
});

const onFlash =
  (wrong: (flash: Flash) => Partial<Flash>) =>
  (hal: Hal): Hal => ({ ...hal, scratch: { ...hal.scratch, ...wrong(hal.scratch) } });
const onElement =
  (wrong: (element: Hal["secureElement"]) => Partial<Hal["secureElement"]>) =>
  (hal: Hal): Hal => ({ ...hal, secureElement: { ...hal.secureElement, ...wrong(hal.secureElement) } });

/** Adds what the call asked for to what is there, as a chip without a check would. */
const programsAnyway = (flash: Flash): Partial<Flash> => ({
  program: (offsetBytes, data) => {
    const error = flash.program(offsetBytes, data);
    return error !== undefined && error.kind === "notErased" ? undefined : error;
  },
});

/** Once a call was torn, the last byte of every longer read has lost a bit. */
function leakingAfterCut(flash: Flash): Flash {
  let cuts = 0;
  return {
    ...flash,
    program(offsetBytes, data) {
      try {
        return flash.program(offsetBytes, data);
      } catch (error) {
        cuts += 1;
        throw error;
      }
    },
    read(offsetBytes, lengthBytes) {
      const bytes = flash.read(offsetBytes, lengthBytes);
      if (cuts === 0 || typeof bytes !== "string" || lengthBytes < 2) return bytes;
      const last = (bytes as string).charCodeAt(lengthBytes - 1);
      return ((bytes as string).slice(0, -1) + String.fromCharCode(last & 0xfe)) as Bytes;
    },
  };
}

type Wrong = readonly [mistake: string, change: (hal: Hal) => Hal, caught: string];
const wrongBoards: readonly Wrong[] = [
  ["programming without an erase succeeds", onFlash(programsAnyway), "scratch flash: bytes are programmed once"],
  [
    "a cut program takes the bytes before it along",
    hal => ({ ...hal, scratch: leakingAfterCut(hal.scratch) }),
    "scratch flash: a program that loses power changes no byte but its own",
  ],
  [
    "an erase takes the next sector too",
    onFlash(flash => ({
      eraseSector: offsetBytes => {
        flash.eraseSector((offsetBytes + flash.sectorBytes) % flash.capacityBytes);
        return flash.eraseSector(offsetBytes);
      },
    })),
    "scratch flash: erasing a sector sets it to 0xff and leaves the others",
  ],
  [
    "reads off the grid are rounded down",
    onFlash(flash => ({ read: (offset, length) => flash.read(offset - (offset > 0 ? offset % 4 : 0), length) })),
    "scratch flash: programmed bytes read back at any offset",
  ],
  [
    "a program off the unit is taken",
    onFlash(flash => ({
      program: (offset, data) => (offset % flash.programBytes === 0 ? flash.program(offset, data) : undefined),
    })),
    "scratch flash: calls outside or off the grid are refused",
  ],
  [
    "a large call is cut off",
    onFlash(flash => ({ program: (offset, data) => flash.program(offset, data.slice(0, 128) as Bytes) })),
    "scratch flash: the largest call is taken whole",
  ],
  [
    "the counter goes down",
    onElement(() => {
      let steps = 0;
      return { counter: () => 100 - steps, counterStep: () => 100 - ++steps };
    }),
    "element: the counter goes up by one a step",
  ],
  ["every signature verifies", onElement(() => ({ verifyP256: () => true })), "element: verifyP256 takes"],
  [
    "it signs with another key than it exports",
    hal => ({
      ...hal,
      secureElement: { ...hal.secureElement, sign: createSimHal({ seed: 9 }).hal.secureElement.sign },
    }),
    "element: what it signs verifies by its exported key",
  ],
  [
    "a seal has no nonce",
    onElement(element => {
      const seals = new Map<string, Bytes>();
      return {
        seal: plain => {
          const sealed = seals.get(plain) ?? element.seal(plain);
          seals.set(plain, sealed);
          return sealed;
        },
      };
    }),
    "element: a seal opens unchanged only, and is another each time",
  ],
  [
    "random bytes repeat",
    onElement(() => ({ random: length => "7".repeat(length) as Bytes })),
    "element: random bytes differ",
  ],
  [
    "the HMAC is of the first 64 bytes",
    onElement(element => ({ hmac: data => element.hmac(data.slice(0, 64) as Bytes) })),
    "element: HMAC has 32 bytes and is of all its data",
  ],
  [
    "monotonic time follows the wall clock",
    hal => {
      const begin = hal.clock.utcS() ?? 0;
      const monotonicMs = (): number => ((hal.clock.utcS() ?? 0) - begin + 100_000) * 1000;
      return { ...hal, clock: { ...hal.clock, monotonicMs } };
    },
    "clock: monotonic time does not notice steps of the wall clock",
  ],
  [
    "monotonic time goes back now and then",
    hal => {
      let readings = 0;
      const monotonicMs = (): number => hal.clock.monotonicMs() + (++readings % 100 === 0 ? 0 : 5);
      return { ...hal, clock: { ...hal.clock, monotonicMs } };
    },
    "clock: monotonic time is whole milliseconds and never goes back",
  ],
  [
    "open hashes share a state",
    hal => {
      const open = hal.hash.open();
      const pieces: Bytes[] = [];
      const digest = (): Bytes => {
        const handle = hal.hash.open();
        for (const piece of pieces) hal.hash.update(handle, piece);
        return hal.hash.digest(handle);
      };
      const update = (_handle: number, data: Bytes): void => void pieces.push(data);
      return { ...hal, hash: { open: () => open, update, digest } };
    },
    "hash: eight are open at once and do not mix",
  ],
  [
    "the line loses zero bytes",
    hal => {
      const write = (data: Bytes): number => {
        hal.uart.write(data.replaceAll("\0", "") as Bytes);
        return data.length;
      };
      return { ...hal, uart: { ...hal.uart, write } };
    },
    "uart: every byte value passes in both directions",
  ],
  [
    "the printer is mute",
    hal => ({ ...hal, printer: { ...hal.printer, read: () => "" as Bytes } }),
    "printer: DLE EOT is answered by one status byte",
  ],
  [
    "the watchdog sleeps",
    hal => ({ ...hal, system: { ...hal.system, resetCause: () => "power" as const } }),
    "system: a watchdog that is not fed bites",
  ],
  [
    "the unique id was never written",
    hal => ({ ...hal, system: { ...hal.system, uniqueId: () => "\0".repeat(8) as Bytes } }),
    "system: the unique id is one",
  ],
];

for (const [mistake, change, caught] of wrongBoards) {
  test(`caught by name: ${mistake}`, () => {
    const { broken } = check(change);
    assert.ok(
      broken.some(name => name.startsWith(caught)),
      `failed: ${broken.join("; ") || "nothing"}`,
    );
  });
}

test.run();
