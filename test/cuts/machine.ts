/** The module under test on one of its two machines: firmware/start.ts in Node, or the built image in Lua 5.4. */
import type { Hal } from "../../hal/hal";
import { createSimHal } from "../../hal/sim/sim-board";
import { startImage } from "../../hal/vm/hal-bridge";

export interface Machine {
  /** Power comes: whatever ran before is gone. */
  boot(hal: Hal): void;
  /** One bounded step; milliseconds until the module wants the next. */
  tick(): number;
  close(): void;
}

export type Start = (hal: Hal) => () => number;

export function createNodeMachine(start: Start): Machine {
  let tick = (): number => 0;
  return {
    boot(hal) {
      tick = start(hal);
    },
    tick: () => tick(),
    close: () => undefined,
  };
}

/** One Lua machine for all boots; the module that it was loaded with runs on a board that nobody looks at. */
export async function createLuaMachine(image: Uint8Array): Promise<Machine> {
  const running = await startImage({ image, hal: createSimHal().hal });
  return {
    boot(hal) {
      if (running.restart(hal) instanceof Promise) throw new Error("a simulated board answers at once");
    },
    tick() {
      const waitMs = running.tick();
      if (typeof waitMs !== "number") throw new Error("a simulated board answers at once");
      return waitMs;
    },
    close: running.close,
  };
}
