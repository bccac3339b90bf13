/** Stands between module and operator's server: takes frames, and answers each as it is told. */
import { connect, createServer, type Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";

/** afterMs: the server's own answer, later. result: a refusal that the server has not made. */
export type ProxyMode =
  | "silent"
  | "resetInMidAnswer"
  | "garbage"
  | "wrongReqnum"
  | { readonly result: number }
  | { readonly afterMs: number };

export interface OfdProxy {
  readonly port: number;
  mode: ProxyMode;
  /** When the last frame came. */
  frameAtMs: number;
  /** How long the last answer of the server was kept back: from the frame's last byte to the answer's first. */
  keptBackMs: number;
  close(): Promise<void>;
}

const headerBytes = 18;
const resetAfterMs = 20;

export async function createOfdProxy(ofdPort: number): Promise<OfdProxy> {
  const sockets = new Set<Socket>();
  const server = createServer(socket => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    onFrames(socket, frame => void serve(socket, frame));
  });

  async function serve(socket: Socket, frame: Buffer): Promise<void> {
    const { mode } = proxy;
    const arrivedMs = performance.now();
    proxy.frameAtMs = arrivedMs;
    if (mode === "garbage") {
      socket.write("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    } else if (mode === "wrongReqnum") {
      socket.write(answerTo(frame, 0, 1));
    } else if (mode === "resetInMidAnswer") {
      socket.write(answerTo(frame, 0).subarray(0, headerBytes + 2));
      setTimeout(() => socket.resetAndDestroy(), resetAfterMs);
    } else if (mode !== "silent" && "result" in mode) {
      socket.write(answerTo(frame, mode.result));
    } else if (mode !== "silent") {
      const [answer] = await Promise.all([askServer(ofdPort, frame), pause(mode.afterMs)]);
      proxy.keptBackMs = Math.round(performance.now() - arrivedMs);
      socket.write(answer);
    }
  }

  await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
  const proxy: OfdProxy = {
    port: (server.address() as { port: number }).port,
    mode: { afterMs: 0 },
    frameAtMs: 0,
    keptBackMs: 0,
    async close() {
      for (const socket of sockets) {
        socket.destroy();
      }
      await new Promise(resolve => server.close(resolve));
    },
  };
  return proxy;
}

/** Response { command, result: { result_code, result_text } } under the header of the request; REQNUM may be moved on. */
function answerTo(frame: Buffer, resultCode: number, reqnumOff = 0): Buffer {
  const command = frame[headerBytes + 1]!;
  const varint = resultCode < 128 ? [resultCode] : [128 + (resultCode % 128), Math.floor(resultCode / 128)];
  const text = Buffer.from("түсінік/пояснение");
  const result = Buffer.from([0x08, ...varint, 0x12, text.length, ...text]);
  const answer = Buffer.concat([
    frame.subarray(0, headerBytes),
    Buffer.from([0x08, command, 0x12, result.length]),
    result,
  ]);
  answer.writeUInt32LE(answer.length, 4);
  answer.writeUInt16LE((frame.readUInt16LE(16) + reqnumOff) % 65536, 16);
  return answer;
}

function onFrames(socket: Socket, onFrame: (frame: Buffer) => void): void {
  let received = Buffer.alloc(0);
  socket.on("data", chunk => {
    received = Buffer.concat([received, chunk]);
    if (received.length >= headerBytes && received.length >= received.readUInt32LE(4)) {
      onFrame(Buffer.from(received));
      received = Buffer.alloc(0);
    }
  });
}

function askServer(port: number, frame: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(frame)).on("error", reject);
    onFrames(socket, answer => {
      socket.destroy();
      resolve(answer);
    });
  });
}
