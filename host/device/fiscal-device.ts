/**
 * The driver of the fiscal module: what the register service, the uplink and the command line import.
 *
 * It keeps one connection and makes a new one when that closes, after 100 ms, doubling to 2 s, for ever. It decides
 * nothing: the module is the authority, and every command may be repeated.
 */
import { EventEmitter } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { type AnswerReply, commands, groups } from "../../protocol/commands";
import { type Connection, connectDevice } from "./connection";
import { DeviceAbsent, DeviceRefusal } from "./device-error";
import type { DeviceInfo, FiscalDevice, LogPage } from "./device-types";
import { findPorts } from "./port-finder";
import { createSeller } from "./seller";
import type { Command, RequestOptions } from "./smp-client";

export { DeviceAbsent, DeviceRefusal } from "./device-error";
export type * from "./device-types";

export const baudWanted = 921600;
const backoffFirstMs = 100;
const backoffMaxMs = 2000;
const releasedCheckMs = 100;
/** Header, map head, longest keys and heads of a chunk or an answer page beside its data. */
const pageOverheadBytes = 128;
/** An upload that does not get on this many times in a row is given up (smp.md §12.5). */
const stallsMax = 3;

export interface DeviceOptions {
  /** KASSA_HOME: where a running board is announced. */
  readonly home: string;
  /** Overrides the search: a path, `tcp://host:port` or `unix:/path`. */
  readonly port?: string;
  /** Speed to raise the line to. */
  readonly baud?: number;
}

const { os, session, documents, shift, uplink, service } = commands;
const read = (group: number, id: number): Command => ({ op: "read", group, id });
const write = (group: number, id: number): Command => ({ op: "write", group, id });

