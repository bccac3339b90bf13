import { BinaryReader, BinaryWriter } from "@bufbuild/protobuf/wire";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Bytes } from "../../protocol/bytes";
import { encodeVarint, readVarint } from "../../protocol/varint";
import { createRandom } from "../random";

const random = createRandom(41);
const bufferOf = (bytes: Bytes): Buffer => Buffer.from(bytes, "latin1");
const bytesOf = (buffer: Uint8Array): Bytes => Buffer.from(buffer).toString("latin1") as Bytes;

test("5,000 varints are what @bufbuild/protobuf writes and reads", () => {
  for (let count = 0; count < 5000; count++) {
    const value = random.uint();
    const encoded = encodeVarint(value);
    assert.equal(bufferOf(encoded), Buffer.from(new BinaryWriter().uint64(value).finish()));
    assert.equal(new BinaryReader(bufferOf(encoded)).uint64(), BigInt(value));
  }
});

test("varints of all 64 bits are read, or read over past 2^53", () => {
  for (let count = 0; count < 2000; count++) {
    const value = (BigInt(random.below(2 ** 32)) << 32n) | BigInt(random.below(2 ** 32));
    const shifted = value >> BigInt(random.below(64));
    const encoded = bytesOf(new BinaryWriter().uint64(shifted).finish());
    const expected = shifted <= 9007199254740991n ? Number(shifted) : undefined;
    assert.equal(readVarint(encoded, 0, encoded.length), { value: expected, next: encoded.length });
  }
});

test.run();
