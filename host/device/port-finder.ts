/**
 * Where a board may be. Nothing is opened and nobody is asked: a byte sent to somebody else's device can do harm.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { SerialPort } from "serialport";

export interface PortCandidate {
  /** A device path or tcp://host:port. */
  readonly port: string;
  /** named: KASSA_DEVICE; board: a running board of this home; usb: an adapter that we know; other: only asked on demand. */
  readonly kind: "named" | "board" | "usb" | "other";
  readonly label: string;
}

/** KASSA_HOME/run/board.json, written by a running emulator (pseudo-terminals are in no list of ports). */
export interface RunningBoard {
  readonly pid: number;
  readonly tty?: string;
  readonly tcp?: string;
  readonly control?: string;
  readonly serial?: string;
  readonly imageSha256?: string;
}

/** USB vendors, and products where a vendor makes more than adapters. */
const knownUsb: readonly (readonly [vendor: string, product: string | undefined, label: string])[] = [
  ["0403", undefined, "FTDI"],
  ["10c4", "ea60", "CP210x"],
  ["1a86", undefined, "CH340"],
  ["067b", "2303", "PL2303"],
  ["0483", "5740", "STM32 virtual port"],
  ["2e8a", undefined, "RP2040"],
  ["2341", undefined, "Arduino"],
  ["1366", undefined, "J-Link"],
];

/** Candidates, the surest first. KASSA_DEVICE is a decision: when it is set, nothing else is offered. */
export async function findPorts(home: string, env: NodeJS.ProcessEnv = process.env): Promise<PortCandidate[]> {
  if (env.KASSA_DEVICE) {
    return [{ port: env.KASSA_DEVICE, kind: "named", label: "KASSA_DEVICE" }];
  }
  const [board, usb] = await Promise.all([runningBoard(home), serialPorts()]);
  return [...boardPorts(board), ...usb.filter(candidate => candidate.kind === "usb")];
}

/** Every port of this machine, for a search that asks each. */
export async function allPorts(home: string, env: NodeJS.ProcessEnv = process.env): Promise<PortCandidate[]> {
  const found = await findPorts(home, env);
  const others = (await serialPorts()).filter(({ port }) => !found.some(candidate => candidate.port === port));
  return [...found, ...others];
}

/** The running board of this home, if its process lives. */
export async function runningBoard(home: string): Promise<RunningBoard | undefined> {
  try {
    const board = JSON.parse(await readFile(join(home, "run", "board.json"), "utf8")) as RunningBoard;
    return isAlive(board.pid) ? board : undefined;
  } catch {
    return undefined;
  }
}

function boardPorts(board: RunningBoard | undefined): PortCandidate[] {
  const port = board?.tty ?? board?.tcp;
  return port === undefined ? [] : [{ port, kind: "board", label: `board ${board?.serial ?? ""}`.trim() }];
}

async function serialPorts(): Promise<PortCandidate[]> {
  const ports = await SerialPort.list().catch(() => []);
  return ports.map(({ path, vendorId, productId }) => {
    const vendor = vendorId?.toLowerCase();
    const known = knownUsb.find(([v, p]) => v === vendor && (p === undefined || p === productId?.toLowerCase()));
    return { port: path, kind: known ? "usb" : "other", label: known?.[2] ?? "serial port" } as const;
  });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
