/**
 * A share of `npm run fuzz -- boards`: a hundred lives of a register, each on the sources in Node, the built image in
 * WebAssembly, and the same image in Debian's lua5.4. And does it see anything? Modules with one wrong line are caught.
 */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createWrongMachine } from "../cuts/wrong-modules";
import { compareBoards, createMachines, machineNames, type NamedMachine, type SequenceReport } from "../fuzz/boards";
import { isLua54Installed } from "../fuzz/lua54-machine";
import type { Change } from "./wrong-memory";

const seeds = 100;
const seedsPerTest = 20;
const test = suite<{ machines: readonly NamedMachine[]; reports: SequenceReport[] }>("boards fuzz");

test.before(async context => {
  context.machines = await createMachines();
  context.reports = [];
});
test.after(({ machines = [] }) => {
  for (const { machine } of machines) machine.close();
});

if (isLua54Installed()) {
  test("all three machines are there", ({ machines }) => {
    assert.equal(
      machines.map(({ name }) => name),
      machineNames,
    );
  });
} else if (process.env.CI !== undefined) {
  test("lua5.4 is installed where CI is set", () => assert.unreachable("apt-get install lua5.4"));
} else console.log("lua5.4 is not installed: the lives of a register are compared in Node and in WebAssembly only");

for (let from = 0; from < seeds; from += seedsPerTest) {
  test(`seeds ${from} to ${from + seedsPerTest - 1} leave equal flash, answers and papers`, ({ machines, reports }) => {
    for (let seed = from; seed < from + seedsPerTest; seed++) reports.push(compareBoards(machines, seed));
    const found = reports.filter(report => report.seed >= from).map(({ difference }) => difference);
    assert.equal(
      found.filter(difference => difference !== undefined),
      [],
    );
  });
}

test("those lives sell, and their power fails", ({ reports }) => {
  const sum = (of: (report: SequenceReport) => number): number => reports.reduce((total, one) => total + of(one), 0);
  assert.ok(sum(report => report.sales) > seeds / 2, `${sum(report => report.sales)} receipts`);
  assert.ok(sum(report => report.cuts) > seeds / 5, `${sum(report => report.cuts)} cuts`);
});

/** Each wrong in one line, and each seen in another place. */
const wrongs: readonly (readonly [name: string, seen: RegExp, change: Change])[] = [
  [
    "a log that counts its checkpoints by two",
    /flash/,
    { file: "log.ts", right: "module.stateSequence += 1;", wrong: "module.stateSequence += 2;" },
  ],
  [
    "a paper without NTIN",
    /paper/,
    { file: "paper-source.ts", right: "vatSum: lineVat(line) }", wrong: "vatSum: lineVat(line), ntin: undefined }" },
  ],
  [
    "a status that tells of an answer that never came",
    /answer/,
    { file: "commands/uplink.ts", right: "uplink.lastAnswerUtcS > 0 ?", wrong: "uplink.lastAnswerUtcS >= 0 ?" },
  ],
  [
    "a paper that the power interrupted and that is not marked when it is repeated",
    /differs/,
    {
      file: "start.ts",
      right: "createPrintQueue(books.outcomeNumber > books.printedNumber)",
      wrong: "createPrintQueue(false)",
    },
  ],
];

for (const [name, seen, change] of wrongs) {
  test(`caught by the same seeds: ${name}`, async ({ machines }) => {
    const { machine, remove } = await createWrongMachine({ name, changes: [change] });
    try {
      const pair = [machines[0]!, { name: "wrong", machine }];
      let difference: string | undefined;
      for (let seed = 0; seed < seeds && difference === undefined; seed++) {
        ({ difference } = compareBoards(pair, seed));
      }
      assert.match(difference ?? "not caught", seen);
    } finally {
      machine.close();
      remove();
    }
  });
}

test.run();
