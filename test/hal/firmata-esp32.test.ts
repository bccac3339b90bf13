/**
 * The wiring of an ESP32: the real driver finds and uses it on a device that tells the capabilities of
 * ConfigurableFirmata on an ESP32-WROOM, with an FRAM on its bus.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createFirmataI2c } from "../../emulator/firmata-i2c";
import { createFirmataParser, type FirmataMessage } from "../../emulator/firmata-parser";
import { createFirmataReplies, joinSevens } from "../../emulator/firmata-replies";
import { openPty } from "../../emulator/pty";
import { type FirmataBoard, openFirmataBoard } from "../../hal/firmata/board";
import { type WiringName, wirings } from "../../hal/firmata/wiring";
import { simProfile } from "../../hal/sim/sim-board";
import type { Bytes } from "../../protocol/bytes";
import { packBytes } from "../../protocol/bytes";
import {
  analogMessage,
  digitalMessage,
  noMore,
  pinModes,
  reportDigital,
  reportVersion,
  serialCommands,
  setPinMode,
  sysex,
} from "../../protocol/firmata";
import { framIn, newFolder, removeFolders, until } from "./firmata-bench";

const { pins, i2c: bus, printer } = wirings.esp32;
const inputs = [pins.paperOut, pins.coverOpen, pins.feed];
test.after(removeFolders);

const flashPins = [6, 7, 8, 9, 10, 11];

/** What the firmware offers, pair by pair; GPIO 24 and 28 to 31 are not there, 6 to 11 are the flash's. */
function modesOf(pin: number): number[] {
  const { input, output, pullup, pwm, i2c, serial } = pinModes;
  const isUsb = pin === 1 || pin === 3;
  if (flashPins.includes(pin) || pin === 24 || (pin >= 28 && pin <= 31)) return [];
  return [
    ...(isUsb ? [] : [input, 1, pullup, 1, output, 1, pwm, 8]),
    ...(pin === bus.sda || pin === bus.scl ? [i2c, 1] : []),
    ...(isUsb || pin === printer.rx || pin === printer.tx ? [serial, pin === printer.rx ? 4 : 5] : []),
  ];
}

/** Channels as the core numbers them: 32 to 39 first. */
const channels = new Map(
  [36, 37, 38, 39, 32, 33, 34, 35, 4, 0, 2, 15, 13, 12, 14, 27, 25, 26].map((pin, n) => [pin, n]),
);

interface Esp32 {
  readonly path: string;
  /** The modes that were set, by pin. */
  readonly modes: ReadonlyMap<number, number>;
  level(pin: number): number;
  /** A contact to ground. */
  setContact(pin: number, closed: boolean): void;
  /** What the printer's port was told. */
  readonly printed: () => string;
  close(): void;
}

const pinCount = 40;

