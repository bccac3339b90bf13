/** The flash in a file: the contract, for the chip, behind its faults and as a partition, and the file itself. */
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createFaultyFlash } from "../../emulator/faults";
import { createFileFlash, type FileFlash } from "../../emulator/file-flash";
import type { Flash } from "../../hal/flash";
import { partition } from "../../hal/sim/sim-flash";
import { createSimRandom } from "../../hal/sim/sim-random";
import type { Bytes } from "../../protocol/bytes";
import { deviceContract } from "../hal/device-contract";

const folder = mkdtempSync(path.join(tmpdir(), "kassa-flash-"));
test.after(() => rmSync(folder, { recursive: true }));

let files = 0;
const newFile = (): string => path.join(folder, String(files++));
const open = (file: string): FileFlash =>
  createFileFlash({ file, capacityBytes: 64 * 1024 * 1024, programBytes: 4, sectorBytes: 4096 });

const opened: FileFlash[] = [];
function openNew(): FileFlash {
  const flash = open(newFile());
  opened.push(flash);
  return flash;
}
test.after(() => {
  for (const flash of opened) flash.close();
});
const contract = (kind: string, create: () => Flash): void =>
  deviceContract(kind, "scratch flash", () => ({ devices: { scratch: create() } }));
contract("file", openNew);
contract("faulty file", () => createFaultyFlash(openNew(), createSimRandom(1, "faults")));
contract("partition of a file", () => partition(openNew(), 8192, 3 * 4096));

test("64 MB of erased flash take no room on the disk", () => {
  const file = newFile();
  const flash = open(file);
  assert.is(flash.read(64 * 1024 * 1024 - 4, 4), "\xff\xff\xff\xff");
  flash.program(8192, "\0\x01\xfe\xff" as Bytes);
  assert.is(statSync(file).size, 64 * 1024 * 1024);
  assert.ok(statSync(file).blocks * 512 < 65_536);
  flash.close();
});

test("what was programmed is there after opening again, and gone after erasing", () => {
  const file = newFile();
  const first = open(file);
  first.program(4096, "abcd" as Bytes);
  first.close();
  const second = open(file);
  assert.is(second.read(4094, 8), "\xff\xffabcd\xff\xff");
  assert.is(second.eraseSector(4096), undefined);
  assert.is(second.read(4096, 4), "\xff\xff\xff\xff");
  second.close();
});

test.run();
