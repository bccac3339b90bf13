/** One record of an export for people and for JSON: the keys of its map by their names (protocol/records.ts). */
import type { Bytes } from "../../protocol/bytes";
import { type CborMap, type CborValue, decodeMap } from "../../protocol/cbor-read";
import { documentKey } from "../../protocol/document";
import { toHex } from "../../protocol/hex";
import { itemHash, type JournalItem, mapOfRecord, type Sha256 } from "../../protocol/journal-read";
import {
  eventKey,
  fiscalizationKey,
  keyIndexKey,
  outcomeKey,
  printedKey,
  type RecordTypeName,
  reuseKey,
  settingsKey,
  shiftCloseKey,
} from "../../protocol/records";

export interface ShownItem {
  readonly sequence: number;
  readonly type: RecordTypeName;
  readonly hash: string;
  readonly prev: string;
  /** The id of the key that signed it; nothing is verified. */
  readonly kid?: string;
  /** Absent when the record holds a secret. */
  readonly fields?: { readonly [name: string]: unknown };
}

const keysOf: { readonly [Name in RecordTypeName]?: { readonly [name: string]: number } } = {
  document: documentKey,
  outcome: outcomeKey,
  delivered: outcomeKey,
  printed: printedKey,
  shiftClose: shiftCloseKey,
  fiscalization: fiscalizationKey,
  keyIndex: keyIndexKey,
  event: eventKey,
  settings: settingsKey,
  reuse: reuseKey,
};

export function showItem(bytes: Bytes, item: JournalItem, sha256: Sha256): ShownItem {
  const shown = {
    sequence: item.sequence,
    type: item.typeName,
    hash: toHex(itemHash(bytes, item, sha256)),
    prev: toHex(item.prev),
  };
  if (item.kind === "secret") {
    return shown;
  }
  const map = decodeMap(mapOfRecord(item));
  const fields = map === undefined ? undefined : showMap(map, namesOf(item.typeName));
  return { ...shown, ...(item.sign1 && { kid: toHex(item.sign1.kid) }), ...(fields && { fields }) };
}

/** One line: what is short is shown, lists and long bytes are left out. */
export function describeItem({ sequence, type, hash, fields = {} }: ShownItem): string {
  const words = Object.entries(fields)
    .filter(([name, value]) => name !== "prev" && typeof value !== "object" && String(value).length <= wordLengthMax)
    .map(([name, value]) => `${name}=${name === "utcS" ? formatUtc(value) : String(value)}`);
  return `${String(sequence).padStart(7)}  ${type.padEnd(13)} ${hash.slice(0, 8)}  ${words.join(" ")}`.trimEnd();
}

const wordLengthMax = 40;
/** The largest time that Date holds, in seconds. */
const utcMaxS = 8.64e12;

/** RFC 3339; what is no time is shown as it is. */
export const formatUtc = (utcS: unknown): string =>
  typeof utcS === "number" && utcS <= utcMaxS ? new Date(utcS * 1000).toISOString() : String(utcS);

function namesOf(type: RecordTypeName): ReadonlyMap<string | number, string> {
  return new Map(Object.entries(keysOf[type] ?? {}).map(([name, key]) => [key, name]));
}

function showMap(map: CborMap, names: ReadonlyMap<string | number, string>): { readonly [name: string]: unknown } {
  return Object.fromEntries([...map].map(([key, value]) => [names.get(key) ?? String(key), showValue(value)]));
}

const noNames: ReadonlyMap<string | number, string> = new Map();

function showValue(value: CborValue): unknown {
  switch (value.kind) {
    case "bytes":
      return toHex(value.value);
    case "text":
      return Buffer.from(value.value, "latin1").toString("utf8");
    case "array":
      return value.items.map(showValue);
    case "map":
      return showMap(value.entries, noNames);
    case "other":
      return "?";
    default:
      return value.value;
  }
}
