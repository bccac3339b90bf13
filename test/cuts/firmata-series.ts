/**
 * A Firmata board whose line is lost at every message of a sale of one line, before and after the hobby board has obeyed it.
 * The boards are in this thread, the search in another (firmata-search.ts).
 */
import { once } from "node:events";
import { type FirmataBench, openFirmataBench } from "./firmata-bench";
import type { OpenSeries, Tally } from "./series";
import { Failure } from "./shop";
import { type Functions, startThread } from "./waiting-call";

export type ToSearch = { readonly boards: number } | { readonly unit: number; readonly thin: number };
export type FromSearch =
  | { readonly units: number }
  | { readonly cuts: number; readonly failures: readonly { kind: Failure["kind"]; message: string }[] };

const boardsUsual = 4;

export async function openFirmataLosses(boards = boardsUsual): Promise<OpenSeries> {
  const benches = Array.from({ length: boards }, openFirmataBench);
  const thread = startThread(new URL("firmata-search.ts", import.meta.url), functionsOf(benches));
  const failed = once(thread.worker, "error").then(([error]) => Promise.reject(error));
  failed.catch(() => undefined);
  const ask = async (message: ToSearch): Promise<FromSearch> => {
    thread.worker.postMessage(message);
    const [answer] = await Promise.race([once(thread.worker, "message"), failed]);
    return answer as FromSearch;
  };
  const close = async (): Promise<void> => {
    await thread.close();
    for (const bench of benches) await bench.close();
  };
  const prepared = await ask({ boards }).catch(async error => {
    await close();
    throw error;
  });
  return {
    units: "units" in prepared ? prepared.units : 0,
    async run(unit: number, tally: Tally) {
      const found = await ask({ unit, thin: tally.thin });
      if (!("cuts" in found)) throw new Error("the search answers what was not asked");
      tally.cuts += found.cuts;
      tally.failures.push(...found.failures.map(({ kind, message }) => new Failure(kind, message)));
    },
    close,
  };
}

/** Each function of a bench, with the number of the bench before its own values. */
function functionsOf(benches: readonly FirmataBench[]): Functions {
  const names = Object.keys(benches[0]!) as (keyof FirmataBench)[];
  return Object.fromEntries(
    names.map(name => [
      name,
      (index: number, ...values: unknown[]) => (benches[index]![name] as (...values: unknown[]) => unknown)(...values),
    ]),
  );
}
