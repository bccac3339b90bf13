/**
 * Where a printer is, as one line of a settings file:
 *
 *   tcp://host[:9100]      lp:/dev/usb/lp0      serial:/dev/ttyUSB0?baud=38400[&flow=rtscts]
 */
import { bauds, tcpPort, tcpPortMax, urlLengthMax } from "./limits";
import type { LpPrinterOptions } from "./lp-printer";
import type { SerialPrinterOptions } from "./serial-printer";
import type { TcpPrinterOptions } from "./tcp-printer";

export type PrinterAddress =
  | { readonly kind: "tcp"; readonly options: TcpPrinterOptions }
  | { readonly kind: "lp"; readonly options: LpPrinterOptions }
  | { readonly kind: "serial"; readonly options: SerialPrinterOptions };

export interface PrinterUrlRefusal {
  readonly code: "PRINTER_URL";
  readonly expected: string;
  readonly got: string;
}

const forms = "tcp://host:9100, lp:/dev/usb/lp0 or serial:/dev/ttyUSB0?baud=38400";
const hostPattern = /^(?:\[([0-9a-fA-F:.]+)\]|([\p{L}\d](?:[\p{L}\d._-]*[\p{L}\d])?))(?::(\d{1,5}))?\/?$/u;
/** An absolute path of printable characters. */
const pathPattern = /^\/[^\p{Cc}?]+$/u;

export function parsePrinterUrl(url: string): PrinterAddress | PrinterUrlRefusal {
  const got = url.length > urlLengthMax ? `${url.slice(0, urlLengthMax)}…` : url;
  const refuse = (expected: string): PrinterUrlRefusal => ({ code: "PRINTER_URL", expected, got });
  if (url.length > urlLengthMax) {
    return refuse(`at most ${urlLengthMax} characters`);
  }
  if (url.startsWith("tcp://")) {
    return parseTcp(url.slice("tcp://".length), refuse);
  }
  if (url.startsWith("lp:")) {
    const path = url.slice("lp:".length);
    return pathPattern.test(path) ? { kind: "lp", options: { path } } : refuse("a path behind lp:, as /dev/usb/lp0");
  }
  return url.startsWith("serial:") ? parseSerial(url.slice("serial:".length), refuse) : refuse(forms);
}

type Refuse = (expected: string) => PrinterUrlRefusal;

function parseTcp(address: string, refuse: Refuse): PrinterAddress | PrinterUrlRefusal {
  const match = hostPattern.exec(address);
  const host = match?.[1] ?? match?.[2];
  if (host === undefined) {
    return refuse("a host behind tcp://, and a port if it is not 9100");
  }
  const port = Number(match?.[3] ?? tcpPort);
  return port >= 1 && port <= tcpPortMax
    ? { kind: "tcp", options: { host, port } }
    : refuse(`a port from 1 to ${tcpPortMax}`);
}

function parseSerial(address: string, refuse: Refuse): PrinterAddress | PrinterUrlRefusal {
  const [path = "", query = "", ...more] = address.split("?");
  if (!pathPattern.test(path)) {
    return refuse("a path behind serial:, as /dev/ttyUSB0");
  }
  const settings = new URLSearchParams(query);
  const names = [...settings.keys()];
  if (more.length > 0 || names.some((name, index) => !["baud", "flow"].includes(name) || names.indexOf(name) < index)) {
    return refuse("?baud= and &flow=, each once, and nothing else");
  }
  const baud = bauds.find(known => String(known) === settings.get("baud"));
  if (baud === undefined) {
    return refuse(`?baud= with one of ${bauds.join(", ")}`);
  }
  const flow = settings.get("flow") ?? "none";
  return flow === "none" || flow === "rtscts"
    ? { kind: "serial", options: { path, baud, flow } }
    : refuse("flow=none or flow=rtscts");
}
