import { spawn } from "node:child_process";
import { EventEmitter } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { DeviceRefusal, type FiscalDevice, type FramePage } from "../../host/device/fiscal-device";
import { createUplink, type UplinkEvent } from "../../host/uplink/uplink";

/** A module with one frame to carry; it remembers what it was told. */
function createFrameOwner(port: number, remainingMs: number, frameBytes = 2000) {
  const frame = Buffer.alloc(frameBytes, 0x5a);
  const told: { cause?: string; begun?: boolean; answer?: Buffer; atMs: number }[] = [];
  let isOpen = true;
  let fetchedAt = performance.now();
  const answers: Buffer[] = [];
  let settle: () => void = () => {};
  const settled = new Promise<void>(resolve => {
    settle = resolve;
  });
  const pageBytes = 900;
  const since = (): number => performance.now() - fetchedAt;
  const device = {
    on() {},
    off() {},
    present: async () => ({}),
    pageBytes: () => pageBytes,
    async next({ off }: { off: number }): Promise<FramePage> {
      if (!isOpen) {
        return { waitMs: 20 };
      }
      const data = frame.subarray(off, off + pageBytes);
      fetchedAt = performance.now();
      return { frame: 7, off, len: frame.length, data, remainingMs, host: "127.0.0.1", port };
    },
    async noAnswer({ cause, begun }: { cause?: string; begun?: boolean }) {
      told.push({ cause, begun, atMs: since() });
      if (cause !== undefined) {
        isOpen = false;
        settle();
      }
    },
    async answer({ off, len, data }: { off: number; len: number; data: Buffer }) {
      answers.push(data);
      if (off + data.length === len) {
        told.push({ answer: Buffer.concat(answers), atMs: since() });
        isOpen = false;
        settle();
      }
      return { off: off + data.length };
    },
  };
  return { device: device as unknown as FiscalDevice, frame, told, settled };
}

/** An answer frame of this many bytes. */
function answerOf(lengthBytes: number, size = lengthBytes): Buffer {
  const answer = Buffer.alloc(lengthBytes, 0x33);
  answer.writeUInt16LE(0x81a2, 0);
  answer.writeUInt16LE(204, 2);
  answer.writeUInt32LE(size, 4);
  return answer;
}

interface Course {
  told: ReturnType<typeof createFrameOwner>["told"];
  events: UplinkEvent[];
  received: Buffer;
  frame: Buffer;
}
/** Runs one frame against a server that does `serve` with the connection once the frame is whole. */
async function carry(serve: (socket: Socket) => void, remainingMs = 500): Promise<Course> {
  let received = Buffer.alloc(0);
  const sockets = new Set<Socket>();
  const server = createServer(socket => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("data", chunk => {
      received = Buffer.concat([received, chunk]);
      if (received.length === 2000) {
        serve(socket);
      }
    });
  });
  await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
  const course = await carryTo((server.address() as { port: number }).port, remainingMs);
  for (const socket of sockets) {
    socket.destroy();
  }
  await new Promise(resolve => server.close(resolve));
  return { ...course, received };
}

async function carryTo(port: number, remainingMs: number): Promise<Course> {
  const owner = createFrameOwner(port, remainingMs);
  const events: UplinkEvent[] = [];
  const uplink = createUplink(owner.device, { onEvent: event => events.push(event) });
  await owner.settled;
  await uplink.close();
  return { told: owner.told, events, received: Buffer.alloc(0), frame: owner.frame };
}
const causeOf = (course: Course): string | undefined => course.told.at(-1)?.cause;

test("a frame goes out whole and its answer comes back by pages", async () => {
  const answer = answerOf(2500);
  const course = await carry(socket => socket.write(answer));
  assert.ok(course.received.equals(course.frame));
  assert.ok(course.told.at(-1)?.answer?.equals(answer));
  assert.equal(
    course.events.filter(event => event.kind !== "begun").map(event => event.kind),
    ["fetched", "sent", "answered"],
  );
});

test("what follows the answer is not passed on", async () => {
  const answer = answerOf(40);
  const course = await carry(socket => socket.write(Buffer.concat([answer, Buffer.from("more")])));
  assert.ok(course.told.at(-1)?.answer?.equals(answer));
});

test("an answer in single bytes is told as begun at the first one", async () => {
  const answer = answerOf(30);
  const course = await carry(async socket => {
    for (const byte of answer) {
      socket.write(Buffer.of(byte));
      await new Promise(resolve => setTimeout(resolve, 30));
    }
  }, 300);
  assert.ok(course.told[0]?.begun, "begun is told first");
  assert.ok(course.told[0]!.atMs < 200, "at the first byte");
  assert.ok(course.told.at(-1)?.answer?.equals(answer), "the rest may take longer than the time");
});

test("a refused port is told as refused at once", async () => {
  const course = await carryTo(1, 3000);
  assert.is(causeOf(course), "refused");
  assert.ok(course.told[0]!.atMs < 500);
});

test("a silent server is told as silent when the time is over", async () => {
  const course = await carry(() => {}, 400);
  assert.is(causeOf(course), "silent");
  assert.ok(course.told[0]!.atMs >= 390 && course.told[0]!.atMs < 700);
});

