/**
 * A Firmata board for the search: the emulated hobby board on its pseudo-terminal, hal/firmata on the real serial port, and
 * the image in Lua that waits for it. Clock, keys and the line to the host are simulated: time is virtual there, and only
 * the line to the hobby board takes any.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { createFramChip, startFirmataDevice } from "../../emulator/firmata-device";
import { openFirmataBoard } from "../../hal/firmata/board";
import { callBytesMax } from "../../hal/firmata/limits";
import { framAddress } from "../../hal/firmata/wiring";
import type { BoardFacts } from "../../hal/hal";
import type { Printer } from "../../hal/printer";
import { testGeometry } from "../../hal/sim/geometry";
import { createSimHal, simFacts } from "../../hal/sim/sim-board";
import type { FlashSnapshot } from "../../hal/sim/sim-flash";
import { createSimRandom } from "../../hal/sim/sim-random";
import { createSimSecureElement } from "../../hal/sim/sim-secure-element";
import { type BridgedHal, type RunningImage, startImage } from "../../hal/vm/hal-bridge";
import { ensureBuilt } from "../../host/build/image";
import type { Bytes } from "../../protocol/bytes";
import { gsR1, isDleEotRequest } from "../../protocol/paper/escpos-write";

/** What of the board outlives its power. */
export interface FirmataState {
  readonly flash: FlashSnapshot;
  readonly fram: Bytes;
  readonly utcS: number;
  readonly element: string;
  readonly paper: Bytes;
}

export const framBytes = 32768;
export const firmataFacts: BoardFacts = { ...simFacts, kind: "firmata", callBytesMax };
/** Of the partitions that are not in the FRAM. */
export const restGeometry = { ...testGeometry, zBytes: 64 * 1024, fiscalBytes: 0 };
const pollMs = 3;
const upMaxMs = 15_000;
/** So long a step waits for the printer: it answers at once, unless the line is lost. */
const printerWaitMaxMs = 20;
const quiet = (): void => undefined;

