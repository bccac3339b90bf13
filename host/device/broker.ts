/**
 * One port, several users (design §6): the register service owns the module's port and lets other programs of this
 * machine in by the Unix socket KASSA_HOME/run/device.sock (message-channel.ts "socketChannel"). Requests go to the module as they
 * are, so a caller may do what its own session at the module allows, and nothing more.
 *
 * One command is the broker's own: group 1000, command 0, `{ forMs }` lets go of the port.
 */
import { chmod, mkdir, rm } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import { dirname, join } from "node:path";
import { refusalRc } from "../../protocol/refusals";
import { decodeMessages, encodeMessage, type SmpMessage, smpRc } from "../../protocol/smp-message";
import { decodeCbor, encodeCbor } from "./cbor";
import { DeviceRefusal } from "./device-error";
import { bufferOf, bytesOf, type MessageChannel, socketChannel } from "./message-channel";
import type { SmpClient } from "./smp-client";

export const brokerGroup = 1000;
export const brokerRelease = 0;
const releaseMaxMs = 3_600_000;
const callersMax = 16;

export const brokerSocket = (home: string): string => join(home, "run", "device.sock");

export interface Broker {
  close(): Promise<void>;
}
export interface BrokeredDevice {
  carry: SmpClient["carry"];
  release(forMs: number): void;
}

/** Listens; a socket that a killed broker left behind is replaced. PORT_BUSY when another broker lives there. */
export async function createBroker(home: string, device: BrokeredDevice): Promise<Broker> {
  const path = brokerSocket(home);
  await mkdir(dirname(path), { recursive: true });
  if (await isAnswered(path)) {
    throw new DeviceRefusal("PORT_BUSY", { port: path });
  }
  await rm(path, { force: true });
  const callers = new Set<Socket>();
  const server = createServer(socket => {
    callers.add(socket);
    socket.on("close", () => callers.delete(socket));
    serve(socketChannel(socket), device);
  });
  server.maxConnections = callersMax;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, resolve);
  });
  await chmod(path, 0o600);
  return {
    async close() {
      const closed = new Promise(resolve => server.close(resolve));
      for (const socket of callers) {
        socket.destroy();
      }
      await closed;
      await rm(path, { force: true });
    },
  };
}

/** True when somebody listens on the socket. */
export function isAnswered(path: string): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(path);
    const settle = (isThere: boolean): void => {
      socket.destroy();
      resolve(isThere);
    };
    socket.once("connect", () => settle(true));
    socket.once("error", () => settle(false));
  });
}

function serve(channel: MessageChannel, device: BrokeredDevice): void {
  channel.listen({
    message(bytes) {
      for (const message of decodeMessages(bytesOf(bytes))) {
        void answer(message, device).then(payload =>
          channel.send(bufferOf(encodeMessage({ ...message, op: message.op + 1, payload }))),
        );
      }
    },
    damaged() {},
    closed() {},
  });
}

async function answer(message: SmpMessage, device: BrokeredDevice): Promise<SmpMessage["payload"]> {
  try {
    return message.group === brokerGroup ? release(message, device) : await device.carry(message);
  } catch (error) {
    const refusal = error instanceof DeviceRefusal ? error : new DeviceRefusal("BUSY");
    const { code, facts } = refusal;
    const reply =
      message.version === 0
        ? { rc: smpRc.perUser, rsn: code }
        : { err: { group: brokerGroup, rc: refusalRc[code] }, facts };
    return bytesOf(encodeCbor(reply));
  }
}

function release(message: SmpMessage, device: BrokeredDevice): SmpMessage["payload"] {
  const { forMs } = decodeCbor(bufferOf(message.payload)) as { forMs?: unknown };
  if (
    message.command !== brokerRelease ||
    !Number.isInteger(forMs) ||
    Number(forMs) < 0 ||
    Number(forMs) > releaseMaxMs
  ) {
    throw new DeviceRefusal("FIELD_INVALID", { field: "forMs", expected: `0 to ${releaseMaxMs}` });
  }
  device.release(Number(forMs));
  return bytesOf(encodeCbor({}));
}
