/** Our PNG is what other software reads. */
import { inflateSync } from "node:zlib";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { bytesOf } from "../../../protocol/bytes";
import { toHex } from "../../../protocol/hex";
import { encodePng } from "../../../protocol/paper/png";
import { decodePicture } from "./picture";
import { deflate } from "./receipt";

const rows = [bytesOf(0b10000000, 0b01000000), bytesOf(0, 0b11000000)];

test("chunks are those of the standard, with their CRCs", () => {
  const png = Buffer.from(encodePng(10, rows, deflate), "latin1");
  assert.is(
    png.subarray(0, 33).toString("hex"),
    `89504e470d0a1a0a0000000d49484452${"0000000a00000002"}0100000000${png.subarray(29, 33).toString("hex")}`,
  );
  const length = png.readUInt32BE(33);
  assert.is(png.toString("latin1", 37, 41), "IDAT");
  assert.is(inflateSync(png.subarray(41, 41 + length)).toString("hex"), "007fbf00ff3f");
  assert.is(toHex(encodePng(10, rows, deflate)).slice(-24), "0000000049454e44ae426082");
});

test("black and white dots arrive where they were", async () => {
  const { data, width, height } = await decodePicture(encodePng(10, rows, deflate));
  const black: [number, number][] = [];
  for (let dot = 0; dot < width * height; dot++) {
    if (data[dot * 4] === 0) {
      black.push([dot % width, Math.floor(dot / width)]);
    }
  }
  assert.equal([width, height], [10, 2]);
  assert.equal(black, [
    [0, 0],
    [9, 0],
    [8, 1],
    [9, 1],
  ]);
});

test("a row of another width is our mistake", () => {
  assert.throws(() => encodePng(24, rows, deflate));
});

test.run();
