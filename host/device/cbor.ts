/**
 * The host's CBOR: cbor-x, set so that it agrees byte for byte with the module's own codec (shortest integers, definite
 * lengths, no tags, no floats). Byte strings are Buffers; a Map keeps its order and may have integer keys.
 */
import { Encoder } from "cbor-x";

const options = {
  mapsAsObjects: false,
  useRecords: false,
  variableMapSize: true,
  tagUint8Array: false,
  int64AsNumber: true,
} as const;
const codec = new Encoder(options);

const u32Max = 4294967295;

/** One CBOR item. Absent fields (`undefined`) of objects are left out. */
export function encodeCbor(value: unknown): Buffer {
  return Buffer.from(codec.encode(encodable(value)));
}

/** The value of one CBOR item: text-keyed maps as objects, other maps as Map. Throws when the bytes are no such item. */
export function decodeCbor(bytes: Uint8Array): unknown {
  return plain(codec.decode(bytes));
}

/** Text-keyed objects become Maps, and integers past 32 bits BigInts, because cbor-x would write those as floats. */
function encodable(value: unknown): unknown {
  if (typeof value === "number") {
    return Number.isInteger(value) && (value > u32Max || value < -u32Max - 1) ? BigInt(value) : value;
  }
  if (value === null || typeof value !== "object" || value instanceof Uint8Array) {
    return value;
  }
  if (Array.isArray(value)) {
    return value.map(encodable);
  }
  const entries = value instanceof Map ? [...value] : Object.entries(value);
  return new Map(entries.filter(entry => entry[1] !== undefined).map(([key, item]) => [key, encodable(item)]));
}

function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) {
    return Buffer.from(value);
  }
  if (Array.isArray(value)) {
    return value.map(plain);
  }
  if (!(value instanceof Map)) {
    return value;
  }
  const entries = [...value].map(([key, item]) => [key, plain(item)] as const);
  return entries.every(([key]) => typeof key === "string") ? Object.fromEntries(entries) : new Map(entries);
}
