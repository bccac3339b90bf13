/** The build: what it refuses, and what a numbered assertion becomes in Lua. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { ImageFailed } from "../../hal/vm/image-failed";
import { createLuaVm } from "../../hal/vm/lua-vm";
import { BuildFailed, type Bundle, bundle, root } from "../../host/build/bundle";

/** Bundles a source that stands in build/ for the moment. */
function bundleOf(source: string, wordedAsserts = false): Bundle {
  const entry = `build/test-entry-${process.pid}.ts`;
  mkdirSync(path.join(root, "build"), { recursive: true });
  writeFileSync(path.join(root, entry), `import { assert } from "../protocol/assert";\n${source}`);
  try {
    return bundle(entry, wordedAsserts);
  } finally {
    rmSync(path.join(root, entry));
  }
}

async function failureOf({ lua }: Bundle): Promise<string> {
  const vm = await createLuaVm();
  try {
    const exported = vm.call(vm.load(lua, "bundle"), []) as { fail: { luaReference: number } };
    vm.call(exported.fail, [0]);
  } catch (error) {
    assert.instance(error, ImageFailed);
    assert.is((error as ImageFailed).kind, "assert");
    return (error as ImageFailed).message;
  } finally {
    vm.close();
  }
  throw new Error("nothing failed");
}

const failing = `export function fail(n: number): void { assert(n < 9, "n is small"); assert(n > 0, "n is above zero"); }`;

test("an invariant becomes a number, and the table knows its words, file and line", async () => {
  const numbered = bundleOf(failing);
  assert.is(await failureOf(numbered), "assert: #2");
  const known = numbered.invariants["2"];
  assert.equal([known?.text, known?.line], ["n is above zero", 2]);
  assert.not.ok(numbered.lua.includes("n is above zero"));
});

test("the bundle of the tests keeps the words", async () => {
  assert.is(await failureOf(bundleOf(failing, true)), "assert: n is above zero");
});

const refused: readonly (readonly [why: string, source: string, message: RegExp])[] = [
  ["a type error", `export const n: number = "x"; assert(n > 0, "");`, /not assignable/],
  [
    "a warning of the transpiler",
    `export const f = (n: number) => { assert(true, ""); if (n) return 1; return 2; };`,
    /Lua/,
  ],
  [
    "an invariant that is put together",
    "export const f = (n: number) => { assert(n > 0, 'n is ' + n); };",
    /plain string/,
  ],
];
for (const [why, source, message] of refused) {
  test(`${why} fails the build`, () => {
    try {
      bundleOf(source);
    } catch (error) {
      assert.instance(error, BuildFailed);
      assert.match((error as BuildFailed).message, message);
      return;
    }
    assert.unreachable("it was built");
  });
}

test.run();
