/**
 * Constants in place: `recordType.document` becomes 1, `160 * 1024` a number, `math.floor(a / b)` with whole numbers
 * `a // b`. Tables of constants and limits are then mentioned nowhere and fall out by themselves.
 */
import type { Expression, LuaTree, Statement, TableConstructor, Variable } from "./tree";
import { fieldName, memberName, numeral, rewrite, visit, visitStatements } from "./tree";

type Literal = Extract<Expression, { type: "NumericLiteral" | "BooleanLiteral" | "StringLiteral" }>;

/** Integers that an instruction holds itself (sBx of LOADI); others take 9 bytes in each function that uses them. */
const shortIntegerMax = 65535;

/** Folds until nothing changes. Returns the statements that still do something. */
export function foldConstants(body: readonly Statement[], top: ReadonlySet<Variable>, tree: LuaTree): Statement[] {
  const isWhole = divisionsAreFloored(body);
  let kept = [...body];
  for (let changes = -1; changes !== 0; ) {
    changes = 0;
    const constants = constantsIn(kept, top, tree);
    rewrite(kept, node => {
      const folded = constants.valueOf(node) ?? foldOperation(node) ?? (isWhole ? flooredDivision(node) : undefined);
      if (folded !== undefined) changes++;
      return folded ?? node;
    });
    kept = kept.filter(node => !isTrueAssertion(node));
  }
  return kept;
}

interface Constants {
  /** The literal to stand in place of a mention. */
  readonly valueOf: (node: Expression) => Expression | undefined;
}

function constantsIn(body: readonly Statement[], top: ReadonlySet<Variable>, tree: LuaTree): Constants {
  const inits = singleInits(body, top, tree);
  const targets = targetsIn(body);
  const mentions = new Map<Variable, number>();
  visit(body, node => {
    const variable = node.type === "Identifier" ? tree.variableOf(node) : undefined;
    if (variable !== undefined) mentions.set(variable, (mentions.get(variable) ?? 0) + 1);
  });

  /** What a variable or a chain of fields of one stands for. */
  function meant(node: Expression): Expression | undefined {
    if (targets.has(node)) return undefined;
    if (node.type === "Identifier") {
      const variable = tree.variableOf(node);
      return variable && inits.get(variable);
    }
    const name = memberName(node);
    const table = name !== undefined && "base" in node ? meant(node.base) : undefined;
    return table?.type === "TableConstructorExpression" ? table.fields.find(isFieldNamed(name))?.value : undefined;
  }

  return {
    valueOf(node) {
      if (node.type !== "Identifier" && memberName(node) === undefined) return undefined;
      const value = meant(node);
      const variable = node.type === "Identifier" ? tree.variableOf(node) : undefined;
      if (value !== undefined && isLibraryField(value, tree)) return { ...value };
      if (value?.type === "Identifier") {
        const other = tree.variableOf(value);
        return other !== undefined && inits.has(other) ? tree.refer(other) : undefined;
      }
      const count = (variable && mentions.get(variable)) ?? 1;
      return value !== undefined && isLiteral(value) && isShort(value, count) ? { ...value } : undefined;
    },
  };
}

/** `string.char` */
const isLibraryField = (node: Expression, tree: LuaTree): boolean =>
  node.type === "MemberExpression" && node.base.type === "Identifier" && tree.variableOf(node.base) === undefined;

const isFieldNamed =
  (name: string | undefined) =>
  (field: TableConstructor["fields"][number]): boolean =>
    fieldName(field) === name;

/** Variables of the top that get one value, by a statement at the top, and none of whose fields is ever assigned. */
function singleInits(body: readonly Statement[], top: ReadonlySet<Variable>, tree: LuaTree): Map<Variable, Expression> {
  const inits = new Map<Variable, Expression>();
  const changed = new Map<Variable, number>();
  for (const target of targetsIn(body)) {
    let root = target;
    while ("base" in root) root = root.base;
    const variable = root.type === "Identifier" ? tree.variableOf(root) : undefined;
    if (variable !== undefined) changed.set(variable, (changed.get(variable) ?? 0) + 1);
  }
  for (const node of body) {
    if (node.type !== "LocalStatement" && node.type !== "AssignmentStatement") continue;
    if (node.variables.length !== 1 || node.init.length !== 1) continue;
    const [target] = node.variables;
    const variable = target?.type === "Identifier" ? tree.variableOf(target) : undefined;
    const own = node.type === "AssignmentStatement" ? 1 : 0;
    if (variable !== undefined && top.has(variable) && (changed.get(variable) ?? 0) === own) {
      inits.set(variable, node.init[0] as Expression);
    }
  }
  return inits;
}

