/** The key index: every kept document is found by its key's fingerprint, after any number of starts. */
import { createHash } from "node:crypto";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { openFiscalMemory } from "../../firmware/fiscal-memory";
import { createKeyIndex, type KeyIndex } from "../../firmware/key-index";
import type { FiscalMemory, RecordRef } from "../../firmware/memory-api";
import { createSimFlash } from "../../hal/sim/sim-flash";
import { createSimHash } from "../../hal/sim/sim-hash";
import { type Bytes, utf8 } from "../../protocol/bytes";
import { cborBytes, cborMap, cborText, cborUint } from "../../protocol/cbor-write";
import { documentKey } from "../../protocol/document";
import { recordType } from "../../protocol/records";
import { timeOf } from "./log-workload";

const hash = createSimHash();
const keyOf = (number: number): Bytes => utf8(`sale-${number}`);
const sha4 = (key: Bytes): Bytes =>
  createHash("sha256").update(key, "latin1").digest().toString("latin1").slice(0, 4) as Bytes;

interface Shop {
  readonly memory: FiscalMemory;
  readonly keys: KeyIndex;
  indexPosition: number | undefined;
}

function sell(shop: Shop, number: number): RecordRef {
  const { memory } = shop;
  const payload = cborMap([
    [cborUint(documentKey.prev), cborBytes(memory.lastHash())],
    [cborUint(documentKey.number), cborUint(number)],
    [cborUint(documentKey.utcS), cborUint(timeOf(number))],
    [cborUint(documentKey.key), cborText(keyOf(number))],
  ]);
  const record = memory.append(recordType.document, payload, { number, utcS: timeOf(number) });
  const due = shop.keys.add(sha4(keyOf(number)), record.position);
  if (due !== undefined) {
    const prev = [cborUint(1), cborBytes(memory.lastHash())] as const;
    shop.indexPosition = memory.append(recordType.keyIndex, cborMap([prev, ...due])).position;
  }
  return record;
}

const newFlash = (kilobytes: number) =>
  createSimFlash({ capacityBytes: kilobytes * 1024, programBytes: 4, sectorBytes: 4096 });

function openShop(flash: ReturnType<typeof newFlash>, indexPosition: number | undefined): Shop {
  const { memory } = openFiscalMemory(flash, hash, 256, undefined);
  const keys = createKeyIndex(memory, hash);
  keys.restore(indexPosition);
  return { memory, keys, indexPosition };
}

test("each of 800 documents is found, by the index that sold them and by one that started later", () => {
  const flash = newFlash(512);
  const shop = openShop(flash, undefined);
  const positions = [0];
  let early: number | undefined;
  for (let number = 1; number <= 800; number++) {
    positions.push(sell(shop, number).position);
    early = early ?? shop.indexPosition;
  }
  assert.is.not(early, shop.indexPosition);
  const sharedFingerprint = (number: number): boolean =>
    Array.from({ length: 800 }, (_, index) => index + 1).some(
      other => other !== number && sha4(keyOf(other)) === sha4(keyOf(number)),
    );
  for (const keys of [
    shop.keys,
    openShop(flash, shop.indexPosition).keys,
    openShop(flash, early).keys,
    openShop(flash, undefined).keys,
  ]) {
    for (const number of [1, 2, 255, 256, 257, 512, 513, 700, 800]) {
      assert.not.ok(sharedFingerprint(number));
      assert.equal(keys.candidates(sha4(keyOf(number))), [positions[number]], `document ${number}`);
    }
    assert.equal(keys.candidates(sha4(utf8("never sold"))), []);
  }
});

test("an index record that lost power is due again after the start", () => {
  const flash = newFlash(256);
  const shop = openShop(flash, undefined);
  for (let number = 1; number <= 255; number++) sell(shop, number);
  const { memory } = shop;
  const before = memory.lastSequence();
  sell({ ...shop, keys: { ...shop.keys, add: () => undefined } }, 256);
  const again = openShop(flash, undefined);
  assert.is(again.memory.lastSequence(), before + 1);
  sell(again, 257);
  assert.ok(again.indexPosition !== undefined);
  const index = again.memory.at(again.indexPosition!)!;
  assert.is(index.type, recordType.keyIndex);
  assert.is(again.keys.candidates(sha4(keyOf(256))).length, 1);
  assert.is(again.keys.candidates(sha4(keyOf(257))).length, 1);
});

test("index records that the ring gave up are not followed", () => {
  const flash = newFlash(96);
  let shop = openShop(flash, undefined);
  for (let number = 1; number <= 2000; number++) {
    const { memory } = shop;
    const policy = { settledNumber: number, closedSequence: memory.lastSequence(), utcS: timeOf(number) + 720 * 3600 };
    while (memory.freeBytes() < memory.costBytes(200) + memory.costBytes(2200)) assert.ok(memory.reuseOldest(policy));
    sell(shop, number);
    if (number % 500 === 0) shop = openShop(flash, shop.indexPosition);
  }
  const found = shop.keys.candidates(sha4(keyOf(2000)));
  assert.is(found.length, 1);
  for (const position of shop.keys.candidates(sha4(keyOf(1)))) {
    assert.ok(position < flash.capacityBytes, "a candidate is only a place to look");
  }
});

test.run();