test("a reset in mid-answer is told as reset", async () => {
  const course = await carry(socket => {
    socket.write(answerOf(500).subarray(0, 100));
    setTimeout(() => socket.resetAndDestroy(), 30);
  });
  assert.is(causeOf(course), "reset");
});

test("a reset before an answer, and a close without one, are told as reset", async () => {
  assert.is(causeOf(await carry(socket => socket.resetAndDestroy())), "reset");
  assert.is(causeOf(await carry(socket => socket.end())), "reset");
});

const garbage: [string, Buffer][] = [
  ["another APPCODE", Buffer.from("HTTP/1.1 200 OK\r\n\r\nhello hello hello")],
  ["an impossible SIZE", answerOf(40, 17)],
  ["a SIZE past one megabyte", answerOf(40, 1048577)],
];
for (const [name, bytes] of garbage) {
  test(`an answer with ${name} is told as garbage`, async () => {
    assert.is(causeOf(await carry(socket => socket.write(bytes))), "garbage");
  });
}

test("an answer that is closed early is told as garbage", async () => {
  assert.is(causeOf(await carry(socket => socket.end(answerOf(500).subarray(0, 100)))), "garbage");
});

test("a server that drops SYNs is told as noRoute before the time is over", async () => {
  // A listener with a full backlog whose process never accepts: the kernel drops further SYNs.
  const code = `const server = require("node:net").createServer().listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () => {
    require("node:fs").writeSync(1, String(server.address().port));
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  });`;
  const listener = spawn(process.execPath, ["-e", code], { stdio: ["ignore", "pipe", "inherit"] });
  const port = Number(await new Promise(resolve => listener.stdout.once("data", resolve)));
  const fillers = Array.from({ length: 4 }, () => connect(port, "127.0.0.1").on("error", () => {}));
  await new Promise(resolve => setTimeout(resolve, 100));
  const course = await carryTo(port, 600);
  assert.is(causeOf(course), "noRoute");
  assert.ok(course.told[0]!.atMs < 600, "the module hears it before its own deadline");
  for (const filler of fillers) {
    filler.destroy();
  }
  listener.kill("SIGKILL");
});

test("a late answer is still passed on", async () => {
  const answer = answerOf(60);
  let told: (bytes: Buffer) => void = () => {};
  const late = new Promise<Buffer>(resolve => {
    told = resolve;
  });
  const server = createServer(socket => socket.once("data", () => setTimeout(() => socket.write(answer), 400)));
  await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
  const owner = createFrameOwner((server.address() as { port: number }).port, 200);
  const takeAnswer = async (page: { data: Buffer }) => {
    told(page.data);
    return { off: 60 };
  };
  const device = { ...owner.device, answer: takeAnswer };
  const uplink = createUplink(device as unknown as FiscalDevice);
  assert.ok((await late).equals(answer));
  assert.is(owner.told[0]?.cause, "silent");
  await uplink.close();
  await new Promise(resolve => server.close(resolve));
});

test("a receipt that is sold while a silent server is probed takes the probe's place at once", async () => {
  const answer = answerOf(40);
  const server = createServer(socket =>
    socket.once("data", data => data[0] === 0x5a && socket.write(answer)).on("error", () => {}),
  );
  await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
  const owner = createFrameOwner((server.address() as { port: number }).port, 5000);
  const probe = { frame: 6, off: 0, len: 4, data: Buffer.from("ping"), remainingMs: 5000 };
  const work = new EventEmitter();
  let isSold = false;
  const device = {
    ...owner.device,
    on: (event: string, listener: () => void) => work.on(event, listener),
    async next(request: { off: number; frame?: number }): Promise<FramePage> {
      const page = await owner.device.next(request);
      if (isSold) {
        return page;
      }
      return page.frame === undefined ? page : { ...page, ...probe, data: probe.data.subarray(request.off) };
    },
  };
  const uplink = createUplink(device as unknown as FiscalDevice);
  await pause(100);
  work.emit("work");
  await pause(50);
  const soldAt = performance.now();
  isSold = true;
  work.emit("work");
  await owner.settled;
  assert.ok(performance.now() - soldAt < 500, `${performance.now() - soldAt} ms`);
  assert.equal(
    owner.told.map(({ cause, answer }) => cause ?? answer?.length),
    [answer.length],
  );
  await uplink.close();
  await new Promise(resolve => server.close(resolve));
});

test("a frame that the module no longer wants is dropped and the next question asked", async () => {
  const server = createServer(socket => socket.on("data", () => socket.write(answerOf(40))));
  await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
  const owner = createFrameOwner((server.address() as { port: number }).port, 500);
  let isRefused = false;
  const device = {
    ...owner.device,
    async answer(page: { frame: number; off: number; len: number; data: Buffer }) {
      if (!isRefused) {
        isRefused = true;
        throw new DeviceRefusal("FRAME_UNKNOWN");
      }
      return owner.device.answer(page);
    },
  };
  const uplink = createUplink(device as unknown as FiscalDevice);
  await owner.settled;
  assert.ok(owner.told.at(-1)?.answer);
  await uplink.close();
  await new Promise(resolve => server.close(resolve));
});

test.run();
