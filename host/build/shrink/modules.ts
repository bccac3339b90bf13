/**
 * One scope out of a bundle's modules. typescript-to-lua writes
 *
 *   ["protocol.money"] = function(...)
 *     local ____bytes = require("protocol.bytes")      alias of a module
 *     local slice = ____bytes.slice                    alias of its export
 *     local ____exports = {}                           (lualib and platform.lua return a table of another name)
 *     function ____exports.round(value) … end
 *     return ____exports
 *   end,
 *
 * and pays for each of these lines in instructions, in strings and at run time. Here every export becomes a variable of
 * the chunk and is used directly.
 */
import { BuildFailed } from "../bundle";
import type { Expression, Identifier, LuaTree, Statement, Variable } from "./tree";
import { declaredBy, fieldName, memberName, newVariable, rewrite, visitStatements } from "./tree";

/** The statements of all modules, each module after those it requires, as if they stood in one file. */
export interface Flat {
  readonly body: Statement[];
  /** The variables of this scope. */
  readonly top: Set<Variable>;
  /** What the entry exports. */
  readonly exports: ReadonlyMap<string, Variable>;
}

interface Module {
  readonly name: string;
  readonly body: Statement[];
  readonly exports: Map<string, Variable>;
  /** The variable that holds the table of exports. */
  readonly table: Variable | undefined;
}

/** A bundle that is not as above; it means that the transpiler has changed. */
export class NotABundle extends BuildFailed {}

export function flattenModules(tree: LuaTree): Flat {
  const modules = new Map(modulesIn(tree.body).map(([name, body]) => [name, readModule(name, body, tree)]));
  const done = new Set<Module>();
  const flat: Statement[] = [];

  function moduleOf(name: string): Module {
    const module = modules.get(name);
    if (module === undefined) throw new NotABundle(`there is no module ${name}`);
    return module;
  }

  function add(module: Module): void {
    if (done.has(module)) return;
    done.add(module);
    for (const node of module.body) {
      const required = requiredBy(node);
      if (required !== undefined) add(moduleOf(required));
    }
    flat.push(...bodyOf(module, moduleOf, tree).flatMap(oneByOne));
  }

  const last = tree.body.find(node => requiredBy(node) !== undefined);
  const entry = moduleOf((last && requiredBy(last)) ?? "");
  add(entry);
  const top = new Set(flat.flatMap(node => declaredBy(node, tree)));
  for (const module of done) for (const variable of module.exports.values()) top.add(variable);
  markAssigned(flat, tree);
  return { body: flat, top, exports: entry.exports };
}

/** An export gets its value once, at the top; one that gets another, or inside a function, is a variable that changes. */
function markAssigned(flat: Statement[], tree: LuaTree): void {
  const assigned = new Set<Variable>();
  visitStatements(flat, node => {
    for (const target of node.type === "AssignmentStatement" ? node.variables : []) {
      const variable = target.type === "Identifier" ? tree.variableOf(target) : undefined;
      if (variable === undefined) continue;
      if (assigned.has(variable) || !flat.includes(node)) variable.isAssigned = true;
      assigned.add(variable);
    }
  });
}

/** `local byte, sub = string.byte, string.sub` → a statement each */
function oneByOne(node: Statement): Statement[] {
  if (node.type !== "LocalStatement" || node.variables.length !== node.init.length) return [node];
  return node.variables.map((variable, index) => ({
    type: "LocalStatement",
    variables: [variable],
    init: [node.init[index] as Expression],
  }));
}

/** ____modules = { ["name"] = function(...) body end, … } */
function modulesIn(body: readonly Statement[]): [name: string, body: Statement[]][] {
  const tables = body.flatMap(node => (node.type === "AssignmentStatement" ? node.init : []));
  const table = tables.find(init => init.type === "TableConstructorExpression");
  if (table === undefined) throw new NotABundle("there is no table of modules");
  return table.fields.map(field => {
    const name = fieldName(field);
    if (name === undefined || field.value.type !== "FunctionDeclaration")
      throw new NotABundle("a module is a function");
    return [name, field.value.body];
  });
}

