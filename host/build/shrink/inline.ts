/**
 * Functions that are called from one place move there: each saves its prototype, its closure and the call. They were
 * written for the reader; the machine reads image.luac.
 *
 *   local function checked(a) if a > 9 then return 1 end return 2 end      local x
 *   …                                                                   →  if y > 9 then x = 1 else x = 2 end
 *   local x = checked(y)
 */

import { firstEffect, isLiteral, startOf } from "./effects";
import type { Expression, Identifier, LuaFunction, LuaTree, Statement, Variable } from "./tree";
import {
  blocksIn,
  functionsIn,
  mentionsIn,
  newVariable,
  replaceIn,
  rewrite,
  rewriteBlocks,
  visit,
  visitStatements,
} from "./tree";

type Call = Extract<Expression, { type: "CallExpression" }>;
type If = Extract<Statement, { type: "IfStatement" }>;

/** Lua allows 200 variables in a function: one that has grown so far takes no more. */
const variablesPerFunctionMax = 170;

/** Moves functions to their callers and returns how many; those that moved are mentioned no more. */
export function inlineFunctions(body: readonly Statement[], top: ReadonlySet<Variable>, tree: LuaTree): number {
  const functions = functionsIn(body, top, tree);
  const movable = movableIn(body, functions, tree);
  const moved = new Set<LuaFunction>();
  const calleeOf = ({ base }: Call): LuaFunction | undefined =>
    base.type === "Identifier" ? movable.get(tree.variableOf(base) as Variable) : undefined;

  for (const node of body) {
    if (node.type === "FunctionDeclaration" && moved.has(node)) continue;
    let variables = variablesIn(node);
    const inline = (block: Statement[]): Statement[] =>
      block.flatMap(inner => {
        const isCallee = (found: Expression): boolean =>
          found.type === "CallExpression" && calleeOf(found) !== undefined;
        const call = firstEffect(startOf(inner), isCallee, functions, tree);
        const callee = call?.type === "CallExpression" ? calleeOf(call) : undefined;
        if (call === undefined || callee === undefined || callee === node || moved.has(callee)) return [inner];
        const size = variablesIn(callee);
        const inlined =
          variables + size <= variablesPerFunctionMax ? inlineCall(inner, call as Call, callee, tree) : undefined;
        if (inlined === undefined) return [inner];
        variables += size;
        moved.add(callee);
        return inlined;
      });
    rewriteFunctions(node, inline);
  }
  return moved.size;
}

/** Blocks of functions, but not those that run while the chunk is loaded. */
function rewriteFunctions(node: Statement, change: (block: Statement[]) => Statement[]): void {
  if (node.type === "FunctionDeclaration") {
    node.body = rewriteBlocks(node.body, change);
    return;
  }
  visit([node], inner => {
    if (inner.type === "FunctionDeclaration") inner.body = rewriteBlocks(inner.body, change);
  });
}

/** Functions that are mentioned once beside their definition and whose returns can be replaced. */
function movableIn(
  body: readonly Statement[],
  functions: ReadonlyMap<Variable, LuaFunction>,
  tree: LuaTree,
): Map<Variable, LuaFunction> {
  const mentions = mentionsIn(body, tree);
  const movable = new Map<Variable, LuaFunction>();
  for (const [variable, node] of functions) {
    const own = node.isLocal ? 0 : 1;
    const isPlain = node.parameters.every(parameter => parameter.type === "Identifier");
    if (mentions.get(variable) === own + 1 && isPlain) movable.set(variable, node);
  }
  return movable;
}

function variablesIn(node: Statement): number {
  let count = 0;
  const see = (inner: Statement): void => {
    if (inner.type === "LocalStatement") count += inner.variables.length;
    if (inner.type === "ForGenericStatement" || inner.type === "ForNumericStatement") count += 4;
  };
  rewriteFunctions(node, block => {
    block.forEach(see);
    return block;
  });
  return count;
}

// ---- Putting the body in the place of the call -------------------------------------------------------------------

/** The statements for `node`, whose first effect is `call`; undefined when the body's returns do not allow it. */
function inlineCall(node: Statement, call: Call, callee: LuaFunction, tree: LuaTree): Statement[] | undefined {
  if (call.arguments.length > callee.parameters.length) return undefined;
  const last = call.arguments.at(-1);
  const isShort = call.arguments.length < callee.parameters.length;
  if (isShort && last !== undefined && !isLiteral(last) && last.type !== "Identifier") return undefined;
  const place = placeOf(node, call, callee, tree);
  return place && [...bindParameters(call, callee, tree), ...place()];
}

