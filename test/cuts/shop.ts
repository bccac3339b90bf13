/**
 * A whole shop in one thread: board, module, operator, and between them the driver, which speaks SMP over the simulated
 * line, one request at a time, as the register service and the uplink do. Time is virtual. It keeps the truth in plain
 * arrays: what it was told.
 */
import { createHash } from "node:crypto";
import type { Geometry } from "../../hal/sim/geometry";
import { encodeCard } from "../../host/device/card";
import { decodeCbor, encodeCbor } from "../../host/device/cbor";
import { type DeviceRefusal, refusalIn } from "../../host/device/device-error";
import { bufferOf, bytesOf } from "../../host/device/message-channel";
import type { Bytes } from "../../protocol/bytes";
import {
  type Answer,
  type AnswerReply,
  type ChunkReply,
  commands,
  groups,
  type Live,
  type LoginReply,
  type LogReply,
  type LookupReply,
  type NextReply,
  type StatusReply,
} from "../../protocol/commands";
import { crc16 } from "../../protocol/crc16";
import { createFrameDecoder, encodePacket, feedFrame } from "../../protocol/smp-frame";
import { decodeMessages, encodeMessage, smpOp, smpVersion } from "../../protocol/smp-message";
import card from "../../samples/card.json";
import { type Board, type BoardState, createBoard, serial, type WatchedBoard } from "./board";
import type { Machine } from "./machine";
import { enrolledOperator, type OperatorState, takeFrame } from "./operator";
import type { Receipt } from "./receipts";

/** A receipt that the module told the host of: its number, and its answer once that is frozen. */
export interface Told {
  readonly key: string;
  readonly receipt: Receipt;
  readonly number: number;
  readonly answer: Bytes | undefined;
  readonly utcS: number | undefined;
}
export interface Order {
  readonly key: string;
  readonly receipt: Receipt;
}

/** One moment of everything but the module itself. */
export interface World {
  readonly board: BoardState;
  readonly operator: OperatorState;
  readonly told: readonly Told[];
  /** Submitted and not yet told of. */
  readonly inFlight: Order | undefined;
}

