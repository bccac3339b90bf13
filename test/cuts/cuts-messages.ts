/** What the search and its worker processes tell each other. */
import type { Job } from "./plan";

export type ToWorker = { readonly job: Job } | { readonly wrong: number; readonly thin: number };

/** `fraction` of the job is done; the numbers are of the part since the last message. */
export interface JobProgress {
  readonly fraction: number;
  readonly cuts: number;
  readonly second: number;
  readonly failures: readonly { readonly kind: "lost" | "doubled" | "bricked"; readonly message: string }[];
}
export type FromWorker = JobProgress | { readonly caught: string | undefined };
