/**
 * One exchange with the operator's server: connect, send a frame, take one answer. It reads nothing of the frames but
 * APPCODE and SIZE of the answer's header, to know where the answer ends:
 *
 *   0         2         4        8             18
 *   | a2 81   | VERSION | SIZE   | ID … REQNUM | payload … SIZE |    little-endian
 */
import { connect, type Socket } from "node:net";

/** Causes of no answer (design §4 "Offline"); what only the module can tell (wrongReqnum, busy254, clock) is not here. */
export type NoAnswerCause = "noRoute" | "refused" | "silent" | "reset" | "garbage";
export type OfdResult = { kind: "answer"; bytes: Buffer } | { kind: "noAnswer"; cause: NoAnswerCause };

const headerBytes = 18;
const appCodeLe = 0x81a2;
/** No answer of the messages we use comes near it. */
const answerMaxBytes = 1024 * 1024;

export interface OfdConnection {
  /** Sends the frame as soon as the connection stands. Once. */
  send(frame: Buffer): void;
  /** Resolves when the connection stands; never when it fails. What was sent before leaves then. */
  readonly connected: Promise<void>;
  /** Resolves when an answer has begun but is not whole; never when it comes in one piece, or not at all. */
  readonly begun: Promise<void>;
  /** What came of it; it waits for ever for a silent server, the caller has the clock. */
  readonly result: Promise<OfdResult>;
  isConnected(): boolean;
  close(): void;
}

/** Starts to connect at once. */
export function openOfdConnection(host: string, port: number): OfdConnection {
  const socket = connect({ host, port, noDelay: true });
  let isConnected = false;
  const connected = new Promise<void>(resolve =>
    socket.once("connect", () => {
      isConnected = true;
      resolve();
    }),
  );
  let tellBegun: () => void = () => {};
  const begun = new Promise<void>(resolve => {
    tellBegun = resolve;
  });
  const isThere = (): boolean => isConnected;
  return {
    send: frame => void socket.write(frame),
    connected,
    begun,
    result: readAnswer(socket, isThere, tellBegun),
    isConnected: () => isConnected,
    close: () => void socket.destroy(),
  };
}

function readAnswer(socket: Socket, isConnected: () => boolean, onBegun: () => void): Promise<OfdResult> {
  return new Promise(resolve => {
    const parts: Buffer[] = [];
    let receivedBytes = 0;
    const settle = (result: OfdResult): void => {
      resolve(result);
      socket.destroy();
    };
    socket.on("data", (chunk: Buffer) => {
      parts.push(chunk);
      receivedBytes += chunk.length;
      const length = receivedBytes < headerBytes ? "unknown" : lengthOfAnswer(parts);
      if (length === "garbage") {
        settle({ kind: "noAnswer", cause: "garbage" });
      } else if (length !== "unknown" && receivedBytes >= length) {
        settle({ kind: "answer", bytes: Buffer.concat(parts).subarray(0, length) });
      } else {
        onBegun();
      }
    });
    // An orderly end before the answer is whole: something was said that is no answer, or nothing was said at all.
    socket.on("end", () => settle({ kind: "noAnswer", cause: receivedBytes > 0 ? "garbage" : "reset" }));
    socket.on("close", () => settle({ kind: "noAnswer", cause: "reset" }));
    socket.on("error", (error: NodeJS.ErrnoException) =>
      settle({ kind: "noAnswer", cause: causeOf(error, isConnected()) }),
    );
  });
}

/** SIZE of the header. The first part is at least a header long, or all parts are joined once. */
function lengthOfAnswer(parts: Buffer[]): number | "garbage" {
  if (parts[0]!.length < headerBytes) {
    parts.splice(0, parts.length, Buffer.concat(parts));
  }
  const head = parts[0]!;
  const size = head.readUInt32LE(4);
  return head.readUInt16LE(0) !== appCodeLe || size < headerBytes || size > answerMaxBytes ? "garbage" : size;
}

function causeOf(error: NodeJS.ErrnoException, isConnected: boolean): NoAnswerCause {
  if (error.code === "ECONNREFUSED") {
    return "refused";
  }
  return isConnected ? "reset" : "noRoute";
}
