/** What a shop meets at its board: no paper, an open cover, a lost clock, damaged frames. Nothing is lost, nothing doubled. */
import { connect } from "node:net";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ensureBuilt } from "../../host/build/image";
import { encodeCbor } from "../../host/device/cbor";
import { baudWanted } from "../../host/device/fiscal-device";
import type { Bytes } from "../../protocol/bytes";
import { crc16 } from "../../protocol/crc16";
import { encodePacket } from "../../protocol/smp-frame";
import { encodeMessage, smpOp } from "../../protocol/smp-message";
import { askBoard, askOperator, closeLane, get, type Lane, openLane, sell, until } from "./lane";
import { runKassa } from "./start-command";

const test = suite<{ lane: Lane }>("bad input at the board");
test.before(async context => {
  await ensureBuilt();
  context.lane = await openLane(baudWanted);
});
test.after(({ lane }) => closeLane(lane));

const printed = (lane: Lane, id: string): Promise<void> =>
  until(async () => (await get(lane, `/v1/receipts/${id}`)).live?.printed === true, "the paper is out");

for (const [code, member, fault, cure] of [
  ["PAPER_ABSENT", "paper", { verb: "paper", present: false }, { verb: "paper", present: true }],
  ["COVER_OPEN", "cover", { verb: "cover", open: true }, { verb: "cover", open: false }],
  ["PRINTER_ABSENT", "online", { verb: "printer", online: false }, { verb: "printer", online: true }],
] as const) {
  test(`${code} refuses the sale, the same key sells afterwards`, async ({ lane }) => {
    const state = async (): Promise<unknown> => (await get(lane, "/v1/status")).printer[member];
    const healthy = await state();
    await askBoard(lane, fault);
    await until(async () => (await state()) !== healthy, "the module has noticed");
    const refused = await sell(lane, code);
    assert.equal([refused.status, refused.body.code], [422, code], JSON.stringify(refused.body));
    assert.ok(refused.body.nextAction.length > 0);
    await askBoard(lane, cure);
    await until(async () => (await state()) === healthy, "all is well again");
    const sold = await sell(lane, code);
    assert.equal([sold.status, sold.body.autonomous], [201, false], JSON.stringify(sold.body));
    await printed(lane, sold.body.id);
  });
}

test("a lost clock refuses the sale until it is set", async ({ lane }) => {
  await askBoard(lane, { verb: "clock", lost: true });
  const refused = await sell(lane, "clock");
  assert.equal([refused.status, refused.body.code], [423, "CLOCK_UNSET"], JSON.stringify(refused.body));
  const shown = await runKassa(lane.home, ["device", "clock"], "");
  assert.equal([shown.code, /module +no time, must be set/.test(shown.output)], [0, true], shown.output);
  const set = await runKassa(lane.home, ["device", "clock", "--set"], "");
  assert.equal([set.code, /module +20\d\d-.*Z, set/.test(set.output)], [0, true], set.output);
  const again = await runKassa(lane.home, ["device", "clock", "--set"], "");
  assert.equal([again.code, /only one that has lost its time is set/.test(again.output)], [1, true], again.output);
  const sold = await sell(lane, "clock");
  assert.is(sold.status, 201, JSON.stringify(sold.body));
  await printed(lane, sold.body.id);
});

test("frames that are cut, doubled and swapped, between those of a sale, cost repeats and nothing else", async ({
  lane,
}) => {
  const payload = encodeCbor({ d: "x".repeat(200) }).toString("latin1") as Bytes;
  const echo = encodeMessage({ version: 1, op: smpOp.write, group: 0, command: 0, sequence: 7, payload });
  const lines = encodePacket(echo, crc16);
  assert.ok(lines.length > 1, "a packet of several lines");
  const whole = lines.join("");
  const wire = connect(Number(new URL(String(lane.board.facts.tcp)).port), "127.0.0.1");
  const damaged = [whole.slice(0, 150), whole + whole, [...lines].reverse().join("")];
  const timer = setInterval(() => wire.write(damaged[Math.floor(Math.random() * damaged.length)]!, "latin1"), 40);
  const sold = await sell(lane, "damaged").finally(() => {
    clearInterval(timer);
    wire.destroy();
  });
  assert.is(sold.status, 201, JSON.stringify(sold.body));
  assert.is((await get(lane, "/v1/receipts?key=damaged")).receipts.length, 1);
});

test("after all that the operator has each receipt once, numbered without a gap", async ({ lane }) => {
  await until(async () => (await get(lane, "/v1/status")).queue.length === 0, "all is delivered");
  const tickets: { documentNumber: number }[] = await askOperator(lane, "/documents");
  assert.equal(
    tickets.map(({ documentNumber }) => documentNumber),
    [1, 2, 3, 4, 5],
  );
});

test.run();
