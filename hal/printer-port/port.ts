/**
 * A printer behind a wire that can break: what the transports have in common.
 *
 *   write → waiting bytes → wire → printer
 *   read  ← unread bytes  ← wire ←
 *
 * The wire is opened anew by itself, as long as it takes. What was under way when it broke is lost, and nobody knows how
 * much of it was printed; so the rest of that paper must not follow, and `GS r 1` must not be answered for it. Therefore,
 * after a break, nothing is taken until a `DLE EOT` comes: the module asks it between papers, never inside one. Only
 * `GS r 1` is swallowed meanwhile: it gets no answer, and the module prints that paper again.
 */
import { type Bytes, concat, emptyBytes, slice } from "../../protocol/bytes";
import { gsR1, isDleEotRequest } from "../../protocol/paper/escpos-write";
import type { Printer } from "../printer";
import { questionBytes, retryMsMax, retryMsMin, unreadBytesMax, waitingBytesMax } from "./limits";

export interface PortState {
  readonly open: boolean;
  /** Why it is not open. */
  readonly reason?: string;
}

export interface PrinterPort extends Printer {
  state(): PortState;
  /** For good. */
  close(): void;
}

/** An open way to a printer. */
export interface Wire {
  /** Bytes that it takes now; 0 while it is busy: then `ready` is called. Throws when it has broken. */
  offer(data: Bytes): number;
  /** Bytes that have come and were not told by `received`. Throws when it has broken. */
  fetch?(): Bytes;
  close(): void;
}

export interface WireEvents {
  opened(wire: Wire): void;
  received(bytes: Bytes): void;
  ready(): void;
  /** It did not open, or has broken. */
  broken(reason: string): void;
}

/** Begins to open a wire; the function returned gives up. */
export type Dial = (events: WireEvents) => () => void;

export function openPort(dial: Dial): PrinterPort {
  let wire: Wire | undefined;
  let reason = "not open yet";
  let waiting = emptyBytes;
  let unread = emptyBytes;
  /** It broke, and no paper has begun since. */
  let inBrokenPaper = false;
  let pauseMs = retryMsMin;
  let timer: NodeJS.Timeout | undefined;
  /** Counts attempts: what an older one still says is not heard. */
  let attempt = 0;
  let giveUp = (): void => undefined;

  function connect(): void {
    const mine = attempt;
    const isMine = (): boolean => mine === attempt;
    giveUp = dial({
      opened(opened) {
        if (!isMine()) {
          opened.close();
          return;
        }
        wire = opened;
        pauseMs = retryMsMin;
      },
      received: bytes => isMine() && receive(bytes),
      ready: () => isMine() && pump(),
      broken: why => isMine() && drop(why),
    });
  }

  /** Closes what there is and tries again later. */
  function drop(why: string): void {
    inBrokenPaper ||= wire !== undefined;
    reason = why;
    hangUp();
    timer = setTimeout(connect, pauseMs);
    pauseMs = Math.min(pauseMs * 2, retryMsMax);
  }
  function hangUp(): void {
    const old = wire;
    attempt += 1;
    wire = undefined;
    waiting = emptyBytes;
    unread = emptyBytes;
    old?.close();
  }
  function receive(bytes: Bytes): void {
    unread = concat([unread, slice(bytes, 0, Math.min(bytes.length, unreadBytesMax - unread.length))]);
  }

  /** Gives the wire what it takes now. */
  function pump(): void {
    tryWire(open => {
      for (let taken = -1; taken !== 0 && waiting.length > 0; ) {
        taken = open.offer(waiting);
        waiting = slice(waiting, taken, waiting.length);
      }
    });
  }
  function tryWire(act: (open: Wire) => void): void {
    try {
      if (wire !== undefined) act(wire);
    } catch (error) {
      drop(messageOf(error));
    }
  }

  connect();
  return {
    write(data) {
      if (inBrokenPaper && !(wire !== undefined && isDleEotRequest(data))) {
        return data === gsR1 ? data.length : 0;
      }
      inBrokenPaper = false;
      const room = waitingBytesMax - waiting.length;
      if (wire === undefined || (data.length <= questionBytes && data.length > room)) {
        return 0;
      }
      const taken = slice(data, 0, Math.min(data.length, room));
      waiting = concat([waiting, taken]);
      pump();
      return wire === undefined ? 0 : taken.length;
    },
    read(lengthMaxBytes) {
      pump();
      tryWire(open => receive(open.fetch?.() ?? emptyBytes));
      const taken = slice(unread, 0, Math.min(lengthMaxBytes, unread.length));
      unread = slice(unread, taken.length, unread.length);
      return taken;
    },
    state: () => (wire === undefined ? { open: false, reason } : { open: true }),
    close() {
      inBrokenPaper = false;
      reason = "closed";
      clearTimeout(timer);
      hangUp();
      giveUp();
    },
  };
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
