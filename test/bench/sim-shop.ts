/**
 * A whole shop in one thread without waiting: a module on a simulated board, the till and the uplink that speak SMP to
 * it, and an operator that answers at once or is away. The module is the image in Lua or the firmware in Node.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createSimHal, type SimBoard, type SimBoardOptions } from "../../hal/sim/sim-board";
import { checkCard, encodeCard } from "../../host/device/card";
import { DeviceRefusal } from "../../host/device/device-error";
import { type ReceiptUpload, readReceiptRequest } from "../../host/register/receipt-request";
import {
  type AnswerReply,
  type ChunkReply,
  commands,
  groups,
  type LookupReply,
  type QueueReply,
  type StatusReply,
} from "../../protocol/commands";
import { createFakeOfd, type FakeOfd } from "./fake-ofd";
import { createSmpHost, type SmpHost, type Step } from "./smp-host";

export interface SimShop {
  readonly board: SimBoard;
  /** False: frames are answered "refused", as by a closed port. */
  isOfdThere: boolean;
  fiscalize(): void;
  signIn(): void;
  status(): StatusReply;
  queueLength(): number;
  /** Sells under this key, until the answer is frozen and its paper is out. */
  sell(receipt: ReceiptUpload, key: string): Sold;
  /** Sends the queue until it is empty. */
  drain(): void;
}

export interface Sold {
  readonly outcome: "online" | "autonomous";
  /** Bytes that had to pass the line: the document in, the frame out, its answer in, the answer out; no polling. */
  readonly lineBytes: number;
}

/** What a reply of `next` looks like once it is decoded. */
interface Page {
  readonly frame?: number;
  readonly len?: number;
  readonly data?: Buffer;
}

const samples = new URL("../../samples/", import.meta.url);
/** What the driver puts into a message beside the fields' names. */
const chunkBytes = 892;
const pollMs = 20;
const pollsMax = 1000;
const carriesMax = 1000;

/** `powerOn` starts the module on the board. */
export function createSimShop(options: SimBoardOptions, powerOn: (board: SimBoard) => Step): SimShop {
  const board = createSimHal(options);
  return openSimShop(board, powerOn(board));
}

