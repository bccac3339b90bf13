/** hal/vm with small Lua sources: bytes, memory, limits, waiting, errors. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type BridgedHal, startImage } from "../../hal/vm/hal-bridge";
import { ImageFailed } from "../../hal/vm/image-failed";
import type { LuaFunction } from "../../hal/vm/lua-values";
import { createLuaVm, type LuaVm, type LuaVmOptions } from "../../hal/vm/lua-vm";

const allBytes = String.fromCharCode(...Array.from({ length: 256 }, (_, value) => value));
const source = (text: string): Buffer => Buffer.from(text, "latin1");

async function withVm(options: LuaVmOptions, use: (vm: LuaVm) => unknown): Promise<void> {
  const vm = await createLuaVm(options);
  try {
    await use(vm);
  } finally {
    vm.close();
  }
}

/** Runs a chunk that returns one function. */
const load = (vm: LuaVm, text: string): LuaFunction =>
  vm.call(vm.load(source(text), "test"), []) as unknown as LuaFunction;

function failureOf(run: () => unknown): ImageFailed {
  try {
    run();
  } catch (error) {
    assert.instance(error, ImageFailed);
    return error as ImageFailed;
  }
  throw new Error("nothing failed");
}

test("all 256 byte values pass both ways, and an empty string", () =>
  withVm({}, vm => {
    let seen = "";
    const keep = (bytes: string): string => {
      seen = bytes;
      return bytes;
    };
    const echo = load(vm, "return function(host, bytes) assert(#bytes == 256 or #bytes == 0) return host(bytes) end");
    assert.is(vm.call(echo, [keep, allBytes]), allBytes);
    assert.is(seen, allBytes);
    assert.is(vm.call(echo, [keep, ""]), "");
  }));

test("numbers pass as integers and keep 53 bits; fractions do not pass", () =>
  withVm({}, vm => {
    const echo = load(vm, "return function(n) assert(math.type(n) == 'integer') return n end");
    for (const value of [0, -1, 2147483648, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]) {
      assert.is(vm.call(echo, [value]), value);
    }
    assert.throws(() => vm.call(echo, [0.5]), /safe integer/);
  }));

test("nil, booleans, lists and nested objects pass", () =>
  withVm({}, vm => {
    const swap = load(
      vm,
      "return function(o) return { o.list[2], o.inner.yes, o.missing == nil, { kind = o.name } } end",
    );
    const value = { list: [1, 2], inner: { yes: true }, missing: undefined, name: "x" };
    assert.equal(vm.call(swap, [value]), [2, true, true, { kind: "x" }]);
  }));

test("100,000 calls leave the heap flat", () =>
  withVm({}, vm => {
    const text = "return function(host) local s = host('ab') collectgarbage('step') return s .. 'c' end";
    const call = load(vm, text);
    const host = (bytes: string): string => bytes;
    const run = (count: number): number => {
      for (let index = 0; index < count; index++) {
        vm.forgetFunctions();
        vm.call(call, [host]);
      }
      return vm.heapBytes();
    };
    const warmBytes = run(1000);
    assert.ok(run(100_000) < warmBytes + 4096, "the heap does not grow");
  }));

test("the allocator's limit fails the step and the machine survives", () =>
  withVm({ memoryMaxBytes: 100_000 }, vm => {
    const eat = load(vm, "return function() local t = {} for i = 1, 1e6 do t[i] = {} end end");
    assert.is(failureOf(() => vm.call(eat, [])).kind, "memory");
    assert.ok(vm.heapPeakBytes() <= 102_048, `${vm.heapPeakBytes()} bytes at most`);
    assert.is(vm.call(load(vm, "return function() return 7 end"), []), 7);
  }));

test("the time limit ends an endless loop, also one that catches its errors", () =>
  withVm({ stepTimeoutMs: 30 }, vm => {
    assert.is(failureOf(() => vm.call(load(vm, "return function() while true do end end"), [])).kind, "timeout");
    const stubborn = load(vm, "return function() for i = 1, 5 do pcall(function() while true do end end) end end");
    assert.is(failureOf(() => vm.call(stubborn, [])).kind, "timeout");
    assert.is(vm.call(load(vm, "return function() return 7 end"), []), 7);
  }));

test("errors of Lua are told apart", () =>
  withVm({}, vm => {
    const raise = (text: string): ImageFailed =>
      failureOf(() => vm.call(load(vm, `return function() ${text} end`), []));
    const assertion = raise("error({ message = 'assert: #17', stack = 'here' })");
    assert.equal([assertion.kind, assertion.message, assertion.luaStack], ["assert", "assert: #17", "here"]);
    assert.equal([raise("error('x', 0)").kind, raise("error('x', 0)").message], ["error", "x"]);
    assert.match(raise("error({ kind = 'worn' })").message, "worn");
    assert.is(failureOf(() => vm.load(source("not lua"), "test")).kind, "error");
  }));

test("what a host function throws leaves the step unchanged, even past pcall", () =>
  withVm({}, vm => {
    const lost = new Error("power");
    let callsAfter = 0;
    const hosts = {
      fail: () => {
        throw lost;
      },
      after: () => {
        callsAfter++;
      },
    };
    const text = "return function(h) pcall(h.fail) pcall(h.after) return 1 end";
    let thrown: unknown;
    try {
      vm.call(load(vm, text), [hosts]);
    } catch (error) {
      thrown = error;
    }
    assert.is(thrown, lost);
    assert.is(callsAfter, 0);
    assert.is(vm.call(load(vm, "return function() return 7 end"), []), 7);
  }));

test("a promise suspends the image, also inside pcall; a rejection comes out", () =>
  withVm({ stepTimeoutMs: 200 }, async vm => {
    const later = (value: number): Promise<number> => new Promise(resolve => setTimeout(resolve, 2, value + 1));
    const sum = load(vm, "return function(h) local ok, v = pcall(function() return h(1) + h(2) end) return v end");
    const pending = vm.call(sum, [later]);
    assert.instance(pending, Promise);
    assert.throws(() => vm.call(sum, [later]), "one step at a time");
    assert.is(await pending, 5);
    const lost = new Error("power");
    const rejected = vm.call(sum, [() => Promise.reject(lost)]) as Promise<unknown>;
    assert.is(await rejected.catch((error: unknown) => error), lost);
    assert.is(await vm.call(sum, [() => 4]), 8);
  }));

test("an image starts, ticks and restarts in the same machine", async () => {
  const image = source(`return { start = function(hal)
    local boots = hal.system.boots()
    return function() hal.uart.write(string.char(0, 255, boots)) return boots end
  end }`);
  const written: string[] = [];
  const halOf = (boots: number): BridgedHal =>
    ({
      system: { boots: () => boots },
      uart: { write: (bytes: string) => written.push(bytes) },
    }) as unknown as BridgedHal;
  const running = await startImage({ image, hal: halOf(1) });
  assert.is(running.tick(), 1);
  running.restart(halOf(2));
  assert.is(running.tick(), 2);
  assert.equal(written, ["\0\xff\x01", "\0\xff\x02"]);
  for (let boot = 0; boot < 2000; boot++) running.restart(halOf(boot));
  const heapBytes = running.heapBytes();
  for (let boot = 0; boot < 2000; boot++) running.restart(halOf(boot));
  assert.ok(running.heapBytes() < heapBytes + 32_768, "boots do not leak");
  running.close();
});

test("an image without start is refused", async () => {
  const error = await startImage({ image: source("return {}"), hal: {} as BridgedHal }).catch(
    (thrown: unknown) => thrown,
  );
  assert.instance(error, ImageFailed);
});

test.run();
