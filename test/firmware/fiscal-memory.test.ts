/** The fiscal memory: writing, finding, reading, reuse, space, and damage that is no power cut. */
import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { FlashFailure } from "../../firmware/fiscal-memory";
import { openFiscalMemory } from "../../firmware/fiscal-memory";
import type { FiscalMemory } from "../../firmware/memory-api";
import type { Flash } from "../../hal/flash";
import { createSimFlash, type SimFlash } from "../../hal/sim/sim-flash";
import { createSimHash } from "../../hal/sim/sim-hash";
import { type Bytes, repeatByte, u32be, utf8 } from "../../protocol/bytes";
import { cborBytes, cborMap, cborText, cborUint } from "../../protocol/cbor-write";
import { crc32 } from "../../protocol/crc32";
import { fromHex } from "../../protocol/hex";
import { recordType } from "../../protocol/records";
import { createRandom } from "../random";
import { chainHash, documentPayload, readWhole, timeOf } from "./log-workload";

const hash = createSimHash();
const newFlash = (sectorBytes = 256, programBytes = 4, sectorCount = 64): SimFlash =>
  createSimFlash({ capacityBytes: sectorBytes * sectorCount, programBytes, sectorBytes });
const open = (flash: Flash): FiscalMemory => openFiscalMemory(flash, hash, 256, undefined).memory;

function sell(memory: FiscalMemory, number: number, fillBytes: number): void {
  const payload = documentPayload(memory.lastHash(), number, fillBytes);
  memory.append(recordType.document, payload, { number, utcS: timeOf(number) });
}

function follow(memory: FiscalMemory, fillBytes: number): void {
  const fill = cborBytes(repeatByte(1, fillBytes));
  memory.append(
    recordType.outcome,
    cborMap([
      [cborUint(1), cborBytes(memory.lastHash())],
      [cborUint(99), fill],
    ]),
  );
}

test("an empty log has sequence 0, a hash of zeros and no record", () => {
  const memory = open(newFlash());
  assert.is(memory.lastSequence(), 0);
  assert.is(memory.lastHash(), "\0".repeat(32));
  assert.is(memory.next(undefined), undefined);
  assert.is(memory.find(1), undefined);
  assert.is(memory.nearDocument(1), undefined);
  assert.equal(memory.anchor(), { sequence: 1, hash: "\0".repeat(32) });
  assert.equal(memory.logPosition(), { sequence: 0, hash: "\0".repeat(32), position: 0 });
});

test("the bytes of a fresh log are those of docs/flash-format.md", () => {
  const flash = newFlash(4096, 4, 16);
  const memory = open(flash);
  const text = cborText(utf8("HELLO"));
  memory.append(
    recordType.event,
    cborMap([
      [cborUint(1), cborBytes(memory.lastHash())],
      [cborUint(2), text],
    ]),
  );
  const page = readFileSync(new URL("../../docs/flash-format.md", import.meta.url), "utf8");
  const rows = [...page.matchAll(/^00[0-7]0 {2}((?:[0-9a-f]{2} ){15}[0-9a-f]{2})/gm)].map(([, hex]) => hex);
  assert.is(rows.length, 8);
  assert.is(flash.read(0, 128), fromHex(rows.join(" ")));
});

test("records are found by walking, sequence and position, after opening from any record too", () => {
  const flash = newFlash();
  const memory = open(flash);
  const positions = [memory.logPosition()];
  for (let number = 1; number <= 30; number++) {
    sell(memory, number, (number * 37) % 300);
    positions.push(memory.logPosition());
  }
  for (const from of [undefined, ...positions.slice(1)]) {
    const { memory: again, problem, repaired } = openFiscalMemory(flash, hash, 256, from);
    assert.equal([problem, repaired], [undefined, false]);
    assert.equal(again.logPosition(), memory.logPosition());
    assert.is(again.freeBytes(), memory.freeBytes());
    for (let sequence = 1; sequence <= 30; sequence++) {
      const record = again.find(sequence)!;
      assert.is(record.sequence, sequence);
      assert.equal(again.at(record.position), record);
      assert.is(again.next(record)?.sequence, sequence < 30 ? sequence + 1 : undefined);
      assert.is(again.hashOf(record), positions[sequence]!.hash);
      assert.is(again.at(record.position + 4), undefined, "a place inside a record is none");
    }
  }
});

test("the hash is SHA-256 of the CBOR array [sequence, type, payload], whatever sectors it spans", () => {
  const memory = open(newFlash(256, 16));
  const payload = documentPayload(memory.lastHash(), 1, 1000);
  const record = memory.append(recordType.document, payload, { number: 1, utcS: 5 });
  assert.is(memory.lastHash(), chainHash(hash, record, payload));
  assert.is(readWhole(memory, record), payload);
});

