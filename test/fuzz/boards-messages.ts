/** What the command and its worker processes tell each other. */
import type { SequenceReport } from "./boards";

/** Seeds from `from` on. */
export interface ToWorker {
  readonly from: number;
  readonly count: number;
}
export type FromWorker = { readonly report: SequenceReport } | { readonly done: true };
