/** Lua from its tree, on one line: line numbers would only cost bytes in the bytecode. */
import type { Expression, LuaFunction, Statement, TableConstructor } from "./tree";

type Binary = Extract<Expression, { type: "BinaryExpression" | "LogicalExpression" }>;

/** Binding strength on the left and on the right (manual §3.4.8); `..` and `^` are right associative. */
const strengths: Record<Binary["operator"], readonly [left: number, right: number]> = {
  or: [1, 2],
  and: [3, 4],
  "<": [5, 6],
  ">": [5, 6],
  "<=": [5, 6],
  ">=": [5, 6],
  "~=": [5, 6],
  "==": [5, 6],
  "|": [7, 8],
  "~": [9, 10],
  "&": [11, 12],
  "<<": [13, 14],
  ">>": [13, 14],
  "..": [16, 15],
  "+": [17, 18],
  "-": [17, 18],
  "*": [19, 20],
  "/": [19, 20],
  "//": [19, 20],
  "%": [19, 20],
  "^": [24, 23],
};
const unaryStrength = 21;

export const printLua = (body: readonly Statement[]): string => body.map(printStatement).join(";");

function printStatement(node: Statement): string {
  switch (node.type) {
    case "LabelStatement":
      return `::${node.label.name}::`;
    case "GotoStatement":
      return `goto ${node.label.name}`;
    case "BreakStatement":
      return "break";
    case "ReturnStatement":
      return `return ${printList(node.arguments)}`;
    case "IfStatement":
      return `${node.clauses.map(printClause).join(" ")} end`;
    case "WhileStatement":
      return `while ${printExpression(node.condition)} do ${printLua(node.body)} end`;
    case "DoStatement":
      return `do ${printLua(node.body)} end`;
    case "RepeatStatement":
      return `repeat ${printLua(node.body)} until ${printExpression(node.condition)}`;
    case "LocalStatement":
      return `local ${printList(node.variables)}${node.init.length > 0 ? `=${printList(node.init)}` : ""}`;
    case "AssignmentStatement":
      return `${printList(node.variables)}=${printList(node.init)}`;
    case "CallStatement":
      return printEffect(node.expression);
    case "FunctionDeclaration":
      return `${node.isLocal ? "local " : ""}${printFunction(node)}`;
    case "ForNumericStatement": {
      const bounds = [node.start, node.end, ...(node.step === null ? [] : [node.step])];
      return `for ${node.variable.name}=${printList(bounds)} do ${printLua(node.body)} end`;
    }
    case "ForGenericStatement":
      return `for ${printList(node.variables)} in ${printList(node.iterators)} do ${printLua(node.body)} end`;
  }
}

/** A call stands alone without brackets, which Lua refuses there; what a pass left in its place is evaluated. */
function printEffect(node: Expression): string {
  const isCall = /^(Call|TableCall|StringCall)Expression$/.test(node.type);
  return isCall
    ? printExpression(Object.assign({ ...node }, { inParens: false }))
    : `do local _=${printExpression(node)} end`;
}

function printClause(clause: Extract<Statement, { type: "IfStatement" }>["clauses"][number]): string {
  if (clause.type === "ElseClause") return `else ${printLua(clause.body)}`;
  const word = clause.type === "IfClause" ? "if" : "elseif";
  return `${word} ${printExpression(clause.condition)} then ${printLua(clause.body)}`;
}

const printList = (nodes: readonly Expression[]): string => nodes.map(node => printExpression(node)).join(",");

function printFunction(node: LuaFunction): string {
  const name = node.identifier === null ? "" : ` ${printExpression(node.identifier)}`;
  return `function${name}(${printList(node.parameters)}) ${printLua(node.body)} end`;
}

/** `around`: how strongly an operator beside it binds. */
function printExpression(node: Expression, around = 0): string {
  switch (node.type) {
    case "Identifier":
      return node.name;
    case "StringLiteral":
      return printString(node.value);
    case "NumericLiteral":
    case "BooleanLiteral":
    case "NilLiteral":
    case "VarargLiteral":
      return printAlone(node.raw, node);
    case "FunctionDeclaration":
      return printFunction(node);
    case "TableConstructorExpression":
      return `{${node.fields.map(printField).join(",")}}`;
    case "UnaryExpression": {
      const text = `${node.operator} ${printExpression(node.argument, unaryStrength)}`;
      return around > unaryStrength ? `(${text})` : text;
    }
    case "BinaryExpression":
    case "LogicalExpression": {
      const [left, right] = strengths[node.operator];
      const text = `${printExpression(node.left, left)} ${node.operator} ${printExpression(node.right, right)}`;
      return around > Math.min(left, right) ? `(${text})` : text;
    }
    case "MemberExpression":
      return `${printBase(node.base)}${node.indexer}${node.identifier.name}`;
    case "IndexExpression":
      return `${printBase(node.base)}[${printExpression(node.index)}]`;
    case "CallExpression":
      return printAlone(`${printBase(node.base)}(${printList(node.arguments)})`, node);
    case "TableCallExpression":
      return printAlone(`${printBase(node.base)}(${printExpression(node.arguments)})`, node);
    case "StringCallExpression":
      return printAlone(`${printBase(node.base)}(${printExpression(node.argument)})`, node);
  }
}

/** Brackets around a call or `...` cut its results to one: luaparse marks them. */
function printAlone(text: string, node: Expression): string {
  const cuts = node.type !== "NumericLiteral" && "inParens" in node && node.inParens === true;
  return cuts ? `(${text})` : text;
}

/** What stands before `.`, `[` or `(` must be a name, another such expression, or stand in brackets. */
function printBase(node: Expression): string {
  const text = printExpression(node);
  const isPrefix = /^(Identifier|(Member|Index|Call|TableCall|StringCall)Expression)$/.test(node.type);
  return isPrefix || text.startsWith("(") ? text : `(${text})`;
}

function printField(field: TableConstructor["fields"][number]): string {
  if (field.type === "TableValue") return printExpression(field.value);
  const key = field.type === "TableKey" ? `[${printExpression(field.key)}]` : field.key.name;
  return `${key}=${printExpression(field.value)}`;
}

/** Bytes outside printable ASCII as decimal escapes. */
const printString = (value: string): string =>
  `"${value.replace(/[^ !#-[\]-~]/g, byte => `\\${String(byte.charCodeAt(0)).padStart(3, "0")}`)}"`;