/** Every expression that is assigned to, in functions too; the names of functions are such. */
function targetsIn(body: readonly Statement[]): Set<Expression> {
  const targets = new Set<Expression>();
  const see = (node: Statement): void => {
    if (node.type === "AssignmentStatement") for (const target of node.variables) targets.add(target);
    if (node.type === "FunctionDeclaration" && node.identifier !== null && !node.isLocal) targets.add(node.identifier);
  };
  visitStatements([...body], see);
  return targets;
}

const isLiteral = (node: Expression): node is Literal =>
  node.type === "NumericLiteral" || node.type === "BooleanLiteral" || node.type === "StringLiteral";

/** Whether repeating the literal takes less than a variable: 3 bytes a function, and 6 for its definition. */
function isShort(node: Literal, mentions: number): boolean {
  if (node.type === "BooleanLiteral") return true;
  if (node.type === "NumericLiteral") return Math.abs(node.value) <= shortIntegerMax || mentions <= 3;
  return node.value.length <= 2 || mentions <= 2;
}

type Arithmetic = (left: number, right: number) => number | boolean;
const operations: { readonly [operator: string]: Arithmetic } = {
  "+": (left, right) => left + right,
  "-": (left, right) => left - right,
  "*": (left, right) => left * right,
  "//": (left, right) => Math.floor(left / right),
  "<": (left, right) => left < right,
  "<=": (left, right) => left <= right,
  ">": (left, right) => left > right,
  ">=": (left, right) => left >= right,
};

const isInteger = (node: Expression): node is Extract<Expression, { type: "NumericLiteral" }> =>
  node.type === "NumericLiteral" && /^\d+$/.test(node.raw) && Number.isSafeInteger(node.value);

function foldOperation(node: Expression): Expression | undefined {
  if (node.type === "CallExpression") return charsOf(node);
  if (node.type === "UnaryExpression" && node.operator === "not" && node.argument.type === "BooleanLiteral") {
    return boolean(!node.argument.value);
  }
  if (node.type !== "BinaryExpression") return undefined;
  if (node.operator === ".." && node.left.type === "StringLiteral" && node.right.type === "StringLiteral") {
    return { type: "StringLiteral", value: node.left.value + node.right.value, raw: "" };
  }
  if (!isInteger(node.left) || !isInteger(node.right)) return undefined;
  const value = operations[node.operator]?.(node.left.value, node.right.value);
  if (typeof value === "boolean") return boolean(value);
  return value !== undefined && Number.isSafeInteger(value) && value >= 0 ? numeral(value) : undefined;
}

/** string.char(27, 64) → "\27\64" */
function charsOf({ base, arguments: values }: Extract<Expression, { type: "CallExpression" }>): Expression | undefined {
  const isChar = base.type === "MemberExpression" && base.identifier.name === "char";
  if (!isChar || base.base.type !== "Identifier" || base.base.name !== "string" || values.length === 0)
    return undefined;
  const codes = values.map(value => (isInteger(value) && value.value < 256 ? value.value : -1));
  return codes.includes(-1) ? undefined : { type: "StringLiteral", value: String.fromCharCode(...codes), raw: "" };
}

const boolean = (value: boolean): Expression => ({ type: "BooleanLiteral", value, raw: String(value) });

/** math.floor(a / b) → a // b. The same for integers below 2^53; a fraction would stay one. */
function flooredDivision(node: Expression): Expression | undefined {
  if (node.type !== "CallExpression" || node.arguments.length !== 1) return undefined;
  const [division] = node.arguments;
  if (division === undefined || !isDivision(division)) return undefined;
  if (node.base.type !== "MemberExpression" || node.base.identifier.name !== "floor") return undefined;
  const isMath = node.base.base.type === "Identifier" && node.base.base.name === "math";
  return isMath ? { ...division, operator: "//" } : undefined;
}

const isDivision = (node: Expression): node is Extract<Expression, { type: "BinaryExpression" }> =>
  node.type === "BinaryExpression" && node.operator === "/";

/** True when no division gives a fraction to anything but math.floor: then all numbers are integers. */
function divisionsAreFloored(body: readonly Statement[]): boolean {
  const isNan = (node: Expression): boolean => isDivision(node) && printsZero(node.left) && printsZero(node.right);
  let divisions = 0;
  let floored = 0;
  visit(body, node => {
    if (isDivision(node) && !isNan(node)) divisions++;
    if (flooredDivision(node) !== undefined) floored++;
  });
  return divisions === floored;
}

const printsZero = (node: Expression): boolean => node.type === "NumericLiteral" && node.value === 0;

/** `assert(true, …)` */
function isTrueAssertion(node: Statement): boolean {
  if (node.type !== "CallStatement" || node.expression.type !== "CallExpression") return false;
  const [condition] = node.expression.arguments;
  const { base } = node.expression;
  return (
    base.type === "Identifier" && base.name === "assert" && condition?.type === "BooleanLiteral" && condition.value
  );
}
