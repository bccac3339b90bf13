/**
 * The composition of the emulated board: which device answers which part of the Hal, and how they are wired.
 */
import { randomBytes } from "node:crypto";
import type { BoardFacts, Hal } from "../hal/hal";
import { emulatorGeometry, partitionsOf } from "../hal/sim/geometry";
import { createRealClock } from "../hal/sim/sim-clock";
import { partition, type Tear, tears } from "../hal/sim/sim-flash";
import { createSimGpio } from "../hal/sim/sim-gpio";
import { createSimHash } from "../hal/sim/sim-hash";
import { createSimRandom } from "../hal/sim/sim-random";
import { createSimSecureElement } from "../hal/sim/sim-secure-element";
import { createSimSystem } from "../hal/sim/sim-system";
import { createSimUart } from "../hal/sim/sim-uart";
import type { Bytes } from "../protocol/bytes";
import { drawerPulse } from "../protocol/paper/escpos-write";
import { keptClock } from "./board-home";
import { createBoardPrinter } from "./board-printer";
import { type ControlHandlers, type ControlRequest, numberOf, UsageError } from "./control";
import { createFaultyFlash, type FaultyFlash } from "./faults";
import { createFileFlash } from "./file-flash";
import { openLine } from "./line";
import { type Machine, startMachine } from "./machine";
import type { BoardOptions, RunningBoard } from "./running-board";
import { clockVerbs, dayMs, powerOffMs, printerVerbs, uartVerbs } from "./verbs";

/** Powers the board on. Rejects when the TCP port is busy. */
export async function startEmulatedBoard(options: BoardOptions): Promise<RunningBoard> {
  const { home, log } = options;
  const facts: BoardFacts = {
    kind: "emulator",
    serial: home.serial(),
    callBytesMax: 256,
    bootTrust: "os",
    printer: options.printer.profile,
  };
  const { programBytes, sectorBytes } = emulatorGeometry;
  const partitions = partitionsOf(emulatorGeometry);
  const chip = createFileFlash({
    file: home.flash,
    capacityBytes: partitions.capacityBytes,
    programBytes,
    sectorBytes,
  });
  const chance = createSimRandom(randomBytes(16).toString("hex"), "faults");
  const flash = createFaultyFlash(chip, chance);
  const cut = (name: "state" | "scratch" | "z" | "fiscal"): Hal["fiscal"] =>
    partition(flash, partitions[name].offsetBytes, partitions[name].lengthBytes);
  const clock = createRealClock(home.clockOffsetS());
  const uart = createSimUart({ nowMs: clock.preciseMs, baud: options.baud, random: chance });
  const hash = createSimHash();
  const system = createSimSystem(facts.serial as Bytes, clock.monotonicMs);
  const printer = createBoardPrinter({
    ...options.printer,
    onPaper: ({ escpos, png }) => log(`printed ${home.keepPaper(escpos, png)}`),
    onAnswer: () => machine.wake(),
  });
  const gpio = createSimGpio();
  const random = (lengthBytes: number): Bytes => randomBytes(lengthBytes).toString("latin1") as Bytes;
  const seed = randomBytes(32).toString("hex");

  const hal: Hal = {
    board: facts,
    state: cut("state"),
    scratch: cut("scratch"),
    z: cut("z"),
    fiscal: cut("fiscal"),
    hash,
    secureElement: createSimSecureElement({ seed, store: home.elementStore, random }),
    uart: uart.uart,
    printer,
    clock: keptClock(clock, home),
    gpio: {
      // The drawer hangs on the printer, as in most shops.
      set(output, on) {
        gpio.set(output, on);
        if (output === "drawer" && on) printer.write(drawerPulse);
      },
    },
    system,
  };

  const onReceived = (): void => machine.wake();
  const line = await openLine({ uart, link: home.ttyLink, port: options.tcpPort, onReceived }).catch(error => {
    chip.close();
    throw error;
  });
  const machine = startMachine({
    image: options.image,
    hal,
    system,
    log,
    onTick: line.pump,
    onPowerOn(cause) {
      hash.reset();
      uart.reset();
      clock.reset();
      system.boot(cause);
    },
  });

  return {
    facts,
    line,
    wake: machine.wake,
    verbs: {
      ...uartVerbs(uart),
      ...printerVerbs(printer, machine.wake, options.printer),
      ...powerVerbs(machine, flash),
      ...clockVerbs(clock, home, machine.wake),
    },
    status: () => ({
      ...machine.status(),
      baud: uart.baud(),
      lostBytes: uart.lostBytes(),
      printer: printer.state(),
      lights: (["ready", "offline", "blocked"] as const).filter(gpio.isOn),
      drawerOpened: gpio.pulses("drawer"),
      papers: home.papers(),
      utcS: clock.utcS(),
      monotonicMs: clock.monotonicMs(),
    }),
    async close() {
      await machine.stop();
      await line.close();
      chip.close();
    },
  };
}

/** At once, or in the middle of a flash write. */
const powerVerbs = (machine: Machine, flash: FaultyFlash): ControlHandlers => ({
  "cut-power": request => {
    const offMs = numberOf(request, "offMs", 0, dayMs, powerOffMs);
    const onCut = (): void => machine.cutPower(offMs);
    if (request.afterBytes === undefined) onCut();
    else flash.arm({ afterBytes: numberOf(request, "afterBytes", 0, 1e9), tear: tearOf(request), onCut });
    return {};
  },
});

function tearOf({ tear = "prefix" }: ControlRequest): Tear {
  const known = tears.find(name => name === tear);
  if (known === undefined) throw new UsageError(`tear must be one of ${tears.join(", ")}`);
  return known;
}
