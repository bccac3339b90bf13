/**
 * Selling for the HTTP side: requests with one key become one sale. The module decides what a key stands for; here only
 * requests that come while the first is still under way join it, whoever goes away meanwhile.
 *
 *   accepted ─► look-up ─┬─ known ────► repeated: the module compares the body, answers from memory
 *                        └─ unknown ──► upload, submit, wait for the outcome
 */
import { createHash } from "node:crypto";
import { DeviceRefusal, type FiscalDevice, type SaleStep } from "../device/fiscal-device";
import type { FrozenAnswer } from "./answer";
import type { ReceiptUpload } from "./receipt-request";
import { type Caller, presentMaxMs, withSession } from "./sessions";
import { RequestRefusal } from "./shape";

export interface SaleRequest extends ReceiptUpload {
  readonly key: string;
  readonly caller: Caller;
  /** When the request came in, before anybody signed in for it. */
  readonly arrivedMs: number;
}
export interface Sold {
  readonly answer: FrozenAnswer;
  /** The key was known before this request. */
  readonly isRepeated: boolean;
}
/** accepted: the request has come in; the rest as the driver and the uplink see them. */
export type RequestStep = "accepted" | SaleStep | "sent" | "answered";

export interface Selling {
  sell(request: SaleRequest): Promise<Sold>;
  /** What the uplink does with a frame: its steps belong to the sale that waits for this very frame. */
  noteUplink(step: "fetched" | "sent" | "answered", frame: number): void;
}

export interface SellingEvents {
  readonly onStep: (key: string, step: RequestStep, atMs: number) => void;
  readonly onSold: (caller: Caller, answer: FrozenAnswer) => void;
}

type SellingDevice = Pick<FiscalDevice, "present" | "lookup" | "sellDocument">;

interface UnderWay {
  readonly sha: string;
  readonly sold: Promise<Sold>;
}

export function createSelling(device: SellingDevice, events: SellingEvents): Selling {
  const underWay = new Map<string, UnderWay>();
  /** The sale that the module is working on, and the frame that was fetched for it. */
  let current: { readonly key: string; readonly step: SaleStep; readonly frame?: number } | undefined;
  const note = (key: string, step: RequestStep): void => events.onStep(key, step, Date.now());

  async function isKnown({ key, caller }: SaleRequest): Promise<boolean> {
    await device.present(presentMaxMs);
    try {
      await withSession(caller, session => device.lookup({ session, key }));
      return true;
    } catch (error) {
      // Not only KEY_UNKNOWN: the module tells once why it refused this key before, and nothing was stored then.
      if (error instanceof DeviceRefusal && !["SESSION_LOST", "DEVICE_ABSENT"].includes(error.code)) {
        return false;
      }
      throw error;
    }
  }

  async function sellOnce(request: SaleRequest): Promise<Sold> {
    const { key, upload, lines, caller, arrivedMs } = request;
    const isRepeated = await isKnown(request);
    if (!isRepeated) {
      events.onStep(key, "accepted", arrivedMs);
    }
    const onStep = (step: SaleStep): void => {
      current = step === "done" ? undefined : { key, step, frame: current?.key === key ? current.frame : undefined };
      if (!isRepeated) {
        note(key, step);
      }
    };
    const session = caller.session();
    const reply = await device.sellDocument({ session, key, upload, lines, renewSession: caller.renew, onStep });
    if (reply.answer === undefined) {
      throw new RequestRefusal("OUTCOME_UNKNOWN", { key });
    }
    if (!isRepeated) {
      events.onSold(caller, reply.answer);
    }
    return { answer: reply.answer, isRepeated };
  }

  return {
    async sell(request) {
      const sha = createHash("sha256").update(request.upload).digest("hex");
      const first = underWay.get(request.key);
      if (first !== undefined && first.sha !== sha) {
        throw new RequestRefusal("KEY_REUSED", { key: request.key });
      }
      if (first !== undefined) {
        return { ...(await first.sold), isRepeated: true };
      }
      const sold = sellOnce(request).finally(() => {
        underWay.delete(request.key);
        current = current?.key === request.key ? undefined : current;
      });
      underWay.set(request.key, { sha, sold });
      return sold;
    },
    noteUplink(step, frame) {
      if (current === undefined || current.step === "uploaded") {
        return;
      }
      if (step === "fetched") {
        // A frame fetched before the document was handed in carries another one, out of the queue.
        current = { ...current, frame };
      } else if (current.step === "journalled" && current.frame === frame) {
        note(current.key, step);
      }
    },
  };
}
