/**
 * Runs an image of the firmware in Lua on Node; its HAL calls are answered by any Hal object, whose functions may
 * also return promises.
 */
import type { Hal } from "../hal";
import { ImageFailed } from "./image-failed";
import type { LuaFunction } from "./lua-values";
import { createLuaVm, type LuaVmOptions } from "./lua-vm";

/** A Hal as the bridge takes it: any function may answer later. */
export type BridgedHal = { readonly [Device in keyof Hal]: Bridged<Hal[Device]> };
type Bridged<Part> = {
  readonly [Name in keyof Part]: Part[Name] extends (...values: infer Values) => infer Result
    ? (...values: Values) => Result | Promise<Result>
    : Part[Name];
};

export interface ImageOptions extends LuaVmOptions {
  /** Bytecode (build/image.luac) or Lua source (build/image.lua). */
  readonly image: Uint8Array;
  readonly hal: BridgedHal;
}

export interface RunningImage {
  /**
   * One bounded step; the milliseconds until the image wants the next, or a promise when a HAL function made it wait.
   * Throws ImageFailed, or what a HAL function threw; after that only `restart` and `close` make sense.
   */
  tick(): number | Promise<number>;
  /** Boots again in the same machine: cheap, and the old state becomes garbage. */
  restart(hal: BridgedHal): void | Promise<void>;
  heapBytes(): number;
  heapPeakBytes(): number;
  close(): void;
}

/** Loads the image and calls `start(hal)`. Throws what `tick` throws. */
export async function startImage(options: ImageOptions): Promise<RunningImage> {
  const vm = await createLuaVm(options);
  let tick: LuaFunction | undefined;
  let start: LuaFunction;

  const keepTick = (started: unknown): void => {
    tick = functionOf(started, "start(hal) returns tick");
  };

  function restart(hal: BridgedHal): void | Promise<void> {
    if (tick !== undefined) vm.release(tick);
    tick = undefined;
    vm.forgetFunctions();
    const started = vm.call(start, [hal]);
    return started instanceof Promise ? started.then(keepTick) : keepTick(started);
  }

  try {
    const loaded = vm.load(options.image, "image");
    const exported = (await vm.call(loaded, [])) as { start?: unknown } | undefined;
    vm.release(loaded);
    start = functionOf(exported?.start, "the image exports start");
    await restart(options.hal);
  } catch (error) {
    vm.close();
    throw error;
  }
  return {
    tick() {
      if (tick === undefined) throw new ImageFailed("error", "the image has not started");
      return vm.call(tick, []) as number | Promise<number>;
    },
    restart,
    heapBytes: vm.heapBytes,
    heapPeakBytes: vm.heapPeakBytes,
    close: vm.close,
  };
}

function functionOf(value: unknown, promise: string): LuaFunction {
  if (typeof value === "object" && value !== null && "luaReference" in value) return value as LuaFunction;
  throw new ImageFailed("error", `${promise}: it is no function`);
}
