/**
 * What the entry needs, and nothing else, in an order in which every variable is ready before it is used.
 *
 * A statement at the top defines variables (`function f`, `x = …`, `table.field = …`) or only acts (a call). Those that
 * act always stay; a definition stays when something that stays mentions its variable, and it comes before that.
 */
import type { Expression, Identifier, LuaTree, Statement, Variable } from "./tree";
import { blocksIn, visit } from "./tree";

/** Lua allows 200 local variables and 255 registers in a function; a table constructor needs some of them. */
const variablesPerFunctionMax = 190;

/** `wanted` are the variables to be kept. Returns the statements without declarations. */
export function shake(body: readonly Statement[], wanted: readonly Variable[], tree: LuaTree): Statement[] {
  const definitions = new Map<Variable, Statement[]>();
  const acting: Statement[] = [];
  for (const node of body) {
    const defined = definedBy(node, tree);
    if (defined.size === 0 && !isBareDeclaration(node)) acting.push(node);
    for (const variable of defined) definitions.set(variable, [...(definitions.get(variable) ?? []), node]);
  }
  const kept = new Set<Statement>();
  const begun = new Set<unknown>();

  function keep(variable: Variable): void {
    if (begun.has(variable)) return;
    begun.add(variable);
    for (const node of definitions.get(variable) ?? []) keepStatement(node);
  }

  function keepStatement(node: Statement): void {
    if (begun.has(node)) return;
    begun.add(node);
    for (const variable of mentionedBy(node, tree)) keep(variable);
    kept.add(node);
  }

  for (const node of acting) keepStatement(node);
  for (const variable of wanted) keep(variable);
  return [...kept];
}

/** `local a, b`: the definitions follow. */
const isBareDeclaration = (node: Statement): boolean => node.type === "LocalStatement" && node.init.length === 0;

/** Variables that get their value, or a field of it, from this statement itself; functions in it act later. */
function definedBy(node: Statement, tree: LuaTree): Set<Variable> {
  const defined = new Set<Variable>();
  const targets: Expression[] = [];
  if (node.type === "LocalStatement" && node.init.length > 0) targets.push(...node.variables);
  if (node.type === "AssignmentStatement") targets.push(...node.variables);
  if (node.type === "FunctionDeclaration" && node.identifier !== null) targets.push(node.identifier);
  for (let target of targets) {
    while ("base" in target) target = target.base;
    const variable = target.type === "Identifier" ? tree.variableOf(target) : undefined;
    if (variable !== undefined) defined.add(variable);
  }
  for (const inner of blocksIn(node).flat()) for (const variable of definedBy(inner, tree)) defined.add(variable);
  return defined;
}

export function mentionedBy(node: Statement, tree: LuaTree): Set<Variable> {
  const mentioned = new Set<Variable>();
  visit([node], expression => {
    const variable = expression.type === "Identifier" ? tree.variableOf(expression) : undefined;
    if (variable !== undefined) mentioned.add(variable);
  });
  return mentioned;
}

/**
 * Declares each variable where it gets its value, or before its first mention when two definitions need each other.
 * What exceeds the variables of one function goes into a function inside, which sees all that is outside.
 */
export function declareVariables(body: readonly Statement[], top: ReadonlySet<Variable>, tree: LuaTree): Statement[] {
  const declared = new Set<Variable>();
  const outermost: Statement[] = [];
  let level = outermost;
  let levelCount = 0;
  for (const node of body) {
    const news = [...namesIn(node, top, tree)].filter(variable => !declared.has(variable));
    if (levelCount + news.length > variablesPerFunctionMax) {
      const inner: Statement[] = [];
      level.push(returnCall(inner));
      level = inner;
      levelCount = 0;
    }
    for (const variable of news) declared.add(variable);
    levelCount += news.length;
    level.push(...declaration(node, news, tree));
  }
  return outermost;
}

/** `return (function() … end)()` */
function returnCall(body: Statement[]): Statement {
  const base: Expression = { type: "FunctionDeclaration", identifier: null, isLocal: false, parameters: [], body };
  return { type: "ReturnStatement", arguments: [{ type: "CallExpression", base, arguments: [] }] };
}

function namesIn(node: Statement, top: ReadonlySet<Variable>, tree: LuaTree): Set<Variable> {
  const names = new Set([...mentionedBy(node, tree)].filter(variable => top.has(variable)));
  for (const variable of definedBy(node, tree)) if (top.has(variable)) names.add(variable);
  return names;
}

/** The statement with what it declares: `local function f`, `local x = …`, or `local a, b` before it. */
function declaration(node: Statement, news: readonly Variable[], tree: LuaTree): Statement[] {
  if (news.length === 0) return [withoutLocal(node)];
  if (node.type === "FunctionDeclaration" && isExactly([node.identifier], news, tree))
    return [{ ...node, isLocal: true }];
  if (node.type === "AssignmentStatement" || node.type === "LocalStatement") {
    const inits = mentionedBy({ type: "ReturnStatement", arguments: node.init }, tree);
    if (isExactly(node.variables, news, tree) && !news.some(variable => inits.has(variable))) {
      return [{ type: "LocalStatement", variables: node.variables as Identifier[], init: node.init }];
    }
  }
  return [{ type: "LocalStatement", variables: news.map(tree.refer), init: [] }, withoutLocal(node)];
}

function withoutLocal(node: Statement): Statement {
  if (node.type === "FunctionDeclaration") return { ...node, isLocal: false };
  return node.type === "LocalStatement" ? { ...node, type: "AssignmentStatement" } : node;
}

const isExactly = (targets: readonly (Expression | null)[], news: readonly Variable[], tree: LuaTree): boolean =>
  targets.length === news.length &&
  targets.every(target => target?.type === "Identifier" && news.includes(tree.variableOf(target) as Variable));
