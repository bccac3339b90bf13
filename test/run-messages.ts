/** What test/run.ts and its workers say to each other. */

export interface FileReport {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** What failed and where, ready to print. */
  readonly errors: string;
}

export interface ToWorker {
  readonly file: string;
}

/** A worker names each test as it begins, so that a hang has a name. */
export type FromWorker = { readonly running: string } | { readonly report: FileReport };
