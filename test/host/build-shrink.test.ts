/** The shrunk image means what the bundle means: the same sources run in Lua as the transpiler wrote them, and shrunk. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createSimHash } from "../../hal/sim/sim-hash";
import type { LuaFunction } from "../../hal/vm/lua-values";
import { createLuaVm, type LuaVm } from "../../hal/vm/lua-vm";
import { bundle, root } from "../../host/build/bundle";
import { luaTestsEntry } from "../../host/build/lua-tests";
import { shrink } from "../../host/build/shrink/shrink";
import { trimBytecode } from "../../host/build/shrink/trim";

interface Built {
  readonly full: Buffer;
  readonly small: Buffer;
}

/** Bundles sources that stand in build/ for the moment; the last one is the entry. */
function build(sources: readonly string[], hostNames: readonly string[] = []): Built {
  const names = sources.map((_, index) => `build/${moduleName(index)}.ts`);
  mkdirSync(path.join(root, "build"), { recursive: true });
  for (const [index, name] of names.entries()) writeFileSync(path.join(root, name), sources[index] as string);
  try {
    const { lua, program } = bundle(names.at(-1) as string, true);
    return { full: lua, small: shrink(lua, program, hostNames) };
  } finally {
    for (const name of names) rmSync(path.join(root, name));
  }
}

const moduleName = (index: number): string => `test-shrink-${process.pid}-${index}`;

async function withVm<Result>(use: (vm: LuaVm) => Result): Promise<Result> {
  const vm = await createLuaVm();
  try {
    return use(vm);
  } finally {
    vm.close();
  }
}

/** What each of the exported `runs` answers to each number. */
const answers = (lua: Uint8Array): Promise<unknown[][]> =>
  withVm(vm => {
    const { runs } = vm.call(vm.load(lua, "bundle"), []) as { runs: readonly LuaFunction[] };
    return runs.map(run => inputs.map(input => answer(vm, run, input)));
  });

function answer(vm: LuaVm, run: LuaFunction, input: number): unknown {
  try {
    return vm.call(run, [input]);
  } catch (error) {
    return (error as Error).message;
  }
}