/** `local x = require("name", ...)` */
function requiredBy(node: Statement): string | undefined {
  const [init] = node.type === "LocalStatement" ? node.init : [];
  if (init?.type !== "CallExpression" || init.base.type !== "Identifier" || init.base.name !== "require")
    return undefined;
  const [name] = init.arguments;
  return name?.type === "StringLiteral" ? name.value : undefined;
}

/** A module ends with `return table`, lualib with `return { name = name, … }`. */
function readModule(name: string, body: Statement[], tree: LuaTree): Module {
  const last = body.at(-1);
  const [returned] = last?.type === "ReturnStatement" ? last.arguments : [];
  const exports = new Map<string, Variable>();
  if (returned?.type === "Identifier") {
    return { name, body: body.slice(0, -1), exports, table: tree.variableOf(returned) };
  }
  if (returned?.type !== "TableConstructorExpression") throw new NotABundle(`${name} returns no table`);
  for (const field of returned.fields) {
    const variable = field.value.type === "Identifier" ? tree.variableOf(field.value) : undefined;
    const key = fieldName(field);
    if (variable === undefined || key === undefined) throw new NotABundle(`${name} exports more than variables`);
    exports.set(key, variable);
  }
  return { name, body: body.slice(0, -1), exports, table: undefined };
}

/** The module's own statements; what refers to tables of exports refers to variables afterwards. */
function bodyOf(module: Module, moduleOf: (name: string) => Module, tree: LuaTree): Statement[] {
  const aliases = new Map<Variable, Module>();
  const imported = new Map<Variable, Variable>();
  const body: Statement[] = [];
  if (module.table !== undefined) aliases.set(module.table, module);

  function exportOf(node: Expression): Variable | undefined {
    const name = memberName(node);
    if (name === undefined || !("base" in node) || node.base.type !== "Identifier") return undefined;
    const variable = tree.variableOf(node.base);
    const from = variable && aliases.get(variable);
    return from && exportNamed(from, name);
  }

  /** True for lines that only give a module or an export another name. */
  function isAlias(node: Statement): boolean {
    if (node.type !== "LocalStatement" || node.variables.length !== 1) return false;
    const [target] = node.variables.map(tree.variableOf);
    const [init] = node.init;
    const required = requiredBy(node);
    const from = init && exportOf(init);
    if (target === undefined) return false;
    if (required !== undefined) aliases.set(target, moduleOf(required));
    else if (from !== undefined) imported.set(target, from);
    return required !== undefined || from !== undefined || target === module.table;
  }

  for (const node of module.body) if (!isAlias(node)) body.push(node);
  rewrite(body, node => {
    const variable = exportOf(node) ?? (node.type === "Identifier" ? importedBy(node) : undefined);
    return variable === undefined ? node : tree.refer(variable);
  });

  function importedBy(node: Identifier): Variable | undefined {
    const variable = tree.variableOf(node);
    return variable && imported.get(variable);
  }

  rejectTables(module, body, aliases, tree);
  return body;
}

function exportNamed(module: Module, name: string): Variable {
  const known = module.exports.get(name);
  if (known !== undefined) return known;
  const variable = newVariable(name);
  module.exports.set(name, variable);
  return variable;
}

/** A module that is used other than by the names of its exports cannot be taken apart. */
function rejectTables(
  module: Module,
  body: readonly Statement[],
  aliases: ReadonlyMap<Variable, Module>,
  tree: LuaTree,
): void {
  rewrite(body, node => {
    const variable = node.type === "Identifier" ? tree.variableOf(node) : undefined;
    if (variable !== undefined && aliases.has(variable))
      throw new NotABundle(`${module.name} uses a module as a value`);
    return node;
  });
}
