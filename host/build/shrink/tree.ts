/**
 * Lua as a tree (luaparse), and which local variable each identifier means. Strings hold bytes, as in latin1.
 *
 * A pass walks by `visit`, or puts other expressions in place by `rewrite`; new identifiers get their variable by
 * `refer`. What has no variable is a global of Lua.
 */
import luaparse from "luaparse";

export type Expression = luaparse.Expression;
export type Statement = luaparse.Statement;
export type Identifier = luaparse.Identifier;
export type LuaFunction = luaparse.FunctionDeclaration;
export type TableConstructor = luaparse.TableConstructorExpression;
type AnyNode = luaparse.Node;

/** One local variable of one scope. */
export interface Variable {
  readonly name: string;
  /** True when it gets a value other than by its declaration. */
  isAssigned: boolean;
  /** True when a function inside the one that declares it mentions it. */
  isCaptured: boolean;
}

export interface LuaTree {
  readonly body: Statement[];
  readonly variableOf: (identifier: Identifier) => Variable | undefined;
  /** A new identifier that means this variable. */
  readonly refer: (variable: Variable) => Identifier;
  /** The statements of more Lua; the variable that it declares at its top under the same name is `variable`. */
  readonly graft: (lua: string, variable: Variable) => Statement[];
  /** Gives each variable a name of its own, so that expressions may have moved anywhere. */
  readonly nameApart: () => void;
}

export const newVariable = (name: string): Variable => ({ name, isAssigned: false, isCaptured: false });
export const identifier = (name: string): Identifier => ({ type: "Identifier", name });
export const numeral = (value: number): luaparse.NumericLiteral => ({
  type: "NumericLiteral",
  value,
  raw: String(value),
});

/** True when the variable has one value while an expression is evaluated, whatever is called in it. */
export const isSteady = (variable: Variable, functions: ReadonlyMap<Variable, LuaFunction>): boolean =>
  !variable.isAssigned || !variable.isCaptured || functions.has(variable);

/** The name in `base.name`, `base["name"]` and `base:name`. */
export function memberName(node: Expression): string | undefined {
  if (node.type === "MemberExpression") return node.identifier.name;
  if (node.type === "IndexExpression" && node.index.type === "StringLiteral") return node.index.value;
  return undefined;
}

/** The key of a table's field when it is a name or a string. */
export function fieldName(field: TableConstructor["fields"][number]): string | undefined {
  if (field.type === "TableKeyString") return field.key.name;
  if (field.type === "TableKey" && field.key.type === "StringLiteral") return field.key.value;
  return undefined;
}

const parserOptions = { luaVersion: "5.3", encodingMode: "pseudo-latin1", comments: false } as const;

/** Throws SyntaxError. */
export function parseLua(lua: string): LuaTree {
  const { body } = luaparse.parse(lua, parserOptions);
  const variables = new Map<Identifier, Variable>();
  resolve(body, variables);
  return {
    body,
    variableOf: node => variables.get(node),
    refer(variable) {
      const node = identifier(variable.name);
      variables.set(node, variable);
      return node;
    },
    graft(more, variable) {
      const grafted = luaparse.parse(more, parserOptions).body;
      const own = new Map<Identifier, Variable>();
      resolve(grafted, own);
      const declared = [...own].find(([node]) => node.name === variable.name)?.[1];
      for (const [node, found] of own) variables.set(node, found === declared ? variable : found);
      return grafted;
    },
    nameApart() {
      const numbers = new Map<Variable, number>();
      for (const [node, variable] of variables) {
        const number = numbers.get(variable) ?? numbers.size;
        numbers.set(variable, number);
        node.name = `v${number}`;
      }
    },
  };
}

interface Scope {
  readonly names: Map<string, Variable>;
  readonly outer: Scope | undefined;
  /** The function that it belongs to; undefined: the chunk. */
  readonly owner: LuaFunction | undefined;
}

