/**
 * Functions of one expression stand in for their calls, wherever these are, when that takes less: `utf8(text)` is the
 * text itself in Lua, and `concat = parts => platform.concat(parts)` only passes on.
 */

import { isLiteral } from "./effects";
import type { Expression, Identifier, LuaFunction, LuaTree, Statement, Variable } from "./tree";
import { expressionsIn, functionsIn, isSteady, mentionsIn, replaceIn, rewrite } from "./tree";

/** About what a function costs beyond its body, counted in nodes of the tree (4 to 6 bytes each). */
const nodesSaved = 16;

interface Tiny {
  readonly parameters: readonly Variable[];
  readonly result: Expression;
}

/** Replaces calls and returns how many. */
export function inlineExpressions(body: readonly Statement[], top: ReadonlySet<Variable>, tree: LuaTree): number {
  const functions = functionsIn(body, top, tree);
  const mentions = mentionsIn(body, tree);
  const tiny = new Map<Variable, Tiny>();
  for (const [variable, node] of functions) {
    const found = tinyOf(node, tree);
    const calls = (mentions.get(variable) ?? 0) - (node.isLocal ? 0 : 1);
    if (found !== undefined && isWorthIt(found, calls)) tiny.set(variable, found);
  }
  // A function that is being copied must not change meanwhile.
  const leaves = new Map([...tiny].filter(([, { result }]) => !callsAny(result, tiny, tree)));
  let count = 0;
  rewrite(body, node => {
    if (node.type !== "CallExpression" || node.base.type !== "Identifier") return node;
    const forwarded = forwardedBy(functions.get(tree.variableOf(node.base) as Variable));
    if (forwarded !== undefined) {
      count++;
      return { ...node, base: copy(forwarded, [], [], tree) };
    }
    const callee = leaves.get(tree.variableOf(node.base) as Variable);
    const result = callee && substituted(callee, node.arguments, functions, tree);
    if (result === undefined) return node;
    count++;
    return result;
  });
  return count;
}

function tinyOf(node: LuaFunction, tree: LuaTree): Tiny | undefined {
  const [only] = node.body;
  if (node.body.length !== 1 || only?.type !== "ReturnStatement" || only.arguments.length !== 1) return undefined;
  const parameters = node.parameters.map(parameter =>
    parameter.type === "Identifier" ? tree.variableOf(parameter) : undefined,
  );
  const isPlain = parameters.every(variable => variable !== undefined && !variable.isAssigned);
  const result = only.arguments[0] as Expression;
  if (!isPlain || someIn(result, inner => inner.type === "FunctionDeclaration" || inner.type === "VarargLiteral")) {
    return undefined;
  }
  return { parameters: parameters as Variable[], result };
}

/** `function f(...) return g(...) end`: g. */
function forwardedBy(node: LuaFunction | undefined): Expression | undefined {
  const [only] = node?.body ?? [];
  const call = only?.type === "ReturnStatement" ? only.arguments[0] : undefined;
  if (node?.parameters.length !== 1 || node.body.length !== 1 || call?.type !== "CallExpression") return undefined;
  const isForwarding = call.arguments.length === 1 && call.arguments[0]?.type === "VarargLiteral";
  const isName = call.base.type === "Identifier" || call.base.type === "MemberExpression";
  return isForwarding && isName ? call.base : undefined;
}

function isWorthIt(tiny: Tiny, calls: number): boolean {
  let nodes = 0;
  someIn(tiny.result, () => ++nodes < 0);
  const call = tiny.parameters.length + 2;
  return (nodes - call) * calls <= nodesSaved;
}

const callsAny = (result: Expression, tiny: ReadonlyMap<Variable, Tiny>, tree: LuaTree): boolean =>
  someIn(result, inner => inner.type === "Identifier" && tiny.has(tree.variableOf(inner) as Variable));

function someIn(node: Expression, test: (node: Expression) => boolean): boolean {
  return test(node) || expressionsIn(node).some(inner => someIn(inner, test));
}

/** The result for these arguments; undefined when something would be evaluated in another order, or not once. */
function substituted(
  callee: Tiny,
  values: readonly Expression[],
  functions: ReadonlyMap<Variable, LuaFunction>,
  tree: LuaTree,
): Expression | undefined {
  const { parameters, result } = callee;
  if (values.length !== parameters.length) return undefined;
  const isConstant = (node: Expression): boolean =>
    isLiteral(node) || (node.type === "Identifier" && isFixed(node, functions, tree));
  const effects = parameters.filter((_, index) => !isConstant(values[index] as Expression));
  const events = eventsOf(result, effects, functions, tree);
  if (effects.some((parameter, index) => events[index] !== parameter)) return undefined;
  if (events.slice(effects.length).some(event => event !== "effect")) return undefined;
  const value = copy(result, parameters, values, tree);
  return value.type === "CallExpression" ? Object.assign(value, { inParens: true }) : value;
}

/** Globals of Lua, functions of the top and variables that nothing in an expression changes. */
function isFixed(node: Identifier, functions: ReadonlyMap<Variable, LuaFunction>, tree: LuaTree): boolean {
  const variable = tree.variableOf(node);
  return variable === undefined || isSteady(variable, functions);
}

/** In the order of evaluation: parameters that stand for something with an effect, and other effects. */
function eventsOf(
  node: Expression,
  effects: readonly Variable[],
  functions: ReadonlyMap<Variable, LuaFunction>,
  tree: LuaTree,
): (Variable | "effect")[] {
  const inner = (nodes: readonly Expression[]): (Variable | "effect")[] =>
    nodes.flatMap(each => eventsOf(each, effects, functions, tree));
  switch (node.type) {
    case "Identifier": {
      const variable = tree.variableOf(node);
      if (variable !== undefined && effects.includes(variable)) return [variable];
      return isFixed(node, functions, tree) ? [] : ["effect"];
    }
    case "LogicalExpression": {
      const right = inner([node.right]);
      return [...inner([node.left]), ...(right.length > 0 ? ["effect" as const, ...right] : [])];
    }
    case "MemberExpression":
    case "IndexExpression":
    case "CallExpression":
      return [...inner(expressionsIn(node)), "effect"];
    default:
      return inner(expressionsIn(node));
  }
}

function copy(
  node: Expression,
  parameters: readonly Variable[],
  values: readonly Expression[],
  tree: LuaTree,
): Expression {
  if (node.type === "Identifier") {
    const variable = tree.variableOf(node);
    const value = variable && values[parameters.indexOf(variable)];
    if (value !== undefined) return value.type === "Identifier" ? again(value, tree) : { ...value };
    return again(node, tree);
  }
  const copied = { ...node };
  if (copied.type === "TableConstructorExpression") copied.fields = copied.fields.map(field => ({ ...field }));
  if (copied.type === "CallExpression") copied.arguments = [...copied.arguments];
  if (copied.type === "MemberExpression" || copied.type === "TableConstructorExpression") copyNames(copied);
  replaceIn(copied, inner => copy(inner, parameters, values, tree));
  return copied;
}

/** Names of fields are changed in place later: each copy has its own. */
function copyNames(node: Extract<Expression, { type: "MemberExpression" | "TableConstructorExpression" }>): void {
  if (node.type === "MemberExpression") node.identifier = { ...node.identifier };
  else for (const field of node.fields) if (field.type === "TableKeyString") field.key = { ...field.key };
}

function again(node: Identifier, tree: LuaTree): Identifier {
  const variable = tree.variableOf(node);
  return variable === undefined ? { ...node } : tree.refer(variable);
}
