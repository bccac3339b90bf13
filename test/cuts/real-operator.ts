/** The operator of operator.ts behind a TCP port, for modules whose frames are carried by the real uplink. */
import { type AddressInfo, createServer, type Socket } from "node:net";
import { createFrameReader } from "../../host/ofd/frame";
import { enrolledOperator, type OperatorState, takeFrame } from "./operator";

export interface RealOperator {
  readonly port: number;
  /** False: whoever asks is hung up on. */
  isThere: boolean;
  state(): OperatorState;
  close(): Promise<void>;
}

/** More bytes than any request has. */
const requestMaxBytes = 1024 * 1024;

export async function openRealOperator(serial: string): Promise<RealOperator> {
  let state = enrolledOperator(serial);
  const sockets = new Set<Socket>();

  /** Takes one request and answers it. */
  function serve(socket: Socket): void {
    const parts: Buffer[] = [];
    let receivedBytes = 0;
    socket.on("data", (chunk: Buffer) => {
      parts.push(chunk);
      receivedBytes += chunk.length;
      const bytes = Buffer.concat(parts);
      if (receivedBytes > requestMaxBytes) socket.destroy();
      else if (createFrameReader().push(bytes).length > 0) {
        parts.length = 0;
        const taken = takeFrame(state, bytes, Date.now());
        ({ state } = taken);
        socket.write(taken.answer);
      }
    });
  }

  const server = createServer({ noDelay: true }, socket => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => sockets.delete(socket));
    if (operator.isThere) serve(socket);
    else socket.destroy();
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(0, "127.0.0.1", resolve);
  });
  const operator: RealOperator = {
    port: (server.address() as AddressInfo).port,
    isThere: true,
    state: () => state,
    async close() {
      const closed = new Promise(resolve => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
  return operator;
}
