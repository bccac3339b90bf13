/** Deliberately wrong firmware: its sources in a folder of their own, a few lines of them changed. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Open } from "./log-workload";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");

/** One line of a source file, as it is and as it would be wrong. */
export interface Change {
  /** Of firmware/. */
  readonly file: string;
  readonly right: string;
  readonly wrong: string;
}

export interface Mistake extends Change {
  readonly name: string;
}

/** openFiscalMemory with this mistake; `remove` deletes its folder. */
export async function makeMistake(mistake: Mistake): Promise<{ open: Open; remove: () => void }> {
  const { load, remove } = copyChanged([mistake]);
  const module = (await load("firmware/fiscal-memory.ts")) as { openFiscalMemory: Open };
  return { open: module.openFiscalMemory, remove };
}

/** The sources of the image with these changes, in a folder of their own; `load` imports one of them. */
export function copyChanged(changes: readonly Change[]): {
  load: (file: string) => Promise<unknown>;
  remove: () => void;
} {
  const folder = mkdtempSync(path.join(tmpdir(), "kassa-wrong-"));
  for (const part of ["firmware", "protocol", "hal"]) {
    cpSync(path.join(root, part), path.join(folder, part), { recursive: true });
  }
  writeFileSync(path.join(folder, "package.json"), '{ "type": "module" }');
  for (const { file, right, wrong } of changes) {
    const target = path.join(folder, "firmware", file);
    const source = readFileSync(target, "utf8");
    if (source.split(right).length !== 2) throw new Error(`${file} must hold exactly once: ${right}`);
    writeFileSync(
      target,
      source.replace(right, () => wrong),
    );
  }
  return {
    load: file => import(pathToFileURL(path.join(folder, file)).href),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
