/** The server over real TCP, with the module's own codec on the other end. */
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { fromBinary } from "@bufbuild/protobuf";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Ofd, startOfd } from "../../host/ofd/ofd";
import { RequestSchema } from "../../host/ofd/proto/ofd_pb";
import { type OfdServer, startServer } from "../../host/ofd/server";
import type { DocumentView } from "../../host/ofd/store/store";
import { type Bytes, concat, emptyBytes, slice, textOf, utf8 } from "../../protocol/bytes";
import { fromHex } from "../../protocol/hex";
import { pbBytes, pbUint } from "../../protocol/protobuf";
import { createRandom } from "../random";
import {
  createRegister,
  exchange,
  readAnswer,
  servicePayload,
  type TestRegister,
  testEnrolment,
  ticketPayload,
} from "./ofd-client";

const random = createRandom(61);
const folder = mkdtempSync(path.join(tmpdir(), "kassa-ofd-"));
const errors: Error[] = [];
const onError = (error: Error): void => {
  errors.push(error);
};
let ofd: Ofd;
/** A second server on the same store, short of patience. */
let strict: OfdServer;
let nextId = testEnrolment.id;

test.before(async () => {
  ofd = await startOfd({
    file: path.join(folder, "ofd.db"),
    host: "127.0.0.1",
    port: 0,
    adminPort: 0,
    adminToken: "admin",
    onError,
  });
  const limits = { idleMs: 400, frameMs: 250, connectionsMax: 50 };
  strict = await startServer({ store: ofd.store, host: "127.0.0.1", port: 0, limits, onError });
});
test.after(async () => {
  await strict.close();
  await ofd.close();
  rmSync(folder, { recursive: true });
});

/** Each test has a register of its own. */
async function newRegister(): Promise<TestRegister & { readonly id: number }> {
  nextId += 1;
  const id = nextId;
  await ofd.store.enrol({ ...testEnrolment, id, serial: `SN-${id}` });
  return Object.assign(
    createRegister(() => ofd.port, id),
    { id },
  );
}
const documentsOf = (id: number): Promise<DocumentView[]> => ofd.store.documents(id, -1);
const sign = (answer: { ticketNumber?: Bytes }): string => textOf(answer.ticketNumber ?? emptyBytes);

test("a receipt gets its sign, its check URL and a new token", async () => {
  const register = await newRegister();
  const payload = ticketPayload({ number: 1, utcS: 1768455000 });
  const before = register.token;
  const answer = await register.send(register.frame(payload));
  assert.is(answer.resultCode, 0);
  assert.match(sign(answer), /^\d{12}$/);
  const time = "t=20260115T103000";
  const url = `https://check.example.kz?i=${sign(answer)}&f=010100000001&s=1300.00&${time}`;
  assert.is(textOf(answer.qrCode!), url);
  assert.is.not(answer.header.token, before);
  assert.equal([answer.header.id, answer.header.reqnum, answer.header.version], [register.id, 1, 204]);
});

test("the stored document is the frame as it came, with the decoded figures beside it", async () => {
  const register = await newRegister();
  const frame = register.frame(ticketPayload({ number: 7, shift: 3, offlineNumber: 99 }));
  const answer = await register.send(frame);
  const [document] = await documentsOf(register.id);
  assert.ok(document);
  assert.is(Buffer.from(document.frame).toString("latin1"), frame);
  const { ticket } = fromBinary(RequestSchema, document.frame.subarray(18));
  assert.is(ticket?.amounts?.total?.bills, 1300n);
  const { seq, documentNumber, shiftNumber, totalTiyn, ticketNumber, offlineNumber } = document;
  assert.equal([seq, documentNumber, shiftNumber, totalTiyn, offlineNumber], [0, 7, 3, 130000, 99]);
  assert.is(ticketNumber, sign(answer));
});

test("a repeat gets the same answer, and is counted once", async () => {
  const register = await newRegister();
  const frame = register.frame(ticketPayload({ number: 1 }));
  const first = await register.send(frame);
  const again = await register.send(frame);
  assert.is(again.frame, first.frame);
  assert.is((await documentsOf(register.id)).length, 1);
});

