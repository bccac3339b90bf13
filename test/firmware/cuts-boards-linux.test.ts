/**
 * A share of the cuts that `npm run cuts` makes on Linux boards: the process is killed, the file under its flash loses power.
 * A flash that does not sync is caught.
 */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { catchSyncless } from "../cuts/board-series";
import { openLinuxFile } from "../cuts/linux-file-series";
import { openLinuxKills } from "../cuts/linux-kill-series";
import { newTally, type OpenSeries, type Tally } from "../cuts/series";

interface Context {
  kills: Promise<Tally>;
}
const test = suite<Context>("cuts on boards");

/** One cut in `thin`. */
async function search(opening: Promise<OpenSeries>, thin: number): Promise<Tally> {
  const series = await opening;
  const tally = newTally(thin);
  try {
    for (let unit = 0; unit < series.units; unit++) await series.run(unit, tally);
  } finally {
    await series.close();
  }
  return tally;
}

function isWell({ cuts, failures }: Tally, cutsMin: number): void {
  assert.equal(
    failures.map(({ message }) => message),
    [],
  );
  assert.ok(cuts >= cutsMin, `${cuts} cuts were made`);
}

test.before(context => {
  // It mostly waits: beside the others.
  context.kills = search(openLinuxKills(3), 28);
  context.kills.catch(() => undefined);
});

test("a Linux board that is killed in the middle of sales loses and doubles nothing", async ({ kills }) => {
  isWell(await kills, 6);
});

test("a flash file whose power fails at writes and syncs loses and doubles nothing", async () => {
  isWell(await search(openLinuxFile(), 32), 25);
});

test("a flash file without syncs is caught by the same cuts", async () => {
  assert.type(await catchSyncless(5), "string");
});

test.run();
