/**
 * Tables of constants as strings. A row { 7, "taxes", "bytes", "optional" } takes 28 bytes of instructions and its
 * strings; packed it takes 12, and one small function unpacks all tables while the image is loaded.
 *
 *   0x00 … 0xbf        integer 0 … 191
 *   0xc0 + length, …   string of 0 … 31 bytes; the n-th one of its text can be said again
 *   0xe0 n             that string again
 *   0xe1 items, fields, values …, (key, value) …   table
 *   0xe2 and 8 bytes   integer, little endian
 *   0xe3 n             the n-th further argument
 *   0xe4, 0xe5         false, true
 *   0xe6 length, …     string of 32 … 255 bytes
 */
import type { Expression, LuaTree, Statement, TableConstructor, Variable } from "./lua-tree";
import { fieldName, newVariable, replaceIn } from "./lua-tree";

const unpackSource = `
local function unpackTable(text, ...)
  local outer, words, at = {...}, {}, 0
  local function value()
    at = at + 1
    local tag = string.byte(text, at)
    if tag < 192 then return tag end
    if tag == 224 then return words[value()] end
    if tag == 227 then return outer[value()] end
    if tag == 228 then return false end
    if tag == 229 then return true end
    if tag == 226 then
      at = at + 8
      return (string.unpack("<i8", text, at - 7))
    end
    if tag == 225 then
      local items, fields, made = value(), value(), {}
      for index = 1, items do made[index] = value() end
      for index = 1, fields do
        local key = value()
        made[key] = value()
      end
      return made
    end
    local length = tag == 230 and value() or tag - 192
    at = at + length
    words[#words + 1] = string.sub(text, at - length + 1, at)
    return words[#words]
  end
  return value()
end
`;

/** Tables with fewer values stay as they are. */
const valuesMin = 5;
const wordsMax = 191;

/** Packs the tables of constants that statements of the top make. */
export function packTables(body: Statement[], top: Set<Variable>, tree: LuaTree): Statement[] {
  const unpack = newVariable("unpackTable");
  let packedAny = false;
  const pack = (node: Expression): Expression => {
    const packed = node.type === "TableConstructorExpression" ? packTable(node, tree) : undefined;
    if (packed !== undefined) {
      packedAny = true;
      const text: Expression = { type: "StringLiteral", value: packed.text, raw: "" };
      return { type: "CallExpression", base: tree.refer(unpack), arguments: [text, ...packed.outer] };
    }
    if (node.type !== "FunctionDeclaration") replaceIn(node, pack);
    return node;
  };
  for (const node of body) if (node.type === "LocalStatement" || node.type === "AssignmentStatement") replaceIn(node, pack);
  if (!packedAny) return body;
  top.add(unpack);
  return [...tree.graft(unpackSource, unpack), ...body];
}

interface Packed {
  readonly text: string;
  /** Variables that stand in the table. */
  readonly outer: readonly Expression[];
}

function packTable(table: TableConstructor, tree: LuaTree): Packed | undefined {
  const outer: Expression[] = [];
  const words: string[] = [];
  let values = 0;
  const text = packValue(table);
  return text === undefined || values < valuesMin ? undefined : { text, outer };

  function packValue(node: Expression): string | undefined {
    values++;
    if (node.type === "NumericLiteral") return packInteger(node.value, node.raw);
    if (node.type === "StringLiteral") return packString(node.value);
    if (node.type === "BooleanLiteral") return bytes(node.value ? 0xe5 : 0xe4);
    if (node.type === "TableConstructorExpression") return packFields(node);
    if (node.type !== "Identifier" || tree.variableOf(node) === undefined || outer.length >= 100) return undefined;
    outer.push(node);
    return bytes(0xe3, outer.length);
  }

  function packString(value: string): string | undefined {
    const known = words.indexOf(value);
    if (known >= 0 && value.length > 1) return bytes(0xe0, known + 1);
    if (value.length > 191 || words.length >= wordsMax) return undefined;
    words.push(value);
    return (value.length < 32 ? bytes(0xc0 + value.length) : bytes(0xe6, value.length)) + value;
  }

  function packFields({ fields }: TableConstructor): string | undefined {
    const items = fields.filter(field => field.type === "TableValue");
    const named = fields.filter(field => field.type !== "TableValue");
    if (items.length > 191 || named.length > 191) return undefined;
    const parts = [bytes(0xe1, items.length, named.length), ...items.map(field => packValue(field.value))];
    for (const field of named) {
      const key = fieldName(field);
      parts.push(key === undefined ? undefined : packString(key), packValue(field.value));
    }
    return parts.includes(undefined) ? undefined : parts.join("");
  }
}

const bytes = (...values: number[]): string => String.fromCharCode(...values);

function packInteger(value: number, raw: string): string | undefined {
  if (!/^\d+$/.test(raw) || !Number.isSafeInteger(value)) return undefined;
  if (value < 192) return bytes(value);
  const buffer = Buffer.alloc(8);
  buffer.writeBigInt64LE(BigInt(value));
  return bytes(0xe2) + buffer.toString("latin1");
}