/** The module does not do what it must: the search is over. */
export class Failure extends Error {
  constructor(
    readonly kind: "lost" | "doubled" | "bricked",
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

export interface Shop<Kind extends Board = WatchedBoard> {
  readonly board: Kind;
  /** False: the operator cannot be reached. */
  link: boolean;
  /** What comes back in the operator's place, who may be asked too; undefined: the operator answers. No bytes: silence. */
  answerWith: ((frame: Buffer, own: () => Buffer) => Buffer) | undefined;
  world(): World;
  /** Begins a new life from this world. */
  enter(world: World, seed: string): void;
  /** Power off and on, and the module starts. */
  reboot(): void;
  boot(): void;
  fiscalize(): void;
  signIn(): void;
  /** Who is signed in; empty when nobody is, or when the module has started again since. */
  session(): Buffer;
  /** One step of the module; the time that it wants to wait passes. */
  tick(): void;
  /** The administrator enters a token by hand. */
  enterToken(token: number): void;
  /** Sells, or asks again for what was sold under this key. */
  sell(order: Order): Done;
  /** The same, but a refusal that would pass by itself is thrown like any other. */
  sellOnce(order: Order): Done;
  lookup(key: string): LookupReply | undefined;
  /** One request, as a host may send it. */
  request<Reply extends object>(op: number, group: number, command: number, body: object): Reply | DeviceRefusal;
  /** Carries one frame to the operator and its answer back; false when there is none now. */
  carry(): boolean;
  /** Sets the clock, as who is signed in or as nobody; false: the module does not let it. */
  setClock(utcS: number, isSignedIn: boolean): boolean;
  /** Asks for the paper of this receipt again. */
  reprint(number: number): void;
  closeShift(): void;
  /** Lets the module work until its paper is out and, when the operator can be reached, so much of its queue is sent. */
  rest(framesMax?: number): void;
  status(): StatusReply;
  logPage(sequence: number, offset: number): LogReply;
  /** The oldest record that the module keeps, and its prev. */
  oldestRecord(): { readonly firstSeq: number; readonly anchorHash: Bytes };
  exportTrailer(count: number, headerHash: Bytes, lastSeq: number): Bytes;
}
export type Done = LookupReply & { readonly answer: Answer; readonly live: Live };

const ticksPerRequestMax = 400;
const stepsMax = 600;
const stepsPerPoll = 6;
const chunkBytes = 900;
const pageBytes = 900;

export function createShop<Kind extends Board>(board: Kind, machine: Machine): Shop<Kind> {
  let operator = enrolledOperator(serial);
  let told: readonly Told[] = [];
  let inFlight: Order | undefined;
  let session = Buffer.alloc(0);
  let sequence = 0;
  let decoder = createFrameDecoder();
  /** The request under way, and its answer once it has come. */
  let waiting: { readonly sequence: number; readonly take: (payload: Bytes) => void } | undefined;

  /** Takes what has come over the line; called before anything else can happen to the board. */
  function receive(): void {
    const bytes = board.line.read();
    if (bytes.length === 0) return;
    const fed = feedFrame(decoder, bytes, crc16);
    decoder = fed.decoder;
    for (const event of fed.events) {
      const messages = event.kind === "message" ? decodeMessages(event.message) : [];
      for (const message of messages) {
        if (waiting?.sequence === message.sequence) waiting.take(message.payload);
      }
    }
  }

  function tick(): void {
    const waitMs = machine.tick();
    receive();
    if (waitMs > 0) board.wait(waitMs);
  }

  /** Some steps before it is asked again how far it is: questions cost more than work. */
  function letWork(): void {
    for (let step = 0; step < stepsPerPoll; step++) tick();
  }

  function request<Reply extends object>(
    op: number,
    group: number,
    command: number,
    body: object,
    note?: (reply: Reply) => void,
  ): Reply | DeviceRefusal {
    sequence = (sequence + 1) % 256;
    let result: Reply | DeviceRefusal | undefined;
    const take = (payload: Bytes): void => {
      const reply = decodeCbor(bufferOf(payload)) as Reply;
      result = refusalIn(reply as Record<string, unknown>);
      if (result === undefined) {
        result = reply;
        note?.(reply);
      }
    };
    waiting = { sequence, take };
    const payload = bytesOf(encodeCbor(body));
    const message = encodeMessage({ version: smpVersion.v2, op, group, sequence, command, payload });
    for (const line of encodePacket(message, crc16)) board.line.write(line);
    for (let ticks = 0; result === undefined && ticks < ticksPerRequestMax; ticks++) tick();
    waiting = undefined;
    if (result === undefined) throw new Failure("bricked", `no answer to ${group}/${command}`);
    return result;
  }

  function must<Reply extends object>(op: number, group: number, command: number, body: object): Reply {
    const reply = request<Reply>(op, group, command, body);
    if (reply instanceof Error) throw new Failure("bricked", `${group}/${command}: ${words(reply)}`, { cause: reply });
    return reply;
  }

  function upload(key: string, bytes: Buffer): void {
    for (let off = 0; off < bytes.length; ) {
      const data = bytes.subarray(off, off + chunkBytes);
      const own = session.length === 0 ? {} : { session };
      const body = { ...own, key, off, data };
      const reply = request<ChunkReply>(smpOp.write, groups.documents, commands.documents.chunk, body);
      if (reply instanceof Error) throw new Refused(reply);
      ({ off } = reply);
    }
  }

  /** Writes down what the module says of a receipt, the moment it says so. */
  function noteTold(order: Order, reply: LookupReply): void {
    if (reply.number === undefined) return;
    const known = told.find(({ key }) => key === order.key);
    const answer = reply.answer === undefined ? known?.answer : bytesOf(encodeCbor(reply.answer));
    const utcS = reply.answer?.utcS ?? known?.utcS;
    const next = { ...order, number: reply.number, answer, utcS };
    told = known === undefined ? [...told, next] : told.map(one => (one === known ? next : one));
    if (inFlight?.key === order.key) inFlight = undefined;
  }

  function ask(order: Order): LookupReply | DeviceRefusal {
    const { lookup } = commands.documents;
    const body = { session, key: order.key };
    return request<LookupReply>(smpOp.read, groups.documents, lookup, body, reply => noteTold(order, reply));
  }

  function submit(order: Order): LookupReply | DeviceRefusal {
    const { bytes, lines } = order.receipt;
    const sha = createHash("sha256").update(bytes).digest();
    const body = { session, key: order.key, len: bytes.length, lines, sha };
    inFlight = told.some(({ key }) => key === order.key) ? undefined : order;
    return request<LookupReply>(smpOp.write, groups.documents, commands.documents.submit, body, reply =>
      noteTold(order, reply),
    );
  }

  /** Uploads and submits, or answers why not. */
  function offer(order: Order): DeviceRefusal | undefined {
    upload(order.key, order.receipt.bytes);
    const reply = submit(order);
    if (!(reply instanceof Error)) return undefined;
    inFlight = undefined;
    return reply;
  }

  function carry(): boolean {
    const { next, noAnswer } = commands.uplink;
    let page = must<NextReply>(smpOp.read, groups.uplink, next, { off: 0 });
    const { frame } = page;
    if (frame === undefined) {
      board.wait(page.waitMs ?? 0);
      return false;
    }
    const parts: Buffer[] = [];
    for (let off = 0; page.data !== undefined; ) {
      parts.push(page.data as unknown as Buffer);
      off += page.data.length;
      if (off >= (page.len ?? 0)) break;
      page = must<NextReply>(smpOp.read, groups.uplink, next, { off, frame });
    }
    if (shop.link) answerFrame(frame, Buffer.concat(parts));
    else request(smpOp.write, groups.uplink, noAnswer, { frame, cause: "noRoute" });
    return true;
  }

  function operatorAnswer(bytes: Buffer): Buffer {
    const taken = takeFrame(operator, bytes, board.nowS() * 1000);
    operator = taken.state;
    return taken.answer;
  }

  function answerFrame(frame: number, bytes: Buffer): void {
    const own = (): Buffer => operatorAnswer(bytes);
    const answer = shop.answerWith === undefined ? own() : shop.answerWith(bytes, own);
    for (let off = 0; off < answer.length; ) {
      const data = answer.subarray(off, off + pageBytes);
      const body = { frame, off, len: answer.length, data };
      const reply = request<AnswerReply>(smpOp.write, groups.uplink, commands.uplink.answer, body);
      // Its time is over: the module has gone on without this answer.
      if (reply instanceof Error) return;
      off += data.length;
    }
  }

  function settle(order: Order): Done {
    for (let step = 0; step < stepsMax; step++) {
      const reply = ask(order);
      if (reply instanceof Error) throw refusedOrLost(order, reply);
      if (reply.state === "done") return reply as Done;
      if (reply.state === "pending") carry();
      else letWork();
    }
    throw new Failure("bricked", "a receipt never ends");
  }

  /**
   * A sale may be refused after it was submitted, but not after the module gave it a number. With a flash that fails it
   * stays open what became of it until the module has started again.
   */
  function refusedOrLost(order: Order, refusal: DeviceRefusal): Error {
    if (refusal.code === "FLASH_FAILED") return new Refused(refusal);
    if (told.some(({ key }) => key === order.key)) return new Failure("lost", `a numbered receipt: ${words(refusal)}`);
    inFlight = undefined;
    return new Refused(refusal);
  }

  const shop: Shop<Kind> = {
    board,
    link: true,
    answerWith: undefined,
    world() {
      receive();
      return { board: board.state(), operator, told, inFlight };
    },
    enter(world, seed) {
      board.enter(world.board, seed);
      ({ operator, told, inFlight } = world);
    },
    reboot() {
      board.reboot();
      shop.boot();
    },
    boot() {
      decoder = createFrameDecoder();
      session = Buffer.alloc(0);
      board.line.read();
      machine.boot(board.hal());
    },
    fiscalize() {
      const bytes = encodeCard(card);
      upload("card", bytes);
      must(smpOp.write, groups.service, commands.service.fiscalize, { len: bytes.length });
    },
    signIn() {
      const body = { operator: 1, pin: "0000" };
      const reply = must<LoginReply>(smpOp.write, groups.session, commands.session.login, body);
      session = reply.session as unknown as Buffer<ArrayBuffer>;
    },
    enterToken(token) {
      must(smpOp.write, groups.service, commands.service.token, { session, token });
    },
    sell(order) {
      for (let tries = 0; tries < stepsMax; tries++) {
        const known = ask(order);
        if (!(known instanceof Error)) return known.state === "done" ? (known as Done) : settle(order);
        if (known.code !== "KEY_UNKNOWN") throw new Refused(known);
        const refusal = offer(order);
        if (refusal === undefined) return settle(order);
        if (!passing.includes(refusal.code)) throw new Refused(refusal);
        tick();
      }
      throw new Failure("bricked", "the module does not come to a sale");
    },
    sellOnce(order) {
      const refusal = offer(order);
      if (refusal !== undefined) throw new Refused(refusal);
      return settle(order);
    },
    session: () => session,
    tick,
    lookup(key) {
      const body = { session, key };
      const reply = request<LookupReply>(smpOp.read, groups.documents, commands.documents.lookup, body);
      if (!(reply instanceof Error)) return reply;
      if (reply.code === "KEY_UNKNOWN") return undefined;
      throw new Failure("bricked", `a look-up: ${words(reply)}`);
    },
    request,
    carry,
    setClock(utcS, isSignedIn) {
      const datetime = new Date(utcS * 1000).toISOString().slice(0, 19);
      const body = isSignedIn ? { datetime, session } : { datetime };
      return !(request(smpOp.write, groups.os, commands.os.date, body) instanceof Error);
    },
    reprint(number) {
      must(smpOp.write, groups.documents, commands.documents.reprint, { session, number });
    },
    closeShift() {
      must(smpOp.write, groups.shift, commands.shift.close, { session });
    },
    rest(framesMax = stepsMax) {
      let frames = shop.link ? framesMax : 0;
      if (frames > 0) must(smpOp.write, groups.uplink, commands.uplink.tryNow, {});
      for (let step = 0; step < stepsMax; step++) {
        const { printer, queue } = shop.status();
        const sends = queue.length > 0 && frames > 0;
        if (printer.pending === 0 && !sends) return;
        if (!sends) letWork();
        else if (carry()) frames -= 1;
      }
      throw new Failure("bricked", "paper or queue never end");
    },
    status: () => must<StatusReply>(smpOp.read, groups.service, commands.service.status, {}),
    logPage: (seq, off) => must<LogReply>(smpOp.read, groups.service, commands.service.log, { session, seq, off }),
    oldestRecord() {
      const told = request<LogReply>(smpOp.read, groups.service, commands.service.log, { session, seq: 0, off: 0 });
      const firstSeq = told instanceof Error ? Number(told.facts.firstSeq) : told.firstSeq;
      return { firstSeq, anchorHash: bytesOf(shop.logPage(firstSeq, 0).anchorHash as unknown as Buffer) };
    },
    exportTrailer(count, headerHash, lastSeq) {
      const body = { session, count, headerHash: bufferOf(headerHash), lastSeq };
      const { exportTrailer } = commands.service;
      return bytesOf(must<{ trailer: Buffer }>(smpOp.write, groups.service, exportTrailer, body).trailer);
    },
  };
  return shop;
}

/** A shop on a new board, registered and signed in. */
export const openShop = (geometry: Geometry, machine: Machine): Shop =>
  begin(createShop(createBoard(geometry), machine));

/** The board starts for the first time, is registered, and somebody signs in. */
export function begin<Kind extends Board>(shop: Shop<Kind>): Shop<Kind> {
  shop.boot();
  shop.fiscalize();
  shop.signIn();
  return shop;
}

/** Sells, or answers why not. */
export function trySell(shop: Shop<Board>, order: Order): Done | DeviceRefusal {
  try {
    return shop.sell(order);
  } catch (error) {
    if (error instanceof Refused) return error.refusal;
    throw error;
  }
}

/**
 * What ends by itself: the printer has not said yet that it is well, or still prints. A cover counts as open until the
 * printer has told of it, which it does after the paper.
 */
const passing = ["PRINTER_ABSENT", "COVER_OPEN", "PRINT_UNFINISHED", "BUSY", "UPLOAD_INCOMPLETE"];

/** The module refuses a sale; the caller may expect it. */
export class Refused extends Error {
  constructor(readonly refusal: DeviceRefusal) {
    super(words(refusal));
  }
}

const words = ({ code, facts }: DeviceRefusal): string => `${code} ${JSON.stringify(facts)}`;
