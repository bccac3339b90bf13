/** A deliberately wrong memory: the firmware's sources in a folder of their own, one line of them changed. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Open } from "./log-workload";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");

export interface Mistake {
  readonly name: string;
  /** Of firmware/. */
  readonly file: string;
  readonly right: string;
  readonly wrong: string;
}

/** openFiscalMemory with this mistake; `remove` deletes its folder. */
export async function makeMistake({ file, right, wrong }: Mistake): Promise<{ open: Open; remove: () => void }> {
  const folder = mkdtempSync(path.join(tmpdir(), "kassa-wrong-memory-"));
  for (const part of ["firmware", "protocol", "hal"]) {
    cpSync(path.join(root, part), path.join(folder, part), { recursive: true });
  }
  writeFileSync(path.join(folder, "package.json"), '{ "type": "module" }');
  const target = path.join(folder, "firmware", file);
  const source = readFileSync(target, "utf8");
  if (source.split(right).length !== 2) throw new Error(`${file} must hold exactly once: ${right}`);
  writeFileSync(target, source.replace(right, wrong));
  const module = (await import(pathToFileURL(path.join(folder, "firmware/fiscal-memory.ts")).href)) as {
    openFiscalMemory: Open;
  };
  return { open: module.openFiscalMemory, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
