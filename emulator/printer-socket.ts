/**
 * A network printer: the drawn printer behind a TCP port of loopback, as real ones listen on 9100. It serves one client at
 * a time; the next waits for its end.
 */
import { type AddressInfo, createServer, type Socket } from "node:net";
import type { Bytes } from "../protocol/bytes";
import type { BoardPrinter } from "./board-printer";

export interface PrinterSocket {
  readonly port: number;
  /** Paper, cover or switch may have changed: goes on printing, and tells what the printer has to say. */
  pump(): void;
  close(): Promise<void>;
}

const pumpMs = 5;
const waitingBytesMax = 8192;
const clientsMax = 4;

export async function openPrinterSocket(printer: BoardPrinter): Promise<PrinterSocket> {
  let client: Socket | undefined;
  let waiting = "";
  let timer: NodeJS.Timeout | undefined;

  const queue: Socket[] = [];

  function drop(): void {
    client?.destroy();
    client = undefined;
    waiting = "";
    const next = printer.state().online ? queue.shift() : undefined;
    if (next !== undefined) serve(next);
  }

  function serve(socket: Socket): void {
    client = socket;
    socket.on("data", data => {
      waiting += data.toString("latin1");
      if (waiting.length >= waitingBytesMax) socket.pause();
      pump();
    });
  }

  function forget(socket: Socket): void {
    if (client === socket) drop();
    else if (queue.includes(socket)) queue.splice(queue.indexOf(socket), 1);
  }

  function pump(): void {
    clearTimeout(timer);
    if (!printer.state().online) {
      for (const socket of queue.splice(0)) socket.destroy();
      drop();
    }
    if (client === undefined) return;
    waiting = waiting.slice(printer.write(waiting as Bytes));
    for (let bytes = printer.read(64); bytes.length > 0; bytes = printer.read(64)) client.write(bytes, "latin1");
    if (waiting.length < waitingBytesMax) client.resume();
    if (waiting.length > 0) timer = setTimeout(pump, pumpMs);
  }

  const server = createServer({ noDelay: true }, socket => {
    socket.on("error", () => socket.destroy());
    socket.on("close", () => forget(socket));
    if (!printer.state().online || queue.length >= clientsMax) socket.destroy();
    else if (client === undefined) serve(socket);
    else queue.push(socket);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(0, "127.0.0.1", resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    pump,
    async close() {
      clearTimeout(timer);
      for (const socket of queue.splice(0)) socket.destroy();
      drop();
      await new Promise(resolve => server.close(resolve));
    },
  };
}
