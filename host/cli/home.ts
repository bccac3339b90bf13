/** KASSA_HOME: where the programs of one shop find each other and keep what is theirs. `.kassa` here by default. */
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";

export const homeFolder = (env: NodeJS.ProcessEnv = process.env): string => resolve(env.KASSA_HOME ?? ".kassa");

/** What a running program says of itself in run/<name>.json; undefined when it does not run. */
export async function runningProgram(home: string, name: string): Promise<Record<string, unknown> | undefined> {
  try {
    const facts = JSON.parse(await readFile(join(home, "run", `${name}.json`), "utf8")) as Record<string, unknown>;
    process.kill(Number(facts.pid), 0);
    return facts;
  } catch {
    return undefined;
  }
}