test("a document of 160 KB is written in pieces of any size and read through any window", () => {
  const flash = newFlash(4096, 4, 64);
  const memory = open(flash);
  const random = createRandom(4);
  const head = documentPayload(memory.lastHash(), 1, 0);
  const payload = (head + random.bytes(160 * 1024 - head.length)) as Bytes;
  const writer = memory.begin(recordType.document, payload.length, { number: 1, utcS: 5 });
  for (let offset = 0; offset < payload.length; ) {
    const length = Math.min(payload.length - offset, 1 + random.below(1024));
    writer.write(payload.slice(offset, offset + length) as Bytes);
    offset += length;
  }
  const record = writer.finish();
  assert.is(memory.lastHash(), chainHash(hash, record, payload));
  for (const from of [0, 1, 100_000, 163_839, 50_000]) {
    const length = Math.min(1024, payload.length - from);
    assert.is(memory.read(record, from, length), payload.slice(from, from + length));
  }
  assert.is(open(flash).lastHash(), memory.lastHash());
});

test("walking from nearDocument meets the document, from nearSettled the record that delivered it", () => {
  const memory = open(newFlash());
  const settledAt: number[] = [0];
  for (let number = 1; number <= 40; number++) {
    sell(memory, number, (number * 53) % 200);
    follow(memory, (number * 31) % 90);
    memory.noteSettled(number);
    settledAt.push(memory.lastSequence());
  }
  for (let number = 1; number <= 40; number++) {
    const near = memory.nearDocument(number)!;
    assert.ok(near.sequence <= 2 * number - 1 && near.sequence > 2 * number - 12, `near document ${number}`);
    const settled = memory.nearSettled(number)!;
    assert.ok(settled.sequence <= settledAt[number]! && settled.sequence > settledAt[number]! - 14);
  }
  assert.is(memory.nearDocument(41), undefined);
});

test("while free ≥ cost, an append never fails, and three sectors stay spare", () => {
  for (const [sectorBytes, programBytes] of [
    [256, 1],
    [256, 16],
    [512, 8],
    [1024, 32],
    [4096, 64],
    [4096, 4],
  ] as const) {
    for (let seed = 1; seed <= 6; seed++) {
      const memory = open(newFlash(sectorBytes, programBytes, 12));
      const random = createRandom(seed * 31);
      for (let number = 1; ; number++) {
        const fillBytes = random.below([20, 300, 3000][random.below(3)]!);
        const payload = documentPayload(memory.lastHash(), number, fillBytes);
        const before = memory.freeBytes();
        if (before < memory.costBytes(payload.length)) break;
        memory.append(recordType.document, payload);
        assert.ok(before - memory.freeBytes() <= memory.costBytes(payload.length), "cost is an upper bound");
      }
      assert.ok(memory.freeBytes() >= 0);
    }
  }
});

test("the cost of a receipt is close to what it takes", () => {
  const memory = open(newFlash(4096, 4, 64));
  const before = memory.freeBytes();
  for (let number = 1; number <= 50; number++) sell(memory, number, 1500);
  const taken = before - memory.freeBytes();
  const payload = documentPayload(memory.lastHash(), 50, 1500).length;
  assert.ok(taken < 50 * (payload + 75), "headers take little");
  assert.ok(memory.costBytes(payload) < payload + 350);
});

test("a sector is given up only when its documents are delivered, 720 h old and closed", () => {
  const memory = open(newFlash());
  for (let number = 1; number <= 20; number++) sell(memory, number, 100);
  const late = timeOf(20) + 720 * 3600;
  const good = { settledNumber: 20, closedSequence: 20, utcS: late };
  assert.is(memory.reuseOldest({ ...good, settledNumber: 0 }), false);
  assert.is(memory.reuseOldest({ ...good, closedSequence: 0 }), false);
  assert.is(memory.reuseOldest({ ...good, utcS: timeOf(1) + 720 * 3600 - 1 }), false);
  assert.is(memory.lastSequence(), 20);
  assert.is(memory.reuseOldest(good), true);
  assert.is(memory.lastSequence(), 21, "the reuse is a record");
});

test("after reuse the chain begins where the reuse record says, and what is gone is not found", () => {
  const flash = newFlash();
  const memory = open(flash);
  const hashes = [memory.lastHash()];
  for (let number = 1; number <= 20; number++) {
    sell(memory, number, 150);
    hashes.push(memory.lastHash());
  }
  const first = memory.next(undefined)!;
  const policy = { settledNumber: 20, closedSequence: 20, utcS: timeOf(20) + 720 * 3600 };
  for (let count = 0; count < 5; count++) memory.reuseOldest(policy);
  const { sequence, hash: anchorHash } = memory.anchor();
  assert.ok(sequence > 3);
  assert.is(anchorHash, hashes[sequence - 1]);
  assert.is(memory.find(sequence - 1), undefined);
  assert.is(memory.at(first.position), undefined);
  assert.is(memory.nearDocument(1), undefined);
  assert.is(memory.next(first)?.sequence, sequence, "a walk goes on at the oldest record");
  assert.equal(open(flash).anchor(), memory.anchor());
});

