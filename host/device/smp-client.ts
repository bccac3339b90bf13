/**
 * The SMP client by smp.md §12.5: version 2, one request outstanding, a time-out of 2.5 s, at most 3 repeats with a new
 * sequence number, both error shapes understood. An answer counts with the number of any sending of its request, for all
 * are the same bytes: a module that was slow, not deaf, must not be asked for ever. Other numbers are skipped.
 *
 * Requests wait in a bounded queue; the uplink's go first, because its time runs.
 */
import { messageBytesMax } from "../../protocol/smp-frame";
import { decodeMessages, encodeMessage, type SmpMessage } from "../../protocol/smp-message";
import { decodeCbor, encodeCbor } from "./cbor";
import { DeviceAbsent, DeviceRefusal, refusalIn } from "./device-error";
import { bufferOf, bytesOf, type MessageChannel } from "./message-channel";

export const requestTimeoutMs = 2500;
const repeatsMax = 3;
const queueMax = 64;
/** Damaged bytes were probably the answer: asked for again once the line has been quiet this long, a few times. */
const quietMs = 30;
const hurriesMax = 3;
/** Until the device has told its buf_size: fits every SMP server on a serial line (smp.md §12.2). */
const messageBytesAtStart = 380;
const packetOverheadBytes = 4;

/** uplink: the deadline of a receipt runs; sale: a cashier waits; rest: log pages, status. */
export type Priority = "uplink" | "sale" | "rest";
const ranks: Record<Priority, number> = { uplink: 0, sale: 1, rest: 2 };

export interface Command {
  readonly op: "read" | "write";
  readonly group: number;
  readonly id: number;
}
export interface RequestOptions {
  readonly priority?: Priority;
  readonly timeoutMs?: number;
  readonly repeatsMax?: number;
}

export interface SmpClient {
  /** Sends one command and resolves to its result. Throws DeviceRefusal, DeviceAbsent. */
  request<Reply>(command: Command, body: object, options?: RequestOptions): Promise<Reply>;
  /** Carries somebody else's request as it is and resolves to the payload of the answer (the broker). */
  carry(request: Omit<SmpMessage, "sequence">): Promise<SmpMessage["payload"]>;
  /** Largest message, header included, that the device takes. */
  messageMaxBytes(): number;
  /** Asks for buf_size (group 0, command 6): to be done first. */
  readParameters(options?: RequestOptions): Promise<void>;
  /** Resolves with the reason when the channel has gone. */
  readonly closed: Promise<string>;
  close(): void;
}

type Outcome = { kind: "answer"; message: SmpMessage } | { kind: "damaged" | "none" };
type Request = Omit<SmpMessage, "sequence">;
interface Job {
  readonly rank: number;
  readonly request: Request;
  readonly timeoutMs: number;
  readonly repeatsMax: number;
  readonly resolve: (payload: SmpMessage["payload"]) => void;
  readonly reject: (error: Error) => void;
}

/** The request that is on the line. */
interface Waiting {
  readonly request: Request;
  readonly settle: (outcome: Outcome) => void;
  readonly hurry: () => void;
  /** Of this sending and those before it. */
  readonly sequences: ReadonlySet<number>;
}

