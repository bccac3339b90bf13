/**
 * The uplink: carries the module's frames to the operator's server and the answers back. It moves bytes and tells the
 * cause when there is no answer; it keeps nothing and decides nothing. Killed at any moment, the module offers the same
 * frame again.
 *
 *   module ──next: pages──► frame ──TCP──► server ──TCP──► answer ──answer: pages──► module
 */
import { setTimeout as pause } from "node:timers/promises";
import { DeviceRefusal } from "../device/device-error";
import type { FiscalDevice, FramePage } from "../device/device-types";
import { type NoAnswerCause, type OfdConnection, type OfdResult, openOfdConnection } from "./ofd-connection";

export type UplinkEvent =
  | { readonly kind: "fetched" | "sent" | "begun"; readonly frame: number }
  | { readonly kind: "answered"; readonly frame: number; readonly lengthBytes: number; readonly isLate: boolean }
  | { readonly kind: "noAnswer"; readonly frame: number; readonly cause: NoAnswerCause };

export interface UplinkOptions {
  readonly onEvent?: (event: UplinkEvent) => void;
}
export interface Uplink {
  /** Asks the module for a frame now. */
  wake(): void;
  close(): Promise<void>;
}

type UplinkDevice = Pick<FiscalDevice, "on" | "off" | "present" | "next" | "answer" | "noAnswer" | "pageBytes">;

/** When the module does not say when to ask again; also the longest sleep, so that a lost wish costs little. */
const waitMaxMs = 1000;
const waitMinMs = 5;
const absentWaitMs = 5000;
const refusedPauseMs = 50;
/**
 * The module is told that there is no way this long before its own deadline, or at half time of a shorter one: early
 * enough that the words arrive, and that one more connection is tried (ofd-2.0.4 §6.3).
 */
const noRouteEarlyMs = 1000;
/** An answer that has begun in time may take this long to end. */
const answerEndMs = 5000;
/** A frame that nobody answered in time may still be answered late: the module makes a `delivered` record of it. */
const lateMs = 10_000;

/** Starts the loop. */
export function createUplink(device: UplinkDevice, options: UplinkOptions = {}): Uplink {
  const tell = options.onEvent ?? (() => {});
  const bell = createBell();
  let current: OfdConnection | undefined;
  let late: OfdConnection | undefined;
  let isClosed = false;

  async function loop(): Promise<void> {
    while (!isClosed) {
      try {
        await turn();
      } catch (error) {
        if (!(error instanceof DeviceRefusal)) {
          throw error;
        }
        // Absent: until it is back. Refused (the frame is no longer wanted, busy): ask again.
        await device.present(absentWaitMs).catch(() => {});
        await pause(refusedPauseMs);
      }
    }
  }

  /** One question, and the frame if there is one. */
  async function turn(): Promise<void> {
    const rung = bell.rung();
    const page = await device.next({ off: 0 });
    if (page.frame === undefined || page.host === undefined || page.port === undefined) {
      await within(rung, Math.max(waitMinMs, Math.min(page.waitMs ?? waitMaxMs, waitMaxMs)), undefined);
      return;
    }
    late?.close();
    late = undefined;
    current = openOfdConnection(page.host, page.port);
    await carry(page, page.frame, current);
  }

  /** The connection is made while the pages are still being fetched. */
  async function carry(page: FramePage, frame: number, connection: OfdConnection): Promise<void> {
    try {
      const { bytes, remainingMs } = await fetchFrame(device, page, frame);
      tell({ kind: "fetched", frame });
      connection.send(bytes);
      void connection.connected.then(() => tell({ kind: "sent", frame }));
      const sign = await signOrReplaced(firstSign(connection, remainingMs), frame, bytes.length);
      if (sign === "replaced") {
        return;
      }
      const result = sign === "begun" ? await wholeAnswer(connection, () => tellBegun(frame)) : sign;
      if (result.kind === "noAnswer" && result.cause === "silent") {
        late = connection;
        void awaitLate(frame, connection);
      }
      await tellResult(frame, result, false);
    } finally {
      if (late !== connection) {
        connection.close();
      }
    }
  }

  /**
   * What becomes of the frame. A receipt that is sold while a probe waits for a silent server takes its place in the
   * module at once: its five seconds run, so whenever there is work the module is asked whether this frame still counts.
   */
  async function signOrReplaced<T>(sign: Promise<T>, frame: number, lengthBytes: number): Promise<T | "replaced"> {
    for (;;) {
      const heard = await Promise.race([sign, bell.rung().then(() => "rung" as const)]);
      if (heard !== "rung") {
        return heard;
      }
      const wanted = await device.next({ off: lengthBytes, frame });
      if (wanted.frame !== frame) {
        return "replaced";
      }
    }
  }

  /** The first byte is here: from now on the module's deadline waits. */
  async function tellBegun(frame: number): Promise<void> {
    tell({ kind: "begun", frame });
    await device.noAnswer({ frame, begun: true });
  }

  async function tellResult(frame: number, result: OfdResult, isLate: boolean): Promise<void> {
    if (isClosed) {
      return;
    }
    if (result.kind === "noAnswer") {
      tell({ kind: "noAnswer", frame, cause: result.cause });
      await device.noAnswer({ frame, cause: result.cause });
      return;
    }
    tell({ kind: "answered", frame, lengthBytes: result.bytes.length, isLate });
    await passAnswer(device, frame, result.bytes);
  }

  async function awaitLate(frame: number, connection: OfdConnection): Promise<void> {
    const result = await within(connection.result, lateMs, undefined);
    connection.close();
    if (result?.kind === "answer" && late === connection) {
      // A module that has gone on answers FRAME_UNKNOWN, and that is that.
      await tellResult(frame, result, true).catch(() => {});
    }
  }

  device.on("work", bell.ring);
  device.on("present", bell.ring);
  const looping = loop();
  return {
    wake: bell.ring,
    async close() {
      isClosed = true;
      device.off("work", bell.ring);
      device.off("present", bell.ring);
      current?.close();
      late?.close();
      bell.ring();
      await looping;
    },
  };
}

