/**
 * Values that pass between Node and Lua.
 *
 *   Node                       Lua
 *   undefined                  nil
 *   boolean                    boolean
 *   number (a safe integer)    integer
 *   Bytes (latin1 string)      string
 *   array                      table 1..n
 *   plain object               table with string keys
 *   function                   C function (host function)
 *   LuaFunction                function (kept in the registry until released)
 */
import { type LuaMemory, type LuaModule, type LuaState, luaType, registryIndex, upvalueIndex } from "./lua-module";

/** What the image calls; a promise suspends the image until it is settled. */
export type HostFunction = (...values: never[]) => unknown;

/** A Lua function kept by its reference in the registry. */
export interface LuaFunction {
  readonly luaReference: number;
}

export interface LuaValues {
  /** Pushes one value; throws TypeError for what has no counterpart, such as a fraction. */
  push(state: LuaState, value: unknown): void;
  /** The value at a stack index; a table is read to a depth of 8. */
  read(state: LuaState, index: number): unknown;
  /** The host function that the running C function stands for. */
  called(state: LuaState): HostFunction;
  /** Forgets the host functions pushed so far: Lua must not call them again. */
  forgetFunctions(): void;
}

const depthMax = 8;

/** `dispatcher` is the C function that serves every host function; its upvalue 1 says which. */
export function createLuaValues(module: LuaModule, memory: LuaMemory, dispatcher: number): LuaValues {
  const functions: HostFunction[] = [];
  const lengthPointer = module._malloc(4);

  function pushString(state: LuaState, bytes: string): void {
    module._lua_pushlstring(state, memory.put(bytes), bytes.length);
  }

  function pushNumber(state: LuaState, value: number): void {
    if (!Number.isSafeInteger(value)) throw new TypeError(`a HAL value must be a safe integer, got ${value}`);
    module._lua_pushinteger(state, BigInt(value));
  }

  function pushFunction(state: LuaState, host: HostFunction): void {
    functions.push(host);
    module._lua_pushinteger(state, BigInt(functions.length - 1));
    module._lua_pushcclosure(state, dispatcher, 1);
  }

  function pushArray(state: LuaState, items: readonly unknown[]): void {
    module._lua_createtable(state, items.length, 0);
    for (const [index, item] of items.entries()) {
      push(state, item);
      module._lua_rawseti(state, -2, BigInt(index + 1));
    }
  }

  function pushObject(state: LuaState, object: object): void {
    const entries = Object.entries(object);
    module._lua_createtable(state, 0, entries.length);
    for (const [key, value] of entries) {
      pushString(state, key);
      push(state, value);
      module._lua_rawset(state, -3);
    }
  }

  function push(state: LuaState, value: unknown): void {
    if (value === undefined) module._lua_pushnil(state);
    else if (typeof value === "boolean") module._lua_pushboolean(state, value ? 1 : 0);
    else if (typeof value === "number") pushNumber(state, value);
    else if (typeof value === "string") pushString(state, value);
    else if (typeof value === "function") pushFunction(state, value as HostFunction);
    else if (Array.isArray(value)) pushArray(state, value);
    else if (typeof value === "object" && value !== null) pushTable(state, value);
    else throw new TypeError(`a HAL value must not be ${String(value)}`);
  }

  function pushTable(state: LuaState, value: object): void {
    if ("luaReference" in value) module._lua_rawgeti(state, registryIndex, BigInt(value.luaReference as number));
    else pushObject(state, value);
  }

  function readString(state: LuaState, index: number): string {
    const pointer = module._lua_tolstring(state, index, lengthPointer);
    return memory.take(pointer, module.HEAPU32[lengthPointer >> 2] as number);
  }

  function readNumber(state: LuaState, index: number): number {
    const value = module._lua_tonumberx(state, index, 0);
    if (module._lua_isinteger(state, index) === 0 || !Number.isSafeInteger(value)) {
      throw new TypeError(`a HAL value must be a safe integer, got the Lua number ${value}`);
    }
    return value;
  }

  function readFunction(state: LuaState, index: number): LuaFunction {
    module._lua_pushvalue(state, index);
    return { luaReference: module._luaL_ref(state, registryIndex) };
  }

  /** A table with items 1..n is an array, any other an object of its string keys. */
  function readTable(state: LuaState, index: number, depth: number): unknown {
    const table = index < 0 ? module._lua_gettop(state) + 1 + index : index;
    const length = module._lua_rawlen(state, table);
    if (length > 0) return readArray(state, table, length, depth);
    const object: Record<string, unknown> = {};
    module._lua_pushnil(state);
    while (module._lua_next(state, table) !== 0) {
      if (module._lua_type(state, -2) === luaType.string) object[readString(state, -2)] = readAt(state, -1, depth + 1);
      module._lua_settop(state, -2);
    }
    return object;
  }

  function readArray(state: LuaState, table: number, length: number, depth: number): unknown[] {
    const items: unknown[] = [];
    for (let index = 1; index <= length; index++) {
      module._lua_rawgeti(state, table, BigInt(index));
      items.push(readAt(state, -1, depth + 1));
      module._lua_settop(state, -2);
    }
    return items;
  }

  function readAt(state: LuaState, index: number, depth: number): unknown {
    const type = module._lua_type(state, index);
    if (type === luaType.string) return readString(state, index);
    if (type === luaType.number) return readNumber(state, index);
    if (type === luaType.boolean) return module._lua_toboolean(state, index) !== 0;
    if (type === luaType.table && depth < depthMax) return readTable(state, index, depth);
    if (type === luaType.function) return readFunction(state, index);
    return undefined;
  }

  return {
    push,
    read: (state, index) => readAt(state, index, 0),
    called: state => functions[module._lua_tonumberx(state, upvalueIndex(1), 0)] as HostFunction,
    forgetFunctions() {
      functions.length = 0;
    },
  };
}
