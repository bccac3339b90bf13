/**
 * One connection to one module: the port opened, parameters and info read, the speed raised. When it closes it is over;
 * fiscal-device.ts makes the next one.
 */
import { connect as connectSocket } from "node:net";
import { commands, groups } from "../../protocol/commands";
import { DeviceAbsent } from "./device-error";
import type { DeviceInfo } from "./device-types";
import { raiseSpeed } from "./line-speed";
import { serialChannel, socketChannel } from "./message-channel";
import { baudAtStart, openLink } from "./serial-link";
import { createSmpClient, type SmpClient } from "./smp-client";

export interface Connection {
  readonly port: string;
  readonly baud: number;
  readonly info: DeviceInfo;
  readonly client: SmpClient;
}

/** A socket of the broker instead of a port of its own. */
export const brokerScheme = "unix:";

/** Connects to a port, to `tcp://host:port`, or to `unix:/path` of a broker. `baud` is the wish; see `Connection.baud`. */
export function connectDevice(port: string, baud: number): Promise<Connection> {
  return port.startsWith(brokerScheme) ? connectByBroker(port) : connectByLink(port, baud);
}

async function connectByLink(port: string, baudWanted: number): Promise<Connection> {
  const link = await openLink(port);
  const client = createSmpClient(serialChannel(link));
  try {
    const info = await greet(client);
    const baud = await raiseSpeed(client, link, Math.min(baudWanted, info.baudMax));
    return { port, baud, info, client };
  } catch (error) {
    client.close();
    await client.closed;
    throw error;
  }
}

async function connectByBroker(port: string): Promise<Connection> {
  const socket = connectSocket(port.slice(brokerScheme.length));
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", () => resolve());
    socket.once("error", error => reject(new DeviceAbsent(error.message)));
  });
  const client = createSmpClient(socketChannel(socket));
  try {
    return { port, baud: baudAtStart, info: await greet(client), client };
  } catch (error) {
    client.close();
    throw error;
  }
}

/** Who is there: buf_size first, then the module's own info. The second try meets a module that heard noise and slowed down. */
async function greet(client: SmpClient): Promise<DeviceInfo> {
  await client.readParameters({ repeatsMax: 1 });
  return client.request<DeviceInfo>({ op: "read", group: groups.service, id: commands.service.info }, {});
}
