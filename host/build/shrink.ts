/**
 * The bundle made small for a board, with the same meaning: what build/image.luac is made of, while build/image.lua
 * stays as the transpiler wrote it.
 */
import type ts from "typescript";
import { relativeToRoot } from "./bundle";
import { keptNames } from "./kept-names";
import { foldConstants } from "./lua-fold";
import { useShortIdioms } from "./lua-idioms";
import { inlineFunctions } from "./lua-inline";
import { dropLocals } from "./lua-locals";
import { flattenModules } from "./lua-modules";
import { shareStrings, shortenFields, useLibraryVariables } from "./lua-names";
import { loadNumbers } from "./lua-numbers";
import { outlineShapes } from "./lua-outline";
import { packTables } from "./lua-pack";
import { printLua } from "./lua-print";
import { declareVariables, shake } from "./lua-shake";
import { inlineExpressions } from "./lua-tiny";
import { identifier, type LuaTree, parseLua, type Statement, type Variable } from "./lua-tree";

/** What the board reads of an error that leaves the image, and what the firmware throws on purpose. */
const boundaryNames = ["message", "stack", "flashFailure"];

/**
 * `program` made this bundle; `hostNames` are further fields that whoever runs it looks at. Throws NotABundle when the
 * transpiler wrote something else.
 */
export function shrink(lua: Buffer, program: ts.Program, hostNames: readonly string[] = []): Buffer {
  const tree = parseLua(lua.toString("latin1"));
  const { body, top, exports } = flattenModules(tree);
  const entry = exportsOf(exports, tree);
  const wanted = [...exports.values()];
  let small = shake(body, wanted, tree);
  small = foldConstants(small, top, tree);
  small = useShortIdioms(small, top, tree);
  while (inlineExpressions(small, top, tree) + inlineFunctions(small, top, tree) > 0) {
    small = shake(foldConstants(dropLocals(small, top, tree), top, tree), wanted, tree);
  }
  const kept = keptNames(program, file => /^hal\/[^/]+$/.test(relativeToRoot(file)));
  for (const name of [...boundaryNames, ...hostNames, ...exports.keys()]) kept.add(name);
  shortenFields(small, kept, tree);
  small = outlineShapes(small, top, tree);
  small = shake(shareStrings(useLibraryVariables(small, top, tree), top, tree), wanted, tree);
  loadNumbers(small, tree);
  const declared = declareVariables([...packTables(small, top, tree), entry], top, tree);
  tree.nameApart();
  return Buffer.from(printLua(declared), "latin1");
}

/** return { start = start } */
function exportsOf(exports: ReadonlyMap<string, Variable>, tree: LuaTree): Statement {
  const fields = [...exports].map(([name, variable]) => ({
    type: "TableKeyString" as const,
    key: identifier(name),
    value: tree.refer(variable),
  }));
  return { type: "ReturnStatement", arguments: [{ type: "TableConstructorExpression", fields }] };
}
