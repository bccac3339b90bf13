/**
 * The control socket of a running board: one JSON object a line, one answer a line.
 *
 *   {"verb":"paper","present":false}          → {"ok":true}
 *   {"verb":"paper"}                          → {"ok":false,"error":"present must be true or false"}
 *   {"verb":"status"}                         → {"ok":true,"status":{…}}
 */
import { rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";

export type ControlRequest = Readonly<Record<string, unknown>>;
/** What a verb answers beside `ok`. Throws UsageError for bad words. */
export type ControlHandler = (request: ControlRequest) => object | Promise<object>;
export type ControlHandlers = Readonly<Record<string, ControlHandler>>;

export class UsageError extends Error {
  override readonly name = "UsageError";
}

export interface Control {
  close(): Promise<void>;
}

const lineMaxBytes = 4096;

export async function openControl(path: string, handlers: ControlHandlers): Promise<Control> {
  rmSync(path, { force: true });
  const sockets = new Set<Socket>();
  const server = createServer(socket => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    serve(socket, handlers);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(path, resolve);
  });
  return {
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise(resolve => server.close(resolve));
      rmSync(path, { force: true });
    },
  };
}

function serve(socket: Socket, handlers: ControlHandlers): void {
  let waiting = "";
  socket.setEncoding("utf8").on("data", async (text: string) => {
    waiting += text;
    if (waiting.length > lineMaxBytes) return socket.destroy();
    const lines = waiting.split("\n");
    waiting = lines.pop() ?? "";
    for (const line of lines) socket.write(`${JSON.stringify(await answer(line, handlers))}\n`);
    return socket;
  });
}

async function answer(line: string, handlers: ControlHandlers): Promise<object> {
  try {
    const request = JSON.parse(line) as ControlRequest;
    const verb = String(request.verb);
    const handle = Object.hasOwn(handlers, verb) ? handlers[verb] : undefined;
    if (handle === undefined) throw new UsageError(`no such verb: ${verb}`);
    return { ok: true, ...(await handle(request)) };
  } catch (error) {
    return { ok: false, error: error instanceof Error ? error.message : String(error) };
  }
}

// What handlers read from a request.

export function booleanOf(request: ControlRequest, name: string): boolean {
  const value = request[name];
  if (typeof value !== "boolean") throw new UsageError(`${name} must be true or false`);
  return value;
}

/** A finite number from `min` to `max`; `fallback` when it is not given. */
export function numberOf(request: ControlRequest, name: string, min: number, max: number, fallback?: number): number {
  const value = request[name] ?? fallback;
  if (typeof value !== "number" || !(value >= min && value <= max)) {
    throw new UsageError(`${name} must be a number from ${min} to ${max}`);
  }
  return value;
}
