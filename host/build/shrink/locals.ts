/**
 * Local variables and results that are only passed on.
 *
 *   local a = f(x)   return g(a)                      → return g(f(x))
 *   local t   if c then t = nil else t = f() end      → local t   if not c then t = f() end
 *   return nil                                        → return, or nothing at the end of a function
 */

import { firstEffect, onlyReads, startOf } from "./effects";
import type { Expression, LuaTree, Statement, Variable } from "./tree";
import {
  functionsIn,
  type LuaFunction,
  mentionsIn,
  replaceIn,
  rewrite,
  rewriteBlocks,
  visit,
  visitStatements,
} from "./tree";

type If = Extract<Statement, { type: "IfStatement" }>;

export function dropLocals(body: Statement[], top: ReadonlySet<Variable>, tree: LuaTree): Statement[] {
  const facts = { mentions: mentionsIn(body, tree), functions: functionsIn(body, top, tree) };
  const same = new Map<Variable, Variable>();
  const changed = rewriteBlocks(body, block => {
    if (block === body) return block;
    return withoutNilChoices(mergeCopies(forward(block, facts, tree), same, tree), tree);
  });
  rewrite(changed, node => {
    let variable = node.type === "Identifier" ? tree.variableOf(node) : undefined;
    if (variable === undefined || !same.has(variable)) return node;
    while (same.has(variable)) variable = same.get(variable) as Variable;
    return tree.refer(variable);
  });
  keepOneResult(changed, tree);
  returnNothing(changed);
  return changed;
}

interface Facts {
  readonly mentions: ReadonlyMap<Variable, number>;
  readonly functions: ReadonlyMap<Variable, LuaFunction>;
}

/** A variable that only the next statement reads, before it does anything else, gives way to its value. */
function forward(block: readonly Statement[], { mentions, functions }: Facts, tree: LuaTree): Statement[] {
  const kept: Statement[] = [];
  for (const node of [...block].reverse()) {
    const next = kept.at(-1);
    const variable = singleLocal(node, tree);
    const reads = (inner: Expression): boolean => inner.type === "Identifier" && tree.variableOf(inner) === variable;
    const isPassedOn = variable !== undefined && mentions.get(variable) === 1 && !variable.isAssigned;
    const value = node.type === "LocalStatement" ? node.init[0] : undefined;
    const canPass = value !== undefined && isPassedOn;
    const read = next && canPass ? firstEffect(startOf(next), reads, functions, tree, onlyReads(value)) : undefined;
    if (next === undefined || read === undefined || value === undefined) kept.push(node);
    else replaceMention(next, read, value);
  }
  return kept.reverse();
}

function replaceMention(node: Statement, mention: Expression, value: Expression): void {
  const one = value.type === "CallExpression" ? Object.assign(value, { inParens: true }) : value;
  const deep = (inner: Expression): Expression => {
    if (inner === mention) return one;
    if (inner.type !== "FunctionDeclaration") replaceIn(inner, deep);
    return inner;
  };
  replaceIn(node, deep);
}

/** `local x = value` */
function singleLocal(node: Statement, tree: LuaTree): Variable | undefined {
  if (node.type !== "LocalStatement" || node.variables.length !== 1 || node.init.length !== 1) return undefined;
  const [name] = node.variables;
  return name && tree.variableOf(name);
}

/** `local t … local x = t`, where t is mentioned no more: one variable is enough. */
function mergeCopies(block: Statement[], same: Map<Variable, Variable>, tree: LuaTree): Statement[] {
  const declared = new Map<Variable, number>();
  return block.filter((node, index) => {
    const copy = singleLocal(node, tree);
    const [init] = node.type === "LocalStatement" ? node.init : [];
    const source = init?.type === "Identifier" ? tree.variableOf(init) : undefined;
    const from = source && declared.get(source);
    if (copy !== undefined && source !== undefined && from !== undefined) {
      const isLast = (mentionsIn(block.slice(index), tree).get(source) ?? 0) === 1;
      if (isLast && !isCaptured(source, block.slice(from, index), tree)) {
        same.set(copy, source);
        source.isAssigned = source.isAssigned || copy.isAssigned;
        source.isCaptured = source.isCaptured || copy.isCaptured;
        return false;
      }
    }
    if (node.type === "LocalStatement") {
      for (const name of node.variables) declared.set(tree.variableOf(name) as Variable, index);
    }
    return true;
  });
}