const inputs = [0, 1, 2, 3, 7, 12, 100, 300];
const meanings: readonly (readonly [what: string, source: string])[] = [
  [
    "early returns of a function that is called once",
    `function kindOf(n: number): string {
       if (n === 0) return "none";
       if (n > 90) { if (n > 200) return "huge"; return "many"; }
       const half = Math.floor(n / 2);
       return half * 2 === n ? "even" : "odd";
     }
     export function run(n: number): string { const kind = kindOf(n); return kind + "!"; }`,
  ],
  [
    "a return out of a loop",
    `function find(list: readonly number[], n: number): number | undefined {
       for (let index = 0; index < list.length; index++) { if (list[index] === n) return index; }
       return undefined;
     }
     export function run(n: number): string { const at = find([7, 3, 12], n); return at === undefined ? "nowhere" : \`at \${at}\`; }`,
  ],
  [
    "the order of effects",
    `const log: number[] = [];
     function note(n: number): number { log.push(n); return n; }
     function first(n: number): number { return note(n) * 2; }
     const second = (left: number, right: number): number => note(left) - note(right);
     export function run(n: number): string { const sum = first(n) + second(note(n + 1), n + 2); return \`\${sum} \${log.join()}\`; }`,
  ],
  [
    "functions that call each other",
    `const isEven = (n: number): boolean => (n === 0 ? true : isOdd(n - 1));
     function isOdd(n: number): boolean { return n === 0 ? false : isEven(n - 1); }
     export function run(n: number): boolean { return isEven(n); }`,
  ],
  [
    "variables that closures share",
    `function counter(): { step(): number } { let count = 0; return { step: () => { count += 1; return count; } }; }
     export function run(n: number): number { const a = counter(); let last = 0; for (let i = 0; i < n; i++) last = a.step(); return last; }`,
  ],
  [
    "fields that are looked up by a text",
    `interface Facts { readonly [name: string]: number }
     const codes = { none: 4, few: 5, many: 6 } as const;
     function listed(facts: Facts): string { return Object.keys(facts).map(name => \`\${name}=\${facts[name]}\`).join(); }
     const names = ["weight", "height"] as const;
     export function run(n: number): string {
       const size = { weight: n, height: n * 2, depth: 1 };
       const code = codes[n === 0 ? "none" : n < 5 ? "few" : "many"];
       return listed({ waitS: n }) + code + names.map(name => size[name]).join("x") + size.depth;
     }`,
  ],
  [
    "sums in fields of fields",
    `interface Box { readonly inner: { width: number; slack: number } }
     function add(box: Box, n: number): void { box.inner.width += n; box.inner.slack -= 1; }
     export function run(n: number): string {
       const box: Box = { inner: { width: 1, slack: 9 } };
       add(box, n);
       add(box, 2);
       return \`\${box.inner.width} \${box.inner.slack}\`;
     }`,
  ],
  [
    "fields that a marked list names",
    `interface Size { readonly girth: number; readonly reach: number }
     const fieldNames = <Names extends readonly string[]>(names: Names): Names => names;
     const names = fieldNames(["girth", "reach"]);
     function read(n: number): Size {
       const values: { [name: string]: number } = {};
       for (const name of names) values[name] = n * 3 + name.length * 0;
       return values as unknown as Size;
     }
     const told = (size: Size): number => (size as unknown as { [name: string]: number })[names[1] as string] as number;
     export function run(n: number): string { const size = read(n); return \`\${size.girth} \${size.reach} \${told(size)}\`; }`,
  ],
  [
    "objects that are made by a list of names",
    `interface Size { readonly weight: number; readonly height: number }
     const names = ["weight", "height"] as const;
     function read(n: number): Size {
       const values: { [name: string]: number } = {};
       for (const name of names) values[name] = n * 3;
       return values as unknown as Size;
     }
     const facts: { [name: string]: number } = { depth: 5 };
     export function run(n: number): string { const size = read(n); return \`\${size.weight} \${size.height} \${facts.depth}\`; }`,
  ],
  [
    "tables of constants",
    `const rows = [[1, "first", true], [300, "300", true], [65535, "", false], [65536, "", false], [2, "second", false], [3, "third, " + "twice", true], [70000, "first", true]] as const;
     export function run(n: number): string { const row = rows[n]; return row === undefined ? "no row" : \`\${row[0]} \${row[1]} \${row[2]}\`; }`,
  ],
  [
    "an assertion's words",
    `import { assert } from "../protocol/assert";
     export function run(n: number): number { assert(n < 10, "n is small"); return n % 7; }`,
  ],
];
const others = [
  `export function unused(): string { return "never said"; }
   export const run = (n: number): number => ({ aLongFieldName: n }).aLongFieldName;
   export const idle = "not said";`,
  `import type { Hal } from "../hal/hal";
   export function run(hal: Hal): number { return hal.board.callBytesMax + hal.secureElement.counterStep(); }`,
];
const modules = [...meanings.map(([, source]) => source), ...others];
const entry = [
  ...modules.map((_, index) => `import { run as run${index} } from "./${moduleName(index)}";`),
  `export const runs = [${meanings.map((_, index) => `run${index}`).join()}];`,
  `export const rest = [${others.map((_, index) => `run${meanings.length + index}`).join()}];`,
].join("\n");
let built: Built;
let expected: unknown[][];
let got: unknown[][];
test.before(async () => {
  built = build([...modules, entry]);
  expected = await answers(built.full);
  got = await answers(built.small);
});

for (const [index, [what]] of meanings.entries()) {
  test(`shrinking keeps ${what}`, () => {
    assert.is(got[index]?.length, inputs.length);
    assert.equal(got[index], expected[index]);
  });
}

test("what nobody calls is left out, and long names", () => {
  for (const name of ["aLongFieldName", "girth", "____exports", "never said", "not said"]) {
    assert.ok(built.full.includes(name));
    assert.not.ok(built.small.includes(name), name);
  }
});

