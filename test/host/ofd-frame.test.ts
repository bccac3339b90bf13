import { test } from "uvu";
import * as assert from "uvu/assert";
import { createFrameReader, type FrameEvent, frameBytesMax } from "../../host/ofd/frame";
import { type Bytes, concat, packBytes, u16le, u32le } from "../../protocol/bytes";
import { fromHex } from "../../protocol/hex";
import { encodeFrame } from "../../protocol/ofd-frame";
import { cutInThree } from "../three-ways";
import { systemRequest, ticketAnswer } from "../vectors/ofd-frames";

const bufferOf = (bytes: Bytes): Buffer => Buffer.from(bytes, "latin1");

function eventsOf(pieces: readonly Bytes[]): string[] {
  const reader = createFrameReader();
  return pieces.flatMap(piece => reader.push(bufferOf(piece))).map(nameOf);
}
const nameOf = (event: FrameEvent): string =>
  event.kind === "broken" ? event.why : event.frame.bytes.toString("latin1");

test("two frames, cut into three in every way, are the same two frames", () => {
  const frames = [fromHex(systemRequest), fromHex(ticketAnswer)];
  const wire = concat(frames);
  cutInThree(wire, pieces => assert.equal(eventsOf(pieces), frames));
});

test("a frame of one byte pieces is one frame", () => {
  const frame = fromHex(systemRequest);
  assert.equal(eventsOf([...frame] as Bytes[]), [frame]);
});

const header = (appCode: number, sizeBytes: number): Bytes =>
  concat([u16le(appCode), u16le(204), u32le(sizeBytes), u32le(1), u32le(2), u16le(3)]);

test("another APPCODE, a SIZE below the header or past the limit breaks the stream for good", () => {
  const frame = fromHex(systemRequest);
  assert.equal(eventsOf([header(0x81a3, 18), frame]), ["appCode"]);
  assert.equal(eventsOf([header(0x81a2, 17), frame]), ["size"]);
  assert.equal(eventsOf([header(0x81a2, frameBytesMax + 1), frame]), ["size"]);
  assert.equal(eventsOf([header(0x81a2, 0x80000000)]), ["size"]);
});

test("the longest frame is read, the empty payload too", () => {
  const payload = packBytes(new Array<number>(frameBytesMax - 18).fill(7));
  const address = { version: 204, id: 1, token: 2, reqnum: 3 };
  assert.is(eventsOf([encodeFrame({ ...address, payload })])[0]?.length, frameBytesMax);
  assert.is(eventsOf([header(0x81a2, 18)])[0]?.length, 18);
});

test("unfinished bytes are counted, finished ones are not", () => {
  const reader = createFrameReader();
  const frame = bufferOf(fromHex(systemRequest));
  reader.push(frame.subarray(0, 30));
  assert.is(reader.pendingBytes, 30);
  reader.push(Buffer.concat([frame.subarray(30), frame.subarray(0, 5)]));
  assert.is(reader.pendingBytes, 5);
});

test.run();
