/**
 * The whole module under power cuts, in Node: one receipt at every byte, the others where their fields begin and end. This
 * is the share of `npm run cuts` that every test run has.
 */

import { test } from "uvu";
import * as assert from "uvu/assert";
import { start } from "../../firmware/start";
import { createNodeMachine } from "../cuts/machine";
import { scenes, singleCuts } from "../cuts/receipt-series";
import { newTally } from "../cuts/series";

/** After one cut in so many the shop sells on; after the others it only looks. */
const sellEvery = 7;

for (const [index, scene] of scenes.entries()) {
  const places = index === 0 ? "bytes" : "borders";
  test(`${scene.name}: nothing is lost by a cut at any of the ${places}`, () => {
    const tally = newTally(1);
    const prepared = singleCuts(scene, places, sellEvery).prepare(createNodeMachine(start));
    for (let unit = 0; unit < prepared.units; unit++) prepared.run(unit, tally);
    assert.ok(tally.cuts > 500, `${tally.cuts} cuts were tried`);
    assert.equal(
      tally.failures.map(({ message }) => message),
      [],
    );
  });
}

test.run();
