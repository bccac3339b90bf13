/**
 * The TCP side: connections, frames in, frames out. One request, one answer; several requests may follow each other in
 * a connection (§1, §11.9, §11.17).
 */
import { createServer, type Server, type Socket } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { answer } from "./answer";
import { readTicket } from "./commands/ticket";
import { answerFrame, createFrameReader, type Frame, type FrameReader, payloadOf } from "./frame";
import { ResultTypeEnum } from "./proto/ofd_pb";
import type { Intake } from "./register-state";
import { type ParsedRequest, parseRequest } from "./request";
import { type OfdStore, type Reply, StoreGone } from "./store/store";
import { createWrongTokens, type WrongTokens } from "./wrong-tokens";

export const serverLimits = {
  /** From the first byte of a frame to its last. */
  frameMs: 30_000,
  /** Without a byte between frames, and for the peer to take an answer. */
  idleMs: 30_000,
  /** Unfinished frames of all connections together. */
  pendingBytesMax: 64 * 1024 * 1024,
  connectionsMax: 10_000,
} as const;
type Limits = { readonly [Name in keyof typeof serverLimits]: number };

export interface OfdServerOptions {
  readonly store: OfdStore;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly limits?: Partial<Limits>;
  /** What went wrong inside; the register was told 254 or 255. */
  readonly onError: (error: Error) => void;
}
export interface OfdServer {
  readonly port: number;
  close(): Promise<void>;
}

interface Context extends OfdServerOptions {
  readonly limits: Limits;
  readonly sockets: Set<Socket>;
  readonly wrongTokens: WrongTokens;
  pendingBytes: number;
}

export async function startServer(options: OfdServerOptions): Promise<OfdServer> {
  const context: Context = {
    ...options,
    limits: { ...serverLimits, ...options.limits },
    sockets: new Set(),
    wrongTokens: createWrongTokens(),
    pendingBytes: 0,
  };
  const server = createServer({ allowHalfOpen: true, noDelay: true }, socket => accept(socket, context));
  const port = await listen(server, options.host, options.port);
  return {
    port,
    async close() {
      const closed = new Promise(resolve => server.close(resolve));
      for (const socket of context.sockets) socket.destroy();
      await closed;
    },
  };
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port, backlog: 4096 }, () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : port);
    });
  });
}

function accept(socket: Socket, context: Context): void {
  socket.on("error", () => socket.destroy());
  if (context.sockets.size >= context.limits.connectionsMax) {
    socket.end();
    return;
  }
  context.sockets.add(socket);
  socket.once("close", () => context.sockets.delete(socket));
  serve(socket, context).catch(() => socket.destroy());
}

/** Reads no further while an answer is being made, so that a connection holds one request at a time. */
async function serve(socket: Socket, context: Context): Promise<void> {
  const { frameMs, idleMs, pendingBytesMax } = context.limits;
  const reader = createFrameReader();
  const deadline = createDeadline(() => socket.destroy());
  const pending = countPending(reader, context);
  deadline.set(idleMs);
  try {
    for await (const chunk of socket as AsyncIterable<Buffer>) {
      const wasEmpty = reader.pendingBytes === 0;
      for (const event of reader.push(chunk)) {
        if (event.kind === "broken") return;
        deadline.clear();
        await send(socket, await answerTo(event.frame, socket.remoteAddress ?? "", context), deadline, idleMs);
      }
      if (pending.update() > pendingBytesMax) return;
      if (reader.pendingBytes === 0) deadline.set(idleMs);
      else if (wasEmpty || !deadline.isSet()) deadline.set(frameMs);
    }
  } finally {
    deadline.clear();
    pending.drop();
  }
}

/** Waits until the system has taken the answer: a peer that does not read holds no memory of ours. */
function send(socket: Socket, bytes: Buffer, deadline: Deadline, idleMs: number): Promise<void> {
  deadline.set(idleMs);
  return new Promise((resolve, reject) => {
    socket.write(bytes, error => {
      deadline.clear();
      if (error) reject(error);
      else resolve();
    });
  });
}

interface Deadline {
  set(ms: number): void;
  clear(): void;
  isSet(): boolean;
}

function createDeadline(onPast: () => void): Deadline {
  let timer: NodeJS.Timeout | undefined;
  const clear = (): void => {
    clearTimeout(timer);
    timer = undefined;
  };
  return {
    set(ms) {
      clear();
      timer = setTimeout(onPast, ms);
    },
    clear,
    isSet: () => timer !== undefined,
  };
}

/** Keeps the sum of all unfinished frames. */
function countPending(reader: FrameReader, context: Context) {
  let counted = 0;
  const count = (bytes: number): number => {
    context.pendingBytes += bytes - counted;
    counted = bytes;
    return context.pendingBytes;
  };
  return { update: () => count(reader.pendingBytes), drop: () => count(0) };
}

// Requests ------------------------------------------------------------------------------------------------------------

/** The answer's frame, whatever happens: an own trouble is told as 254 or 255, never by silence. */
async function answerTo(frame: Frame, address: string, context: Context): Promise<Buffer> {
  const parsed = parseRequest(frame.version, payloadOf(frame));
  const reply = await decideIn(context, frame, parsed);
  const delayMs = context.wrongTokens.delayMs(frame.id, address, reply.isWrongToken);
  if (delayMs > 0) await wait(delayMs);
  return answerFrame(frame, reply.token, reply.payload);
}

async function decideIn({ store, onError }: Context, frame: Frame, parsed: ParsedRequest): Promise<Reply> {
  try {
    return await store.take(intakeOf(frame, parsed));
  } catch (error) {
    onError(error as Error);
    const willPass = error instanceof StoreGone;
    const code = willPass
      ? ResultTypeEnum.RESULT_TYPE_SERVICE_TEMPORARILY_UNAVAILABLE
      : ResultTypeEnum.RESULT_TYPE_UNKNOWN_ERROR;
    return { token: frame.token, payload: answer(parsed.command, code, "ошибка сервера"), isWrongToken: false };
  }
}

function intakeOf(frame: Frame, parsed: ParsedRequest): Intake {
  const { command } = parsed;
  const head = { deviceId: frame.id, token: frame.token, reqnum: frame.reqnum, command };
  if (parsed.kind === "malformed") return { ...head, malformed: parsed.why };
  const { service } = parsed.message;
  return {
    ...head,
    wants: { regInfo: service?.getRegInfo ?? false, taxation: service?.getBindedTaxation ?? false },
    document: readTicket(frame, parsed.message, Date.now()),
  };
}
