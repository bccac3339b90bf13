/**
 * Runs the cases of a test/lua/*.lua-test.ts file in Node and in Lua. A case gets a SHA-256 of the host, for code
 * that takes a Hash; a case that needs none ignores it.
 */
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "uvu";
import type { Hash } from "../../hal/hash";
import { createSimHash } from "../../hal/sim/sim-hash";
import type { LuaFunction } from "../../hal/vm/lua-values";
import { createLuaVm, type LuaVm } from "../../hal/vm/lua-vm";
import { ensureLuaTests } from "../../host/build/image";

interface Case<Run> {
  readonly name: string;
  readonly run: Run;
}
interface Suite {
  readonly file: string;
  readonly cases: readonly Case<LuaFunction>[];
}

const caseTimeoutMs = 60_000;

/** Registers every case of `file` twice with uvu; "lua: …" fails as one when the bundle does not build. */
export async function registerLuaCases(file: string): Promise<void> {
  const { cases } = (await import(file)) as { cases: readonly Case<(hash: Hash) => void>[] };
  for (const { name, run } of cases) test(`node: ${name}`, () => run(createSimHash()));
  await registerInLua(path.basename(file, ".ts"), cases.length);
}

async function registerInLua(suiteName: string, count: number): Promise<void> {
  const vm = await createLuaVm({ stepTimeoutMs: caseTimeoutMs });
  const suite = loadSuites(vm).find(({ file }) => file === suiteName);
  if (suite?.cases.length !== count) throw new Error(`${suiteName}: not all ${count} cases are in the Lua bundle`);
  for (const { name, run } of suite.cases) {
    test(`lua: ${Buffer.from(name, "latin1").toString("utf8")}`, () => {
      vm.forgetFunctions();
      vm.call(run, [createSimHash()]);
    });
  }
  test.after(() => vm.close());
}

function loadSuites(vm: LuaVm): readonly Suite[] {
  const image = readFileSync(ensureLuaTests());
  return (vm.call(vm.load(image, "lua-tests"), []) as { suites: readonly Suite[] }).suites;
}
