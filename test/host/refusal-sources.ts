/** Which facts the sources give with which code: read from the calls that make refusals. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
const call = /(?:refuse|refusedAs|DeviceRefusal|RequestRefusal)\(\s*"([A-Z_]+)"\s*,\s*\{([^}]*)\}/g;

/** Code → names of the facts that appear with it anywhere. */
export function factsInSources(folders: readonly string[]): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const file of folders.flatMap(sourcesIn)) {
    for (const [, code, facts] of readFileSync(file, "utf8").matchAll(call)) {
      const names = found.get(code as string) ?? new Set();
      for (const name of factNames(facts as string)) {
        names.add(name);
      }
      found.set(code as string, names);
    }
  }
  return found;
}

/** Names before a colon, or standing alone as a shorthand; spread parts are left out. */
function factNames(facts: string): string[] {
  const withoutStrings = facts.replace(/"[^"]*"|`[^`]*`/g, "0").replace(/\([^()]*\)/g, "");
  const parts = withoutStrings.split(",").map(part => part.trim());
  return parts.flatMap(part => /^([a-z]\w*)(?:\s*:|$)/i.exec(part)?.[1] ?? []);
}

function sourcesIn(folder: string): string[] {
  const entries = readdirSync(join(root, folder), { recursive: true, encoding: "utf8" });
  return entries.filter(name => name.endsWith(".ts")).map(name => join(root, folder, name));
}
