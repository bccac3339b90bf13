/**
 * Names of properties that a shrunk image must not change: those of the HAL, which the board reads and writes, and those
 * that the firmware itself may look up by a string, as the type checker sees it:
 *
 *   object literals that become { [name: string]: … }      refuse("PIN_WAIT", { waitS })
 *   objects looked into by a text                           moduleRc[code]
 *   what Object.keys and the like list                      Object.entries(recordType)
 *   fields of { [name: string]: … }                         facts.expected
 */
import ts from "typescript";

export function keptNames(program: ts.Program, isContract: (file: string) => boolean): Set<string> {
  const checker = program.getTypeChecker();
  const names = new Set<string>();

  function keepAll(type: ts.Type): void {
    for (const part of type.isUnion() ? type.types : [type]) {
      for (const property of part.getProperties()) names.add(property.name);
    }
  }

  function isByText(type: ts.Type | undefined): boolean {
    if (type === undefined) return false;
    const parts = type.isUnion() ? type.types : [type];
    return parts.some(part => part.getStringIndexType() !== undefined);
  }

  function isText(type: ts.Type): boolean {
    return (type.flags & ts.TypeFlags.StringLike) !== 0 || (type.isUnion() && type.types.some(isText));
  }

  function see(node: ts.Node): void {
    if (ts.isExpression(node)) seeExpression(node);
    ts.forEachChild(node, see);
  }

  function seeExpression(node: ts.Expression): void {
    if (isByText(checker.getContextualType(node))) keepObject(checker.getTypeAtLocation(node));
    if (ts.isElementAccessExpression(node) && isText(checker.getTypeAtLocation(node.argumentExpression))) {
      keepObject(checker.getTypeAtLocation(node.expression));
    }
    if (ts.isPropertyAccessExpression(node) && isByText(checker.getTypeAtLocation(node.expression))) {
      names.add(node.name.text);
    }
    if (isListing(node)) for (const value of node.arguments) keepObject(checker.getTypeAtLocation(value));
  }

  /** Texts and lists have properties too, but those are no fields. */
  function keepObject(type: ts.Type): void {
    if ((type.flags & ts.TypeFlags.Object) !== 0 && !checker.isArrayLikeType(type)) keepAll(type);
    else if (type.isUnionOrIntersection()) for (const part of type.types) keepObject(part);
  }

  for (const source of program.getSourceFiles()) {
    if (isContract(source.fileName)) seeContract(source);
    if (!program.isSourceFileFromExternalLibrary(source) && !source.isDeclarationFile) see(source);
  }

  function seeContract(node: ts.Node): void {
    if ((ts.isPropertySignature(node) || ts.isMethodSignature(node)) && ts.isIdentifier(node.name)) {
      names.add(node.name.text);
    }
    ts.forEachChild(node, seeContract);
  }
  return names;
}

/** Object.keys(…), Object.entries(…), Object.values(…) */
const isListing = (node: ts.Node): node is ts.CallExpression =>
  ts.isCallExpression(node) &&
  ts.isPropertyAccessExpression(node.expression) &&
  ts.isIdentifier(node.expression.expression) &&
  node.expression.expression.text === "Object" &&
  ["keys", "entries", "values"].includes(node.expression.name.text);
