/** A log that has lived: thousands of receipts in one open shift, sold by the firmware itself on a simulated board. */
import { createHash } from "node:crypto";
import { start } from "../../firmware/start";
import type { Hal } from "../../hal/hal";
import type { Printer } from "../../hal/printer";
import { emulatorGeometry } from "../../hal/sim/geometry";
import { createVirtualClock, type SimClock } from "../../hal/sim/sim-clock";
import type { FlashSnapshot } from "../../hal/sim/sim-flash";
import { createMemoryStore, type ElementStore } from "../../hal/sim/sim-secure-element";
import { type Bytes, emptyBytes } from "../../protocol/bytes";
import { createSimShop, receiptOf } from "./sim-shop";

export interface OldLog {
  readonly documents: number;
  readonly flash: FlashSnapshot;
  /** The secure element that its board has, and the time on it. */
  readonly elementStore: ElementStore;
  readonly clock: SimClock;
}

/** Signs at once: what is measured later reads the log and does not verify it. */
const quickSign = (digest: Bytes): Bytes =>
  createHash("sha512").update(digest, "latin1").digest().toString("latin1") as Bytes;

/** Takes everything and says that all is well, without looking at the letters. */
function createQuickPrinter(): Printer {
  const allIsWell = { "\x10\x04\x02": "\x12", "\x10\x04\x04": "\x12", "\x1dr\x01": "\0" } as Record<string, string>;
  let answers = "";
  return {
    write(data) {
      answers += allIsWell[data] ?? "";
      return data.length;
    },
    read() {
      const read = answers as Bytes;
      answers = emptyBytes;
      return read;
    },
  };
}

/** Sells one-line receipts, online. `onDocument` hears how many there are. */
export function makeOldLog(documents: number, onDocument: (count: number) => void): OldLog {
  const elementStore = createMemoryStore();
  const clock = createVirtualClock();
  const options = { geometry: emulatorGeometry, elementStore, clock, printer: createQuickPrinter() };
  const quick = (hal: Hal): Hal => ({ ...hal, secureElement: { ...hal.secureElement, sign: quickSign } });
  const shop = createSimShop(options, board => start(quick(board.hal)));
  const receipt = receiptOf(1);
  shop.fiscalize();
  shop.signIn();
  for (let count = 1; count <= documents; count++) {
    shop.sell(receipt, `old-${count}`);
    onDocument(count);
  }
  return { documents, flash: shop.board.flash.snapshot(), elementStore, clock };
}
