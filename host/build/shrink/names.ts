/** Names: functions of Lua's library become variables, fields become short. */
import type { Expression, LuaFunction, LuaTree, Statement, Variable } from "./tree";
import { identifier, newVariable, rewrite, visit, visitOwn, visitStatements } from "./tree";

/** What Lua promises to be there, always the same (manual §6); `debug` and the like may be absent on a board. */
const libraries = ["math", "string", "table"];
const functions = ["error", "getmetatable", "ipairs", "pairs", "pcall", "select", "setmetatable", "tostring", "type"];

/** `math.floor(x)` → `floor(x)` with `local floor = math.floor`: a variable takes less than two look-ups by name. */
export function useLibraryVariables(body: Statement[], top: Set<Variable>, tree: LuaTree): Statement[] {
  const variables = new Map<string, Variable>();
  const inits: Statement[] = [];
  const isGlobal = (node: Expression): boolean => node.type === "Identifier" && tree.variableOf(node) === undefined;

  function pathOf(node: Expression): string | undefined {
    if (node.type === "Identifier") return isGlobal(node) && functions.includes(node.name) ? node.name : undefined;
    if (node.type !== "MemberExpression" || !isGlobal(node.base)) return undefined;
    const library = (node.base as { name: string }).name;
    return libraries.includes(library) ? `${library}.${node.identifier.name}` : undefined;
  }

  rewrite(body, node => {
    const path = pathOf(node);
    if (path === undefined) return node;
    let variable = variables.get(path);
    if (variable === undefined) {
      variable = newVariable(path);
      variables.set(path, variable);
      top.add(variable);
      inits.push({ type: "LocalStatement", variables: [tree.refer(variable)], init: [node] });
    }
    return tree.refer(variable);
  });
  return [...inits, ...body];
}

type Call = Extract<Expression, { type: "CallExpression" }>;

/** Strings that several functions pass to calls: each function would keep a copy of its own. */
export function shareStrings(body: Statement[], top: Set<Variable>, tree: LuaTree): Statement[] {
  const inits: Statement[] = [];
  for (const [text, byFunction] of stringArguments(body)) {
    // A copy takes its length and 2 bytes; a variable 3 bytes a function, and an instruction and a copy once.
    if ((byFunction.size - 1) * (text.length - 1) <= 30) continue;
    const variable = newVariable(text);
    top.add(variable);
    const value: Expression = { type: "StringLiteral", value: text, raw: "" };
    inits.push({ type: "LocalStatement", variables: [tree.refer(variable)], init: [value] });
    const isText = (node: Expression): boolean => node.type === "StringLiteral" && node.value === text;
    for (const call of [...byFunction.values()].flat()) {
      call.arguments = call.arguments.map(node => (isText(node) ? tree.refer(variable) : node));
    }
  }
  return [...inits, ...body];
}

/** For each string the functions that pass it, and their calls. */
function stringArguments(body: readonly Statement[]): Map<string, Map<LuaFunction | undefined, Call[]>> {
  const found = new Map<string, Map<LuaFunction | undefined, Call[]>>();
  const note = (call: Call, within: LuaFunction | undefined): void => {
    for (const value of call.arguments) {
      if (value.type !== "StringLiteral") continue;
      const byFunction = found.get(value.value) ?? new Map<LuaFunction | undefined, Call[]>();
      found.set(value.value, byFunction.set(within, [...(byFunction.get(within) ?? []), call]));
    }
  };
  const see = (nodes: readonly Statement[], within: LuaFunction | undefined): void =>
    visitOwn(nodes, node => {
      if (node.type === "CallExpression") note(node, within);
      if (node.type === "FunctionDeclaration") see(node.body, node);
    });
  see(body, undefined);
  return found;
}

const words =
  "and break do else elseif end false for function goto if in local nil not or repeat return then true until while";
const reserved = new Set(words.split(" "));
const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";

/**
 * Fields get names of one or two letters, the most frequent ones the shortest. A name stays when it is in `keptNames`,
 * when it also stands in a list of texts, for then an object may be made by that list, and when Lua gives it a meaning
 * ("__"). Lists that `markFieldNames` has found change with the fields.
 */
