/** One thing that happens to a register, and in a word what came of it. */
import { DeviceRefusal } from "../../host/device/device-error";
import { Failure, Refused, type Shop } from "../cuts/shop";

export interface Happening {
  /** For people. */
  readonly name: string;
  /** Does it; in a word, what came of it. */
  run(shop: Shop): string;
}

/** What the module answers: "done", how a sale ended, or why it refuses. */
export function said(run: () => unknown): string {
  try {
    const answer = run();
    if (answer instanceof DeviceRefusal) return answer.code;
    return typeof answer === "string" ? answer : "done";
  } catch (error) {
    if (error instanceof Refused) return error.refusal.code;
    if (error instanceof Failure && error.cause instanceof DeviceRefusal) return error.cause.code;
    throw error;
  }
}

/** Power off and on, and somebody signs in. */
export function startAgain(shop: Shop): string {
  shop.reboot();
  return said(() => shop.signIn());
}
