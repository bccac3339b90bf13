/** What the operator says, and what the module makes of it (OFD 2.0.4 §4.3): the whole module in Node, virtual time. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { reconnectMs } from "../../firmware/limits";
import { start } from "../../firmware/start";
import { testGeometry } from "../../hal/sim/geometry";
import { CommandTypeEnum } from "../../host/ofd/proto/ofd_pb";
import card from "../../samples/card.json";
import { createNodeMachine } from "../cuts/machine";
import { commandOf, refuseFrame } from "../cuts/operator";
import { oneLine } from "../cuts/receipts";
import { type Done, openShop, type Shop, trySell } from "../cuts/shop";

const test = suite<{ shop: Shop }>("the operator's results");

test.before.each(context => {
  context.shop = openShop(testGeometry, createNodeMachine(start));
});

const sell = (shop: Shop, key: string): Done => shop.sell({ key, receipt: oneLine });
const blocks = (shop: Shop): string[] => shop.status().blocks.map(({ code }) => code);

/** Refuses whatever is asked. */
function refuseAll(shop: Shop, code: number): void {
  shop.answerWith = frame => refuseFrame(frame, code, `result ${code}`);
}

function refusalOf(shop: Shop, key: string): string {
  const said = trySell(shop, { key, receipt: oneLine });
  return said instanceof Error ? said.code : "sold";
}

for (const code of [11, 13, 14, 17]) {
  test(`result ${code} refuses the one receipt; the next is sold`, ({ shop }) => {
    refuseAll(shop, code);
    const { answer } = sell(shop, "refused");
    assert.equal([answer.outcome, answer.resultCode, answer.resultText], ["refused", code, `result ${code}`]);
    shop.answerWith = undefined;
    assert.is(sell(shop, "next").answer.outcome, "online");
    assert.equal(blocks(shop), []);
  });
}

for (const [code, block] of [
  [1, "OFD_ID_UNKNOWN"],
  [3, "OFD_PROTOCOL"],
  [4, "OFD_PROTOCOL"],
  [5, "OFD_PROTOCOL"],
  [6, "OFD_PROTOCOL"],
  [7, "OFD_PROTOCOL"],
  [8, "OFD_PROTOCOL"],
  [9, "OFD_PROTOCOL"],
  [15, "OFD_BLOCKED"],
  [18, "OFD_BLOCKED"],
  [19, "OFD_BLOCKED"],
  [77, "OFD_PROTOCOL"],
] as const) {
  test(`result ${code} refuses the receipt and stops the register until the operator says 0`, ({ shop }) => {
    refuseAll(shop, code);
    const { answer } = sell(shop, "refused");
    assert.equal([answer.outcome, answer.resultCode], ["refused", code]);
    assert.equal(blocks(shop), [block]);
    assert.is(refusalOf(shop, "stopped"), "BLOCKED");

    assert.ok(shop.carry(), "the operator is asked whether the stop is over");
    assert.equal(blocks(shop), [block], "it is not");

    shop.answerWith = undefined;
    assert.not.ok(shop.carry(), "the operator is not asked all the time");
    shop.board.wait(reconnectMs);
    assert.ok(shop.carry());
    assert.equal(blocks(shop), []);
    assert.is(sell(shop, "stopped").answer.outcome, "online");
  });

  test(`the stop by result ${code} outlives the power`, ({ shop }) => {
    refuseAll(shop, code);
    sell(shop, "refused");
    shop.reboot();
    shop.signIn();
    assert.equal(blocks(shop), [block]);
    assert.is(refusalOf(shop, "stopped"), "BLOCKED");
    shop.answerWith = undefined;
    shop.board.wait(reconnectMs);
    shop.carry();
    shop.reboot();
    assert.equal(blocks(shop), []);
  });
}

test("result 2 stops the register until a token is entered by hand, and nothing is asked meanwhile", ({ shop }) => {
  refuseAll(shop, 2);
  const { answer } = sell(shop, "refused");
  assert.equal([answer.outcome, answer.resultCode], ["refused", 2]);
  shop.answerWith = undefined;
  shop.board.wait(reconnectMs);
  assert.not.ok(shop.carry());
  assert.equal(blocks(shop), ["OFD_TOKEN_WRONG"]);
  assert.is(refusalOf(shop, "stopped"), "BLOCKED");
  shop.enterToken(card.token);
  assert.equal(blocks(shop), []);
  assert.is(sell(shop, "stopped").answer.outcome, "online");
});

for (const code of [254, 255]) {
  test(`result ${code} makes the receipt autonomous after its time, and the operator gets it later, once`, ({
    shop,
  }) => {
    refuseAll(shop, code);
    const { answer } = sell(shop, "busy");
    assert.equal([answer.outcome, answer.cause], ["autonomous", "busy254"]);
    assert.equal(blocks(shop), []);
    shop.answerWith = undefined;
    shop.rest();
    assert.equal(
      shop.world().operator.tickets.map(({ number }) => number),
      [1],
    );
    assert.is(shop.lookup("busy")?.live?.delivered, true);
  });
}

test("a refusal of a receipt made without connection stops the register and loses nothing", ({ shop }) => {
  shop.link = false;
  sell(shop, "first");
  sell(shop, "second");
  // The operator is back, and refuses the first receipt of the queue.
  shop.link = true;
  shop.answerWith = (frame, own) =>
    commandOf(frame) === CommandTypeEnum.COMMAND_TICKET ? refuseFrame(frame, 13, "no") : own();
  shop.board.wait(reconnectMs);
  while (shop.carry());
  assert.equal(blocks(shop), ["QUEUE_REFUSED"]);
  assert.is(shop.status().queue.length, 2);
  assert.is(refusalOf(shop, "third"), "BLOCKED");
  assert.equal([shop.lookup("first")?.live?.delivered, shop.lookup("second")?.live?.delivered], [false, false]);
});

test.run();