export function createSmpClient(channel: MessageChannel): SmpClient {
  const queue: Job[] = [];
  let isBusy = false;
  let sequence = Math.floor(Math.random() * 256);
  let messageMaxBytes = messageBytesAtStart;
  let closedBecause: string | undefined;
  let waiting: Waiting | undefined;
  let tellClosed: (reason: string) => void = () => {};
  const closed = new Promise<string>(resolve => {
    tellClosed = resolve;
  });

  channel.listen({
    message(bytes) {
      for (const message of decodeMessages(bytesOf(bytes))) {
        if (waiting !== undefined && !message.truncated && isAnswer(message, waiting)) {
          waiting.settle({ kind: "answer", message });
        }
      }
    },
    damaged: () => waiting?.hurry(),
    closed(reason) {
      closedBecause = reason;
      waiting?.settle({ kind: "none" });
      for (const job of queue.splice(0)) {
        job.reject(new DeviceAbsent(reason));
      }
      tellClosed(reason);
    },
  });

  /** One sending of a request: resolves to what became of it. Damage ends the waiting early when `mayHurry`. */
  function ask({ request, timeoutMs }: Job, sequences: Set<number>, mayHurry: boolean): Promise<Outcome> {
    sequence = (sequence + 1) % 256;
    sequences.add(sequence);
    return new Promise(resolve => {
      const settle = (outcome: Outcome): void => {
        clearTimeout(timer);
        waiting = undefined;
        resolve(outcome);
      };
      let timer = setTimeout(settle, timeoutMs, { kind: "none" });
      const hurry = (): void => {
        if (mayHurry) {
          clearTimeout(timer);
          timer = setTimeout(settle, quietMs, { kind: "damaged" });
        }
      };
      waiting = { request, sequences, settle, hurry };
      channel.send(bufferOf(encodeMessage({ ...request, sequence })));
    });
  }

  async function run(job: Job): Promise<void> {
    const sequences = new Set<number>();
    let repeats = 0;
    for (let hurries = 0; repeats <= job.repeatsMax && closedBecause === undefined; ) {
      const outcome = await ask(job, sequences, hurries < hurriesMax);
      if (outcome.kind === "answer") {
        job.resolve(outcome.message.payload);
        return;
      }
      hurries += outcome.kind === "damaged" ? 1 : 0;
      repeats += outcome.kind === "damaged" ? 0 : 1;
    }
    job.reject(new DeviceAbsent(closedBecause ?? "no answer"));
  }

  async function work(): Promise<void> {
    if (isBusy) {
      return;
    }
    isBusy = true;
    for (let job = takeNext(queue); job !== undefined; job = takeNext(queue)) {
      await run(job);
    }
    isBusy = false;
  }

  function enqueue(request: Request, options: RequestOptions): Promise<SmpMessage["payload"]> {
    if (closedBecause !== undefined) {
      return Promise.reject(new DeviceAbsent(closedBecause));
    }
    if (queue.length >= queueMax) {
      return Promise.reject(new DeviceRefusal("BUSY", { waiting: queue.length }));
    }
    return new Promise((resolve, reject) => {
      queue.push({
        rank: ranks[options.priority ?? "rest"],
        request,
        timeoutMs: options.timeoutMs ?? requestTimeoutMs,
        repeatsMax: options.repeatsMax ?? repeatsMax,
        resolve,
        reject,
      });
      void work();
    });
  }

  async function request<Reply>(command: Command, body: object, options: RequestOptions = {}): Promise<Reply> {
    const op = command.op === "read" ? 0 : 2;
    const payload = bytesOf(encodeCbor(body));
    const reply = decodeReply(
      await enqueue({ version: 1, op, group: command.group, command: command.id, payload }, options),
    );
    const refusal = refusalIn(reply);
    if (refusal !== undefined) {
      throw refusal;
    }
    return reply as Reply;
  }

  return {
    request,
    carry: ({ version, op, group, command, payload }) => enqueue({ version, op, group, command, payload }, {}),
    messageMaxBytes: () => messageMaxBytes,
    async readParameters(options) {
      const reply = await request<{ buf_size?: number }>({ op: "read", group: 0, id: 6 }, {}, options);
      const offered = (reply.buf_size ?? 0) - packetOverheadBytes;
      messageMaxBytes = Math.min(messageBytesMax, Math.max(messageBytesAtStart, offered));
    },
    closed,
    close: () => channel.close(),
  };
}

/** First come first served within a rank. */
function takeNext(queue: Job[]): Job | undefined {
  const best = queue.reduce<Job | undefined>(
    (found, job) => (found === undefined || job.rank < found.rank ? job : found),
    undefined,
  );
  if (best !== undefined) {
    queue.splice(queue.indexOf(best), 1);
  }
  return best;
}

const isAnswer = (message: SmpMessage, { request, sequences }: Waiting): boolean =>
  sequences.has(message.sequence) &&
  message.op === request.op + 1 &&
  message.group === request.group &&
  message.command === request.command;

/** A payload that is no map of texts breaks the protocol: as good as no answer. */
function decodeReply(payload: SmpMessage["payload"]): Record<string, unknown> {
  try {
    const reply = decodeCbor(bufferOf(payload));
    if (reply !== null && typeof reply === "object" && !(reply instanceof Map) && !Array.isArray(reply)) {
      return reply as Record<string, unknown>;
    }
  } catch {
    // Told below, like any other payload that is not a reply.
  }
  throw new DeviceAbsent("the answer is not a CBOR map");
}
