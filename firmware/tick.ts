/**
 * tick: one bounded step of everything, and how long until the next is wanted. Time enters only here and through the HAL.
 */
import { dispatch } from "./commands/dispatch";
import { guardFlash } from "./flash-guard";
import { idlePollMs, ledPollMs } from "./limits";
import { checkpoint, checkpointDue } from "./log";
import { type Module, nowMs } from "./module";
import { tickPrinter } from "./print-queue";
import { isSaleWriting, tickSale } from "./sale";
import { tickSerial } from "./serial";
import { frameHanded, isOffline, tickUplink, uplinkWantsMs } from "./uplink";

function stepSerial(module: Module): boolean {
  return tickSerial(module.serial, {
    uart: module.hal.uart,
    nowMs: nowMs(module),
    answer: message => dispatch(module, message),
    handed: frame => frameHanded(module, frame),
  });
}

function showLights(module: Module): void {
  const { gpio } = module.hal;
  const blocked = module.fault !== undefined || module.books.blocks.length > 0;
  gpio.set("ready", module.settings !== undefined && !blocked);
  gpio.set("offline", isOffline(module));
  gpio.set("blocked", blocked);
}

/** The reset that a command asked for, once its answer has left. */
function stepReset(module: Module): void {
  if (module.resetAtMs !== undefined && nowMs(module) >= module.resetAtMs && module.serial.out.length === 0) {
    module.hal.system.reset();
  }
}

/** One step; milliseconds until the next is wanted (0: at once). */
export function tick(module: Module): number {
  module.hal.system.feedWatchdog();
  return guardFlash(module, () => step(module)) ?? 0;
}

function step(module: Module): number {
  // Between a document's signature and its seal nothing else may be appended.
  if (isSaleWriting(module)) {
    tickSale(module);
    return 0;
  }
  const talked = stepSerial(module);
  const selling = tickSale(module);
  if (isSaleWriting(module)) {
    return 0;
  }
  tickUplink(module);
  const printerMs = tickPrinter(module);
  if (checkpointDue(module) && module.books.pending === undefined && module.fault === undefined) {
    checkpoint(module);
  }
  showLights(module);
  stepReset(module);
  if (talked || selling || module.serial.out.length > 0) {
    return 0;
  }
  return Math.min(printerMs, uplinkWantsMs(module), module.resetAtMs === undefined ? idlePollMs : ledPollMs);
}
