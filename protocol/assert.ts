/**
 * Assertions are about us, refusals are about the world (docs/refusals.md).
 *
 * A failed assertion is our bug: the module stops and the board restarts it. In the image the build replaces each
 * invariant by a number and writes the sentences to build/asserts.json.
 */
export function assert(condition: boolean, invariant: string): asserts condition {
  if (!condition) {
    throw new Error("assert: " + invariant);
  }
}
