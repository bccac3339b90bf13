/**
 * A module made of a table: it answers SMP on a stream, forgets what it is told to forget, and damages what it is told to
 * damage. For tests of the driver alone; the real module has its own.
 */
import { createHash, randomBytes } from "node:crypto";
import { createServer, type Server, type Socket } from "node:net";
import { decodeCbor, encodeCbor } from "../../host/device/cbor";
import type { Bytes } from "../../protocol/bytes";
import { crc16 } from "../../protocol/crc16";
import { type RefusalCode, refusalRc } from "../../protocol/refusals";
import { createFrameDecoder, encodePacket, feedFrame } from "../../protocol/smp-frame";
import { decodeMessages, encodeMessage, type SmpMessage } from "../../protocol/smp-message";

export type Body = Record<string, unknown>;
type Handler = (body: Body) => Body | undefined;

/** What becomes of the bytes of one reply: as they are, something else, or nothing. */
export type Damage = (lines: Buffer) => Buffer | undefined;

export interface FakeModule {
  readonly address: string;
  /** "group/id" of every request that came whole. */
  readonly seen: string[];
  /** Handlers by "group/id"; tests replace them. */
  readonly handlers: Map<string, Handler>;
  /** Documents by key. */
  readonly documents: Map<string, { number: number; sha: string }>;
  /** Applied to replies, first come first served; then replies go out as they are. */
  readonly damages: Damage[];
  serial: string;
  /** A further line to the same module, for other links than TCP. */
  createLine(send: (out: Buffer) => void): (chunk: Buffer) => void;
  /** Cuts all connections and refuses new ones for `forMs`; sessions and the scratch area are lost. */
  unplug(forMs: number): Promise<void>;
  /** Loses sessions and the scratch area, as a reboot does. */
  forget(): void;
  close(): Promise<void>;
}

export class Refused extends Error {
  constructor(
    readonly code: RefusalCode,
    readonly facts: Body = {},
  ) {
    super(code);
  }
}

const bytes = (buffer: Buffer): Bytes => buffer.toString("latin1") as Bytes;

export async function createFakeModule(): Promise<FakeModule> {
  const sockets = new Set<Socket>();
  let sessions = new Set<string>();
  let scratch = { key: "", data: Buffer.alloc(0) };
  let polls = 0;
  let port = 0;
  const documents: FakeModule["documents"] = new Map();

  const mustKnow = (body: Body): void => {
    if (!sessions.has((body.session as Buffer).toString("hex"))) {
      throw new Refused("SESSION_LOST");
    }
  };
  const lookup = (key: string): Body => {
    const document = documents.get(key);
    if (document === undefined) {
      throw new Refused("KEY_UNKNOWN");
    }
    polls += 1;
    if (polls % 3 !== 0) {
      return { state: polls % 3 === 1 ? "working" : "pending", number: document.number };
    }
    return { state: "done", number: document.number, answer: { outcome: "online", number: document.number, key } };
  };
  const handlers = new Map<string, Handler>([
    ["0/0", body => ({ r: body.d })],
    ["0/6", () => ({ buf_size: 1024, buf_count: 1 })],
    [
      "104/0",
      () => ({
        version: 1,
        board: "fake",
        serial: fake.serial,
        firmware: "0",
        bootTrust: "none",
        fiscalized: true,
        publicKey: Buffer.alloc(65, 4),
        baudMax: 921600,
        sequence: 0,
        documentNumber: documents.size,
      }),
    ],
    ["104/1", () => ({})],
    [
      "100/0",
      () => {
        const session = randomBytes(16);
        sessions.add(session.toString("hex"));
        return { session, name: "Ә. Қуанышева", role: 3, idleS: 900 };
      },
    ],
    [
      "101/0",
      body => {
        mustKnow(body);
        const data = body.data as Buffer;
        if (body.off === 0 || scratch.key !== body.key) {
          scratch = { key: body.key as string, data: Buffer.alloc(0) };
        }
        if (body.off === scratch.data.length) {
          scratch.data = Buffer.concat([scratch.data, data]);
        }
        return { off: scratch.data.length };
      },
    ],
    [
      "101/1",
      body => {
        const key = body.key as string;
        const sha = (body.sha as Buffer).toString("hex");
        const known = documents.get(key);
        if (known !== undefined) {
          if (known.sha !== sha) {
            throw new Refused("KEY_REUSED");
          }
          return lookup(key);
        }
        mustKnow(body);
        if (scratch.key !== key || createHash("sha256").update(scratch.data).digest("hex") !== sha) {
          throw new Refused("UPLOAD_INCOMPLETE", { expected: body.len, got: scratch.data.length });
        }
        documents.set(key, { number: documents.size + 1, sha });
        polls = 0;
        return { state: "working" };
      },
    ],
    [
      "101/2",
      body => {
        mustKnow(body);
        return lookup(body.key as string);
      },
    ],
  ]);

  function answer(message: SmpMessage): Buffer | undefined {
    fake.seen.push(`${message.group}/${message.command}`);
    const handler = handlers.get(`${message.group}/${message.command}`);
    let reply: Body | undefined = { rc: 8 };
    try {
      const body = decodeCbor(Buffer.from(message.payload, "latin1")) as Body;
      reply = handler === undefined ? reply : handler(body);
    } catch (error) {
      if (!(error instanceof Refused)) {
        throw error;
      }
      reply = { err: { group: message.group, rc: refusalRc[error.code] }, facts: error.facts };
    }
    if (reply === undefined) {
      return undefined;
    }
    const out = encodeMessage({ ...message, op: message.op + 1, payload: bytes(encodeCbor(reply)) });
    return Buffer.from(encodePacket(out, crc16).join(""), "latin1");
  }

  /** Bytes of one line in, bytes of the answers out. */
  function createLine(send: (out: Buffer) => void): (chunk: Buffer) => void {
    let decoder = createFrameDecoder();
    return chunk => {
      const fed = feedFrame(decoder, bytes(chunk), crc16);
      decoder = fed.decoder;
      for (const event of fed.events) {
        for (const message of event.kind === "message" ? decodeMessages(event.message) : []) {
          const lines = answer(message);
          const out = lines === undefined ? undefined : (fake.damages.shift() ?? (same => same))(lines);
          if (out !== undefined) {
            send(out);
          }
        }
      }
    };
  }

  function serve(socket: Socket): void {
    sockets.add(socket);
    const receive = createLine(out => socket.write(out));
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    socket.on("data", receive);
  }

  let server: Server | undefined;
  async function listen(): Promise<void> {
    const made = createServer(serve);
    server = made;
    await new Promise<void>(resolve => made.listen(port, "127.0.0.1", resolve));
    port = (made.address() as { port: number }).port;
  }
  async function stop(): Promise<void> {
    const stopped = new Promise(resolve => server?.close(resolve));
    for (const socket of sockets) {
      socket.destroy();
    }
    await stopped;
  }
  await listen();
  const fake: FakeModule = {
    address: `tcp://127.0.0.1:${port}`,
    seen: [],
    handlers,
    documents,
    createLine,
    damages: [],
    serial: "FAKE0001",
    async unplug(forMs) {
      fake.forget();
      await stop();
      await new Promise(resolve => setTimeout(resolve, forMs));
      await listen();
    },
    forget() {
      sessions = new Set();
      scratch = { key: "", data: Buffer.alloc(0) };
    },
    close: stop,
  };
  return fake;
}