/** Starts the driver. It resolves at once; `present` waits for the module. */
export function openFiscalDevice(options: DeviceOptions): FiscalDevice {
  const events = new EventEmitter();
  events.setMaxListeners(0);
  const stop = new AbortController();
  let connection: Connection | undefined;
  let releasedUntil = 0;
  let absentReason = "not connected yet";

  async function connectOnce(): Promise<Connection> {
    const ports = options.port === undefined ? await findPorts(options.home) : [{ port: options.port }];
    let failure: unknown = new DeviceAbsent("no port found");
    for (const { port } of ports) {
      try {
        return await connectDevice(port, options.baud ?? baudWanted);
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  }

  /** Connects, waits until the connection has gone, and again. */
  async function supervise(): Promise<void> {
    for (let backoffMs = backoffFirstMs; !stop.signal.aborted; ) {
      try {
        while (Date.now() < releasedUntil) {
          await pause(releasedCheckMs, undefined, { signal: stop.signal });
        }
        const made = await connectOnce();
        backoffMs = backoffFirstMs;
        await use(made);
      } catch (error) {
        absentReason = error instanceof Error ? reasonOf(error) : String(error);
      }
      await pause(backoffMs, undefined, { signal: stop.signal }).catch(() => {});
      backoffMs = Math.min(backoffMs * 2, backoffMaxMs);
    }
  }

  async function use(made: Connection): Promise<void> {
    if (stop.signal.aborted) {
      made.client.close();
      return;
    }
    connection = made;
    events.emit("present", made.info);
    absentReason = await made.client.closed;
    connection = undefined;
    events.emit("absent", absentReason);
  }

  /** One command on the connection of this moment. A connection on which nothing answers is closed and made anew. */
  async function request<Reply>(command: Command, body: object, requestOptions?: RequestOptions): Promise<Reply> {
    if (connection === undefined) {
      throw new DeviceAbsent(absentReason);
    }
    const { client } = connection;
    try {
      return await client.request<Reply>(command, body, requestOptions);
    } catch (error) {
      if (error instanceof DeviceAbsent) {
        client.close();
      }
      throw error;
    }
  }

  const sale = { priority: "sale" } as const;
  const first = { priority: "uplink" } as const;
  const ignore = async (reply: Promise<unknown>): Promise<void> => void (await reply);
  const pageBytes = (): number => (connection?.client.messageMaxBytes() ?? 0) - pageOverheadBytes;

  async function upload(key: string, bytes: Buffer, id?: Buffer): Promise<void> {
    for (let off = 0, stalls = 0; off < bytes.length || off === 0; ) {
      const data = bytes.subarray(off, off + Math.max(1, pageBytes()));
      const command = write(groups.documents, documents.chunk);
      const reply = await request<{ off: number }>(command, { session: id, key, off, data }, sale);
      stalls = reply.off > off ? 0 : stalls + 1;
      if (stalls >= stallsMax || reply.off > bytes.length) {
        throw new DeviceRefusal("UPLOAD_INCOMPLETE", { expected: bytes.length, got: reply.off });
      }
      off = reply.off;
      if (bytes.length === 0) {
        return;
      }
    }
  }

  /** Once in a module's life: when the answer is lost, the repetition is refused although the first was obeyed. */
  async function fiscalize(card: Buffer): Promise<void> {
    const info = (): Promise<DeviceInfo> => request(read(groups.service, service.info), {});
    const { fiscalized: wasFiscalized } = await info();
    try {
      await upload("card", card);
      await request(write(groups.service, service.fiscalize), { len: card.length });
    } catch (error) {
      const isRepeated = error instanceof DeviceRefusal && error.code === "ALREADY_FISCALIZED" && !wasFiscalized;
      if (!isRepeated || !(await info()).fiscalized) {
        throw error;
      }
    }
  }

  async function logRecord(id: Buffer, seq: number): Promise<{ item: Buffer; firstSeq: number; lastSeq: number }> {
    const parts: Buffer[] = [];
    for (let off = 0; ; ) {
      const page: LogPage = await device.logPage(id, seq, off);
      parts.push(page.data);
      off += page.data.length;
      if (off >= page.len || page.data.length === 0) {
        return { item: Buffer.concat(parts), firstSeq: page.firstSeq, lastSeq: page.lastSeq };
      }
    }
  }

  const device: Omit<FiscalDevice, "sellDocument"> = {
    on: (event, listener) => void events.on(event, listener),
    off: (event, listener) => void events.off(event, listener),
    state() {
      const { port, baud, info } = connection ?? {};
      return { present: connection !== undefined, port, baud, info };
    },
    present: timeoutMs =>
      waitPresent(
        events,
        () => connection?.info,
        timeoutMs,
        () => absentReason,
      ),
    info: () => request(read(groups.service, service.info), {}),
    status: () => request(read(groups.service, service.status), {}),
    login: (operator, pin) => request(write(groups.session, session.login), { operator, pin }, sale),
    logout: id => ignore(request(write(groups.session, session.logout), { session: id })),
    upload,
    submit: body => request(write(groups.documents, documents.submit), body, sale),
    lookup: body => request(read(groups.documents, documents.lookup), body, sale),
    reprint: (id, number) => ignore(request(write(groups.documents, documents.reprint), { session: id, number }, sale)),
    shiftState: () => request(read(groups.shift, shift.state), {}),
    closeShift: id => ignore(request(write(groups.shift, shift.close), { session: id }, sale)),
    next: body => request(read(groups.uplink, uplink.next), body, first),
    async answer(body) {
      const reply = await request<AnswerReply>(write(groups.uplink, uplink.answer), body, first);
      if (reply.taken === true) {
        events.emit("taken");
      }
      return reply;
    },
    noAnswer: body => ignore(request(write(groups.uplink, uplink.noAnswer), body, first)),
    queue: () => request(read(groups.uplink, uplink.queue), {}),
    async tryNow(id) {
      await request(write(groups.uplink, uplink.tryNow), { session: id }, first);
      events.emit("work");
    },
    fiscalize,
    ofdAddress: (id, host, port) =>
      ignore(request(write(groups.service, service.ofdAddress), { session: id, host, port })),
    token: (id, token) => ignore(request(write(groups.service, service.token), { session: id, token })),
    setClock: (id, utcS) => {
      const datetime = new Date(utcS * 1000).toISOString().slice(0, 19);
      return ignore(request(write(groups.os, os.date), { ...(id && { session: id }), datetime }));
    },
    logPage: (id, seq, off) => request(read(groups.service, service.log), { session: id, seq, off }),
    logRecord,
    exportTrailer: body => request(write(groups.service, service.exportTrailer), body),
    pageBytes,
    carry(message) {
      if (connection === undefined) {
        return Promise.reject(new DeviceAbsent(absentReason));
      }
      return connection.client.carry(message);
    },
    release(forMs) {
      releasedUntil = Date.now() + forMs;
      connection?.client.close();
    },
    async close() {
      stop.abort();
      connection?.client.close();
      await supervising;
    },
  };
  const supervising = supervise();
  const carrier = {
    wake: () => void events.emit("work"),
    untilTaken: (timeoutMs: number) => untilEvent(events, "taken", timeoutMs),
  };
  return { ...device, sellDocument: createSeller(device, carrier) };
}

/** Plugged in already, or within the time. */
function waitPresent(
  events: EventEmitter,
  infoNow: () => DeviceInfo | undefined,
  timeoutMs: number,
  reason: () => string,
): Promise<DeviceInfo> {
  const info = infoNow();
  if (info !== undefined) {
    return Promise.resolve(info);
  }
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      events.off("present", arrived);
      reject(new DeviceAbsent(reason()));
    }, timeoutMs);
    const arrived = (arrivedInfo: DeviceInfo): void => {
      clearTimeout(timer);
      resolve(arrivedInfo);
    };
    events.once("present", arrived);
  });
}

/** The event, or the end of the time. */
function untilEvent(events: EventEmitter, name: string, timeoutMs: number): Promise<void> {
  return new Promise(resolve => {
    const settle = (): void => {
      clearTimeout(timer);
      events.off(name, settle);
      resolve();
    };
    const timer = setTimeout(settle, timeoutMs);
    events.on(name, settle);
  });
}

const reasonOf = (error: Error): string =>
  error instanceof DeviceRefusal ? String(error.facts.reason ?? error.code) : error.message;