test("names of the HAL stay", () => {
  for (const name of ["board", "callBytesMax", "secureElement", "counterStep"]) assert.ok(built.small.includes(name));
});

/** They take seconds each, and are no other code. */
const longSuites = ["fiscal-memory.lua-test", "smp.lua-test"];

test("the cases of test/lua pass shrunk too", async () => {
  const { small } = build([luaTestsEntry()], ["file", "cases", "name", "run"]);
  await withVm(vm => {
    type Suite = { readonly file: string; readonly cases: readonly { readonly run: LuaFunction }[] };
    const { suites } = vm.call(vm.load(small, "lua-tests"), []) as { suites: readonly Suite[] };
    const short = suites.filter(suite => !longSuites.includes(suite.file));
    assert.ok(short.length > 0);
    for (const { run } of short.flatMap(suite => suite.cases)) {
      vm.forgetFunctions();
      vm.call(run, [createSimHash()]);
    }
  });
});

const strip = (lua: Uint8Array): Promise<Buffer> =>
  withVm(vm => {
    const dump = vm.call(vm.load(Buffer.from("return function(f) return string.dump(f, true) end"), "strip"), []);
    return Buffer.from(vm.call(dump as LuaFunction, [vm.load(lua, "bundle")]) as string, "latin1");
  });

test("a return behind a return is trimmed, one that is jumped to is not", async () => {
  const lua = Buffer.from(`return { runs = { function(n)
    if n == 0 then return "zero" end
    for i = 1, n do if i == 3 then return "three" end end
    for _, v in ipairs({ n }) do if v == 2 then return v == n end end
    if n == 1 then return 1 end
  end } }`);
  const dump = await strip(lua);
  const trimmed = trimBytecode(dump);
  assert.is(trimmed.length, dump.length - 4);
  assert.equal(await answers(trimmed), await answers(lua));
});

test("what nothing leads to is trimmed, and loops and jumps across it still meet", async () => {
  const lua = Buffer.from(`
  local function twice(n) return n * 2 end
  return { runs = { function(n)
    local sum, text = 0, ""
    for i = 1, n do
      if i % 2 == 0 then sum = sum + i else sum = sum - 1 end
      for _, v in ipairs({ 5, i }) do
        while v > 4 do v = v - 3; if v == 3 then text = text .. "c"; break end end
        sum = sum + v
      end
      for k = 3, 1, -1 do if k == n then goto out end; text = text .. k end
    end
    ::out::
    if n == 7 then return twice(sum) else text = text .. tostring(n > 2) end
    if n == 12 then return #text elseif n == 3 then return twice(#text) else sum = sum + 1 end
    return sum .. text
  end } }`);
  const dump = await strip(lua);
  const trimmed = trimBytecode(dump);
  assert.ok(trimmed.length <= dump.length - 20, `${dump.length} bytes, ${trimmed.length} trimmed`);
  assert.equal(await answers(trimmed), await answers(lua));
});

test("an instruction that is only ever skipped stays", async () => {
  const lua = Buffer.from(`
  local function store(t, n) t.flag = n ~= 3 and not t.other end
  return { runs = { function(n)
    local t = { other = n > 7 }
    store(t, n)
    return tostring(t.flag)
  end } }`);
  assert.equal(await answers(trimBytecode(await strip(lua))), await answers(lua));
});

test("a tail call that is suspended returns what it was given", async () => {
  const lua = Buffer.from(`return { run = function(hal, n)
    if n == 1 then return hal.later(n) end
    local wrong = "went on behind the tail call"
    return wrong
  end }`);
  const vm = await createLuaVm();
  const { run } = vm.call(vm.load(trimBytecode(await strip(lua)), "trimmed"), []) as { run: LuaFunction };
  assert.is(await vm.call(run, [{ later: async (n: number) => `${n} later` }, 1]), "1 later");
  vm.close();
});

test("what is no stripped dump is not trimmed", () => {
  assert.throws(() => trimBytecode(Buffer.from("return 1")), /signature/);
});

test.run();
