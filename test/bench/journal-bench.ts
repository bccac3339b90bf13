/** What the log costs: bytes of flash a receipt, and how long a start takes on a log that has lived. */
import { start } from "../../firmware/start";
import { emulatorGeometry } from "../../hal/sim/geometry";
import { createSimHal } from "../../hal/sim/sim-board";
import { startImage } from "../../hal/vm/hal-bridge";
import { median, tenths, timed } from "./median";
import type { OldLog } from "./old-log";
import { createSimShop, receiptOf } from "./sim-shop";

const receipts = 20;

/** Flash that a 15-line receipt takes with all that follows it: attempt, outcome, printed, shares of indexes. */
export function bytesPerReceipt(): number {
  const shop = createSimShop({ geometry: emulatorGeometry }, board => start(board.hal));
  shop.fiscalize();
  shop.signIn();
  const freeBytes = (): number => shop.status().memory.freeBytes;
  const before = freeBytes();
  for (let count = 0; count < receipts; count++) shop.sell(receiptOf(15), `cost-${count}`);
  return Math.round((before - freeBytes()) / receipts);
}

/** From power on to the first tick, the image being loaded. */
export async function startMs(image: Uint8Array, log: OldLog, rounds: number): Promise<number> {
  const { flash, elementStore, clock } = log;
  const board = createSimHal({ geometry: emulatorGeometry, elementStore, clock });
  board.flash.restore(flash);
  const running = await startImage({ image, hal: board.hal });
  const times = Array.from({ length: rounds }, () => {
    board.reboot("power");
    return timed(() => void running.restart(board.hal));
  });
  running.close();
  return tenths(median(times));
}