/** A module that runs already on a board that may have a past. */
export function openSimShop(board: SimBoard, step: Step): SimShop {
  const host: SmpHost = createSmpHost(board, step);
  const ofd: FakeOfd = createFakeOfd();
  let session: Buffer = Buffer.alloc(0);

  function upload(key: string, bytes: Buffer): void {
    for (let off = 0; off < bytes.length; ) {
      const data = bytes.subarray(off, off + chunkBytes);
      const body = { session, key, off, data };
      off = host.request<ChunkReply>("write", groups.documents, commands.documents.chunk, body).off;
    }
  }

  const queue = (): QueueReply => host.request("read", groups.uplink, commands.uplink.queue, {});
  const next = (body: object): Page => host.request("read", groups.uplink, commands.uplink.next, body);

  /** Carries one frame, if the module has one, and answers how many bytes of asking were for nothing. */
  function carry(): number {
    const before = host.lineBytes();
    const page = next({ off: 0 });
    try {
      if (page.frame !== undefined) {
        carryFrame(page.frame, page);
        return 0;
      }
    } catch (error) {
      // A document that was stored meanwhile goes first.
      if (!(error instanceof DeviceRefusal && error.code === "FRAME_UNKNOWN")) throw error;
    }
    return host.lineBytes() - before;
  }

  function carryFrame(frame: number, first: Page): void {
    let bytes = first.data ?? Buffer.alloc(0);
    while (bytes.length < (first.len ?? 0)) {
      const { data, frame: still } = next({ off: bytes.length, frame });
      // Its five seconds ended while it was fetched.
      if (still === undefined) return;
      if (data === undefined || data.length === 0) throw new Error("the module's frame has a hole");
      bytes = Buffer.concat([bytes, data]);
    }
    if (shop.isOfdThere) passAnswer(frame, ofd.answer(bytes));
    else host.request("write", groups.uplink, commands.uplink.noAnswer, { frame, cause: "refused" });
  }

  function passAnswer(frame: number, answer: Buffer): void {
    for (let off = 0; off < answer.length; ) {
      const body = { frame, off, len: answer.length, data: answer.subarray(off, off + chunkBytes) };
      off = host.request<AnswerReply>("write", groups.uplink, commands.uplink.answer, body).off;
    }
  }

  /** Asks until the answer is what is waited for; every question but the last is beside the line's floor. */
  function poll(key: string, isReached: (reply: LookupReply) => boolean): { reply: LookupReply; idleBytes: number } {
    let idleBytes = 0;
    for (let polls = 0; polls < pollsMax; polls++) {
      const before = host.lineBytes();
      const reply: LookupReply = host.request("read", groups.documents, commands.documents.lookup, { session, key });
      if (isReached(reply)) return { reply, idleBytes };
      idleBytes += host.lineBytes() - before;
      board.clock.advance(pollMs);
      if (reply.state === "pending") idleBytes += carry();
    }
    throw new Error("the module does not come to an end");
  }

  function sell(receipt: ReceiptUpload, key: string): Sold {
    const before = host.lineBytes();
    const { upload: bytes, lines } = receipt;
    upload(key, bytes);
    const sha = createHash("sha256").update(bytes).digest();
    const body = { session, key, len: bytes.length, lines, sha };
    host.request("write", groups.documents, commands.documents.submit, body);
    const { reply, idleBytes } = poll(key, ({ state }) => state === "done");
    const lineBytes = host.lineBytes() - before - idleBytes;
    poll(key, ({ live }) => live?.printed === "yes");
    const outcome = reply.answer?.outcome;
    if (outcome === undefined || outcome === "refused") throw new Error("the receipt was refused");
    return { outcome, lineBytes };
  }

  const shop: SimShop = {
    board,
    isOfdThere: true,
    fiscalize() {
      const card = encodeCard(checkCard(JSON.parse(readFileSync(new URL("card.json", samples), "utf8"))));
      upload("card", card);
      host.request("write", groups.service, commands.service.fiscalize, { len: card.length });
    },
    signIn() {
      const body = { operator: 1, pin: "0000" };
      session = host.request<{ session: Buffer }>("write", groups.session, commands.session.login, body).session;
    },
    status: () => host.request("read", groups.service, commands.service.status, {}),
    queueLength: () => queue().length,
    sell,
    drain() {
      host.request("write", groups.uplink, commands.uplink.tryNow, { session });
      for (let carries = 0; queue().length > 0; carries++) {
        board.clock.advance(pollMs);
        if (carries > carriesMax) throw new Error("the queue does not get shorter");
        carry();
      }
    },
  };
  return shop;
}

/** The sample receipt's lines, repeated to the length that is wanted, paid in cash. */
export function receiptOf(lines: number): ReceiptUpload {
  const sample = JSON.parse(readFileSync(new URL("receipt.json", samples), "utf8"));
  if (lines === sample.lines.length) return readReceiptRequest(sample);
  const repeated = Array.from({ length: lines }, (_, index) => lineAt(sample.lines, index));
  const sum = repeated.reduce((total, line) => total + sumOf(line), 0);
  const { operation, language } = sample;
  return readReceiptRequest({ operation, language, lines: repeated, payments: [{ kind: "cash", sum }] });
}

interface SampleLine {
  readonly quantity: string;
  readonly price: number;
  readonly discount?: { readonly sum: number };
  readonly markup?: { readonly sum: number };
  readonly markings?: readonly string[];
}

/** A marking code may be sold once: each repetition has its own. */
function lineAt(lines: readonly SampleLine[], index: number): SampleLine {
  const line = lines[index % lines.length] as SampleLine;
  const serial = String(index).padStart(4, "0");
  const markings = line.markings?.map(code => code.slice(0, 20) + serial + code.slice(24));
  return markings === undefined ? line : { ...line, markings };
}

const sumOf = ({ quantity, price, discount, markup }: SampleLine): number =>
  Math.round(Number(quantity) * price) - (discount?.sum ?? 0) + (markup?.sum ?? 0);