/** Finds the variable of every identifier (manual §3.5). */
function resolve(chunk: readonly Statement[], variables: Map<Identifier, Variable>): void {
  function declare(scope: Scope, node: Identifier): void {
    const variable = newVariable(node.name);
    scope.names.set(node.name, variable);
    variables.set(node, variable);
  }

  function use(scope: Scope, node: Identifier): Variable | undefined {
    let at: Scope | undefined = scope;
    while (at !== undefined && !at.names.has(node.name)) at = at.outer;
    const variable = at?.names.get(node.name);
    if (variable === undefined) return undefined;
    if (at?.owner !== scope.owner) variable.isCaptured = true;
    variables.set(node, variable);
    return variable;
  }

  function block(
    statements: readonly Statement[],
    outer: Scope,
    declared: readonly Identifier[] = [],
    owner: LuaFunction | undefined = outer.owner,
  ): Scope {
    const scope: Scope = { names: new Map(), outer, owner };
    for (const node of declared) declare(scope, node);
    for (const node of statements) statement(node, scope);
    return scope;
  }

  function functionBody(node: LuaFunction, scope: Scope): void {
    const parameters = node.parameters.filter((parameter): parameter is Identifier => parameter.type === "Identifier");
    block(node.body, scope, parameters, node);
  }

  function assign(target: Expression, scope: Scope): void {
    if (target.type !== "Identifier") {
      expression(target, scope);
      return;
    }
    const variable = use(scope, target);
    if (variable !== undefined) variable.isAssigned = true;
  }

  function expression(node: Expression, scope: Scope): void {
    if (node.type === "FunctionDeclaration") functionBody(node, scope);
    else if (node.type === "Identifier") use(scope, node);
    else for (const child of expressionsIn(node)) expression(child, scope);
  }

  function statement(node: Statement, scope: Scope): void {
    switch (node.type) {
      case "LocalStatement":
        for (const init of node.init) expression(init, scope);
        for (const name of node.variables) declare(scope, name);
        return;
      case "FunctionDeclaration":
        if (node.isLocal) declare(scope, node.identifier as Identifier);
        else if (node.identifier !== null) assign(node.identifier, scope);
        functionBody(node, scope);
        return;
      case "AssignmentStatement":
        for (const init of node.init) expression(init, scope);
        for (const target of node.variables) assign(target, scope);
        return;
      case "ForNumericStatement":
      case "ForGenericStatement": {
        for (const child of expressionsIn(node)) expression(child, scope);
        const names = node.type === "ForNumericStatement" ? [node.variable] : node.variables;
        block(node.body, scope, names);
        return;
      }
      case "RepeatStatement":
        expression(node.condition, block(node.body, scope));
        return;
      default:
        for (const child of expressionsIn(node)) expression(child, scope);
        for (const body of blocksIn(node)) block(body, scope);
    }
  }

  block(chunk, { names: new Map(), outer: undefined, owner: undefined });
}

/** The blocks directly inside a statement, functions not entered. */
export function blocksIn(node: Statement): Statement[][] {
  if (node.type === "IfStatement") return node.clauses.map(clause => clause.body);
  return "body" in node && node.type !== "FunctionDeclaration" ? [node.body] : [];
}

/** The expressions directly inside a node that are evaluated: neither names that are declared, nor names of fields. */
export function expressionsIn(node: AnyNode): Expression[] {
  const found: Expression[] = [];
  replaceIn(node, child => {
    found.push(child);
    return child;
  });
  return found;
}

type Change = (node: Expression) => Expression;

/** Puts `change(child)` for every expression directly inside a node. */
export function replaceIn(node: AnyNode, change: Change): void {
  const list = (items: Expression[]): void => {
    for (const [index, item] of items.entries()) items[index] = change(item);
  };
  switch (node.type) {
    case "LocalStatement":
      list(node.init);
      return;
    case "AssignmentStatement":
      list(node.init);
      list(node.variables);
      return;
    case "CallStatement":
      node.expression = change(node.expression) as typeof node.expression;
      return;
    case "ReturnStatement":
      list(node.arguments);
      return;
    case "IfStatement":
      for (const clause of node.clauses) {
        if (clause.type !== "ElseClause") clause.condition = change(clause.condition);
      }
      return;
    case "WhileStatement":
    case "RepeatStatement":
      node.condition = change(node.condition);
      return;
    case "ForNumericStatement":
      node.start = change(node.start);
      node.end = change(node.end);
      if (node.step !== null) node.step = change(node.step);
      return;
    case "ForGenericStatement":
      list(node.iterators);
      return;
    case "FunctionDeclaration":
      if (node.identifier !== null && !node.isLocal) node.identifier = change(node.identifier) as Identifier;
      return;
    case "TableConstructorExpression":
      for (const field of node.fields) {
        if (field.type === "TableKey") field.key = change(field.key);
        field.value = change(field.value);
      }
      return;
    case "BinaryExpression":
    case "LogicalExpression":
      node.left = change(node.left);
      node.right = change(node.right);
      return;
    case "UnaryExpression":
      node.argument = change(node.argument);
      return;
    case "MemberExpression":
      node.base = change(node.base);
      return;
    case "IndexExpression":
      node.base = change(node.base);
      node.index = change(node.index);
      return;
    case "CallExpression":
      node.base = change(node.base);
      list(node.arguments);
      return;
    case "TableCallExpression":
      node.base = change(node.base);
      node.arguments = change(node.arguments);
      return;
    case "StringCallExpression":
      node.base = change(node.base);
      return;
  }
}