/** Finds out whether it can be done before anything is changed. */
function placeOf(node: Statement, call: Call, callee: LuaFunction, tree: LuaTree): (() => Statement[]) | undefined {
  if (node.type === "ReturnStatement" && node.arguments.length === 1 && node.arguments[0] === call) {
    return () =>
      alwaysReturns(callee.body) ? callee.body : [...callee.body, { type: "ReturnStatement", arguments: [] }];
  }
  if (!(node.type === "CallStatement" && node.expression === call) && onlyResult(callee.body) !== undefined) {
    return () => [...callee.body.slice(0, -1), withCall(node, call, inBrackets(onlyResult(callee.body) as Expression))];
  }
  const put = canGive(callee.body) ? give : giveAndJump;
  if (node.type === "CallStatement" && node.expression === call) {
    return () => [{ type: "DoStatement", body: put(callee.body, evaluate) }];
  }
  const isWhole = "init" in node && node.variables.length === 1 && node.init.length === 1 && node.init[0] === call;
  if (isWhole && node.type === "AssignmentStatement") {
    const [target] = node.variables as [Expression];
    const assign: Put = value => [assignment(copyTarget(target, tree), value ?? nil)];
    return () => [{ type: "DoStatement", body: put(callee.body, assign) }];
  }
  const [name] = isWhole ? (node.variables as Identifier[]) : [];
  const target = (name && tree.variableOf(name)) ?? newVariable("result");
  const assign: Put = value =>
    value === undefined || value.type === "NilLiteral" ? [] : [assignment(tree.refer(target), value)];
  return () => {
    target.isAssigned = true;
    const given: Statement[] = [
      { type: "LocalStatement", variables: [tree.refer(target)], init: [] },
      { type: "DoStatement", body: put(callee.body, assign) },
    ];
    return isWhole ? given : [...given, withCall(node, call, tree.refer(target))];
  };
}

const nil: Expression = { type: "NilLiteral", value: null, raw: "nil" };

const assignment = (target: Expression, value: Expression): Statement => ({
  type: "AssignmentStatement",
  variables: [target as Identifier],
  init: [value],
});

/** `x` or `x.name`: each mention is a node of its own. */
function copyTarget(target: Expression, tree: LuaTree): Expression {
  if (target.type === "MemberExpression") {
    return { ...target, base: copyTarget(target.base, tree), identifier: { ...target.identifier } };
  }
  const variable = target.type === "Identifier" ? tree.variableOf(target) : undefined;
  return variable === undefined ? target : tree.refer(variable);
}

/** A call cut to one result, as an argument of the inlined function's caller was. */
const inBrackets = (node: Expression): Expression =>
  node.type === "CallExpression" ? Object.assign({ ...node }, { inParens: true }) : node;

function withCall(node: Statement, call: Call, value: Expression): Statement {
  const deep = (inner: Expression): Expression => {
    if (inner === call) return value;
    if (inner.type !== "FunctionDeclaration") replaceIn(inner, deep);
    return inner;
  };
  replaceIn(node, deep);
  return node.type === "CallStatement" && !isCall(node.expression) ? { type: "DoStatement", body: [] } : node;
}

const isCall = (node: Expression): node is Call => node.type === "CallExpression";
/** What is not changed on either side stands in for the parameter; the others become local variables. */
function bindParameters(call: Call, callee: LuaFunction, tree: LuaTree): Statement[] {
  const values = new Map<Variable, Expression>();
  const variables: Identifier[] = [];
  const init: Expression[] = [];
  for (const [index, parameter] of (callee.parameters as Identifier[]).entries()) {
    const variable = tree.variableOf(parameter) as Variable;
    const value = call.arguments[index] ?? { type: "NilLiteral", value: null, raw: "nil" };
    const source = value.type === "Identifier" ? tree.variableOf(value) : undefined;
    // The body knows the caller's variables only as parameters: without a function that captures one it stays.
    const isSame = source !== undefined && (!source.isAssigned || !(source.isCaptured || variable.isCaptured));
    if (!variable.isAssigned && (isLiteral(value) || isSame)) values.set(variable, value);
    else {
      variables.push(parameter);
      init.push(value);
    }
  }
  rewrite(callee.body, node => {
    const variable = node.type === "Identifier" ? tree.variableOf(node) : undefined;
    const value = variable && values.get(variable);
    if (value === undefined) return node;
    return value.type === "Identifier" ? tree.refer(tree.variableOf(value) as Variable) : { ...value };
  });
  nameLabelsApart(callee.body);
  return variables.length === 0 ? [] : [{ type: "LocalStatement", variables, init }];
}

let labels = 0;

/** Labels of two functions may have the same name. */
function nameLabelsApart(body: Statement[]): void {
  labels++;
  visitStatements(body, node => {
    if (node.type === "LabelStatement" || node.type === "GotoStatement")
      node.label = { ...node.label, name: `${node.label.name}_${labels}` };
  });
}

// ---- Returns -----------------------------------------------------------------------------------------------------

