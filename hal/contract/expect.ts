/** What a case says when the board does otherwise: the fact, what was expected and what it got. */
import { isInteger } from "./vm";

export function expect(condition: boolean, fact: string): asserts condition {
  if (!condition) {
    throw new Error(fact);
  }
}

type Shown = string | number | boolean | undefined;

export function expectEqual(got: Shown, expected: Shown, fact: string): void {
  if (got !== expected) {
    throw new Error(`${fact}: expected ${shown(expected)}, got ${shown(got)}`);
  }
}

/** Counts, sizes and times: a float would stand on the paper as 12.0. */
export function expectInteger(got: unknown, what: string): void {
  expect(
    isInteger(got),
    `${what}: expected an integer, got ${got} (in Lua, 12.0 is a float: use // and math.tointeger)`,
  );
}

const shownMax = 40;

/** Bytes beyond printable ASCII would spoil a terminal. */
function shown(value: Shown): string {
  if (typeof value !== "string") {
    return `${value}`;
  }
  let text = "";
  for (let index = 0; index < value.length && index < shownMax; index++) {
    const code = value.charCodeAt(index);
    text += code >= 32 && code < 127 ? value.charAt(index) : ".";
  }
  return `"${text}" (${value.length} bytes)`;
}
