/**
 * The heap that the image needs: the smallest limit of the allocator, to 8 KB, under which a module starts, sells and
 * prints online, sells and prints alone, starts again, and sends its queue. Lua collects garbage before it fails, so
 * the limit is what is really held at once.
 */
import { createSimHal, type SimBoardOptions } from "../../hal/sim/sim-board";
import type { FlashSnapshot } from "../../hal/sim/sim-flash";
import { type RunningImage, startImage } from "../../hal/vm/hal-bridge";
import { ImageFailed } from "../../hal/vm/image-failed";
import type { ReceiptUpload } from "../../host/register/receipt-request";
import { openSimShop, type SimShop } from "./sim-shop";

export interface HeapTrial {
  readonly image: Uint8Array;
  readonly receipt: ReceiptUpload;
  readonly board: SimBoardOptions;
  /** Contents of the board's flash; by default it is blank and will be fiscalized. */
  readonly past?: FlashSnapshot;
}

const stepBytes = 8 * 1024;
const limitMaxBytes = 1024 * 1024;
/** A machine that does next to nothing but collect garbage is as good as a failed one: the board's watchdog. */
const stepTimeoutMs = 4000;

/** `onTrial` hears of each limit that was tried. */
export async function smallestHeapLimit(trial: HeapTrial, onTrial: (limitBytes: number) => void): Promise<number> {
  let fails = 0;
  let passes = limitMaxBytes + stepBytes;
  while (passes - fails > stepBytes) {
    const limitBytes = between(fails, passes);
    onTrial(limitBytes);
    if (await livesWithin(trial, limitBytes)) passes = limitBytes;
    else fails = limitBytes;
  }
  if (passes > limitMaxBytes) throw new Error(`the image does not work within ${limitMaxBytes} bytes`);
  return passes;
}

/** Nearer to the lower one: what is too small fails soon, what is just enough takes longest, all of it for its collector. */
const between = (fails: number, passes: number): number =>
  fails + Math.max(1, Math.floor((passes - fails) / 4 / stepBytes)) * stepBytes;

async function livesWithin(trial: HeapTrial, memoryMaxBytes: number): Promise<boolean> {
  const board = createSimHal(trial.board);
  if (trial.past !== undefined) board.flash.restore(trial.past);
  let image: RunningImage | undefined;
  try {
    image = await startImage({ image: trial.image, hal: board.hal, memoryMaxBytes, stepTimeoutMs });
    const running = image;
    live(
      openSimShop(board, () => running.tick() as number),
      trial,
      () => {
        board.reboot("power");
        void running.restart(board.hal);
      },
    );
    return true;
  } catch (error) {
    if (error instanceof ImageFailed) return false;
    throw error;
  } finally {
    image?.close();
  }
}

/** A day of the module, in short. */
function live(shop: SimShop, { receipt, past }: HeapTrial, restart: () => void): void {
  if (past === undefined) shop.fiscalize();
  shop.signIn();
  shop.sell(receipt, "online");
  shop.isOfdThere = false;
  shop.sell(receipt, "alone");
  shop.sell(receipt, "alone, known offline");
  restart();
  shop.signIn();
  shop.isOfdThere = true;
  shop.drain();
  if (shop.queueLength() > 0) throw new Error("the queue was not sent");
}
