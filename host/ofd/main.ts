/** The entry of the OFD server's process; `kassa start` spawns it. */
import { runOfdProcess } from "./ofd-process";

const has = (flag: string): boolean => process.argv.includes(flag);
process.exit(await runOfdProcess(process.env, { isJson: has("--json"), watchesStdin: has("--watch-stdin") }));
