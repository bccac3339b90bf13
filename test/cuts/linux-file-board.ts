/**
 * A board whose image runs in the Lua 5.4 of this system on the flash of a Linux board, a real file (linux-image.lua). Its
 * other devices are simulated. The power can be cut at every write and sync of the file.
 */
import { execFileSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, readSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { Flash } from "../../hal/flash";
import type { Hal } from "../../hal/hal";
import { type Geometry, partitionsOf, testGeometry } from "../../hal/sim/geometry";
import { createSimHal } from "../../hal/sim/sim-board";
import { type FlashSnapshot, PowerLost } from "../../hal/sim/sim-flash";
import { createSimRandom } from "../../hal/sim/sim-random";
import { createSimSecureElement } from "../../hal/sim/sim-secure-element";
import type { Bytes } from "../../protocol/bytes";
import { createLua54Machine } from "../fuzz/lua54-machine";
import type { Board } from "./board";
import type { Machine } from "./machine";

/** Where the power fails: see linux-image.lua. */
export interface FileCut {
  readonly atCall: number;
  readonly keptBytes: number | undefined;
  readonly seed: number;
}

export interface LinuxFileBoard extends Board {
  /** In the next life only. */
  cutNext(cut: FileCut): void;
  /** Writes and syncs of this life. */
  calls(): number;
  close(): void;
}

/** The one line of the flash that a wrong one lacks: what brings a write to the disk. */
const syncLine = "    if done then done, message = file.sync() end\n";

/** Partitions are those of hal/linux/file-flash.lua, and a log of 256 KB. */
export const linuxGeometry: Geometry = { ...testGeometry, fiscalBytes: 256 * 1024 };
const partitions = partitionsOf(linuxGeometry);
const { capacityBytes } = partitions;
const { sectorBytes } = linuxGeometry;
const sectorCount = capacityBytes / sectorBytes;

const here = path.dirname(fileURLToPath(import.meta.url));
const linuxFolder = path.resolve(here, "../../hal/linux");

type Sectors = FlashSnapshot["sectors"];

/** The content of the file, sector by sector; one that has not changed is the same object as before. */
function openSectors(file: string) {
  writeFileSync(file, Buffer.alloc(capacityBytes, 0xff), { mode: 0o600 });
  const descriptor = openSync(file, "r+");
  const erased = Buffer.alloc(sectorBytes, 0xff);
  const held = Buffer.alloc(capacityBytes, 0xff);
  const now = Buffer.alloc(capacityBytes);
  let sectors: Sectors = new Map();
  const part = (buffer: Buffer, index: number): Buffer =>
    buffer.subarray(index * sectorBytes, (index + 1) * sectorBytes);

  function read(): Sectors {
    readSync(descriptor, now, 0, capacityBytes, 0);
    if (now.equals(held)) return sectors;
    const next = new Map(sectors);
    for (let index = 0; index < sectorCount; index++) {
      const bytes = part(now, index);
      if (bytes.equals(part(held, index))) continue;
      if (bytes.equals(erased)) next.delete(index);
      else next.set(index, { bytes: bytes.toString("latin1") as Bytes, marks: "", unstable: [] });
    }
    now.copy(held);
    sectors = next;
    return sectors;
  }
  return {
    read,
    restore(wanted: Sectors): void {
      const found = read();
      for (let index = 0; index < sectorCount; index++) {
        const sector = wanted.get(index);
        if (sector === found.get(index)) continue;
        const bytes = sector === undefined ? erased : Buffer.from(sector.bytes, "latin1");
        writeSync(descriptor, bytes, 0, sectorBytes, index * sectorBytes);
        bytes.copy(held, index * sectorBytes);
      }
      sectors = new Map(wanted);
    },
    flash(name: "fiscal" | "z"): Flash {
      const { offsetBytes, lengthBytes } = partitions[name];
      return {
        capacityBytes: lengthBytes,
        programBytes: linuxGeometry.programBytes,
        sectorBytes,
        read(offset, length) {
          const bytes = Buffer.alloc(length);
          readSync(descriptor, bytes, 0, length, offsetBytes + offset);
          return bytes.toString("latin1") as Bytes;
        },
        program: onlyRead,
        eraseSector: onlyRead,
      };
    },
    close: () => closeSync(descriptor),
  };
}

const onlyRead = (): never => {
  throw new Error("the judge only reads");
};

/** Bytecode of linux-image.lua, which lua54-machine.lua takes for the image; and a flash without syncs, if wanted. */
function prepareFolder(isSyncless: boolean): string {
  const folder = mkdtempSync(path.join(tmpdir(), "kassa-linux-cuts-"));
  const dump = "io.stdout:write(string.dump(assert(loadfile(arg[1])), true))";
  const script = path.join(folder, "dump.lua");
  writeFileSync(script, dump);
  writeFileSync(path.join(folder, "image.luac"), execFileSync("lua5.4", [script, path.join(here, "linux-image.lua")]));
  if (!isSyncless) return folder;
  const source = readFileSync(path.join(linuxFolder, "file-flash.lua"), "utf8");
  if (source.split(syncLine).length !== 2) throw new Error(`file-flash.lua must hold exactly once: ${syncLine}`);
  writeFileSync(path.join(folder, "file-flash.lua"), source.replace(syncLine, ""));
  return folder;
}

export interface LinuxFileOptions {
  /** The built image. */
  readonly image: string;
  /** A flash that leaves out the sync: what the search must catch. */
  readonly isSyncless?: boolean;
}

export function createLinuxFileBoard({ image, isSyncless = false }: LinuxFileOptions): {
  board: LinuxFileBoard;
  machine: Machine;
} {
  const folder = prepareFolder(isSyncless);
  const file = path.join(folder, "flash.bin");
  const sectors = openSectors(file);
  const machine = createLua54Machine(path.join(folder, "image.luac"));
  const sim = createSimHal({ geometry: linuxGeometry });
  let random = createSimRandom("first life", "chance");
  let element = "";
  let paperBefore = "";
  let cut: FileCut | undefined;
  let calls = 0;
  const store = {
    load: () => (element === "" ? undefined : element),
    save(kept: string) {
      element = kept;
    },
  };
  const paper = (): Bytes => (paperBefore + sim.printer.printed()) as Bytes;

  function linux(): object {
    const { atCall, keptBytes, seed = 1 } = cut ?? {};
    const searchPath = [folder, linuxFolder, here].map(each => `${each}/?.lua`).join(";");
    cut = undefined;
    return {
      image,
      searchPath,
      file,
      fiscalBytes: linuxGeometry.fiscalBytes,
      cutAtCall: atCall,
      keptBytes,
      seed,
      note: atCall === undefined ? countCall : undefined,
      lost() {
        throw new PowerLost();
      },
    };
  }
  const countCall = (): void => {
    calls += 1;
  };
  function powerOn(): void {
    sim.reboot("power");
    paperBefore = paper();
    sim.printer.setOnline(false);
    sim.printer.setOnline(true);
    sim.printer.clearPrinted();
  }

  const board: LinuxFileBoard = {
    line: sim.uart.host,
    fiscal: sectors.flash("fiscal"),
    z: sectors.flash("z"),
    hal() {
      const secureElement = createSimSecureElement({ seed: 1, store, random: length => random.bytes(length) });
      const { state: _state, scratch: _scratch, z: _z, fiscal: _fiscal, ...devices } = sim.hal;
      calls = 0;
      return { ...devices, secureElement, linux: linux() } as unknown as Hal;
    },
    state: () => ({
      flash: { sectors: sectors.read(), eraseCounts: new Map(), random: 0 },
      utcS: sim.clock.utcS() ?? 0,
      element,
      paper: paper(),
    }),
    enter(state, seed) {
      sectors.restore(state.flash.sectors);
      sim.clock.setUtcS(state.utcS);
      element = state.element;
      random = createSimRandom(seed, "chance");
      powerOn();
      paperBefore = state.paper;
    },
    reboot: powerOn,
    wait: ms => sim.clock.advance(ms),
    nowS: () => sim.clock.utcS() ?? 0,
    setTime: utcS => sim.clock.setUtcS(utcS),
    tearOff() {
      paperBefore = "";
      sim.printer.clearPrinted();
    },
    cutNext(next) {
      cut = next;
    },
    calls: () => calls,
    close() {
      machine.close();
      sectors.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return { board, machine };
}
