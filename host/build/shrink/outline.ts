/**
 * Tables of the same shape, and calls that are given such a table, made by one function:
 *
 *   { kind = "refusal", refusal = x }                                     → refusalOf(x)
 *   refuse("FIELD_INVALID", { field = a, expected = b, got = c })         → invalidOf(a, b, c)
 *
 * A constructor takes two instructions, one more for each field, and the names of its fields in every function.
 */
import type { Expression, LuaFunction, LuaTree, Statement, TableConstructor, Variable } from "./tree";
import { identifier, newVariable, rewrite, visitOwn } from "./tree";

type Call = Extract<Expression, { type: "CallExpression" }>;
type Template = Call | TableConstructor;

interface Shape {
  readonly uses: { readonly node: Template; readonly values: readonly Expression[] }[];
  readonly functions: Set<LuaFunction>;
}

/** Bytes that a shape must save. */
const savingMin = 10;
const valuesMax = 12;

export function outlineShapes(body: readonly Statement[], top: Set<Variable>, tree: LuaTree): Statement[] {
  const outlined: Statement[] = [];
  // Calls first: they hold the larger tables.
  for (const type of ["CallExpression", "TableConstructorExpression"] as const) {
    for (const shape of shapesIn(body, type, top, tree).values()) {
      if (saving(shape) >= savingMin) outlined.push(outline(shape, body, top, tree));
    }
  }
  return [...body, ...outlined];
}

function shapesIn(
  body: readonly Statement[],
  type: Template["type"],
  top: ReadonlySet<Variable>,
  tree: LuaTree,
): Map<string, Shape> {
  const shapes = new Map<string, Shape>();
  const see = (nodes: readonly Statement[], within: LuaFunction | undefined): void =>
    visitOwn(nodes, node => {
      if (node.type === "FunctionDeclaration") see(node.body, node);
      if (within === undefined || node.type !== type) return;
      const values: Expression[] = [];
      const key = keyOf(node as Template, values, top, tree);
      if (key === undefined || values.length > valuesMax) return;
      const shape = shapes.get(key) ?? { uses: [], functions: new Set() };
      shape.uses.push({ node: node as Template, values });
      shape.functions.add(within);
      shapes.set(key, shape);
    });
  see(body, undefined);
  return shapes;
}

/** What the template is, without the `values` that differ from use to use. */
function keyOf(node: Template, values: Expression[], top: ReadonlySet<Variable>, tree: LuaTree): string | undefined {
  if (node.type === "TableConstructorExpression") return keyOfTable(node, values);
  const variable = node.base.type === "Identifier" ? tree.variableOf(node.base) : undefined;
  const [code, table] = node.arguments;
  if (variable === undefined || !top.has(variable) || node.arguments.length !== 2) return undefined;
  if (code?.type !== "StringLiteral" || table?.type !== "TableConstructorExpression") return undefined;
  const key = keyOfTable(table, values);
  return key === undefined ? undefined : `${variable.name} ${[...top].indexOf(variable)}(${code.value},${key})`;
}

function keyOfTable({ fields }: TableConstructor, values: Expression[]): string | undefined {
  if (fields.length === 0 || fields.some(field => field.type !== "TableKeyString")) return undefined;
  return fields.map(field => (field.type === "TableKeyString" ? keyOfField(field, values) : "")).join();
}

/** The kind of a tagged union belongs to the shape. */
function keyOfField(field: { key: { name: string }; value: Expression }, values: Expression[]): string {
  if (isKind(field)) return `${field.key.name}="${field.value.type === "StringLiteral" ? field.value.value : ""}"`;
  values.push(field.value);
  return field.key.name;
}

const isKind = (field: { key: { name: string }; value: Expression }): boolean =>
  field.key.name === "kind" && field.value.type === "StringLiteral";

/** Bytes of instructions and strings that a shape takes in all its places, less what it would take once. */
function saving({ uses, functions }: Shape): number {
  const [first] = uses as [Shape["uses"][0]];
  const table = first.node.type === "CallExpression" ? first.node.arguments[1] : first.node;
  const fields = (table as TableConstructor).fields;
  const names = fields.reduce(
    (bytes, field) => bytes + (field.type === "TableKeyString" ? field.key.name.length + 2 : 0),
    0,
  );
  const isCall = first.node.type === "CallExpression";
  const made = 8 + fields.length * 4 + (isCall ? 4 : 0);
  const inPlaces = uses.reduce((bytes, { values }) => bytes + made - (isCall ? 0 : 8) - moves(values), 0);
  // About half of the names are used in the same function anyway.
  return inPlaces + functions.size * (names / 2 - 3) - (made + names + 34);
}

/** A call leaves its result where the next one wants it; all else is moved there. */
const moves = (values: readonly Expression[]): number =>
  values.filter(value => value.type !== "CallExpression" && value.type !== "MemberExpression").length * 4;

function outline({ uses }: Shape, body: readonly Statement[], top: Set<Variable>, tree: LuaTree): Statement {
  const [{ node: first }] = uses as [Shape["uses"][0]];
  const make = newVariable("make");
  top.add(make);
  const places = new Map<Expression, readonly Expression[]>(uses.map(({ node, values }) => [node, values]));
  const parameters = (places.get(first) ?? []).map((_, index) => newVariable(`value${index}`));
  const template = filled(first, parameters.map(tree.refer), tree);
  rewrite(body, node => {
    const values = places.get(node);
    if (values === undefined) return node;
    return { type: "CallExpression", base: tree.refer(make), arguments: values.map(asOne) };
  });
  return {
    type: "FunctionDeclaration",
    identifier: tree.refer(make),
    isLocal: true,
    parameters: parameters.map(tree.refer),
    body: [{ type: "ReturnStatement", arguments: [template] }],
  };
}

/** A field takes one result of a call. */
const asOne = (value: Expression): Expression =>
  value.type === "CallExpression" ? Object.assign(value, { inParens: true }) : value;

function filled(node: Template, values: readonly Expression[], tree: LuaTree): Expression {
  if (node.type === "CallExpression") {
    const [code, table] = node.arguments as [Expression, TableConstructor];
    const base = tree.refer(tree.variableOf(node.base as { type: "Identifier"; name: string }) as Variable);
    return { type: "CallExpression", base, arguments: [{ ...code }, filled(table, values, tree)] };
  }
  const left = [...values];
  const fields = node.fields.map(field => {
    if (field.type !== "TableKeyString") return field;
    const value = isKind(field) ? { ...field.value } : (left.shift() as Expression);
    return { type: field.type, key: identifier(field.key.name), value };
  });
  return { type: "TableConstructorExpression", fields };
}
