/** What a module hands out when it knows of no link or has nothing to send, and when it tries again, in virtual time. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { reconnectMs } from "../../firmware/limits";
import { start } from "../../firmware/start";
import { testGeometry } from "../../hal/sim/geometry";
import { decodeCbor, encodeCbor } from "../../host/device/cbor";
import { bufferOf, bytesOf } from "../../host/device/message-channel";
import { commands, groups, type NextReply } from "../../protocol/commands";
import { crc16 } from "../../protocol/crc16";
import { createFrameDecoder, encodePacket, feedFrame } from "../../protocol/smp-frame";
import { decodeMessages, encodeMessage, smpOp, smpVersion } from "../../protocol/smp-message";
import { createBoard } from "../cuts/board";
import { createNodeMachine } from "../cuts/machine";
import { createMachine, machines as machineNames } from "../cuts/plan";
import { oneLine } from "../cuts/receipts";
import { createShop, openShop, type Shop } from "../cuts/shop";

const test = suite("known offline");
/** No request of the shop has it. */
const ownSequence = 255;
const { next, noAnswer, tryNow } = commands.uplink;

const nextMessage = encodePacket(
  encodeMessage({
    version: smpVersion.v2,
    op: smpOp.read,
    group: groups.uplink,
    sequence: ownSequence,
    command: next,
    payload: bytesOf(encodeCbor({ off: 0 })),
  }),
  crc16,
).join("");

interface Eager {
  readonly shop: Shop;
  /** From now on a frame is asked for before every second step of the module. */
  begin(): void;
  /** Frames that it was given. */
  readonly handed: readonly number[];
}

function openEager(): Eager {
  const board = createBoard(testGeometry);
  const node = createNodeMachine(start);
  const handed: number[] = [];
  const readLine = board.line.read;
  let decoder = createFrameDecoder();
  let isEager = false;
  let turn = 0;
  board.line.read = () => {
    const bytes = readLine();
    const fed = feedFrame(decoder, bytes, crc16);
    decoder = fed.decoder;
    const messages = fed.events.flatMap(event => (event.kind === "message" ? decodeMessages(event.message) : []));
    for (const { sequence, payload } of messages) {
      if (sequence !== ownSequence) continue;
      const { frame } = decodeCbor(bufferOf(payload)) as Partial<NextReply>;
      if (frame !== undefined) handed.push(frame);
    }
    return bytes;
  };
  const tick = (): number => {
    turn += 1;
    if (isEager && turn % 2 === 0) board.line.write(nextMessage);
    return node.tick();
  };
  const shop = createShop(board, { ...node, tick });
  shop.boot();
  shop.fiscalize();
  shop.signIn();
  const begin = (): void => {
    isEager = true;
  };
  return { shop, handed, begin };
}

test("a receipt that is sold while the operator is known to be away gives nobody a frame before the minute is over", () => {
  const { shop, handed, begin } = openEager();
  shop.link = false;
  assert.is(shop.sell({ key: "first", receipt: oneLine }).answer.outcome, "autonomous");
  shop.carry();
  begin();
  const second = shop.sell({ key: "second", receipt: oneLine });
  assert.equal([second.answer.outcome, handed], ["autonomous", []]);
  shop.board.wait(reconnectMs);
  shop.status();
  shop.status();
  assert.ok(handed.length > 0, "a minute later it is tried");
});

test("once all is sent the module asks for its data once and is silent, in Node and in Lua", async () => {
  for (const name of machineNames) {
    const machine = await createMachine(name);
    const shop = openShop(testGeometry, machine);
    shop.sell({ key: "first", receipt: oneLine });
    shop.rest();
    let frames = 0;
    while (shop.carry() && frames < 9) frames += 1;
    machine.close();
    assert.ok(frames <= 1, `${name}: ${frames} frames`);
  }
});

/** The frame that is handed out now. */
function fetch(shop: Shop): number | undefined {
  const reply = shop.request<NextReply>(smpOp.read, groups.uplink, next, { off: 0 });
  if (reply instanceof Error) throw reply;
  return reply.frame;
}

test("try now, said while a try hangs, brings the next try as soon as that one has failed", () => {
  const shop = openShop(testGeometry, createNodeMachine(start));
  shop.link = false;
  shop.sell({ key: "first", receipt: oneLine });
  shop.carry();
  shop.board.wait(reconnectMs);
  const hanging = fetch(shop);
  assert.ok(hanging !== undefined, "a minute later it is tried");
  shop.request(smpOp.write, groups.uplink, tryNow, {});
  assert.is(fetch(shop), hanging, "it goes on");
  shop.request(smpOp.write, groups.uplink, noAnswer, { frame: hanging, cause: "silent" });
  const again = fetch(shop);
  assert.ok(again !== undefined && again !== hanging, "tried once more at once");
  shop.request(smpOp.write, groups.uplink, noAnswer, { frame: again, cause: "silent" });
  assert.is(fetch(shop), undefined, "and then each minute");
  shop.board.wait(reconnectMs);
  assert.ok(fetch(shop) !== undefined);
});

test("try now, said while a try hangs that is answered after all, hurries no later try", () => {
  const shop = openShop(testGeometry, createNodeMachine(start));
  shop.link = false;
  shop.sell({ key: "first", receipt: oneLine });
  shop.sell({ key: "second", receipt: oneLine });
  shop.carry();
  shop.board.wait(reconnectMs);
  const hanging = fetch(shop);
  shop.request(smpOp.write, groups.uplink, tryNow, {});
  shop.link = true;
  assert.ok(hanging !== undefined && shop.carry(), "it is answered");
  assert.is(shop.status().queue.length, 1);
  const next = fetch(shop);
  assert.ok(next !== undefined && next !== hanging, "the second document follows");
  shop.request(smpOp.write, groups.uplink, noAnswer, { frame: next, cause: "silent" });
  assert.is(fetch(shop), undefined, "its failure is followed by a minute's rest");
});

test.run();
