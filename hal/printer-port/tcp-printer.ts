/**
 * A printer on the network: raw bytes to port 9100, one connection that stays.
 *
 * A printer that was unplugged from the network says nothing; the module notices it by a `DLE EOT` without answer, and
 * keep-alive ends the connection.
 */
import { connect } from "node:net";
import type { Bytes } from "../../protocol/bytes";
import { connectTimeoutMs, keepAliveMs, tcpPort } from "./limits";
import { openPort, type PrinterPort, type WireEvents } from "./port";

export interface TcpPrinterOptions {
  readonly host: string;
  readonly port?: number;
}

export const openTcpPrinter = ({ host, port = tcpPort }: TcpPrinterOptions): PrinterPort =>
  openPort(events => dialTcp(host, port, events));

function dialTcp(host: string, port: number, { opened, received, ready, broken }: WireEvents): () => void {
  const socket = connect({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: keepAliveMs });
  let reason = "the printer closed the connection";
  const giveUp = setTimeout(() => socket.destroy(new Error("no connection in time")), connectTimeoutMs);
  const close = (): void => {
    clearTimeout(giveUp);
    socket.destroy();
  };
  socket.on("data", data => received(data.toString("latin1") as Bytes));
  socket.on("error", error => {
    reason = error.message;
  });
  socket.on("close", () => {
    clearTimeout(giveUp);
    broken(reason);
  });
  socket.once("connect", () => {
    clearTimeout(giveUp);
    let isSending = false;
    opened({
      offer(data) {
        if (isSending) return 0;
        isSending = true;
        socket.write(data, "latin1", error => {
          isSending = false;
          if (!error) ready();
        });
        return data.length;
      },
      close,
    });
  });
  return close;
}