export function shortenFields(body: readonly Statement[], keptNames: ReadonlySet<string>, tree: LuaTree): void {
  const counts = new Map<string, number>();
  const strings = new Set<string>(keptNames);
  const names = namesOfFields(body, tree);
  visit(body, node => {
    for (const text of textsOfList(node)) strings.add(text);
  });
  for (const node of names) counts.set(node.name, (counts.get(node.name) ?? 0) + 1);
  const isKept = (name: string): boolean => strings.has(name) || name.startsWith("__");
  const changed = [...counts].filter(([name]) => !isKept(name)).sort(byFrequency);
  const short = new Map<string, string>();
  const free = shortNames(name => reserved.has(name) || isKept(name));
  for (const [name] of changed) short.set(name, free());
  for (const node of names) node.name = short.get(node.name) ?? node.name;
  visit(body, node => {
    if (node.type === "StringLiteral" && isFieldName(node)) node.value = short.get(node.value) ?? node.value;
  });
}

/**
 * `x.y.name += 1` comes from the transpiler as `local ____t, ____k = x.y, "name"   ____t[____k] = ____t[____k] + 1`. There
 * the text is a name, and must become shorter with all others.
 */
export function nameFieldsOfSums(body: Statement[], tree: LuaTree): void {
  const texts = new Map<Variable, string>();
  visitStatements(body, node => {
    if (node.type !== "LocalStatement") return;
    node.variables.forEach((name, index) => {
      const [variable, value] = [tree.variableOf(name), node.init[index]];
      if (variable?.name.startsWith("____") && value?.type === "StringLiteral") texts.set(variable, value.value);
    });
  });
  rewrite(body, node => {
    if (node.type !== "IndexExpression" || node.index.type !== "Identifier") return node;
    const variable = tree.variableOf(node.index);
    const name = variable === undefined ? undefined : texts.get(variable);
    return name === undefined
      ? node
      : { type: "MemberExpression", base: node.base, indexer: ".", identifier: identifier(name) };
  });
}

/** `fieldNames({ "number", "total" })`: these texts are nothing but names of fields. */
export function markFieldNames(body: readonly Statement[], tree: LuaTree): void {
  visit(body, node => {
    if (node.type !== "CallExpression" || node.base.type !== "Identifier") return;
    if (tree.variableOf(node.base)?.name !== "fieldNames") return;
    for (const list of node.arguments) {
      if (list.type !== "TableConstructorExpression") continue;
      for (const { value } of list.fields)
        if (value.type === "StringLiteral") Object.assign(value, { isFieldName: true });
    }
  });
}

const isFieldName = (node: object): boolean => "isFieldName" in node;

/** The texts of { "number", "total" }. */
function textsOfList(node: Expression | Statement): string[] {
  if (node.type !== "TableConstructorExpression") return [];
  return node.fields.flatMap(({ type, value }) =>
    type === "TableValue" && value.type === "StringLiteral" && !isFieldName(value) ? [value.value] : [],
  );
}

const byFrequency = (left: readonly [string, number], right: readonly [string, number]): number =>
  right[1] - left[1] || (left[0] < right[0] ? -1 : 1);

/** a, b, … _, aa, ab, … without those that are taken. */
function shortNames(isTaken: (name: string) => boolean): () => string {
  let number = 0;
  return () => {
    for (;;) {
      const first = Math.floor(number / letters.length);
      const name = (first === 0 ? "" : letters.charAt(first - 1)) + letters.charAt(number % letters.length);
      number++;
      if (!isTaken(name)) return name;
    }
  };
}

/** The names in `x.name`, `x:name` and `{ name = … }`; not in `math.name`, Lua's own. */
function namesOfFields(body: readonly Statement[], tree: LuaTree): Set<{ name: string }> {
  const names = new Set<{ name: string }>();
  visit(body, node => {
    if (node.type === "MemberExpression") {
      const isLibrary = node.base.type === "Identifier" && tree.variableOf(node.base) === undefined;
      if (!isLibrary) names.add(node.identifier);
    }
    if (node.type === "TableConstructorExpression") {
      for (const field of node.fields) if (field.type === "TableKeyString") names.add(field.key);
    }
  });
  return names;
}