function openHobbyBoard(printer: Printer, onPrinter: () => void) {
  const folder = mkdtempSync(path.join(tmpdir(), "kassa-firmata-cuts-"));
  const file = path.join(folder, "fram.bin");
  const chip = createFramChip({ file, capacityBytes: framBytes, i2cAddress: framAddress });
  const random = createSimRandom(1, "device");
  const device = startFirmataDevice({ fram: [chip], printer, paced: false, random, log: quiet });
  let hadFram = false;
  /** The port that the FRAM was proved on: each time that the hobby board is plugged in it is another one. */
  let provedPath = "";
  let proofs = 0;
  const isUp = (): boolean => driver.status().link === "up" && provedPath === device.path;
  const { serial, printer: profile } = firmataFacts;
  const driver = openFirmataBoard({
    path: () => device.path,
    serial,
    profile,
    framBytes,
    memory: {
      hadFram: () => hadFram,
      rememberFram() {
        hadFram = true;
      },
    },
    onReady() {
      provedPath = device.path;
      proofs += 1;
    },
    onPrinter,
    log: quiet,
  });
  return {
    chip,
    device,
    driver,
    /** The line works and the FRAM is ours. */
    isUp,
    proofs: () => proofs,
    /** Puts other bytes into the chip while its board starts anew. */
    refill(fram: Bytes): void {
      provedPath = "";
      device.reset();
      chip.write(0, fram);
    },
    /** Nobody closes them; before they are read they may seem to be. */
    areContactsOpen: () => !Object.values(driver.status().contacts).includes(true),
    async close() {
      await driver.close();
      device.close();
      chip.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Powers one on. Its functions are called one at a time. */
export function openFirmataBench() {
  const sim = createSimHal({ geometry: restGeometry, facts: firmataFacts });
  const { chip, device, driver, isUp, proofs, refill, areContactsOpen, close } = openHobbyBoard(sim.printer, () =>
    endWait(),
  );
  const image = ensureBuilt().then(built => readFileSync(built.image));
  let element = "";
  let random = createSimRandom("first life", "chance");
  let paperBefore = "";
  let running: RunningImage | undefined;
  let endWait = quiet;
  /** The image has something to do with the printer: time stands still until that has had its turn. */
  let isPrinting = false;
  let questions = 0;
  const store = {
    load: () => (element === "" ? undefined : element),
    save(kept: string) {
      element = kept;
    },
  };
  const paper = (): Bytes => (paperBefore + sim.printer.printed()) as Bytes;

  function hal(): BridgedHal {
    const secureElement = createSimSecureElement({ seed: 1, store, random: length => random.bytes(length) });
    const { fiscal, gpio } = driver;
    return { ...sim.hal, secureElement, fiscal, printer, gpio };
  }
  const printer: Printer = {
    write(data) {
      const taken = driver.printer.write(data);
      isPrinting = isPrinting || data.length > 0;
      if (taken > 0 && (isDleEotRequest(data) || data === gsR1)) questions += 1;
      return taken;
    },
    read(lengthMaxBytes) {
      const answers = driver.printer.read(lengthMaxBytes);
      questions = Math.max(0, questions - answers.length);
      return answers;
    },
  };
  function printerTurn(): Promise<void> {
    return new Promise(resolve => {
      const timer = setTimeout(() => endWait(), printerWaitMaxMs);
      endWait = () => {
        clearTimeout(timer);
        endWait = quiet;
        resolve();
      };
    });
  }
  function powerOn(): void {
    sim.reboot("power");
    questions = 0;
    paperBefore = paper();
    sim.printer.setOnline(false);
    sim.printer.setOnline(true);
    sim.printer.clearPrinted();
  }

  function pass(ms: number, fromHost: string): void {
    sim.clock.advance(ms);
    sim.uart.host.write(fromHost);
  }

  /** The cable is put in, if it is not; waits until the line works. */
  async function up(): Promise<void> {
    device.faults.dropLinkAfterMessages(Number.POSITIVE_INFINITY);
    device.plug();
    for (const endMs = performance.now() + upMaxMs; !(isUp() && areContactsOpen()); await pause(pollMs)) {
      if (performance.now() > endMs) throw new Error(`the line stays away: ${driver.status().reason?.code}`);
    }
  }

  return {
    up,
    async boot(): Promise<void> {
      if (running === undefined) running = await startImage({ image: await image, hal: hal() });
      else await running.restart(hal());
    },
    /** First the time passes and the host's bytes arrive. */
    async tick(passedMs: number, fromHost: string): Promise<{ waitMs: number; isUp: boolean; toHost: Bytes }> {
      pass(passedMs, fromHost);
      isPrinting = false;
      const waitMs = await running!.tick();
      if (isUp() && (isPrinting || questions > 0)) await printerTurn();
      return { waitMs, isUp: isUp(), toHost: sim.uart.host.read() };
    },
    pass,
    isUp,
    /** How often the FRAM was proved to be ours. */
    proofs,
    /** Messages that the hobby board has heard. */
    messages: () => device.messages(),
    /** The line is lost at this message from now, before or after the hobby board has obeyed it. */
    dropAt: (count: number, after: boolean) => device.faults.dropLinkAfterMessages(count, { after }),
    powerOn,
    nowS: () => sim.clock.utcS() ?? 0,
    setTime: (utcS: number) => sim.clock.setUtcS(utcS),
    publicKey: () => hal().secureElement.publicKey(),
    fram: () => chip.peek(0, framBytes),
    readZ: (offsetBytes: number, lengthBytes: number) => sim.hal.z.read(offsetBytes, lengthBytes),
    state: (): FirmataState => ({
      flash: sim.flash.snapshot(),
      fram: chip.peek(0, framBytes),
      utcS: sim.clock.utcS() ?? 0,
      element,
      paper: paper(),
    }),
    async enter(state: FirmataState, seed: string): Promise<void> {
      await up();
      refill(state.fram);
      sim.flash.restore(state.flash);
      sim.clock.setUtcS(state.utcS);
      element = state.element;
      random = createSimRandom(seed, "chance");
      powerOn();
      paperBefore = state.paper;
    },
    tearOff(): void {
      paperBefore = "";
      sim.printer.clearPrinted();
    },
    async close(): Promise<void> {
      running?.close();
      await close();
    },
  };
}
export type FirmataBench = ReturnType<typeof openFirmataBench>;