test("a repeat from the queue tells its offline number: it becomes the second sign", async () => {
  const register = await newRegister();
  const utcS = Math.floor(Date.now() / 1000);
  const pair = { token: register.token, reqnum: register.reqnum };
  const first = await register.send(register.frame(ticketPayload({ number: 1, utcS })));
  const offlinePeriod = { beginTime: { utcS, offsetMin: 300 }, endTime: { utcS: utcS + 60, offsetMin: 300 } };
  const queued = ticketPayload({ number: 1, utcS, offlineNumber: 777, service: { offlinePeriod } });
  const again = await register.send(register.frame(queued, pair));
  assert.is(again.frame, first.frame);
  const [document, ...others] = await documentsOf(register.id);
  assert.equal([document?.secondSign, document?.offlineNumber, others.length], [777, null, 0]);
});

test("another document under the pair is 9, raises an alarm and counts nothing", async () => {
  const register = await newRegister();
  const pair = { token: register.token, reqnum: register.reqnum };
  await register.send(register.frame(ticketPayload({ number: 1 })));
  const other = await exchange(ofd.port, [
    register.frame(ticketPayload({ number: 1, tail: { customer: { email: utf8("a@b") } } }), pair),
  ]);
  assert.is(other?.resultCode, 9);
  assert.is(other?.header.token, pair.token);
  const device = await ofd.store.device(register.id);
  assert.equal([device?.documents, device?.alarms.map(({ code }) => code)], [1, ["REPEAT_DIFFERS"]]);
});

test("wrong pairs and unknown registers are told apart, and the token of the request comes back", async () => {
  const register = await newRegister();
  const pair = { token: register.token, reqnum: register.reqnum };
  await register.send(register.frame(ticketPayload({ number: 1 })));
  const next = ticketPayload({ number: 2 });
  const codeOf = async (token: number, reqnum: number): Promise<number | undefined> => {
    const answer = await exchange(ofd.port, [register.frame(next, { token, reqnum })]);
    assert.is(answer?.header.token, token);
    return answer?.resultCode;
  };
  assert.is(await codeOf(register.token, pair.reqnum), 8);
  assert.is(await codeOf(pair.token, pair.reqnum + 1), 2);
  assert.is(await codeOf(0, 5), 2);
  assert.is((await exchange(ofd.port, [createRegister(() => ofd.port, 5).frame(next)]))?.resultCode, 1);
  assert.is((await register.send(register.frame(next))).resultCode, 0);
});

test("wrong tokens wait longer each time, the right one does not wait", async () => {
  const register = await newRegister();
  const took = async (token: number): Promise<number> => {
    const startedMs = performance.now();
    await exchange(ofd.port, [register.frame(servicePayload(0), { token })]);
    return performance.now() - startedMs;
  };
  for (const leastMs of [49, 99, 199]) assert.ok((await took(1)) >= leastMs);
  assert.ok((await took(register.token)) < 390);
});

test("REQNUM 65535 is followed by 0", async () => {
  const register = await newRegister();
  register.reqnum = 65535;
  assert.is((await register.send(register.frame(ticketPayload({ number: 1 })))).resultCode, 0);
  assert.is(register.reqnum, 0);
  assert.is((await register.send(register.frame(ticketPayload({ number: 2 })))).resultCode, 0);
});

test("a token reset by hand does not count a document twice", async () => {
  const register = await newRegister();
  const payload = ticketPayload({ number: 1 });
  const first = await register.send(register.frame(payload));
  await ofd.store.amend(register.id, { token: 12345 });
  register.token = 12345;
  const again = await register.send(register.frame(payload));
  assert.equal([sign(again), again.header.token], [sign(first), 12345]);
  assert.is((await documentsOf(register.id)).length, 1);
});

test("INFO without a shift answers an empty Z report, later the X report and the last document", async () => {
  const register = await newRegister();
  const info = servicePayload(5, { service: { getRegInfo: true, getBindedTaxation: true } });
  const before = await register.send(register.frame(info));
  assert.equal([before.report?.kind, before.report?.shiftNumber, before.lastDocument], [0, 0, undefined]);
  assert.is(textOf(before.regInfo?.kkm?.fnsKkmId ?? emptyBytes), testEnrolment.rnm);
  assert.is(textOf(before.regInfo?.ofd?.url ?? emptyBytes), "https://check.example.kz");
  assert.equal(before.taxation, { type: 101, percents: [16000, 10000, 5000, 0] });
  const token = register.token;
  await register.send(register.frame(ticketPayload({ number: 41, shift: 5 })));
  const after = await register.send(register.frame(info));
  assert.equal([after.report?.kind, after.report?.shiftNumber, after.report?.cashSum], [1, 5, 130000]);
  assert.equal(after.lastDocument, { shiftNumber: 5, documentNumber: 41 });
  assert.is.not(register.token, token);
});

