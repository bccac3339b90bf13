/** One of the processes that compare boards: takes seeds by the hundred, each time on new machines. */
import { compareBoards, createMachines } from "./boards";
import type { FromWorker, ToWorker } from "./boards-messages";

const tell = (message: FromWorker): boolean => process.send?.(message) ?? false;

async function run({ from, count }: ToWorker): Promise<void> {
  const machines = await createMachines();
  try {
    for (let seed = from; seed < from + count; seed++) tell({ report: compareBoards(machines, seed) });
  } finally {
    for (const { machine } of machines) machine.close();
  }
  tell({ done: true });
}

process.on("message", (message: ToWorker) => {
  run(message).catch(error => {
    console.error(error);
    process.exit(1);
  });
});
process.on("disconnect", () => process.exit());
