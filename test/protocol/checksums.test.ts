import { crc16xmodem, crc32 as npmCrc32 } from "crc";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { decodeBase64, encodeBase64 } from "../../protocol/base64";
import { type Bytes, slice } from "../../protocol/bytes";
import { crc16, crc16Update } from "../../protocol/crc16";
import { crc32, crc32End, crc32Start, crc32Update } from "../../protocol/crc32";
import { fromHex, toHex } from "../../protocol/hex";
import { createRandom } from "../random";

const bufferOf = (bytes: Bytes): Buffer => Buffer.from(bytes, "latin1");

test("2000 random strings have the CRCs of npm's crc, whole and in pieces", () => {
  const random = createRandom(16);
  for (let round = 0; round < 2000; round++) {
    const bytes = random.bytes(random.below(200));
    const cut = random.below(bytes.length + 1);
    const [head, tail] = [slice(bytes, 0, cut), slice(bytes, cut, bytes.length)];
    assert.is(crc16(bytes), crc16xmodem(bufferOf(bytes)));
    assert.is(crc16Update(crc16(head), tail), crc16(bytes));
    assert.is(crc32(bytes), npmCrc32(bufferOf(bytes)));
    assert.is(crc32End(crc32Update(crc32Update(crc32Start, head), tail)), crc32(bytes));
  }
});

test("2000 random strings have Buffer's base64 and hex, and come back", () => {
  const random = createRandom(4648);
  for (let round = 0; round < 2000; round++) {
    const bytes = random.bytes(random.below(200));
    assert.is(encodeBase64(bytes), bufferOf(bytes).toString("base64"));
    assert.is(decodeBase64(encodeBase64(bytes)), bytes);
    assert.is(toHex(bytes), bufferOf(bytes).toString("hex"));
    assert.is(fromHex(toHex(bytes)), bytes);
  }
});

test("a text that decodes is the text of what it decodes to", () => {
  const random = createRandom(64);
  const letters = "ABCDwxyz0189+/=-\n";
  for (let round = 0; round < 20000; round++) {
    const text = Array.from({ length: random.below(10) }, () => random.pick([...letters])).join("") as Bytes;
    const bytes = decodeBase64(text);
    assert.ok(bytes === undefined || encodeBase64(bytes) === text);
  }
});

test("hex that is none is our bug", () => {
  assert.throws(() => fromHex("0g"), /hexadecimal digits/);
  assert.throws(() => fromHex("012"), /even number/);
});

test.run();