test("SYSTEM changes no token", async () => {
  const register = await newRegister();
  const token = register.token;
  const answer = await register.send(register.frame(servicePayload(0)));
  assert.equal([answer.resultCode, answer.header.token, answer.ads.length], [0, token, 0]);
});

test("a blocked register gets 15 with the text to show, and works again when the block ends", async () => {
  const register = await newRegister();
  await ofd.store.amend(register.id, { status: "blocked", blockText: "Обратитесь к оператору" });
  const answer = await register.send(register.frame(servicePayload(0)));
  assert.equal(
    [answer.resultCode, answer.ads.map(({ type, text }) => [type, textOf(text)])],
    [15, [[4, "Обратитесь к оператору"]]],
  );
  await ofd.store.amend(register.id, { status: "active" });
  assert.is((await register.send(register.frame(servicePayload(0)))).resultCode, 0);
});

test("a wrong receipt is 13 online and accepted with remarks when it was made offline", async () => {
  const register = await newRegister();
  const tail = { payments: [{ type: 1, sum: 1 }], amounts: { total: 1 } };
  const refused = await register.send(register.frame(ticketPayload({ number: 1, tail })));
  assert.is(refused.resultCode, 13);
  assert.match(textOf(refused.resultText ?? emptyBytes), "итог 0.01, ожидалось 1300.00");
  const accepted = await register.send(register.frame(ticketPayload({ number: 1, tail, offlineNumber: 5 })));
  assert.is(accepted.resultCode, 0);
  const [document] = await documentsOf(register.id);
  assert.equal(
    document?.remarks.map(({ code }) => code),
    ["TOTAL_WRONG"],
  );
});

test("what cannot be read is 3, an unknown command 4, one that is not offered 5", async () => {
  const register = await newRegister();
  const codeOf = async (payload: Bytes, version = 204): Promise<readonly [number?, number?]> => {
    const answer = await exchange(ofd.port, [register.frame(payload, { version })]);
    assert.is(answer?.header.version, version);
    return [answer?.resultCode, answer?.command];
  };
  assert.equal(await codeOf(servicePayload(0), 199), [3, 0]);
  assert.equal(await codeOf(emptyBytes), [3, 0]);
  assert.equal(await codeOf(fromHex("0801ffff")), [3, 1]);
  assert.equal(await codeOf(pbUint(1, 1)), [3, 1]);
  assert.equal(await codeOf(concat([pbUint(1, 1), pbBytes(2, emptyBytes)])), [3, 1]);
  assert.equal(await codeOf(servicePayload(77)), [4, 77]);
  assert.equal(await codeOf(servicePayload(3)), [5, 3]);
  assert.equal(await codeOf(servicePayload(127)), [5, 127]);
});

test("an unknown enum value in a required field is 3, not the default", async () => {
  const register = await newRegister();
  const tail = { payments: [{ type: 9, sum: 130000 }], amounts: { total: 130000 } };
  const answer = await exchange(ofd.port, [register.frame(ticketPayload({ number: 1, tail }))]);
  assert.is(answer?.resultCode, 3);
  assert.match(textOf(answer?.resultText ?? emptyBytes), "payments[0].type");
});

test("random payloads get an answer, never silence", async () => {
  const register = await newRegister();
  for (let count = 0; count < 100; count++) {
    const noise = random.bytes(random.below(60));
    const answer = await exchange(ofd.port, [register.frame(noise)]);
    assert.ok(answer !== undefined && answer.resultCode > 0);
  }
  assert.equal(errors, []);
});

test("a receipt with any byte of its payload changed gets an answer", async () => {
  const register = await newRegister();
  const payload = ticketPayload({ number: 1 });
  for (let index = 0; index < payload.length; index += 3) {
    const changed = concat([slice(payload, 0, index), random.bytes(1), slice(payload, index + 1, payload.length)]);
    const answer = await exchange(ofd.port, [register.frame(changed)]);
    assert.ok(answer !== undefined);
    if (answer.resultCode === 0) register.token = answer.header.token;
    register.reqnum += 1;
  }
  assert.equal(errors, []);
});

