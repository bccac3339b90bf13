import { test } from "uvu";
import * as assert from "uvu/assert";
import { answerFrame, createFrameReader } from "../../host/ofd/frame";
import type { Bytes } from "../../protocol/bytes";
import { decodeFrameHeader, encodeFrame } from "../../protocol/ofd-frame";
import { createRandom } from "../random";

const random = createRandom(47);

function randomHeader() {
  return {
    version: random.pick([202, 203, 204, 0, 65535]),
    id: random.below(2 ** 32),
    token: random.below(2 ** 32),
    reqnum: random.below(65536),
  };
}

test("the server reads the frames that the module writes", () => {
  for (let count = 0; count < 500; count++) {
    const header = randomHeader();
    const payload = random.bytes(random.below(200));
    const [event] = createFrameReader().push(Buffer.from(encodeFrame({ ...header, payload }), "latin1"));
    assert.ok(event?.kind === "frame");
    const { bytes, ...rest } = event.frame;
    assert.equal(rest, header);
    assert.is(bytes.toString("latin1", 18), payload);
  }
});

test("the module reads the frames that the server writes", () => {
  for (let count = 0; count < 500; count++) {
    const header = randomHeader();
    const payload = Buffer.from(random.bytes(random.below(200)), "latin1");
    const token = random.below(2 ** 32);
    const frame = answerFrame(header, token, payload).toString("latin1") as Bytes;
    assert.equal(decodeFrameHeader(frame), { ...header, token, sizeBytes: 18 + payload.length });
  }
});

test.run();
