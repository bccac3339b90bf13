/** Recovery's decisions: a table without an empty cell. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Ahead, type Slot, type TailAction, tailActions } from "../../firmware/tail-actions";

const slots: readonly Slot[] = ["blank", "torn", "unsealed", "sealed", "latched", "broken"];
const aheads: readonly Ahead[] = ["nothing", "same", "following", "stray"];
const actions: readonly TailAction[] = ["tail", "accept", "goOn", "drop", "keep", "corrupt"];

test("every combination of facts has exactly one action", () => {
  assert.equal(Object.keys(tailActions).sort(), [...slots].sort());
  for (const slot of slots) {
    assert.equal(Object.keys(tailActions[slot]).sort(), [...aheads].sort());
    for (const ahead of aheads) assert.ok(actions.includes(tailActions[slot][ahead]));
  }
});

test("what was finished is never dropped, and nothing damaged is passed over", () => {
  for (const ahead of aheads) {
    assert.is(tailActions.latched[ahead], "accept");
    assert.is(tailActions.broken[ahead], "corrupt");
  }
  for (const slot of slots.filter(slot => slot !== "latched")) assert.is(tailActions[slot].stray, "corrupt");
});

test("the log ends in silence only where nothing was written", () => {
  for (const slot of slots) {
    for (const ahead of aheads) {
      if (tailActions[slot][ahead] === "tail") assert.equal([slot, ahead], ["blank", "nothing"]);
    }
  }
});

test.run();