/** `… return value`, and no other return. */
function onlyResult(body: readonly Statement[]): Expression | undefined {
  const last = body.at(-1);
  const hasOthers = body.slice(0, -1).some(hasReturn);
  return !hasOthers && last?.type === "ReturnStatement" && last.arguments.length === 1 ? last.arguments[0] : undefined;
}

const hasReturn = (node: Statement): boolean =>
  node.type === "ReturnStatement" || blocksIn(node).some(block => block.some(hasReturn));

function alwaysReturns(body: readonly Statement[]): boolean {
  const last = body.at(-1);
  if (last?.type === "ReturnStatement") return true;
  if (last?.type === "DoStatement") return alwaysReturns(last.body);
  return (
    last?.type === "IfStatement" &&
    last.clauses.at(-1)?.type === "ElseClause" &&
    last.clauses.every(clause => alwaysReturns(clause.body))
  );
}

/** Whether `give` can put something in the place of every return: none in a loop, early ones only in a first clause. */
function canGive(body: readonly Statement[]): boolean {
  const index = body.findIndex(hasReturn);
  const node = body[index];
  const rest = body.slice(index + 1);
  if (node === undefined) return true;
  if (node.type === "ReturnStatement") return node.arguments.length <= 1;
  if (node.type === "DoStatement") return canGive([...node.body, ...rest]);
  if (node.type !== "IfStatement") return false;
  if (rest.length === 0) return node.clauses.every(clause => canGive(clause.body));
  const [first, ...others] = node.clauses;
  return first !== undefined && alwaysReturns(first.body) && canGive(first.body) && canGive(afterFirst(others, rest));
}

/** What runs when the first clause of an if did not: its other clauses, and what follows. */
function afterFirst(others: If["clauses"], rest: readonly Statement[]): Statement[] {
  const [next] = others;
  if (next === undefined) return [...rest];
  if (next.type === "ElseClause") return [{ type: "DoStatement", body: next.body }, ...rest];
  const clauses = others.map((clause, index) => (index === 0 ? { ...clause, type: "IfClause" } : clause));
  return [{ type: "IfStatement", clauses: clauses as If["clauses"] }, ...rest];
}

type Put = (value: Expression | undefined) => Statement[];

/** The body with `put(value)` for every return; what followed an early return goes into an else. */
function give(body: readonly Statement[], put: Put): Statement[] {
  const index = body.findIndex(hasReturn);
  const node = body[index];
  if (node === undefined) return [...body, ...put(undefined)];
  const before = body.slice(0, index);
  const rest = body.slice(index + 1);
  if (node.type === "ReturnStatement") return [...before, ...put(node.arguments[0])];
  if (node.type === "DoStatement") return [...before, ...give([...node.body, ...rest], put)];
  const { clauses } = node as If;
  if (rest.length === 0) {
    const given = clauses.map(clause => ({ ...clause, body: give(clause.body, put) }));
    const nothing = put(undefined);
    const isOpen = given.at(-1)?.type !== "ElseClause" && nothing.length > 0;
    const full: If["clauses"] = isOpen ? [...given, { type: "ElseClause", body: nothing }] : given;
    return [...before, { type: "IfStatement", clauses: full }];
  }
  const [first, ...others] = clauses as [If["clauses"][0], ...If["clauses"]];
  const given = { ...first, body: give(first.body, put) };
  const otherwise = give(afterFirst(others, rest), put);
  const full: If["clauses"] = otherwise.length === 0 ? [given] : [given, { type: "ElseClause", body: otherwise }];
  return [...before, { type: "IfStatement", clauses: full }];
}

/** The same for returns anywhere: each jumps to the end. */
function giveAndJump(body: Statement[], put: Put): Statement[] {
  labels++;
  const label: Identifier = { type: "Identifier", name: `returned_${labels}` };
  const inBlock = (block: Statement[]): Statement[] => {
    for (const node of block) {
      if (node.type === "IfStatement") for (const clause of node.clauses) clause.body = inBlock(clause.body);
      else if ("body" in node && node.type !== "FunctionDeclaration") node.body = inBlock(node.body);
    }
    const last = block.at(-1);
    if (last?.type !== "ReturnStatement") return block;
    return [...block.slice(0, -1), ...put(last.arguments[0]), { type: "GotoStatement", label: { ...label } }];
  };
  const given = inBlock(body);
  const last = given.at(-1);
  if (last?.type === "GotoStatement" && last.label.name === label.name) given.pop();
  return [...given, { type: "LabelStatement", label }];
}

/** A result that nobody wants: what it calls is still called. */
const evaluate: Put = value => {
  if (value === undefined) return [];
  if (isCall(value)) return [{ type: "CallStatement", expression: value }];
  return isLiteral(value) || value.type === "Identifier"
    ? []
    : [{ type: "LocalStatement", variables: [{ type: "Identifier", name: "_" }], init: [value] }];
};