// Connections ---------------------------------------------------------------------------------------------------------

test("a request cut into three over TCP is one request", async () => {
  const register = await newRegister();
  const frame = register.frame(servicePayload(0));
  for (let count = 0; count < 60; count++) {
    const first = random.below(frame.length);
    const second = first + random.below(frame.length - first);
    const pieces = [slice(frame, 0, first), slice(frame, first, second), slice(frame, second, frame.length)];
    assert.is((await exchange(ofd.port, pieces))?.resultCode, 0, `cut at ${first}, ${second}`);
  }
});

async function open(port = ofd.port): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1" });
  await once(socket, "connect");
  return socket;
}
const write = (socket: Socket, bytes: Bytes): boolean => socket.write(Buffer.from(bytes, "latin1"));

test("several requests in one connection, and in one packet, are answered in their order", async () => {
  const register = await newRegister();
  const socket = await open();
  const frames = [11, 12, 13].map(reqnum => register.frame(servicePayload(0), { reqnum }));
  write(socket, concat(frames));
  const answers: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => answers.push(chunk));
  socket.end();
  await once(socket, "close");
  const bytes = Buffer.concat(answers);
  const sizeBytes = bytes.readUInt32LE(4);
  assert.equal(
    [0, 1, 2].map(index => bytes.readUInt16LE(index * sizeBytes + 16)),
    [11, 12, 13],
  );
  assert.is(bytes.length, 3 * sizeBytes);
});

const closesWithin = async (socket: Socket): Promise<number> => {
  const startedMs = performance.now();
  socket.on("error", () => undefined);
  await once(socket, "close");
  return performance.now() - startedMs;
};

test("a header that cannot be trusted closes the connection without an answer", async () => {
  assert.is(await exchange(ofd.port, [fromHex("ffff cc00 12000000 01000000 02000000 0300")]), undefined);
  assert.is(await exchange(ofd.port, [fromHex("a281 cc00 11000000 01000000 02000000 0300")]), undefined);
  assert.is(await exchange(ofd.port, [fromHex("a281 cc00 01000800 01000000 02000000 0300")]), undefined);
});

test("an idle connection and an unfinished frame are closed in time, even when bytes trickle", async () => {
  const idle = await open(strict.port);
  const idleMs = await closesWithin(idle);
  assert.ok(idleMs > 300 && idleMs < 5000, `idle ${idleMs}`);
  const slow = await open(strict.port);
  const timer = setInterval(() => slow.write("\xa2"), 60);
  write(slow, fromHex("a281cc00"));
  const slowMs = await closesWithin(slow);
  clearInterval(timer);
  assert.ok(slowMs < 5000, `slow ${slowMs}`);
});

test("connections over the limit are closed politely, the others go on", async () => {
  const sockets = await Promise.all(Array.from({ length: 50 }, () => open(strict.port)));
  const surplus = await open(strict.port);
  surplus.resume();
  await once(surplus, "end");
  surplus.destroy();
  const register = await newRegister();
  write(sockets[0]!, register.frame(servicePayload(0)));
  assert.is((await readAnswer(sockets[0]!))?.resultCode, 0);
  for (const socket of sockets) socket.destroy();
});

test("registers at the same time all get their own answer, each counted once", async () => {
  const registers = await Promise.all(Array.from({ length: 20 }, newRegister));
  const sell = async (register: TestRegister): Promise<void> => {
    for (let number = 1; number <= 10; number++) {
      const answer = await register.send(register.frame(ticketPayload({ number })));
      assert.is(answer.resultCode, 0);
    }
  };
  await Promise.all(registers.map(sell));
  for (const { id } of registers) assert.is((await documentsOf(id)).length, 10);
});

test("copies of one frame at the same time are one document with one answer", async () => {
  const register = await newRegister();
  const frame = register.frame(ticketPayload({ number: 1 }));
  const answers = await Promise.all(Array.from({ length: 10 }, () => exchange(ofd.port, [frame])));
  assert.is(new Set(answers.map(answer => answer?.frame)).size, 1);
  assert.is((await documentsOf(register.id)).length, 1);
});

test.run();
