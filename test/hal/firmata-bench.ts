/** A Firmata board on a bench: the emulated device on its pseudo-terminal, a printer that draws, and the real driver. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { createDrawnPrinter, type DrawnPrinter, type PrintedPaper } from "../../emulator/drawn-printer";
import { createFramChip, type FirmataDevice, startFirmataDevice } from "../../emulator/firmata-device";
import { type FirmataBoard, openFirmataBoard } from "../../hal/firmata/board";
import { framAddress } from "../../hal/firmata/wiring";
import type { Printer } from "../../hal/printer";
import { simProfile } from "../../hal/sim/sim-board";
import { createSimRandom } from "../../hal/sim/sim-random";
import { isDleEotRequest } from "../../protocol/paper/escpos-write";

export type FramFile = ReturnType<typeof createFramChip>;

export interface BenchOptions {
  /** Where fram.bin stands; another one each time unless told. */
  readonly folder?: string;
  /** Of the chip, and of the chip that the board was sold with. */
  readonly chipBytes?: 32768 | 131072;
  readonly framBytes?: number;
  readonly i2cAddress?: number;
  readonly serial?: string;
  readonly hadFram?: boolean;
  readonly paced?: boolean;
  /** Fills the chip before the board is switched on. */
  readonly prepare?: (chip: FramFile) => void;
}

export interface Bench {
  readonly folder: string;
  readonly chip: FramFile;
  readonly device: FirmataDevice;
  readonly board: FirmataBoard;
  readonly printer: DrawnPrinter;
  readonly papers: PrintedPaper[];
  /** All bytes that have reached the printer, but its real-time questions. */
  printed(): string;
  readonly log: string[];
  /** How often the FRAM was proved. */
  proofs(): number;
  /** Waits until it has been proved so often. */
  proved(count: number): Promise<void>;
  close(): Promise<void>;
}

const waitMaxMs = 8000;
const pollMs = 2;
const folders: string[] = [];

export async function until(what: string, isTrue: () => boolean): Promise<void> {
  for (const endMs = performance.now() + waitMaxMs; !isTrue(); await pause(pollMs)) {
    if (performance.now() > endMs) throw new Error(`not in time: ${what}`);
  }
}

export function newFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), "kassa-firmata-"));
  folders.push(folder);
  return folder;
}

export function removeFolders(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}

export const framIn = (folder: string, capacityBytes: number, i2cAddress = framAddress): FramFile =>
  createFramChip({ file: path.join(folder, "fram.bin"), capacityBytes, i2cAddress });

export async function startBench(options: BenchOptions = {}): Promise<Bench> {
  const { folder = newFolder(), chipBytes = 32768, framBytes = chipBytes, serial = "KZT00000001" } = options;
  const chip = framIn(folder, chipBytes, options.i2cAddress);
  options.prepare?.(chip);
  const papers: PrintedPaper[] = [];
  const log: string[] = [];
  const note = (message: string): void => void log.push(message);
  const printer = createDrawnPrinter({ profile: simProfile, onPaper: paper => papers.push(paper) });
  let printed = "";
  const behindWire: Printer = {
    write(data) {
      const taken = printer.write(data);
      if (!isDleEotRequest(data)) printed += data.slice(0, taken);
      return taken;
    },
    read: printer.read,
  };
  const random = createSimRandom(1, "device");
  const device = startFirmataDevice({
    fram: [chip],
    printer: behindWire,
    paced: options.paced ?? false,
    random,
    log: note,
  });
  let hadFram = options.hadFram ?? false;
  let proofs = 0;
  const board = openFirmataBoard({
    path: () => device.path,
    serial,
    profile: simProfile,
    framBytes,
    memory: {
      hadFram: () => hadFram,
      rememberFram() {
        hadFram = true;
      },
    },
    onReady: () => {
      proofs++;
    },
    onPrinter: () => undefined,
    log: note,
  });
  await board.settled;
  return {
    folder,
    chip,
    device,
    board,
    printer,
    papers,
    printed: () => printed,
    log,
    proofs: () => proofs,
    proved: count => until(`proof ${count} of the FRAM (${log.join("; ")})`, () => proofs >= count),
    async close() {
      await board.close();
      device.close();
      chip.close();
    },
  };
}
