/** Lies in the wire between uplink and operator's server, passes every byte on as it comes, and keeps them all. */
import { connect, createServer, type Socket } from "node:net";

/** One connection: what the uplink said, and what it was told. */
export interface Tapped {
  readonly sent: Buffer;
  readonly received: Buffer;
}
export interface OfdTap {
  readonly port: number;
  /** The connections so far, oldest first. */
  tapped(): Tapped[];
  close(): Promise<void>;
}

export async function createOfdTap(ofdPort: number): Promise<OfdTap> {
  const wires: { sent: Buffer[]; received: Buffer[] }[] = [];
  const sockets = new Set<Socket>();
  const server = createServer(uplink => {
    const ofd = connect(ofdPort, "127.0.0.1");
    const sent = passOn(uplink, ofd);
    const received = passOn(ofd, uplink);
    wires.push({ sent, received });
    for (const socket of [uplink, ofd]) sockets.add(socket);
  });
  await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as { port: number }).port,
    tapped: () => wires.map(({ sent, received }) => ({ sent: Buffer.concat(sent), received: Buffer.concat(received) })),
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise(resolve => server.close(resolve));
    },
  };
}

/** Everything that comes from one side goes to the other, its end too; answers where the bytes are kept. */
function passOn(from: Socket, to: Socket): Buffer[] {
  const kept: Buffer[] = [];
  from.on("data", chunk => {
    kept.push(chunk);
    to.write(chunk);
  });
  from.on("end", () => to.end());
  from.on("error", () => to.destroy());
  from.on("close", () => to.destroy());
  return kept;
}