/** The whole frame; `remainingMs` counts from its last page. */
async function fetchFrame(
  device: UplinkDevice,
  first: FramePage,
  frame: number,
): Promise<{ bytes: Buffer; remainingMs: number }> {
  const parts: Buffer[] = [];
  let off = 0;
  for (let page = first; ; page = await device.next({ off, frame })) {
    if (page.frame !== frame || page.data === undefined || page.data.length === 0 || page.off !== off) {
      throw new DeviceRefusal("FRAME_UNKNOWN", { expected: frame, got: page.frame ?? 0 });
    }
    parts.push(page.data);
    off += page.data.length;
    if (off >= (page.len ?? first.len ?? 0)) {
      return { bytes: Buffer.concat(parts), remainingMs: page.remainingMs ?? 0 };
    }
  }
}

/** The rest of an answer that began in time. */
async function wholeAnswer(connection: OfdConnection, onBegun: () => Promise<void>): Promise<OfdResult> {
  await Promise.race([connection.result, onBegun()]);
  return within(connection.result, answerEndMs, noAnswer("silent"));
}

/** Whatever comes first: the whole result, the first byte, or the end of the time. */
function firstSign(connection: OfdConnection, remainingMs: number): Promise<OfdResult | "begun"> {
  return new Promise(resolve => {
    const isThereAWay = setTimeout(
      () => connection.isConnected() || settle(noAnswer("noRoute")),
      Math.max(remainingMs - noRouteEarlyMs, remainingMs / 2, 0),
    );
    const isOver = setTimeout(() => settle(noAnswer("silent")), Math.max(0, remainingMs));
    const settle = (sign: OfdResult | "begun"): void => {
      clearTimeout(isThereAWay);
      clearTimeout(isOver);
      resolve(sign);
    };
    void connection.result.then(settle);
    void connection.begun.then(() => settle("begun"));
  });
}

const noAnswer = (cause: NoAnswerCause): OfdResult => ({ kind: "noAnswer", cause });

async function within<T, U>(promise: Promise<T>, ms: number, otherwise: U): Promise<T | U> {
  const timer = new AbortController();
  const timeUp = pause(ms, otherwise, { signal: timer.signal }).catch(() => otherwise);
  try {
    return await Promise.race([promise, timeUp]);
  } finally {
    timer.abort();
  }
}

async function passAnswer(device: UplinkDevice, frame: number, bytes: Buffer): Promise<void> {
  for (let off = 0, stalls = 0; off < bytes.length && stalls < 3; ) {
    const data = bytes.subarray(off, off + device.pageBytes());
    const reply = await device.answer({ frame, off, len: bytes.length, data });
    stalls = reply.off > off ? 0 : stalls + 1;
    off = reply.off;
  }
}

interface Bell {
  readonly ring: () => void;
  /** Resolves at the next ring. */
  rung(): Promise<void>;
}
function createBell(): Bell {
  let ringNow: () => void = () => {};
  let next = Promise.resolve();
  const arm = (): void => {
    next = new Promise(resolve => {
      ringNow = resolve;
    });
  };
  arm();
  return {
    ring() {
      ringNow();
      arm();
    },
    rung: () => next,
  };
}