/** Whether a function inside mentions the variable: it would see what the other one gets. */
function isCaptured(variable: Variable, block: readonly Statement[], tree: LuaTree): boolean {
  let found = false;
  const see = (node: LuaFunction): void => {
    if (mentionsIn(node.body, tree).has(variable)) found = true;
  };
  visitStatements([...block], node => {
    if (node.type === "FunctionDeclaration") see(node);
  });
  visit(block, node => {
    if (node.type === "FunctionDeclaration") see(node);
  });
  return found;
}

/** `local t` followed by an if: what gives it nil there is not needed. */
function withoutNilChoices(block: Statement[], tree: LuaTree): Statement[] {
  return block.map((node, index) => {
    const before = block[index - 1];
    if (node.type !== "IfStatement") return node;
    if (before?.type !== "LocalStatement" || before.init.length > 0) return simplified(node);
    const [name] = before.variables;
    const variable = name && tree.variableOf(name);
    const isNil = (inner: Statement): boolean =>
      inner.type === "AssignmentStatement" &&
      inner.variables.length === 1 &&
      inner.variables[0]?.type === "Identifier" &&
      tree.variableOf(inner.variables[0]) === variable &&
      inner.init[0]?.type === "NilLiteral";
    const clauses = node.clauses.map(clause =>
      clause.body.some(isNil) && clause.body.length === 1 ? { ...clause, body: [] } : clause,
    );
    return simplified({ ...node, clauses });
  });
}

function simplified(node: If): Statement {
  const [first, second] = node.clauses;
  const last = node.clauses.at(-1);
  if (last?.type === "ElseClause" && last.body.length === 0 && node.clauses.length > 1) {
    return simplified({ ...node, clauses: node.clauses.slice(0, -1) });
  }
  if (node.clauses.length !== 2 || first?.type !== "IfClause" || second?.type !== "ElseClause") return node;
  if (first.body.length > 0) return node;
  const condition: Expression = { type: "UnaryExpression", operator: "not", argument: first.condition };
  return { type: "IfStatement", clauses: [{ type: "IfClause", condition, body: second.body }] };
}

/** Functions of Lua may want a value where `return` alone would give none: brackets make it nil. */
function keepOneResult(body: Statement[], tree: LuaTree): void {
  rewrite(body, node => {
    if (node.type !== "CallExpression") return node;
    let root: Expression = node.base;
    while ("base" in root) root = root.base;
    const last = node.arguments.at(-1);
    if (root.type !== "Identifier" || tree.variableOf(root) !== undefined || last?.type !== "CallExpression")
      return node;
    const [callee] = [last.base];
    if (callee.type === "Identifier" && tree.variableOf(callee) !== undefined) Object.assign(last, { inParens: true });
    return node;
  });
}

function returnNothing(body: Statement[]): void {
  const inFunction = (block: Statement[]): Statement[] => {
    for (const node of block) {
      if (node.type === "ReturnStatement" && node.arguments.length === 1 && node.arguments[0]?.type === "NilLiteral") {
        node.arguments = [];
      }
    }
    return block;
  };
  rewriteBlocks(body, inFunction);
  for (const node of body) if (node.type === "FunctionDeclaration") dropLastReturn(node.body);
  rewrite(body, node => {
    if (node.type === "FunctionDeclaration") dropLastReturn(node.body);
    return node;
  });
}

/** A function returns by itself at its end. */
function dropLastReturn(body: Statement[]): void {
  const last = body.at(-1);
  if (last?.type === "ReturnStatement" && last.arguments.length === 0) body.pop();
  if (last?.type === "DoStatement") dropLastReturn(last.body);
  if (last?.type === "IfStatement") for (const clause of last.clauses) dropLastReturn(clause.body);
}
