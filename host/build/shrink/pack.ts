/**
 * Tables of constants as strings. A row { 7, "taxes", "bytes", "optional" } takes 28 bytes of instructions and its
 * strings; packed it takes 10, and one small function unpacks all tables while the image is loaded.
 *
 *   0 … 127            integer
 *   128 + length, …    string of 0 … 31 bytes
 *   160 + items, …     list of 0 … 15 values
 *   176 and 2 bytes    integer, little endian
 *   177 length, …      string
 *   178 items, fields, values …, (key, value) …   table
 *   179 n              the n-th further argument
 *   180, 181           false, true
 *   182 n              the n-th string of all texts so far, counted from 1
 *   183 and 8 bytes    integer, little endian
 *   191 + n            the same for the first 64
 */
import type { Expression, LuaTree, Statement, TableConstructor, Variable } from "./tree";
import { declaredBy, fieldName, newVariable, replaceIn } from "./tree";

const unpackSource = `
local words = {}
local function unpackTable(text, ...)
  local outer, at = {...}, 0
  local value
  local function word(length)
    at = at + length
    words[#words + 1] = string.sub(text, at - length + 1, at)
    return words[#words]
  end
  local function number(format, length)
    at = at + length
    return (string.unpack(format, text, at - length + 1))
  end
  local function fill(items, fields)
    local made = {}
    for index = 1, items do made[index] = value() end
    for index = 1, fields do
      local key = value()
      made[key] = value()
    end
    return made
  end
  function value()
    at = at + 1
    local tag = string.byte(text, at)
    if tag < 128 then return tag end
    if tag < 160 then return word(tag - 128) end
    if tag < 176 then return fill(tag - 160, 0) end
    if tag > 191 then return words[tag - 191] end
    if tag == 176 then return number("<I2", 2) end
    if tag == 177 then return word(value()) end
    if tag == 178 then return fill(value(), value()) end
    if tag == 179 then return outer[value()] end
    if tag == 182 then return words[value()] end
    if tag == 183 then return number("<i8", 8) end
    return tag == 181
  end
  return value()
end
`;

/** Tables with fewer values stay as they are. */
const valuesMin = 5;

/** Packs the tables of constants that statements of the top make; these stand in their final order. */
export function packTables(body: Statement[], top: Set<Variable>, tree: LuaTree): Statement[] {
  const unpack = newVariable("unpackTable");
  const words: string[] = [];
  const pack = (node: Expression): Expression => {
    const packed = node.type === "TableConstructorExpression" ? packTable(node, words, tree) : undefined;
    if (packed !== undefined) {
      words.push(...packed.words);
      const text: Expression = { type: "StringLiteral", value: packed.text, raw: "" };
      return { type: "CallExpression", base: tree.refer(unpack), arguments: [text, ...packed.outer] };
    }
    if (node.type !== "FunctionDeclaration") replaceIn(node, pack);
    return node;
  };
  for (const node of body) {
    if (node.type === "LocalStatement" || node.type === "AssignmentStatement") replaceIn(node, pack);
  }
  if (words.length === 0) return body;
  const unpacking = tree.graft(unpackSource, unpack);
  for (const node of unpacking) for (const variable of declaredBy(node, tree)) top.add(variable);
  return [...unpacking, ...body];
}

interface Packed {
  readonly text: string;
  /** Variables that stand in the table. */
  readonly outer: readonly Expression[];
  /** Strings that the text says for the first time. */
  readonly words: readonly string[];
}

function packTable(table: TableConstructor, known: readonly string[], tree: LuaTree): Packed | undefined {
  const outer: Expression[] = [];
  const words: string[] = [];
  let values = 0;
  const text = packValue(table);
  return text === undefined || values < valuesMin ? undefined : { text, outer, words };

  function packValue(node: Expression): string | undefined {
    values++;
    if (node.type === "NumericLiteral") return /^\d+$/.test(node.raw) ? packInteger(node.value) : undefined;
    if (node.type === "StringLiteral") return packString(node.value);
    if (node.type === "BooleanLiteral") return bytes(node.value ? 181 : 180);
    if (node.type === "TableConstructorExpression") return packFields(node);
    if (node.type !== "Identifier" || tree.variableOf(node) === undefined) return undefined;
    outer.push(node);
    return bytes(179) + packInteger(outer.length);
  }

  function packString(value: string): string {
    const number = [...known, ...words].indexOf(value) + 1;
    if (number > 0 && number <= 64) return bytes(191 + number);
    if (number > 0 && value.length > 1) return bytes(182) + packInteger(number);
    words.push(value);
    return (value.length < 32 ? bytes(128 + value.length) : bytes(177) + packInteger(value.length)) + value;
  }

  function packFields({ fields }: TableConstructor): string | undefined {
    const items = fields.filter(field => field.type === "TableValue");
    const named = fields.filter(field => field.type !== "TableValue");
    const isShort = named.length === 0 && items.length < 16;
    const counts = bytes(178) + packInteger(items.length) + packInteger(named.length);
    const parts = [isShort ? bytes(160 + items.length) : counts, ...items.map(field => packValue(field.value))];
    for (const field of named) {
      const key = fieldName(field);
      parts.push(key === undefined ? undefined : packString(key), packValue(field.value));
    }
    return parts.includes(undefined) ? undefined : parts.join("");
  }
}

const bytes = (...values: number[]): string => String.fromCharCode(...values);

function packInteger(value: number): string {
  if (value < 128) return bytes(value);
  const buffer = Buffer.alloc(8);
  buffer.writeBigInt64LE(BigInt(value));
  return value < 65536 ? bytes(176) + buffer.toString("latin1", 0, 2) : bytes(183) + buffer.toString("latin1");
}
