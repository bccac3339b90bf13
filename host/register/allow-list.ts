/**
 * Who may call: the names of this machine with the service's port in `Host` (a page that rebinds its DNS name to
 * 127.0.0.1 sends its own name), and in `Origin` the service's own pages or what KASSA_CORS lists.
 */
import { type Refusal, refuse } from "../../protocol/refusals";

const loopbackNames = ["localhost", "127.0.0.1", "[::1]"];

export interface AllowList {
  /** The port is known only once the service listens. */
  readonly port: () => number;
  /** Origins of pages that may use the register, "https://pos.example". */
  readonly origins: readonly string[];
}

/** KASSA_CORS: origins separated by commas. */
export function readOrigins(variable: string | undefined): string[] {
  return (variable ?? "")
    .split(",")
    .map(origin => origin.trim().replace(/\/$/, "").toLowerCase())
    .filter(origin => origin !== "");
}

/** The refusal, or undefined when the caller may go on. */
export function checkCaller(
  list: AllowList,
  host: string | undefined,
  origin: string | undefined,
): Refusal | undefined {
  const hosts = hostsOf(list.port());
  if (host === undefined || !hosts.includes(host.toLowerCase())) {
    return refuse("HOST_NOT_ALLOWED", { expected: hosts[0] as string, got: (host ?? "nothing").slice(0, 128) });
  }
  const own = hosts.map(name => `http://${name}`);
  if (origin !== undefined && !own.includes(origin.toLowerCase()) && !isListed(list, origin)) {
    return refuse("ORIGIN_NOT_ALLOWED", { got: origin.slice(0, 128) });
  }
  return undefined;
}

export function isListed(list: AllowList, origin: string): boolean {
  return list.origins.includes(origin.toLowerCase());
}

/** With the port; on port 80 browsers leave it out. */
function hostsOf(port: number): string[] {
  const withPort = loopbackNames.map(name => `${name}:${port}`);
  return port === 80 ? [...withPort, ...loopbackNames] : withPort;
}
