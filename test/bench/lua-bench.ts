/** The codecs and the log at work: operations a second in Node and in Lua, side by side in one run. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createFileFlash, type FileFlash } from "../../emulator/file-flash";
import type { Hal } from "../../hal/hal";
import { emulatorGeometry, partitionsOf } from "../../hal/sim/geometry";
import { createSimHal } from "../../hal/sim/sim-board";
import { partition } from "../../hal/sim/sim-flash";
import type { LuaFunction } from "../../hal/vm/lua-values";
import { createLuaVm, type LuaVm } from "../../hal/vm/lua-vm";
import { bundle } from "../../host/build/bundle";
import { type CodecName, codecNames, codecs as nodeCodecs } from "./lua-work";
import { median, threeDigits, timed } from "./median";

export interface CodecRate {
  readonly nodePerS: number;
  readonly luaPerS: number;
  /** Node's rate over Lua's. */
  readonly ratio: number;
  /** Bytes that one operation leaves to Lua's collector. */
  readonly luaGarbageBytes: number;
}
export type CodecRates = Record<CodecName, CodecRate>;

export interface LuaBench {
  codecs(onCodec: (name: string) => void): CodecRates;
  /** Records of a usual size appended a second, in Lua, to the emulator's flash in a file. */
  appendsPerS(): number;
  close(): void;
}

export interface LuaBenchOptions {
  readonly rounds: number;
  readonly roundMs: number;
}

interface LuaWork {
  readonly codecs: Record<CodecName, LuaFunction>;
  readonly openJournal: LuaFunction;
}
const garbageRuns = 20;

/** Bundles the work for Lua: takes some seconds. */
export async function openLuaBench({ rounds, roundMs }: LuaBenchOptions): Promise<LuaBench> {
  const vm = await createLuaVm();
  const { codecs, openJournal } = vm.call(vm.load(bundle("test/bench/lua-work.ts").lua, "work"), []) as LuaWork;

  /** Operations a second: the median over the rounds. The count of one round is found by doubling. */
  function rateOf(run: (count: number) => void): () => number {
    let count = 1;
    let ms = timed(() => run(count));
    for (; ms < roundMs / 4; ms = timed(() => run(count))) count *= 2;
    const inRound = Math.max(1, Math.round((count * roundMs) / Math.max(ms, 1)));
    return () => (inRound * 1000) / timed(() => run(inRound));
  }

  function codec(name: CodecName): CodecRate {
    const inLua = (count: number): void => void vm.call(codecs[name], [count]);
    const luaRate = rateOf(inLua);
    const nodeRate = rateOf(nodeCodecs[name]);
    const pairs = Array.from({ length: rounds }, () => ({ lua: luaRate(), node: nodeRate() }));
    return {
      nodePerS: threeDigits(median(pairs.map(({ node }) => node))),
      luaPerS: threeDigits(median(pairs.map(({ lua }) => lua))),
      ratio: threeDigits(median(pairs.map(({ node, lua }) => node / lua))),
      luaGarbageBytes: garbageOf(vm, () => inLua(garbageRuns)),
    };
  }

  return {
    codecs: onCodec =>
      Object.fromEntries(
        codecNames.map(name => {
          onCodec(name);
          return [name, codec(name)];
        }),
      ) as CodecRates,
    appendsPerS() {
      const folder = mkdtempSync(path.join(tmpdir(), "kassa-bench-"));
      const { hal, flash } = boardOnFile(path.join(folder, "flash"));
      try {
        const append = vm.call(openJournal, [hal]) as LuaFunction;
        const rate = rateOf(count => void vm.call(append, [count]));
        return threeDigits(median(Array.from({ length: rounds }, rate)));
      } finally {
        flash.close();
        rmSync(folder, { recursive: true, force: true });
      }
    },
    close: vm.close,
  };
}

/** Bytes of one operation that nobody holds any more. */
function garbageOf(vm: LuaVm, run: () => void): number {
  const collect = vm.load(Buffer.from("collectgarbage() collectgarbage('stop')"), "collect");
  vm.call(collect, []);
  const before = vm.heapBytes();
  run();
  const garbage = vm.heapBytes() - before;
  vm.call(vm.load(Buffer.from("collectgarbage('restart')"), "restart"), []);
  return Math.round(garbage / garbageRuns);
}

/** A board whose fiscal memory is the emulator's flash in a file. */
function boardOnFile(file: string): { hal: Hal; flash: FileFlash } {
  const { programBytes, sectorBytes } = emulatorGeometry;
  const { capacityBytes, fiscal } = partitionsOf(emulatorGeometry);
  const flash = createFileFlash({ file, capacityBytes, programBytes, sectorBytes });
  const { hal } = createSimHal();
  return { hal: { ...hal, fiscal: partition(flash, fiscal.offsetBytes, fiscal.lengthBytes) }, flash };
}
