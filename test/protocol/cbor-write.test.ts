import { Encoder } from "cbor-x";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Bytes, concat } from "../../protocol/bytes";
import { createReader, decodeMap, readInt } from "../../protocol/cbor-read";
import { measureStrict } from "../../protocol/cbor-strict";
import { cborArray, cborBool, cborBytes, cborInt, cborMap, cborText, cborUint } from "../../protocol/cbor-write";
import { itemLength } from "../lua/item-length";
import { createRandom, type Random } from "../random";

const encoder = new Encoder({
  mapsAsObjects: false,
  useRecords: false,
  variableMapSize: true,
  tagUint8Array: false,
});

const bufferOf = (bytes: Bytes): Buffer => Buffer.from(bytes, "latin1");

/** cbor-x writes integers beyond 32 bits as floats unless they are BigInt. */
const wide = (value: number): number | bigint => (value > 0xffffffff || value < -0x100000000 ? BigInt(value) : value);

/** BigInt as numbers, bytes as hex, maps as lists: what two decoders are compared by. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) {
    return Buffer.from(value).toString("hex");
  }
  if (value instanceof Map || Array.isArray(value)) {
    return [...value].map(plain);
  }
  return typeof value === "bigint" ? Number(value) : value;
}

interface Twin {
  readonly ours: Bytes;
  readonly theirs: unknown;
}

const words = ["", "a", "Сүт", "水", "𐅑", "x".repeat(300), "Молоко 3,2% 1 л"];

function randomScalar(random: Random): Twin {
  const kind = random.below(5);
  if (kind === 0) {
    const value = random.uint();
    return { ours: cborUint(value), theirs: wide(value) };
  }
  if (kind === 1) {
    const value = -1 - random.below(9007199254740990);
    return { ours: cborInt(value), theirs: wide(value) };
  }
  if (kind === 2) {
    const bytes = random.bytes(random.below(70));
    return { ours: cborBytes(bytes), theirs: bufferOf(bytes) };
  }
  if (kind === 3) {
    const text = random.pick(words);
    return { ours: cborText(Buffer.from(text).toString("latin1") as Bytes), theirs: text };
  }
  const value = random.below(2) === 1;
  return { ours: cborBool(value), theirs: value };
}

function randomItem(random: Random, depth: number): Twin {
  const kind = random.below(depth > 3 ? 4 : 6);
  if (kind < 4) {
    return randomScalar(random);
  }
  const items = Array.from({ length: random.below(30) }, () => randomItem(random, depth + 1));
  if (kind === 4) {
    return { ours: cborArray(items.map(({ ours }) => ours)), theirs: items.map(({ theirs }) => theirs) };
  }
  const entries = items.map(({ ours }, index) => [cborUint(index * 7), ours] as const);
  return { ours: cborMap(entries), theirs: new Map(items.map(({ theirs }, index) => [index * 7, theirs])) };
}

test("3000 random items are the bytes of cbor-x, and cbor-x reads them", () => {
  const random = createRandom(8949);
  for (let round = 0; round < 3000; round++) {
    const { ours, theirs } = randomItem(random, 1);
    const expected = Buffer.from(encoder.encode(theirs)).toString("latin1");
    assert.ok(ours === expected, `round ${round}`);
    assert.is(itemLength(ours, 0), ours.length);
    assert.equal(measureStrict(ours, 0), { kind: "whole", lengthBytes: ours.length }, `round ${round}`);
    assert.equal(plain(encoder.decode(bufferOf(ours))), plain(theirs));
  }
});

test("integers of every length come back", () => {
  const random = createRandom(53);
  for (let round = 0; round < 5000; round++) {
    const value = random.below(2) === 1 ? random.uint() : -1 - random.below(9007199254740990);
    assert.is(readInt(createReader(cborInt(value))), value);
  }
});

test("what cbor-x writes by its defaults is read too: 16-bit lengths, tag 259, tag 64, floats", () => {
  const defaults = new Encoder({ useRecords: false });
  const bytes = Buffer.from(defaults.encode({ off: 1, data: Buffer.from("beef", "hex"), half: 0.5 })).toString(
    "latin1",
  );
  const map = decodeMap(bytes as Bytes);
  assert.equal(map?.get("off"), { kind: "int", value: 1 });
  assert.equal(map?.get("half"), { kind: "other" });
});

test("random bytes never throw and never read past the end", () => {
  const random = createRandom(7049);
  for (let round = 0; round < 20000; round++) {
    const bytes = random.bytes(1 + random.below(40));
    const length = itemLength(bytes, 0);
    assert.ok(length === undefined || length <= bytes.length);
    decodeMap(concat([cborMap([]), bytes]));
    decodeMap(bytes);
    const strict = measureStrict(bytes, 0);
    assert.ok(strict.kind !== "whole" || strict.lengthBytes === length, "what is strict is well-formed");
  }
});

test("an integer beyond 2^53 − 1 is our bug", () => {
  assert.throws(() => cborUint(9007199254740992), /below 2\^53/);
  assert.throws(() => cborInt(-9007199254740992), /above -2\^53/);
  assert.throws(() => cborUint(-1));
});

test.run();
