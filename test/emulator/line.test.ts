/** The board's line: what has passed the wire reaches the host without anybody asking again. */
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { openLine } from "../../emulator/line";
import { createSimRandom } from "../../hal/sim/sim-random";
import { createSimUart } from "../../hal/sim/sim-uart";
import { utf8 } from "../../protocol/bytes";

const test = suite("line");

test("bytes that arrive while the pump looks are sent at once", async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "kassa-line-"));
  let nowMs = 0;
  const uart = createSimUart({ nowMs: () => nowMs, random: createSimRandom(1, "line") });
  /** Time goes on in the middle of a pump: the wire becomes empty just when it is asked whether it is. */
  const late = {
    ...uart,
    busyMs() {
      nowMs += 1000;
      return uart.busyMs();
    },
  };
  const line = await openLine({ uart: late, link: path.join(folder, "tty"), port: 0, onReceived() {} });
  const socket = connect(line.tcpPort, "127.0.0.1");
  try {
    await new Promise(resolve => socket.once("connect", resolve));
    await new Promise(resolve => setTimeout(resolve, 20));
    const heard = new Promise<string>(resolve => socket.once("data", data => resolve(data.toString("latin1"))));
    uart.uart.write(utf8("the last bytes"));
    line.pump();
    const tooLate = new Promise<string>(resolve => setTimeout(resolve, 200, "nothing"));
    assert.is(await Promise.race([heard, tooLate]), "the last bytes");
  } finally {
    socket.destroy();
    await line.close();
    rmSync(folder, { recursive: true });
  }
});

test.run();
