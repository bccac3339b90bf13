/**
 * A chip that fails stops the sales, not the module: what was asked is refused with FLASH_FAILED, and the log can be read
 * and exported. Only a new start knows what the failed call left on the flash.
 */
import { type Refusal, refuse } from "../protocol/refusals";
import { asFlashFailure } from "./flash-access";
import type { Module } from "./module";
import { dropJob } from "./print-queue";
import { refuseSale } from "./sale";

export const flashFault = "FLASH_FAILED";

/** What `run` gives; undefined when the chip failed. */
export function guardFlash<Result>(module: Module, run: () => Result): Result | undefined {
  let result: Result | undefined;
  try {
    result = run();
  } catch (failure) {
    stop(module, refuse("FLASH_FAILED", { kind: asFlashFailure(failure).kind }));
  }
  return result;
}

/** Nothing goes on that would write. */
function stop(module: Module, refusal: Refusal): void {
  const { print, sale } = module;
  module.fault = flashFault;
  module.uplink.carry = undefined;
  if (print.job !== undefined) {
    dropJob(module, print.job);
  }
  if (sale !== undefined) {
    refuseSale(module, sale, refusal);
  }
}

/** Why this module sells nothing until service has looked. */
export function faultRefusal({ fault }: Module): Refusal | undefined {
  if (fault === undefined) {
    return undefined;
  }
  return fault === flashFault ? refuse("FLASH_FAILED", {}) : refuse("MEMORY_CORRUPT", { got: fault });
}

/** Why a module without settings does nothing: its flash cannot be read, or nobody has registered it. */
export const withoutSettings = (module: Module): Refusal => faultRefusal(module) ?? refuse("NOT_FISCALIZED", {});
