/**
 * One Lua 5.4 machine with the two limits that a real board has: bytes of heap and time of a step.
 *
 * Every call into Lua runs as a coroutine. A host function that returns a promise suspends it (lua_yieldk) until the
 * promise is settled, even inside pcall; so the firmware stays synchronous on boards whose flash is not. One step at
 * a time.
 *
 * What a host function throws leaves the step as the very same exception. Lua could catch it, so from then on every
 * further host call of the step fails too: power that is lost does not come back in a `catch`.
 */
import { ImageFailed, imageFailed } from "./image-failed";
import {
  createLuaMemory,
  hookMaskCount,
  type LuaModule,
  type LuaState,
  loadLuaModule,
  luaStatus,
  registryIndex,
} from "./lua-module";
import { createLuaValues, type LuaFunction, type LuaValues } from "./lua-values";

export interface LuaVmOptions {
  /** The allocator refuses more; Lua then collects garbage, and fails when that does not help. */
  readonly memoryMaxBytes?: number | undefined;
  /** Longest time of one step, waiting for promises not counted. */
  readonly stepTimeoutMs?: number | undefined;
}

export interface LuaVm {
  /** Compiles Lua source or bytecode; throws ImageFailed when it is neither. */
  load(chunk: Uint8Array, name: string): LuaFunction;
  /** Calls a Lua function: its first result, or a promise of it when a host function made it wait. */
  call(target: LuaFunction, values: readonly unknown[]): unknown;
  release(target: LuaFunction): void;
  /** Host functions pushed so far are not called any more: their places may be used again. */
  forgetFunctions(): void;
  heapBytes(): number;
  heapPeakBytes(): number;
  close(): void;
}

const hookInstructions = 5000;

export async function createLuaVm(options: LuaVmOptions = {}): Promise<LuaVm> {
  return createLuaVmIn(await loadLuaModule(), options);
}

interface Heap {
  usedBytes: number;
  peakBytes: number;
  /** Only while Lua runs protected: an allocation that fails elsewhere would abort the whole module. */
  limited: boolean;
}

/** lua_Alloc of the manual §4.6: frees when the new size is 0, else reallocates; the limit answers "no memory". */
function addAllocator(module: LuaModule, heap: Heap, memoryMaxBytes: number): number {
  return module.addFunction((_userData, pointer = 0, oldSize = 0, newSize = 0) => {
    const heldBytes = pointer === 0 ? 0 : oldSize;
    if (newSize === 0) {
      if (pointer !== 0) module._free(pointer);
      heap.usedBytes -= heldBytes;
      return 0;
    }
    const usedBytes = heap.usedBytes - heldBytes + newSize;
    if (heap.limited && newSize > heldBytes && usedBytes > memoryMaxBytes) return 0;
    const moved = module._realloc(pointer, newSize);
    if (moved !== 0) heap.usedBytes = usedBytes;
    if (heap.usedBytes > heap.peakBytes) heap.peakBytes = heap.usedBytes;
    return moved;
  }, "iiiii");
}

/** What one step remembers between host calls. */
interface Step {
  deadlineMs: number;
  waitingFor: Promise<unknown> | undefined;
  /** Thrown by a host function or by the time limit; ends the step whatever Lua does about it. */
  thrown: { readonly error: unknown } | undefined;
}

