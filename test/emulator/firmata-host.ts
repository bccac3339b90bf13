/**
 * A bench for tests of the emulated hobby board: devices and chips that are put away after each test, and the host's side
 * of the line, by the real `serialport` and firmata-io.
 */
import type { EventEmitter } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import firmataIo from "firmata-io";
import { SerialPort } from "serialport";
import type { suite } from "uvu";
import {
  createFramChip,
  type FirmataDevice,
  type FirmataDeviceOptions,
  type FramChip,
  startFirmataDevice,
} from "../../emulator/firmata-device";
import { createSimRandom } from "../../hal/sim/sim-random";
import type { Bytes } from "../../protocol/bytes";
import { firmataBaud } from "../../protocol/firmata";

type Told = (values: number[]) => void;

/** What the tests use of firmata-io. */
export interface Io extends EventEmitter {
  readonly version: { readonly major: number; readonly minor: number };
  readonly firmware: { readonly name: string };
  readonly pins: readonly {
    readonly supportedModes: readonly number[];
    readonly analogChannel: number;
    readonly mode: number;
    readonly state: number;
  }[];
  readonly analogPins: readonly number[];
  pinMode(pin: number, mode: number): void;
  digitalWrite(pin: number, value: number): void;
  digitalRead(pin: number, told: (value: number) => void): void;
  analogWrite(pin: number, value: number): void;
  analogRead(channel: number, told: (value: number) => void): void;
  queryPinState(pin: number, told: () => void): void;
  queryFirmware(told: () => void): void;
  sendString(text: string): void;
  setSamplingInterval(intervalMs: number): void;
  reset(): void;
  i2cConfig(delayUs: number): void;
  i2cWrite(address: number, bytes: readonly number[]): void;
  i2cRead(address: number, lengthBytes: number, told: Told): void;
  i2cStop(address: number): void;
  i2cReadOnce(address: number, lengthBytes: number, told: Told): void;
  i2cReadOnce(address: number, register: number, lengthBytes: number, told: Told): void;
  serialConfig(options: { readonly portId: number; readonly baud: number }): void;
  serialRead(portId: number, lengthMaxBytes: number, told: Told): void;
  serialStop(portId: number): void;
  serialWrite(portId: number, bytes: readonly number[]): void;
  serialFlush(portId: number): void;
  serialClose(portId: number): void;
  sysexCommand(bytes: readonly number[]): void;
}
const Firmata = firmataIo.Firmata as unknown as new (port: SerialPort, options: { reportVersionTimeout: number }) => Io;

const waitMaxMs = 3000;
const pollMs = 2;

/** Until it is so; fails after a while. */
export async function until(isSo: () => boolean, what: string): Promise<void> {
  for (const endMs = performance.now() + waitMaxMs; !isSo(); ) {
    if (performance.now() > endMs) throw new Error(`it did not come that ${what}`);
    await new Promise(resolve => setTimeout(resolve, pollMs));
  }
}

export function answer<Value>(ask: (told: (value: Value) => void) => void): Promise<Value> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("no answer")), waitMaxMs);
    ask(value => {
      clearTimeout(timer);
      resolve(value);
    });
  });
}

/** serialport notices a lost device while it reads or writes, and after each chunk it pauses: so this goes on writing. */
export async function losesPort({ io, port }: Host): Promise<void> {
  io.on("error", () => undefined);
  await until(() => {
    if (port.isOpen) port.write([0xf9]);
    return !port.isOpen;
  }, "the port closes");
}

export interface Host {
  readonly io: Io;
  readonly port: SerialPort;
  /** Sentences of the device. */
  readonly strings: string[];
  /** The device has obeyed, and answered, everything that was sent before. */
  fence(): Promise<void>;
}

export interface FirmataBench {
  /** At once, without FRAM and printer, unless told. */
  start(options?: Partial<FirmataDeviceOptions>): FirmataDevice;
  fram(capacityBytes?: number, file?: string): FramChip;
  connect(device: FirmataDevice): Promise<Host>;
  connectI2c(device: FirmataDevice): Promise<Host>;
}

export function createBench(test: ReturnType<typeof suite>): FirmataBench {
  const hosts: Host[] = [];
  const devices: FirmataDevice[] = [];
  const chips: FramChip[] = [];
  let folder = "";

  test.before.each(() => {
    folder = mkdtempSync(path.join(tmpdir(), "kassa-firmata-"));
  });
  test.after.each(async () => {
    for (const { port } of hosts.splice(0)) await closePort(port);
    for (const device of devices.splice(0)) device.close();
    for (const chip of chips.splice(0)) chip.close();
    rmSync(folder, { recursive: true });
  });

  async function connect(device: FirmataDevice): Promise<Host> {
    const host = await openHost(device.path);
    hosts.push(host);
    await answer(told => host.io.once("ready", told));
    await host.fence();
    return host;
  }

  return {
    start(options = {}) {
      const random = createSimRandom(1, "line");
      const device = startFirmataDevice({ fram: [], paced: false, random, log: () => undefined, ...options });
      devices.push(device);
      return device;
    },
    fram(capacityBytes = 131072, file = "fram.bin") {
      const chip = createFramChip({ file: path.join(folder, file), capacityBytes, i2cAddress: 0x50 });
      chips.push(chip);
      return chip;
    },
    connect,
    async connectI2c(device) {
      const host = await connect(device);
      host.io.i2cConfig(0);
      return host;
    },
  };
}

async function openHost(tty: string): Promise<Host> {
  const port = new SerialPort({ path: tty, baudRate: firmataBaud, autoOpen: false });
  await new Promise<void>((resolve, reject) => {
    port.open(error => (error ? reject(error) : resolve()));
  });
  const io = new Firmata(port, { reportVersionTimeout: 1 });
  const strings: string[] = [];
  io.on("string", text => strings.push(text));
  return { io, port, strings, fence: () => answer<void>(told => io.queryPinState(2, told)) };
}

const closePort = (port: SerialPort): Promise<void> =>
  new Promise(resolve => (port.isOpen ? port.close(() => resolve()) : resolve()));

export const read = (io: Io, address: number, lengthBytes: number): Promise<number[]> =>
  answer(told => io.i2cReadOnce(address, lengthBytes, told));
export const values = (bytes: Bytes): number[] => [...Buffer.from(bytes, "latin1")];
export const write = (io: Io, address: number, offset: number, data: readonly number[]): void =>
  io.i2cWrite(address, [offset >> 8, offset & 0xff, ...data]);

export const zeros = (count: number): number[] => new Array<number>(count).fill(0);
