/**
 * The embedded store: SQLite in one file, written by one worker thread. Calls that come while a batch is being written
 * form the next one, so that one fsync serves them all ("group commit"); there is no timer.
 */
import { Worker } from "node:worker_threads";
import { type DeviceView, type DocumentView, type EnrolOutcome, type OfdStore, type Reply, StoreGone } from "./store";
import type { Call, CallResult } from "./writer";

const batchMax = 256;

interface Waiting {
  readonly call: Call;
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
}

/** Resolves once the file is open; rejects when it cannot be, with the reason. */
export async function openSqliteStore(file: string): Promise<OfdStore> {
  const worker = new Worker(new URL("./writer-worker.mjs", import.meta.url), { workerData: { file }, execArgv: [] });
  await opened(worker);
  const { submit, settled } = createBatches(worker);
  return {
    take: intake => submit<Reply>({ kind: "take", intake }),
    enrol: enrolment => submit<EnrolOutcome>({ kind: "enrol", enrolment }),
    amend: (id, amendment) => submit<boolean>({ kind: "amend", id, amendment }),
    device: id => submit<DeviceView | undefined>({ kind: "device", id }),
    documents: (id, afterSeq) => submit<DocumentView[]>({ kind: "documents", id, afterSeq }),
    async close() {
      await settled();
      const exited = new Promise(resolve => worker.once("exit", resolve));
      worker.postMessage("close");
      await exited;
    },
  };
}

function opened(worker: Worker): Promise<void> {
  return new Promise((resolve, reject) => {
    worker.once("error", reject);
    worker.once("message", (message: "ready" | { readonly problem: string }) => {
      worker.off("error", reject);
      if (message === "ready") resolve();
      else reject(new Error(message.problem));
    });
  });
}

function createBatches(worker: Worker) {
  let queue: Waiting[] = [];
  let busy: Waiting[] = [];
  let failure: Error | undefined;
  let onIdle: () => void = () => undefined;

  function kick(): void {
    if (busy.length > 0) return;
    if (queue.length === 0) {
      onIdle();
      return;
    }
    busy = queue.splice(0, batchMax);
    worker.postMessage(busy.map(({ call }) => call));
  }

  worker.on("message", (results: readonly CallResult[]) => {
    const done = busy;
    busy = [];
    // The next batch is on its way to the disk while these answers are on theirs to the network.
    kick();
    for (const [index, result] of results.entries()) settle(done[index], result);
  });
  // A writer that is gone cannot promise anything any more.
  worker.on("error", error => {
    failure = new StoreGone(String(error));
    for (const { reject } of [...busy, ...queue]) reject(failure);
    [busy, queue] = [[], []];
    onIdle();
  });

  return {
    submit<Value>(call: Call): Promise<Value> {
      return new Promise((resolve, reject) => {
        if (failure === undefined) queue.push({ call, resolve, reject });
        else reject(failure);
        // What arrives in the same turn shares the batch.
        if (busy.length === 0 && queue.length === 1) setImmediate(kick);
      });
    },
    settled: (): Promise<void> =>
      new Promise(resolve => {
        onIdle = resolve;
        if (busy.length === 0 && queue.length === 0) resolve();
      }),
  };
}

function settle(waiting: Waiting | undefined, result: CallResult): void {
  if (result.ok) waiting?.resolve(result.value as never);
  else waiting?.reject(new Error(result.error));
}
