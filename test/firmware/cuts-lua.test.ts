/**
 * The whole module under power cuts, in Lua: at the places of cuts.test.ts, with one kind of tear in turn, the built image
 * does to the byte what the same sources do in Node; after some of the cuts it is judged in full.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { start } from "../../firmware/start";
import { judge, startAlike, survive } from "../cuts/judge";
import { createNodeMachine, type Machine } from "../cuts/machine";
import { createMachine } from "../cuts/plan";
import { live, scenes, trialsOf } from "../cuts/receipt-series";

const judgedEvery = 61;
let lua: Machine | undefined;

test.before(async () => {
  lua = await createMachine("lua");
});
test.after(() => lua?.close());

for (const [index, scene] of scenes.entries()) {
  const places = index === 0 ? "bytes" : "borders";
  test(`${scene.name}: Lua and Node survive a cut at any of the ${places} alike`, () => {
    const lived = live(scene, lua!);
    const { life } = live(scene, createNodeMachine(start));
    let cuts = 0;
    for (let unit = 0; unit < lived.points.length; unit++) {
      for (const trial of trialsOf(lived, unit, places, true)) {
        judge(lived.life.shop, trial, before => {
          if (cuts % judgedEvery === 0) survive(lived.life, before, "whole", trial.cut);
          else startAlike(lived.life.shop, life.shop, trial);
        });
        cuts += 1;
      }
    }
    assert.ok(cuts > 150, `${cuts} cuts were tried`);
  });
}

test.run();
