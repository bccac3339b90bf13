/**
 * Bundles the tests that run in both machines: all test/lua/*.lua-test.ts, each exporting `cases`. The bundle returns
 * `suites`, a list of {file, cases: {name, run}[]}.
 */
import { readdirSync } from "node:fs";
import path from "node:path";
import { root } from "./bundle";

export const luaTestsFolder = path.join(root, "test/lua");

/** File names of the tests, sorted. */
export const luaTestFiles = (): string[] =>
  readdirSync(luaTestsFolder)
    .filter(name => name.endsWith(".lua-test.ts"))
    .sort();

/** The source of the bundle's entry, to be written to build/. */
export function luaTestsEntry(): string {
  const files = luaTestFiles().map(name => name.slice(0, -".ts".length));
  const imports = files.map((name, index) => `import { cases as cases${index} } from "../test/lua/${name}";`);
  const suites = files.map((name, index) => `  { file: "${name}", cases: cases${index} },`);
  return [...imports, "", "export const suites = [", ...suites, "];", ""].join("\n");
}
