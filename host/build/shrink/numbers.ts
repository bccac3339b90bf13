/**
 * A number that a function needs once: as an operand it takes 9 bytes in the function's constants, loaded into a
 * variable an instruction of 4 bytes.
 *
 *   x.count = 300      →  do local n = 300 x.count = n end
 */
import type { Expression, LuaTree, Statement } from "./tree";
import { blocksIn, newVariable, type numeral, replaceIn, visitOwn } from "./tree";

type Numeral = ReturnType<typeof numeral>;

/** What LOADI holds; what ADDI, EQI and the like hold beside their operands. */
const loadedMax = 65535;
const besideMax = 127;
const arithmetic = ["-", "*", "/", "//", "%", "+", "==", "~=", "<", "<=", ">", ">="];
const besideOperators = ["+", "-", "==", "~=", "<", "<=", ">", ">="];

export function loadNumbers(body: Statement[], tree: LuaTree): void {
  const inFunction = (own: Statement[]): void => {
    const counts = new Map<number, number>();
    visitOwn(own, node => {
      for (const found of operandsOf(node)) counts.set(found.value, (counts.get(found.value) ?? 0) + 1);
    });
    for (const [value, count] of assignedIn(own)) counts.set(value, (counts.get(value) ?? 0) + count);
    const once = (found: Numeral): boolean => counts.get(found.value) === 1;
    const changed = inOwnBlocks(own, node => withLoaded(node, once, tree));
    own.splice(0, own.length, ...changed);
  };
  for (const node of body) if (node.type === "FunctionDeclaration") inFunction(node.body);
}

/** Blocks of one function, functions inside not entered. */
function inOwnBlocks(block: Statement[], change: (node: Statement) => Statement[]): Statement[] {
  for (const node of block) {
    if (node.type === "IfStatement") {
      for (const clause of node.clauses) clause.body = inOwnBlocks(clause.body, change);
    } else if ("body" in node && node.type !== "FunctionDeclaration") node.body = inOwnBlocks(node.body, change);
  }
  return block.flatMap(change);
}

/** `x.y = 300` */
function assignedIn(body: readonly Statement[]): Map<number, number> {
  const counts = new Map<number, number>();
  const see = (nodes: readonly Statement[]): void => {
    for (const node of nodes) {
      const found = assignedNumber(node);
      if (found !== undefined) counts.set(found.value, (counts.get(found.value) ?? 0) + 1);
      for (const inner of blocksIn(node)) see(inner);
    }
  };
  see(body);
  return counts;
}

function assignedNumber(node: Statement): Numeral | undefined {
  if (node.type !== "AssignmentStatement" || node.init.length !== 1) return undefined;
  const [target] = node.variables;
  const [value] = node.init;
  return target?.type !== "Identifier" && value !== undefined && isLoadable(value) ? value : undefined;
}

/** The numbers that an expression itself holds as constants. */
function operandsOf(node: Expression): Numeral[] {
  if (node.type === "TableConstructorExpression") {
    return node.fields.flatMap(field =>
      field.type === "TableKeyString" && isLoadable(field.value) ? [field.value] : [],
    );
  }
  if (node.type !== "BinaryExpression" || !arithmetic.includes(node.operator)) return [];
  const isBeside = (value: number): boolean => value <= besideMax && besideOperators.includes(node.operator);
  return [node.left, node.right].flatMap(side => (isLoadable(side) && !isBeside(side.value) ? [side] : []));
}

const isLoadable = (node: Expression): node is Numeral =>
  node.type === "NumericLiteral" && /^\d+$/.test(node.raw) && node.value <= loadedMax;

/** local x = y % 300 → local x = 300 x = y % x */
function loadedIntoItself(
  node: Extract<Statement, { type: "LocalStatement" }>,
  isWanted: (found: Numeral) => boolean,
  tree: LuaTree,
): Statement[] {
  const [name] = node.variables;
  const [value] = node.init;
  const variable = name && tree.variableOf(name);
  if (variable === undefined || value === undefined || node.variables.length !== 1) return [node];
  const [found, ...others] = operandsOf(value).filter(isWanted);
  if (found === undefined || others.length > 0) return [node];
  replaceIn(value, child => (child === found ? tree.refer(variable) : child));
  return [
    { type: "LocalStatement", variables: [tree.refer(variable)], init: [found] },
    { type: "AssignmentStatement", variables: [tree.refer(variable)], init: [value] },
  ];
}

/** The statement with its numbers in variables around it. */
function withLoaded(node: Statement, isWanted: (found: Numeral) => boolean, tree: LuaTree): Statement[] {
  const variables: { readonly name: ReturnType<typeof tree.refer>; readonly value: Numeral }[] = [];
  const load = (found: Numeral): Expression => {
    const variable = newVariable("number");
    variables.push({ name: tree.refer(variable), value: found });
    return tree.refer(variable);
  };
  const deep = (inner: Expression): Expression => {
    const operands = operandsOf(inner).filter(isWanted);
    if (inner.type !== "FunctionDeclaration") {
      replaceIn(inner, child => (operands.includes(child as Numeral) ? load(child as Numeral) : deep(child)));
    }
    return inner;
  };
  if (node.type === "LocalStatement") return loadedIntoItself(node, isWanted, tree);
  if (node.type === "FunctionDeclaration" || node.type === "RepeatStatement") return [node];
  const assigned = assignedNumber(node);
  replaceIn(node, child => (child === assigned && isWanted(assigned) ? load(assigned) : deep(child)));
  if (variables.length === 0) return [node];
  const loads: Statement = {
    type: "LocalStatement",
    variables: variables.map(({ name }) => name),
    init: variables.map(({ value }) => value),
  };
  return [{ type: "DoStatement", body: [loads, node] }];
}