/** Every block of statements, innermost first: `change` may put others in its place. */
export function rewriteBlocks(body: Statement[], change: (body: Statement[]) => Statement[]): Statement[] {
  const inFunction = (node: Expression): void => {
    if (node.type === "FunctionDeclaration") node.body = rewriteBlocks(node.body, change);
    else for (const child of expressionsIn(node)) inFunction(child);
  };
  for (const node of body) {
    if (node.type === "FunctionDeclaration") node.body = rewriteBlocks(node.body, change);
    else if (node.type === "IfStatement") {
      for (const clause of node.clauses) clause.body = rewriteBlocks(clause.body, change);
    } else if ("body" in node) node.body = rewriteBlocks(node.body, change);
    for (const child of expressionsIn(node)) inFunction(child);
  }
  return change(body);
}

export function visitStatements(body: Statement[], see: (node: Statement) => void): void {
  rewriteBlocks(body, block => {
    for (const node of block) see(node);
    return block;
  });
}

/** Puts `change(node)` for every expression, inner ones first. */
export function rewrite(body: readonly Statement[], change: Change): void {
  const deep = (node: Expression): Expression => {
    if (node.type === "FunctionDeclaration") rewrite(node.body, change);
    replaceIn(node, deep);
    return change(node);
  };
  for (const node of body) {
    replaceIn(node, deep);
    if (node.type === "FunctionDeclaration") rewrite(node.body, change);
    else for (const inner of blocksIn(node)) rewrite(inner, change);
  }
}

/** Every expression, outer ones first. */
export function visit(body: readonly Statement[], see: (node: Expression) => void): void {
  rewrite(body, node => {
    see(node);
    return node;
  });
}

/** What a statement itself declares. */
export function declaredBy(node: Statement, tree: LuaTree): Variable[] {
  const names = node.type === "LocalStatement" ? node.variables : [];
  const own = node.type === "FunctionDeclaration" && node.isLocal ? [node.identifier as Identifier] : [];
  return [...names, ...own].flatMap(name => tree.variableOf(name) ?? []);
}

/** Every expression but those in functions inside; the functions themselves are seen. */
export function visitOwn(body: readonly Statement[], see: (node: Expression) => void): void {
  const deep = (node: Expression): void => {
    see(node);
    if (node.type !== "FunctionDeclaration") for (const inner of expressionsIn(node)) deep(inner);
  };
  for (const node of body) {
    if (node.type === "FunctionDeclaration") deep(node);
    else {
      for (const inner of expressionsIn(node)) deep(inner);
      for (const block of blocksIn(node)) visitOwn(block, see);
    }
  }
}

/** How often each variable is mentioned; a definition `function f` is a mention, `local function f` is none. */
export function mentionsIn(body: readonly Statement[], tree: LuaTree): Map<Variable, number> {
  const mentions = new Map<Variable, number>();
  visit(body, node => {
    const variable = node.type === "Identifier" ? tree.variableOf(node) : undefined;
    if (variable !== undefined) mentions.set(variable, (mentions.get(variable) ?? 0) + 1);
  });
  return mentions;
}

/** Variables of the top that are one function each and never change. */
export function functionsIn(
  body: readonly Statement[],
  top: ReadonlySet<Variable>,
  tree: LuaTree,
): ReadonlyMap<Variable, LuaFunction> {
  const functions = new Map<Variable, LuaFunction>();
  const defined = new Map<Variable, number>();
  const count = (target: Expression | null): void => {
    const variable = target?.type === "Identifier" ? tree.variableOf(target) : undefined;
    if (variable !== undefined) defined.set(variable, (defined.get(variable) ?? 0) + 1);
  };
  visitStatements([...body], node => {
    if (node.type === "AssignmentStatement") node.variables.forEach(count);
    if (node.type === "FunctionDeclaration") count(node.identifier);
  });
  for (const node of body) {
    if (node.type !== "FunctionDeclaration" || node.identifier?.type !== "Identifier") continue;
    const variable = tree.variableOf(node.identifier);
    if (variable !== undefined && top.has(variable) && defined.get(variable) === 1) functions.set(variable, node);
  }
  return functions;
}
