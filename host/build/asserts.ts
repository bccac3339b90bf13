/**
 * Numbers for the invariants of `assert(condition, "…")`: the image carries "#17" instead of the sentence, and
 * build/asserts.json tells what 17 means. It is a plugin of typescript-to-lua, so the sources stay as they are.
 */
import ts from "typescript";
import { createStringLiteral, type Plugin } from "typescript-to-lua";

export interface Invariant {
  readonly text: string;
  readonly file: string;
  readonly line: number;
}

/** number → invariant, as in build/asserts.json. */
export type Invariants = Record<string, Invariant>;

export interface AssertNumbering {
  readonly plugin: Plugin;
  readonly invariants: Invariants;
  /** Places where the invariant is no plain string, so that it cannot be numbered. */
  readonly unnumbered: string[];
}

/** `relative` makes the file names of build/asserts.json. */
export function numberAsserts(relative: (file: string) => string): AssertNumbering {
  const invariants: Invariants = {};
  const unnumbered: string[] = [];
  const numbers = new Map<ts.Node, number>();

  function placeOf(node: ts.Node): { file: string; line: number } {
    const source = node.getSourceFile();
    return { file: relative(source.fileName), line: source.getLineAndCharacterOfPosition(node.getStart()).line + 1 };
  }

  /** The transpiler may visit a node twice; it keeps its number. */
  function numberOf(node: ts.StringLiteralLike): number {
    const known = numbers.get(node);
    if (known !== undefined) return known;
    const number = numbers.size + 1;
    numbers.set(node, number);
    invariants[number] = { text: node.text, ...placeOf(node) };
    return number;
  }

  const plugin: Plugin = {
    visitors: {
      [ts.SyntaxKind.StringLiteral]: (node, context) =>
        isInvariant(node) ? createStringLiteral(`#${numberOf(node)}`, node) : context.superTransformExpression(node),
      [ts.SyntaxKind.CallExpression]: (node, context) => {
        const invariant = isAssertCall(node) ? node.arguments[1] : undefined;
        if (invariant !== undefined && !ts.isStringLiteral(invariant)) {
          const { file, line } = placeOf(invariant);
          unnumbered.push(`${file}:${line}: an invariant must be a plain string`);
        }
        return context.superTransformExpression(node);
      },
    },
  };
  return { plugin, invariants, unnumbered };
}

const isAssertCall = (node: ts.CallExpression): boolean =>
  ts.isIdentifier(node.expression) && node.expression.text === "assert";

const isInvariant = (node: ts.Node): node is ts.StringLiteral =>
  ts.isStringLiteral(node) &&
  ts.isCallExpression(node.parent) &&
  isAssertCall(node.parent) &&
  node.parent.arguments[1] === node;
