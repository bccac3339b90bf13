import { BinaryReader, BinaryWriter } from "@bufbuild/protobuf/wire";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Bytes, concat, slice } from "../../protocol/bytes";
import { pbBool, pbBytes, pbHead, pbMessage, pbUint, readField, type WireField } from "../../protocol/protobuf";
import { createRandom } from "../random";

const random = createRandom(43);
const bufferOf = (bytes: Bytes): Buffer => Buffer.from(bytes, "latin1");
const bytesOf = (buffer: Uint8Array): Bytes => Buffer.from(buffer).toString("latin1") as Bytes;
const fieldNumber = (): number => 1 + random.below(random.pick([15, 100, 536870911]));

test("fields are what @bufbuild/protobuf writes", () => {
  for (let count = 0; count < 2000; count++) {
    const field = fieldNumber();
    const value = random.uint();
    const body = random.bytes(random.below(300));
    const writer = new BinaryWriter();
    writer.tag(field, 0).uint64(value).tag(field, 0).bool(true).tag(field, 2).bytes(bufferOf(body));
    const ours = concat([pbUint(field, value), pbBool(field, true), pbBytes(field, body)]);
    assert.equal(bufferOf(ours), Buffer.from(writer.finish()));
    assert.is(concat([pbHead(field, body.length), body]), pbBytes(field, body));
    assert.is(pbMessage(field, [body, ours]), pbBytes(field, concat([body, ours])));
  }
});

function randomMessage(): Bytes {
  const writer = new BinaryWriter();
  for (let count = random.below(6); count >= 0; count--) {
    const field = fieldNumber();
    const wire = random.pick([0, 1, 2, 5] as const);
    writer.tag(field, wire);
    if (wire === 0) writer.uint64(random.uint());
    else if (wire === 1) writer.fixed64(BigInt(random.uint()));
    else if (wire === 2) writer.bytes(bufferOf(random.bytes(random.below(40))));
    else writer.fixed32(random.below(2 ** 32));
  }
  return bytesOf(writer.finish());
}

function* fieldsOf(bytes: Bytes): Generator<WireField> {
  for (let offset = 0; offset < bytes.length; ) {
    const field = readField(bytes, offset, bytes.length);
    if (field === undefined) return;
    yield field;
    offset = field.next;
  }
}

test("fields that @bufbuild/protobuf wrote are read, and end where it says", () => {
  for (let count = 0; count < 2000; count++) {
    const message = randomMessage();
    const reader = new BinaryReader(bufferOf(message));
    let end = 0;
    for (const field of fieldsOf(message)) {
      assert.equal(reader.tag(), [field.field, field.wire]);
      reader.skip(field.wire, field.field);
      assert.is(field.next, reader.pos);
      end = field.next;
    }
    assert.is(end, message.length);
  }
});

test("a message cut anywhere never yields a field that runs past the cut", () => {
  for (let count = 0; count < 200; count++) {
    const message = randomMessage();
    for (let length = 0; length <= message.length; length++) {
      const cut = slice(message, 0, length);
      for (const field of fieldsOf(cut)) assert.ok(field.end <= length && field.next <= length);
    }
  }
});

test("random bytes are read to an end or to a malformed field, never past the end and never for ever", () => {
  for (let count = 0; count < 5000; count++) {
    const noise = random.bytes(random.below(60));
    for (const field of fieldsOf(noise)) assert.ok(field.start <= field.end && field.end <= noise.length);
  }
});

test.run();
