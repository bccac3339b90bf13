/**
 * One Lua file from TypeScript sources, by typescript-to-lua and the options of tsconfig.image.json. Any diagnostic,
 * a warning too, fails the build: a warning of the transpiler means that Node and Lua would disagree.
 */
import path from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import tstl from "typescript-to-lua";
import { type Invariants, numberAsserts } from "./asserts";

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
export const relativeToRoot = (file: string): string => path.relative(root, file).split(path.sep).join("/");

export class BuildFailed extends Error {
  override readonly name = "BuildFailed";
}

export interface Bundle {
  readonly lua: Buffer;
  readonly invariants: Invariants;
  /** For what only the types tell. */
  readonly program: ts.Program;
  /** Sources that went in, relative to the root. */
  readonly sources: readonly string[];
}

/**
 * `entry`: the file whose exports the bundle returns, relative to the root. With `wordedAsserts` the invariants stay
 * sentences. Throws BuildFailed.
 */
export function bundle(entry: string, wordedAsserts = false): Bundle {
  const numbering = numberAsserts(relativeToRoot);
  const written = new Map<string, string>();
  const { options, errors } = configure(entry, wordedAsserts ? {} : numbering.plugin);
  const program = ts.createProgram([path.join(root, entry)], options);
  const emitted = new tstl.Transpiler().emit({ program, writeFile: (name, text) => written.set(name, text) });
  failOn([...errors, ...ts.getPreEmitDiagnostics(program), ...emitted.diagnostics]);
  if (numbering.unnumbered.length > 0) throw new BuildFailed(numbering.unnumbered.join("\n"));
  const lua = [...written].find(([name]) => name.endsWith(".lua"))?.[1];
  if (lua === undefined) throw new BuildFailed(`${entry}: nothing was written`);
  const sources = program.getSourceFiles().map(file => relativeToRoot(file.fileName));
  return {
    lua: Buffer.from(lua, "utf8"),
    invariants: numbering.invariants,
    program,
    sources: sources.filter(file => !file.startsWith("..") && !file.startsWith("node_modules/")),
  };
}

function configure(entry: string, plugin: tstl.Plugin): tstl.ParsedCommandLine {
  return tstl.parseConfigFileWithSystem(path.join(root, "tsconfig.image.json"), {
    luaBundle: "build/bundle.lua",
    luaBundleEntry: path.join(root, entry),
    luaPlugins: [{ plugin }],
  });
}

function failOn(diagnostics: readonly ts.Diagnostic[]): void {
  if (diagnostics.length === 0) return;
  const host = {
    getCurrentDirectory: () => root,
    getCanonicalFileName: (name: string) => name,
    getNewLine: () => "\n",
  };
  throw new BuildFailed(ts.formatDiagnostics(ts.sortAndDeduplicateDiagnostics(diagnostics), host).trimEnd());
}
