/**
 * The bundle made small for a board, with the same meaning: what build/image.luac is made of, while build/image.lua
 * stays as the transpiler wrote it. Bytes of the bytecode, as measured when this was written:
 *
 *   274354   as the transpiler wrote it
 *   223000   modules.ts, shake.ts    one scope, without exports tables and what nobody calls
 *   198000   fold.ts, idioms.ts, names.ts   constants in place, short assertions, short names of fields
 *   182000   inline.ts, tiny.ts      functions that are called once, or are one expression, at their callers
 *   175000   locals.ts               values passed on without a variable
 *   165000   pack.ts                 tables of constants as strings
 *   164000   outline.ts, numbers.ts  tables of one shape by one function; numbers loaded
 *   162400   trim.ts                 returns behind returns
 */
import type ts from "typescript";
import { relativeToRoot } from "../bundle";
import { foldConstants } from "./fold";
import { useShortIdioms } from "./idioms";
import { inlineFunctions } from "./inline";
import { keptNames } from "./kept-names";
import { dropLocals } from "./locals";
import { flattenModules } from "./modules";
import { markFieldNames, nameFieldsOfSums, shareStrings, shortenFields, useLibraryVariables } from "./names";
import { loadNumbers } from "./numbers";
import { outlineShapes } from "./outline";
import { packTables } from "./pack";
import { printLua } from "./print";
import { declareVariables, shake } from "./shake";
import { inlineExpressions } from "./tiny";
import { identifier, type LuaTree, parseLua, type Statement, type Variable } from "./tree";

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
  markFieldNames(body, tree);
  nameFieldsOfSums(body, tree);
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