test("a ring that has come round is opened from its oldest record and from a checkpoint", () => {
  const flash = newFlash(512, 4, 12);
  let memory = open(flash);
  for (let number = 1; number <= 200; number++) {
    const policy = { settledNumber: number, closedSequence: memory.lastSequence(), utcS: timeOf(number) + 720 * 3600 };
    for (let tries = 0; memory.freeBytes() < memory.costBytes(200) && tries < 4; tries++) memory.reuseOldest(policy);
    const checkpoint = memory.logPosition();
    sell(memory, number, (number * 7) % 150);
    const opened = openFiscalMemory(flash, hash, 256, number % 2 === 0 && number > 2 ? checkpoint : undefined);
    assert.equal([opened.problem, opened.repaired], [undefined, false]);
    assert.equal(opened.memory.logPosition(), memory.logPosition());
    memory = opened.memory;
  }
  assert.ok(memory.anchor().sequence > 150);
  assert.ok(flash.eraseCount(0) >= 3);
});

test("a start reads the same oldest record, wherever the record that gave a sector up was cut by a sector's end", () => {
  for (let fillBytes = 0; fillBytes < 1000; fillBytes += 40) {
    const flash = newFlash(1024, 4, 8);
    const memory = open(flash);
    for (let number = 1; number <= 10; number++) sell(memory, number, 150);
    sell(memory, 11, fillBytes);
    const utcS = timeOf(11) + 720 * 3600;
    assert.ok(memory.reuseOldest({ settledNumber: 11, closedSequence: memory.lastSequence(), utcS }));
    sell(memory, 12, 10);
    const opened = openFiscalMemory(flash, hash, 256, memory.logPosition());
    assert.equal(opened.memory.anchor(), memory.anchor(), `filled by ${fillBytes}`);
    assert.is(opened.memory.freeBytes(), memory.freeBytes());
  }
});

test("a checkpoint that the log does not know is damage", () => {
  const flash = newFlash();
  const memory = open(flash);
  sell(memory, 1, 10);
  const old = flash.snapshot();
  sell(memory, 2, 10);
  const checkpoint = memory.logPosition();
  flash.restore(old);
  const { problem } = openFiscalMemory(flash, hash, 256, checkpoint);
  assert.is(problem?.sequence, 2);
});

test("a record that was rewritten with a fitting CRC breaks the chain", () => {
  const flash = newFlash(4096, 4, 16);
  const memory = open(flash);
  for (let number = 1; number <= 3; number++) sell(memory, number, 40);
  const record = memory.find(2)!;
  const payload = readWhole(memory, record);
  const forged = (payload.slice(0, -1) + String.fromCharCode(payload.charCodeAt(payload.length - 1) ^ 1)) as Bytes;
  flash.corrupt(record.position + 24, (forged + u32be(crc32(forged))) as Bytes);
  const { problem, memory: damaged } = openFiscalMemory(flash, hash, 256, undefined);
  assert.is(problem?.sequence, 3, "the record after it does not follow");
  assert.match(problem!.expected, /^[0-9a-f]{64}$/);
  assert.is(damaged.lastSequence(), 2, "readable up to there");
  assert.is(damaged.freeBytes(), 0);
  assert.throws(() => sell(damaged, 9, 1), /damaged log/);
});

test("a torn record is left behind, and an event says so", () => {
  const flash = newFlash();
  const memory = open(flash);
  sell(memory, 1, 40);
  flash.cutPower({ afterBytes: 60, tear: "prefix" });
  assert.throws(() => sell(memory, 2, 40), /power lost/);
  flash.powerOn();
  const { memory: again, repaired, problem } = openFiscalMemory(flash, hash, 256, undefined);
  assert.equal([repaired, problem, again.lastSequence()], [true, undefined, 2]);
  const event = again.find(2)!;
  assert.is(event.type, recordType.event);
  assert.match(readWhole(again, event), /TAIL_TORN/);
});

test("a chip that fails throws, and again until the next start; what was there stays readable", () => {
  const chip = newFlash();
  let failing = false;
  const flash: Flash = {
    ...chip,
    program: (offsetBytes, data) => (failing ? { kind: "worn", offsetBytes } : chip.program(offsetBytes, data)),
  };
  const memory = open(flash);
  sell(memory, 1, 40);
  failing = true;
  const isFailure = (error: unknown): boolean => (error as FlashFailure).flashFailure === true;
  assert.throws(() => sell(memory, 2, 40), isFailure);
  failing = false;
  assert.throws(() => sell(memory, 2, 40), isFailure);
  assert.is(readWhole(memory, memory.find(1)!).length, memory.find(1)!.lengthBytes);
});

test("calls of 64 bytes are enough", () => {
  const flash = newFlash(1024, 64, 16);
  const lengths: number[] = [];
  const counted: Flash = {
    ...flash,
    read: (offset, length) => {
      lengths.push(length);
      return flash.read(offset, length);
    },
    program: (offset, data) => {
      lengths.push(data.length);
      return flash.program(offset, data);
    },
  };
  const { memory } = openFiscalMemory(counted, hash, 64, undefined);
  for (let number = 1; number <= 5; number++) sell(memory, number, 500);
  assert.is(openFiscalMemory(counted, hash, 64, undefined).memory.lastSequence(), 5);
  assert.is(Math.max(...lengths), 64);
});

test.run();
