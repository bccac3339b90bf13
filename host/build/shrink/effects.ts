/** What a statement does first: Lua evaluates from left to right, and only what has no effect may be passed over. */
import {
  type Expression,
  expressionsIn,
  isSteady,
  type LuaFunction,
  type LuaTree,
  type Statement,
  type Variable,
} from "./tree";

/**
 * The expression that `isWanted`, when all that is evaluated before it are constants and variables that nothing in an
 * expression changes; with `passesReads` also what only reads variables and fields. The arguments of a call
 * that is wanted belong to it.
 */
export function firstEffect(
  nodes: readonly Expression[],
  isWanted: (node: Expression) => boolean,
  functions: ReadonlyMap<Variable, LuaFunction>,
  tree: LuaTree,
  passesReads = false,
): Expression | undefined {
  const first = firstOf(nodes);
  return first !== undefined && isWanted(first) ? first : undefined;

  function firstOf(inner: readonly Expression[]): Expression | undefined {
    for (const each of inner) {
      const effect = effectOf(each);
      if (effect !== undefined) return effect;
    }
    return undefined;
  }

  function effectOf(node: Expression): Expression | undefined {
    if (isWanted(node)) return node;
    switch (node.type) {
      case "Identifier": {
        const variable = tree.variableOf(node);
        return passesReads || variable === undefined || isSteady(variable, functions) ? undefined : node;
      }
      case "UnaryExpression":
        return effectOf(node.argument);
      case "BinaryExpression":
        return firstOf([node.left, node.right]);
      case "LogicalExpression":
        return effectOf(node.left) ?? (effectOf(node.right) === undefined ? undefined : node);
      case "MemberExpression":
        return effectOf(node.base) ?? (passesReads ? undefined : node);
      case "IndexExpression":
        return firstOf([node.base, node.index]) ?? (passesReads ? undefined : node);
      case "CallExpression":
        return firstOf([node.base, ...node.arguments]) ?? node;
      case "TableConstructorExpression":
        return firstOf(
          node.fields.flatMap(field => (field.type === "TableKey" ? [field.key, field.value] : [field.value])),
        );
      case "TableCallExpression":
      case "StringCallExpression":
        return node;
      default:
        return undefined;
    }
  }
}

/** The expressions that a statement evaluates once, before its blocks. */
export function startOf(node: Statement): readonly Expression[] {
  switch (node.type) {
    case "LocalStatement":
      return node.init;
    case "AssignmentStatement":
      return node.variables.every(target => target.type === "Identifier" || isPlainField(target)) ? node.init : [];
    case "CallStatement":
      return [node.expression];
    case "ReturnStatement":
      return node.arguments;
    case "IfStatement": {
      const [first] = node.clauses;
      return first !== undefined && "condition" in first ? [first.condition] : [];
    }
    case "ForGenericStatement":
      return node.iterators;
    default:
      return [];
  }
}

const isPlainField = (target: Expression): boolean =>
  target.type === "MemberExpression" && target.base.type === "Identifier";

/** True when evaluating it changes nothing: it may change places with others that only read. */
export const onlyReads = (node: Expression): boolean =>
  !node.type.endsWith("CallExpression") && node.type !== "FunctionDeclaration" && expressionsIn(node).every(onlyReads);

export const isLiteral = (node: Expression): boolean =>
  ["NumericLiteral", "BooleanLiteral", "StringLiteral", "NilLiteral"].includes(node.type);
