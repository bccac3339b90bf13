/**
 * The board's serial line: the simulated UART with its pace, and the hosts behind it, which come over a pseudo-terminal
 * and over TCP on loopback. Both see the same bytes, as two taps on one wire.
 *
 * Neither has a speed of its own, so the UART paces both directions: a pump moves bytes while the wire is busy.
 */
import { rmSync, symlinkSync } from "node:fs";
import { type AddressInfo, createServer, type Socket } from "node:net";
import type { SimUart } from "../hal/sim/sim-uart";
import { openPty, type Pty } from "./pty";

export interface LineOptions {
  readonly uart: SimUart;
  /** Symlink to the pseudo-terminal, which has another name each time. */
  readonly link: string;
  readonly port: number;
  /** The UART holds bytes that the image should fetch. */
  readonly onReceived: () => void;
}

export interface Line {
  readonly tcpPort: number;
  /** Device name of the pseudo-terminal; undefined while unplugged. */
  tty(): string | undefined;
  /** The image may have written: moves bytes. */
  pump(): void;
  unplug(): void;
  plug(): void;
  close(): Promise<void>;
}

/** A UART wakes its processor when so many bytes wait, or when the line falls idle. */
const wakeBytes = 64;
const pumpMs = 1;

export async function openLine({ uart, link, port, onReceived }: LineOptions): Promise<Line> {
  const sockets = new Set<Socket>();
  let pty: Pty | undefined;
  let timer: NodeJS.Timeout | undefined;

  const receive = (bytes: string): void => {
    uart.host.write(bytes);
    pump();
  };

  function pump(): void {
    clearTimeout(timer);
    // Asked first: what arrives after this question, while the wire is still busy, is for the next pump.
    const isBusy = uart.busyMs() > 0;
    const bytes = uart.host.read();
    if (bytes.length > 0) send(bytes);
    const unread = uart.unreadBytes();
    if (unread >= wakeBytes || (unread > 0 && !isBusy)) onReceived();
    if (isBusy) timer = setTimeout(pump, pumpMs);
  }

  function send(bytes: string): void {
    pty?.write(bytes);
    for (const socket of sockets) socket.write(bytes, "latin1");
  }

  function plug(): void {
    if (pty !== undefined) return;
    pty = openPty(receive);
    rmSync(link, { force: true });
    symlinkSync(pty.path, link);
    uart.setConnected(true);
  }

  function unplug(): void {
    uart.setConnected(false);
    rmSync(link, { force: true });
    pty?.close();
    pty = undefined;
    for (const socket of sockets) socket.destroy();
  }

  const server = createServer({ noDelay: true }, socket => {
    if (pty === undefined) return socket.destroy();
    sockets.add(socket);
    socket.on("data", data => receive(data.toString("latin1")));
    socket.on("error", () => socket.destroy());
    socket.on("close", () => sockets.delete(socket));
    return socket;
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(port, "127.0.0.1", resolve);
  });
  plug();

  return {
    tcpPort: (server.address() as AddressInfo).port,
    tty: () => pty?.path,
    pump,
    unplug,
    plug,
    async close() {
      clearTimeout(timer);
      unplug();
      await new Promise(resolve => server.close(resolve));
    },
  };
}