function createLuaVmIn(module: LuaModule, options: LuaVmOptions): LuaVm {
  const { memoryMaxBytes = Number.POSITIVE_INFINITY, stepTimeoutMs = Number.POSITIVE_INFINITY } = options;
  const heap: Heap = { usedBytes: 0, peakBytes: 0, limited: false };
  const step: Step = { deadlineMs: 0, waitingFor: undefined, thrown: undefined };
  const memory = createLuaMemory(module);
  const dispatcher = module.addFunction((state = 0) => dispatch(state), "ii");
  const values: LuaValues = createLuaValues(module, memory, dispatcher);
  const resultCountPointer = module._malloc(4);
  const main = module._lua_newstate(addAllocator(module, heap, memoryMaxBytes), 0);
  let thread = 0;
  let threadReference = 0;
  let running = false;
  let closed = false;

  module._luaL_openlibs(main);
  if (stepTimeoutMs !== Number.POSITIVE_INFINITY) watchTime();
  renewThread();

  function renewThread(): void {
    if (threadReference !== 0) module._luaL_unref(main, registryIndex, threadReference);
    thread = module._lua_newthread(main);
    threadReference = module._luaL_ref(main, registryIndex);
  }

  /** Threads inherit the hook. It also ends a step that goes on after a host function has thrown. */
  function watchTime(): void {
    const hook = module.addFunction((state = 0) => {
      if (step.thrown === undefined && performance.now() > step.deadlineMs) {
        const error = new ImageFailed("timeout", `a step took longer than ${stepTimeoutMs} ms`);
        step.thrown = { error };
      }
      if (step.thrown !== undefined) raise(state);
      return undefined;
    }, "vii");
    module._lua_sethook(main, hook, hookMaskCount, hookInstructions);
  }

  function raise(state: LuaState): number {
    values.push(state, "the host has ended this step");
    return module._lua_error(state);
  }

  /** Serves every host function. Only our own calls stand in `try`: Lua's longjmp passes this frame as an exception. */
  function dispatch(state: LuaState): number {
    const result = step.thrown === undefined ? callHost(state) : undefined;
    if (step.thrown !== undefined) return raise(state);
    if (step.waitingFor !== undefined) return module._lua_yieldk(state, 0, 0, 0);
    try {
      values.push(state, result);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      step.thrown = { error };
    }
    return step.thrown === undefined ? 1 : raise(state);
  }

  function callHost(state: LuaState): unknown {
    try {
      const parameters: unknown[] = [];
      for (let index = 1; index <= module._lua_gettop(state); index++) parameters.push(values.read(state, index));
      const result = values.called(state)(...(parameters as never[]));
      if (!(result instanceof Promise)) return result;
      step.waitingFor = result;
    } catch (error) {
      step.thrown = { error };
    }
    return undefined;
  }

  /** Runs the coroutine until it ends or waits. */
  function resume(parameterCount: number): unknown {
    heap.limited = true;
    const status = module._lua_resume(thread, main, parameterCount, resultCountPointer);
    heap.limited = false;
    if (status === luaStatus.yield && step.waitingFor !== undefined) return resumeLater(step.waitingFor);
    running = false;
    if (status !== luaStatus.ok || step.thrown !== undefined) throw failure(status);
    const result = module._lua_gettop(thread) > 0 ? values.read(thread, 1) : undefined;
    module._lua_settop(thread, 0);
    return result;
  }

  async function resumeLater(promise: Promise<unknown>): Promise<unknown> {
    const waitedFromMs = performance.now();
    step.waitingFor = undefined;
    try {
      const value = await promise;
      if (closed) throw new ImageFailed("error", "the machine was closed while it waited");
      values.push(thread, value);
    } catch (error) {
      running = false;
      if (!closed) renewThread();
      throw error;
    }
    step.deadlineMs += performance.now() - waitedFromMs;
    return resume(1);
  }

  function failure(status: number): unknown {
    const error = step.thrown?.error ?? imageFailed(readError(), status === luaStatus.memory);
    step.waitingFor?.catch(() => undefined);
    renewThread();
    return error;
  }

  function readError(): unknown {
    try {
      return values.read(thread, -1);
    } catch {
      return "an error without words";
    }
  }

  return {
    load(chunk, name) {
      const source = module._malloc(chunk.length);
      module.HEAPU8.set(chunk, source);
      heap.limited = true;
      const status = module._luaL_loadbufferx(main, source, chunk.length, memory.put(`=${name}\0`), 0);
      heap.limited = false;
      module._free(source);
      const loaded = values.read(main, -1);
      module._lua_settop(main, 0);
      if (status !== luaStatus.ok) throw imageFailed(loaded, status === luaStatus.memory);
      return loaded as LuaFunction;
    },
    call(target, parameters) {
      if (running) throw new Error("one step at a time");
      running = true;
      Object.assign(step, { deadlineMs: performance.now() + stepTimeoutMs, waitingFor: undefined, thrown: undefined });
      values.push(thread, target);
      for (const parameter of parameters) values.push(thread, parameter);
      return resume(parameters.length);
    },
    release: target => module._luaL_unref(main, registryIndex, target.luaReference),
    forgetFunctions: values.forgetFunctions,
    heapBytes: () => heap.usedBytes,
    heapPeakBytes: () => heap.peakBytes,
    close() {
      if (!closed) module._lua_close(main);
      closed = true;
    },
  };
}
