/**
 * Calls out of a thread that the caller waits for: so that devices which take real time (a serial port) can stand under a
 * shop that runs in one piece. The devices stay in the thread that starts the other one, for their library serves no
 * other. One call at a time.
 */
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker, workerData } from "node:worker_threads";

/** No call takes so long as long as all is well. */
const callMaxMs = 60_000;

// biome-ignore lint/suspicious/noExplicitAny: each function has its own arguments
export type Functions = Record<string, (...values: any[]) => unknown>;
type Answer = { readonly value: unknown } | { readonly error: { readonly name: string; readonly message: string } };

interface Start {
  readonly module: string;
  readonly signal: SharedArrayBuffer;
  readonly port: MessagePort;
}

export interface Thread {
  readonly worker: Worker;
  close(): Promise<void>;
}

/** Starts a thread on a TypeScript file; its calls are answered by these functions, which may take time. */
export function startThread(module: URL, functions: Functions): Thread {
  const signal = new SharedArrayBuffer(4);
  const { port1, port2 } = new MessageChannel();
  const start: Start = { module: module.href, signal, port: port2 };
  const worker = new Worker(new URL("thread.mjs", import.meta.url), {
    workerData: start,
    transferList: [port2],
    execArgv: [],
  });
  const flag = new Int32Array(signal);
  port1.on("message", async ({ name, values }: { name: string; values: unknown[] }) => {
    const answer = await answerCall(() => functions[name]!(...values));
    port1.postMessage(answer);
    Atomics.store(flag, 0, 1);
    Atomics.notify(flag, 0);
  });
  return {
    worker,
    async close() {
      port1.close();
      await worker.terminate();
    },
  };
}

async function answerCall(run: () => unknown): Promise<Answer> {
  try {
    return { value: await run() };
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    return { error: { name, message } };
  }
}

/** In the thread: waits for the answer; throws what the function threw, as an Error of the same name. */
export function callStarter(name: string, values: readonly unknown[]): unknown {
  const { signal, port } = workerData as Start;
  const flag = new Int32Array(signal);
  Atomics.store(flag, 0, 0);
  port.postMessage({ name, values });
  // The waking of the call before may come late and end this waiting too soon.
  while (Atomics.load(flag, 0) === 0) {
    if (Atomics.wait(flag, 0, 0, callMaxMs) === "timed-out") throw new Error(`${name}: no answer`);
  }
  const answer = receiveMessageOnPort(port)?.message as Answer | undefined;
  if (answer === undefined) throw new Error(`${name}: an empty answer`);
  if ("error" in answer) throw Object.assign(new Error(answer.error.message), { name: answer.error.name });
  return answer.value;
}
