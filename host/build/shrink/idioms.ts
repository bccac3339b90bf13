/**
 * Shorter ways to say what the transpiler says in general ways. Each rule stands alone and keeps the meaning, save one:
 * `new Error(text)` becomes { message = text }, which is all that the board reads of it; the class and its traceback
 * are for image.lua.
 */
import type { Expression, LuaTree, Statement, TableConstructor, Variable } from "./tree";
import { identifier, newVariable, numeral, rewrite, rewriteBlocks } from "./tree";

export function useShortIdioms(body: Statement[], top: Set<Variable>, tree: LuaTree): Statement[] {
  rewrite(body, node => shortError(node) ?? withoutNils(node));
  dropCopies(body, tree);
  const shortened = rewriteBlocks(body.map(functionStatement), block => returnTernaries(block, tree));
  return shortenAssertions(shortened, top, tree);
}

/** local f = function() … end → local function f() … end, which other rules know. */
function functionStatement(node: Statement): Statement {
  if (node.type !== "LocalStatement" && node.type !== "AssignmentStatement") return node;
  const [target] = node.variables;
  const [init] = node.init;
  if (node.variables.length !== 1 || target?.type !== "Identifier" || init?.type !== "FunctionDeclaration") return node;
  return { ...init, identifier: target, isLocal: node.type === "LocalStatement" };
}

/** __TS__New(Error, text) → { message = text } */
function shortError(node: Expression): Expression | undefined {
  if (node.type !== "CallExpression" || !isNamed(node.base, "__TS__New")) return undefined;
  const [type, text] = node.arguments;
  if (!isNamed(type, "Error") || text === undefined) return undefined;
  return {
    type: "TableConstructorExpression",
    fields: [{ type: "TableKeyString", key: identifier("message"), value: text }],
  };
}

const isNamed = (node: Expression | undefined, name: string): boolean =>
  node?.type === "Identifier" && node.name === name;

/** { upload = nil } → {} */
function withoutNils(node: Expression): Expression {
  if (node.type !== "TableConstructorExpression") return node;
  const isNil = (field: TableConstructor["fields"][number]): boolean =>
    field.type !== "TableValue" && field.value.type === "NilLiteral";
  return { ...node, fields: node.fields.filter(field => !isNil(field)) };
}

/** `local ____job = job` where neither ever changes: the copy goes. */
function dropCopies(body: Statement[], tree: LuaTree): void {
  const copies = new Map<Variable, Variable>();
  rewriteBlocks(body, block =>
    block.filter(node => {
      if (node.type !== "LocalStatement" || node.variables.length !== 1) return true;
      const [target] = node.variables.map(tree.variableOf);
      const [init] = node.init;
      const source = init?.type === "Identifier" ? tree.variableOf(init) : undefined;
      if (target === undefined || source === undefined || target.isAssigned || source.isAssigned) return true;
      copies.set(target, source);
      return false;
    }),
  );
  rewrite(body, node => {
    let variable = node.type === "Identifier" ? tree.variableOf(node) : undefined;
    if (variable === undefined || !copies.has(variable)) return node;
    while (copies.has(variable)) variable = copies.get(variable) as Variable;
    return tree.refer(variable);
  });
}

/** local t; if c then t = a else t = b end; return t → if c then return a else return b end */
function returnTernaries(block: Statement[], tree: LuaTree): Statement[] {
  const [declaration, choice, result] = block.slice(-3);
  if (declaration?.type !== "LocalStatement" || declaration.init.length > 0 || declaration.variables.length !== 1) {
    return block;
  }
  const [name] = declaration.variables;
  const variable = name && tree.variableOf(name);
  if (variable === undefined || choice?.type !== "IfStatement" || result?.type !== "ReturnStatement") return block;
  if (result.arguments.length !== 1 || !isVariable(result.arguments[0], variable, tree)) return block;
  const clauses = choice.clauses.map(clause => {
    const assigned = clause.body.at(-1);
    const value = assigned?.type === "AssignmentStatement" ? assigned.init[0] : undefined;
    if (assigned?.type !== "AssignmentStatement" || value === undefined) return undefined;
    if (assigned.variables.length !== 1 || !isVariable(assigned.variables[0], variable, tree)) return undefined;
    return { ...clause, body: [...clause.body.slice(0, -1), returning(value, tree)] };
  });
  const isComplete = clauses.every(clause => clause !== undefined) && clauses.at(-1)?.type === "ElseClause";
  return isComplete ? [...block.slice(0, -3), { ...choice, clauses: clauses as typeof choice.clauses }] : block;
}

/** A function of Lua's library may have more results than the one that an assignment takes: brackets cut them. */
function returning(value: Expression, tree: LuaTree): Statement {
  let root = value.type === "CallExpression" ? value.base : undefined;
  while (root !== undefined && "base" in root) root = root.base;
  const isLibrary = root?.type === "Identifier" && tree.variableOf(root) === undefined;
  return { type: "ReturnStatement", arguments: [isLibrary ? inBrackets(value) : value] };
}

const inBrackets = (node: Expression): Expression => Object.assign({ ...node }, { inParens: true });

const isVariable = (node: Expression | undefined, variable: Variable, tree: LuaTree): boolean =>
  node?.type === "Identifier" && tree.variableOf(node) === variable;

/** assert(c, "#17") → if not c then fail(17) end; the condition then needs no value. */
function shortenAssertions(body: Statement[], top: Set<Variable>, tree: LuaTree): Statement[] {
  const fail = newVariable("fail");
  let assertion: Variable | undefined;
  const shortened = rewriteBlocks(body, block =>
    block.map(node => {
      if (node.type !== "CallStatement" || node.expression.type !== "CallExpression") return node;
      const { base, arguments: values } = node.expression;
      const [condition, invariant] = values;
      const number = invariant?.type === "StringLiteral" ? /^#(\d+)$/.exec(invariant.value)?.[1] : undefined;
      if (base.type !== "Identifier" || base.name !== "assert" || condition === undefined || number === undefined) {
        return node;
      }
      assertion = tree.variableOf(base);
      return ifThen(not(condition), {
        type: "CallStatement",
        expression: call(tree.refer(fail), numeral(Number(number))),
      });
    }),
  );
  if (assertion === undefined) return shortened;
  top.add(fail);
  return [...shortened, failing(fail, assertion, tree)];
}

/** local function fail(number) assert(false, "#" .. number) end */
function failing(fail: Variable, assertion: Variable, tree: LuaTree): Statement {
  const number = newVariable("number");
  const never: Expression = { type: "BooleanLiteral", value: false, raw: "false" };
  const words: Expression = {
    type: "BinaryExpression",
    operator: "..",
    left: { type: "StringLiteral", value: "#", raw: "" },
    right: tree.refer(number),
  };
  return {
    type: "FunctionDeclaration",
    identifier: tree.refer(fail),
    isLocal: true,
    parameters: [tree.refer(number)],
    body: [{ type: "CallStatement", expression: call(tree.refer(assertion), never, words) }],
  };
}

const call = (base: Expression, ...values: Expression[]): Extract<Expression, { type: "CallExpression" }> => ({
  type: "CallExpression",
  base,
  arguments: values,
});
const not = (argument: Expression): Expression => ({ type: "UnaryExpression", operator: "not", argument });
const ifThen = (condition: Expression, node: Statement): Statement => ({
  type: "IfStatement",
  clauses: [{ type: "IfClause", condition, body: [node] }],
});
