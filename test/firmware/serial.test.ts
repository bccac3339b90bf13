/** The line's speed: kept over what a good line brings now and then, given up on what only another speed brings. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { noiseMs, startBaud } from "../../firmware/limits";
import { createSerial, type SerialHost, tickSerial } from "../../firmware/serial";
import { createSimRandom } from "../../hal/sim/sim-random";
import { createSimUart, type SimUart } from "../../hal/sim/sim-uart";
import { bytesOf } from "../../host/device/message-channel";
import { emptyBytes } from "../../protocol/bytes";
import { commands, groups } from "../../protocol/commands";
import { crc16 } from "../../protocol/crc16";
import { encodePacket } from "../../protocol/smp-frame";
import { encodeMessage, smpOp, smpVersion } from "../../protocol/smp-message";

interface Line {
  readonly sim: SimUart;
  nowMs: number;
  answered: number;
  /** Lets so many milliseconds pass, a tick each 10. */
  pass(ms: number): void;
  baud(): number;
}
const test = suite<{ line: Line }>("the module's line");
const fast = 921600;

test.before.each(context => {
  const sim = createSimUart({ baud: fast, random: createSimRandom("line", "line") });
  const serial = createSerial(0);
  serial.baud = fast;
  const line: Line = {
    sim,
    nowMs: 0,
    answered: 0,
    pass(ms) {
      for (const endMs = line.nowMs + ms; line.nowMs < endMs; line.nowMs += 10) tickSerial(serial, host());
    },
    baud: () => serial.baud,
  };
  const answer: SerialHost["answer"] = () => {
    line.answered += 1;
    return { message: emptyBytes };
  };
  const host = (): SerialHost => ({ uart: sim.uart, nowMs: line.nowMs, answer, handed: () => {} });
  context.line = line;
});

const packet = encodePacket(
  encodeMessage({
    version: smpVersion.v2,
    op: smpOp.read,
    group: groups.service,
    sequence: 1,
    command: commands.service.status,
    payload: bytesOf(Buffer.alloc(300)),
  }),
  crc16,
).join("");

test("one stray byte and a quiet minute cost nothing", ({ line }) => {
  line.sim.host.write("\x7f");
  line.pass(60_000);
  line.sim.host.write(packet.slice(0, 100));
  line.pass(20);
  line.sim.host.write(packet.slice(100));
  line.pass(20);
  assert.equal([line.baud(), line.sim.baud(), line.answered], [fast, fast, 1]);
});

test("bytes that make no packet for two seconds bring the line back to its first speed", ({ line }) => {
  for (let ms = 0; ms <= noiseMs; ms += 100) {
    assert.is(line.baud(), fast, `after ${ms} ms`);
    line.sim.host.write("\x7f\x80");
    line.pass(100);
  }
  line.sim.host.write("\x7f");
  line.pass(20);
  assert.equal([line.baud(), line.sim.baud()], [startBaud, startBaud]);
});

test("a good packet among noise keeps the speed", ({ line }) => {
  for (let ms = 0; ms <= 3 * noiseMs; ms += 500) {
    line.sim.host.write("\x7f\x80\n");
    line.pass(250);
    line.sim.host.write(packet);
    line.pass(250);
  }
  assert.is(line.baud(), fast);
  assert.ok(line.answered > 5, `${line.answered} answers`);
});

test.run();
