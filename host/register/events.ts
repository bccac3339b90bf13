/**
 * What happens, told to every page that listens: server-sent events (WHATWG HTML §9.2) with growing ids. The newest
 * stay in memory, so that a page that was cut off for a moment goes on after its Last-Event-ID.
 */
import type { ServerResponse } from "node:http";

export type EventName =
  | "receipt"
  | "printed"
  | "offline"
  | "online"
  | "blocked"
  | "unblocked"
  | "queue"
  | "paper"
  | "device"
  | "alarm";

const keptMax = 256;
const listenersMax = 64;
/** A page that reads so slowly is cut off: it comes back by its Last-Event-ID. */
const backlogBytesMax = 256 * 1024;
const heartbeatMs = 15_000;

interface Told {
  readonly id: number;
  readonly text: string;
}

export interface EventStream {
  tell(name: EventName, data: object): void;
  /** Takes over a response; false when too many listen. */
  listen(response: ServerResponse, lastEventId: number | undefined): boolean;
  close(): void;
}

export function createEventStream(): EventStream {
  const kept: Told[] = [];
  const listeners = new Set<ServerResponse>();
  // Ids go on after a restart: a page that comes back must not take new events for old ones.
  let nextId = Date.now();
  const send = (text: string): void => {
    for (const response of listeners) {
      if (response.writableLength > backlogBytesMax) {
        response.destroy();
      } else {
        response.write(text);
      }
    }
  };
  const heartbeat = setInterval(() => send(":\n\n"), heartbeatMs);
  heartbeat.unref();
  return {
    tell(name, data) {
      const told = { id: nextId, text: `id: ${nextId}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n` };
      nextId += 1;
      kept.push(told);
      kept.splice(0, Math.max(0, kept.length - keptMax));
      send(told.text);
    },
    listen(response, lastEventId) {
      if (listeners.size >= listenersMax) {
        return false;
      }
      response.writeHead(200, {
        "Content-Type": "text/event-stream; charset=utf-8",
        "Cache-Control": "no-store",
        "X-Accel-Buffering": "no",
      });
      response.write("retry: 2000\n\n");
      const missed = lastEventId === undefined ? [] : kept.filter(({ id }) => id > lastEventId);
      response.write(missed.map(({ text }) => text).join(""));
      listeners.add(response);
      response.on("close", () => listeners.delete(response));
      return true;
    },
    close() {
      clearInterval(heartbeat);
      for (const response of listeners) {
        response.end();
      }
      listeners.clear();
    },
  };
}
