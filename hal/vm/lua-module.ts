/**
 * The raw C functions of Lua 5.4 in WebAssembly, as wasmoon exports them, and the byte view of its memory.
 *
 * wasmoon's own string API ends a string at a zero byte and mangles bytes above 0x7f, and its calls leak a stack slot
 * each. So this is all of it that hal/vm uses: the C API of the Lua manual §4.6, addresses and sizes being numbers.
 */
import wasmoon from "wasmoon";

export type LuaState = number;

export const registryIndex = -1001000;
export const upvalueIndex = (index: number): number => registryIndex - index;
export const luaStatus = { ok: 0, yield: 1, runtime: 2, syntax: 3, memory: 4, errorInHandler: 5 } as const;
export const luaType = { nil: 0, boolean: 1, number: 3, string: 4, table: 5, function: 6, thread: 8 } as const;
/** Mask of a hook that is called each time so many instructions have run (lua_sethook). */
export const hookMaskCount = 8;

/** The part of the emscripten module that we call. Names and arguments are those of the C API. */
export interface LuaModule {
  readonly HEAPU8: Uint8Array;
  readonly HEAPU32: Uint32Array;
  addFunction(implementation: (...words: number[]) => number | undefined, signature: string): number;
  _malloc(size: number): number;
  _realloc(pointer: number, size: number): number;
  _free(pointer: number): void;
  _lua_newstate(allocator: number, userData: number): LuaState;
  _lua_close(state: LuaState): void;
  _luaL_openlibs(state: LuaState): void;
  _luaL_loadbufferx(state: LuaState, buffer: number, size: number, name: number, mode: number): number;
  _luaL_ref(state: LuaState, table: number): number;
  _luaL_unref(state: LuaState, table: number, reference: number): void;
  _lua_newthread(state: LuaState): LuaState;
  _lua_resume(state: LuaState, from: LuaState, argumentCount: number, resultCount: number): number;
  _lua_yieldk(state: LuaState, resultCount: number, context: number, continuation: number): number;
  _lua_pcallk(
    state: LuaState,
    argumentCount: number,
    resultCount: number,
    handler: number,
    context: number,
    continuation: number,
  ): number;
  _lua_error(state: LuaState): number;
  _lua_sethook(state: LuaState, hook: number, mask: number, count: number): void;
  _lua_gettop(state: LuaState): number;
  _lua_settop(state: LuaState, index: number): void;
  _lua_pushvalue(state: LuaState, index: number): void;
  _lua_type(state: LuaState, index: number): number;
  _lua_isinteger(state: LuaState, index: number): number;
  _lua_toboolean(state: LuaState, index: number): number;
  _lua_tonumberx(state: LuaState, index: number, isNumber: number): number;
  _lua_tolstring(state: LuaState, index: number, length: number): number;
  _lua_pushnil(state: LuaState): void;
  _lua_pushboolean(state: LuaState, value: number): void;
  _lua_pushinteger(state: LuaState, value: bigint): void;
  _lua_pushlstring(state: LuaState, pointer: number, length: number): number;
  _lua_pushcclosure(state: LuaState, implementation: number, upvalueCount: number): void;
  _lua_getglobal(state: LuaState, name: number): number;
  _lua_createtable(state: LuaState, arraySize: number, recordSize: number): void;
  _lua_rawset(state: LuaState, index: number): void;
  _lua_rawseti(state: LuaState, index: number, key: bigint): void;
  _lua_rawgeti(state: LuaState, index: number, key: bigint): number;
  _lua_rawlen(state: LuaState, index: number): number;
  _lua_next(state: LuaState, index: number): number;
}

/** A new WebAssembly instance with a memory of its own; takes about 20 ms. */
export async function loadLuaModule(): Promise<LuaModule> {
  const lua = await new wasmoon.LuaFactory().getLuaModule();
  return lua.module as unknown as LuaModule;
}

/** Moves byte strings in and out of the module's memory, which may move when it grows. */
export interface LuaMemory {
  /** Copies bytes to a scratch block; it holds until the next call. */
  put(bytes: string): number;
  /** A latin1 string of the bytes at an address. */
  take(pointer: number, length: number): string;
}

export function createLuaMemory(module: LuaModule): LuaMemory {
  let heap = module.HEAPU8;
  let view = Buffer.from(heap.buffer, heap.byteOffset, heap.byteLength);
  let scratchSize = 4096;
  let scratch = module._malloc(scratchSize);
  const current = (): Buffer => {
    if (heap !== module.HEAPU8) {
      heap = module.HEAPU8;
      view = Buffer.from(heap.buffer, heap.byteOffset, heap.byteLength);
    }
    return view;
  };
  return {
    put(bytes) {
      if (bytes.length > scratchSize) {
        module._free(scratch);
        scratchSize = bytes.length * 2;
        scratch = module._malloc(scratchSize);
      }
      current().write(bytes, scratch, "latin1");
      return scratch;
    },
    take: (pointer, length) => current().toString("latin1", pointer, pointer + length),
  };
}