/** The parts of the emulated device, put together as another board. */
function startEsp32(folder: string): Esp32 {
  const parser = createFirmataParser();
  const chip = framIn(folder, 32768);
  const pty = openPty(bytes => {
    for (const byte of Buffer.from(bytes, "latin1")) {
      for (const event of parser.feed(byte)) if (event.kind === "message") obey(event.message);
    }
  });
  const replies = createFirmataReplies(bytes => pty.write(packBytes(bytes)));
  const i2c = createFirmataI2c({ chips: [chip], replies, busy: () => undefined, onOpen: () => undefined });
  const modes = new Map<number, number>();
  const levels = new Map<number, number>();
  const closed = new Set<number>();
  let printed = "";

  function tellPort(port: number): void {
    let bits = 0;
    for (let bit = 0; bit < 8; bit++) {
      const pin = 8 * port + bit;
      const isPulled =
        modes.get(pin) === pinModes.pullup || (modes.get(pin) === pinModes.input && levels.get(pin) === 1);
      if (isPulled && !closed.has(pin)) bits |= 1 << bit;
    }
    replies.message(digitalMessage + port, bits & 0x7f, bits >> 7);
  }

  function obey({ command, channel, data }: FirmataMessage): void {
    const [first = 0, second = 0] = data;
    if (command === reportVersion) replies.version();
    else if (command === setPinMode) modes.set(first, second);
    else if (command === reportDigital) tellPort(channel);
    else if (command === digitalMessage) writePort(channel, first + second * 128);
    else if (command === analogMessage) levels.set(channel, Math.sign(first + second * 128));
    else obeySysex(first, data.slice(1));
  }

  function writePort(port: number, bits: number): void {
    for (let bit = 0; bit < 8; bit++) {
      const pin = 8 * port + bit;
      if (modes.get(pin) === pinModes.output || modes.get(pin) === pinModes.input) levels.set(pin, (bits >> bit) & 1);
    }
  }

  function obeySysex(feature: number, data: readonly number[]): void {
    const [pin = 0, low = 0, high = 0] = data;
    const all = Array.from({ length: pinCount }, (_, number) => number);
    if (feature === sysex.reportFirmware) replies.firmware();
    else if (feature === sysex.capabilityQuery)
      replies.sysex(
        sysex.capabilityResponse,
        all.flatMap(number => [...modesOf(number), noMore]),
      );
    else if (feature === sysex.analogMappingQuery)
      replies.sysex(
        sysex.analogMappingResponse,
        all.map(number => channels.get(number) ?? noMore),
      );
    else if (feature === sysex.pinStateQuery) replies.sysex(sysex.pinStateResponse, [pin, modes.get(pin) ?? 0, 0]);
    else if (feature === sysex.extendedAnalog) levels.set(pin, Math.sign(low + high * 128));
    else if (feature === sysex.i2cConfig) i2c.config(data);
    else if (feature === sysex.i2cRequest) i2c.request(data);
    else if (feature === sysex.serial && pin === serialCommands.write + printer.portId)
      printed += packBytes(joinSevens(data.slice(1)) ?? []);
  }

  return {
    path: pty.path,
    modes,
    level: pin => levels.get(pin) ?? 0,
    setContact(pin, isClosed) {
      if (isClosed) closed.add(pin);
      else closed.delete(pin);
      tellPort(pin >> 3);
    },
    printed: () => printed,
    close() {
      pty.close();
      chip.close();
    },
  };
}

async function open({ path }: Esp32, wiring?: WiringName): Promise<FirmataBoard> {
  const quiet = (): void => undefined;
  const memory = { hadFram: () => false, rememberFram: quiet };
  const options = {
    serial: "KZT00000001",
    profile: simProfile,
    framBytes: 32768,
    memory,
    onPrinter: quiet,
    log: quiet,
  };
  const board = openFirmataBoard({ path: () => path, wiring, ...options, onReady: quiet });
  await board.settled;
  return board;
}

test("an ESP32 is known by its pins: FRAM, lights, drawer, contacts, printer and button work there", async () => {
  const device = startEsp32(newFolder());
  const board = await open(device);
  try {
    assert.equal([board.status().link, board.status().reason], ["up", undefined]);
    assert.is(await board.fiscal.program(0, "ESP32 ok" as Bytes), undefined);
    assert.is(await board.fiscal.read(0, 8), "ESP32 ok");
    for (const name of ["ready", "offline", "blocked", "buzzer", "drawer"] as const) {
      board.gpio.set(name, true);
      await until(`${name} is on`, () => device.level(pins[name]) === 1);
    }
    await until("the drawer's pulse ends", () => device.level(pins.drawer) === 0);
    assert.equal(
      inputs.map(pin => device.modes.get(pin)),
      inputs.map(() => pinModes.pullup),
    );
    device.setContact(pins.coverOpen, true);
    await until("the cover is open", () => board.status().contacts.coverOpen);
    assert.not(board.status().contacts.paperOut);
    device.setContact(pins.feed, true);
    await until("paper is fed", () => device.printed().includes("\x1bd"));
    device.setContact(pins.feed, false);
  } finally {
    await board.close();
    device.close();
  }
});

test("a wiring that was named is not exchanged for another that fits", async () => {
  const device = startEsp32(newFolder());
  const board = await open(device, "mega");
  await board.close();
  device.close();
  assert.equal(device.modes.size, 0, "no pin was touched");
});

test.run();
