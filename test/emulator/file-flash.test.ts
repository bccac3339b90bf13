/** The flash in a file. What every flash must do is in test/hal/flash-contract.ts. */
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createFileFlash, type FileFlash } from "../../emulator/file-flash";
import type { Bytes } from "../../protocol/bytes";

const folder = mkdtempSync(path.join(tmpdir(), "kassa-flash-"));
test.after(() => rmSync(folder, { recursive: true }));

let files = 0;
const newFile = (): string => path.join(folder, String(files++));
const open = (file: string): FileFlash =>
  createFileFlash({ file, capacityBytes: 64 * 1024 * 1024, programBytes: 4, sectorBytes: 4096 });

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

test("calls outside, unaligned or over programmed bytes are refused and change nothing", () => {
  const flash = open(newFile());
  const capacity = 64 * 1024 * 1024;
  flash.program(0, "abcd" as Bytes);
  const kind = (error: unknown): unknown => (error as { kind?: string } | undefined)?.kind;
  assert.is(kind(flash.read(capacity - 1, 2)), "outOfBounds");
  assert.is(kind(flash.program(capacity, "abcd" as Bytes)), "outOfBounds");
  assert.is(kind(flash.program(2, "abcd" as Bytes)), "notAligned");
  assert.is(kind(flash.program(4, "abc" as Bytes)), "notAligned");
  assert.is(kind(flash.program(0, "\0\0\0\0" as Bytes)), "notErased");
  assert.is(kind(flash.eraseSector(1)), "notAligned");
  assert.is(kind(flash.eraseSector(capacity)), "outOfBounds");
  assert.is(flash.read(0, 8), "abcd\xff\xff\xff\xff");
  flash.close();
});

test.run();
