/**
 * Where fields begin and end in what a program call writes: there the search tries every kind of tear.
 *
 *   sector header, fragment head, state head    their fields (docs/flash-format.md)
 *   data of a record                            the entries of its map, the lines of a receipt, the body of COSE_Sign1, the CRC
 *   seal, latch                                 every byte
 */
import { dataCrcBytes, decodeFragmentHead, type FragmentHead, fragmentHeadBytes } from "../../firmware/flash-record";
import type { Bytes } from "../../protocol/bytes";
import { createReader, readArrayHead, readMapHead, readUint, skipItem } from "../../protocol/cbor-read";
import { parseSign1 } from "../../protocol/cose-sign1";
import { documentKey } from "../../protocol/document";
import type { Point } from "./watch";

const headFields: readonly number[] = [1, 2, 6, 10, 14, 18, 22];
const sectorFields: readonly number[] = [4, 8, 12, 16, 20, 24, 28, 32, 36];
const stateFields: readonly number[] = [4, 8, 12, 16, 20];
const everyByte: readonly number[] = [1, 2, 3];

/** Borders in the call of each point; none in calls that are no programs. `payloads`: of all records, by sequence. */
export function bordersOf(points: readonly Point[], payloads: ReadonlyMap<number, Bytes>): (readonly number[])[] {
  /** The fragment at hand and where its data begin. */
  let fragment: { readonly head: FragmentHead; readonly start: number } | undefined;
  return points.map(({ call }) => {
    if (call.kind !== "program" || call.part === "scratch") return [];
    const { data, offsetBytes } = call;
    if (data.startsWith("KFM1")) return sectorFields;
    if (data.startsWith("KST1")) return stateFields;
    const head = call.part === "fiscal" && data.length >= fragmentHeadBytes ? decodeFragmentHead(data) : undefined;
    if (head !== undefined) {
      fragment = { head, start: offsetBytes + data.length };
      return headFields;
    }
    if (/^\0+$/.test(data)) return everyByte;
    const payload = call.part === "fiscal" && fragment !== undefined ? payloads.get(fragment.head.sequence) : undefined;
    if (fragment === undefined || payload === undefined) return [];
    const from = fragment.head.fromBytes + offsetBytes - fragment.start;
    const crc = fragment.head.fromBytes + fragment.head.dataBytes;
    return [...fieldsOf(payload), crc, crc + dataCrcBytes]
      .map(at => at - from)
      .filter(at => at > 0 && at < data.length);
  });
}

const known = new Map<Bytes, readonly number[]>();

function fieldsOf(payload: Bytes): readonly number[] {
  const fields = known.get(payload) ?? readFields(payload);
  known.set(payload, fields);
  return fields;
}

function readFields(payload: Bytes): number[] {
  const sign1 = parseSign1(payload);
  if (sign1 === undefined) return entriesAt(payload, 0);
  const { payloadOffset, payloadLength } = sign1;
  return [payloadOffset, ...entriesAt(payload, payloadOffset), payloadOffset + payloadLength];
}

/** Where the entries of the map at `offset` begin, and the lines of a receipt. */
function entriesAt(bytes: Bytes, offset: number): number[] {
  const reader = createReader(bytes);
  reader.offset = offset;
  const count = readMapHead(reader) ?? 0;
  const borders: number[] = [];
  for (let entry = 0; entry < count; entry++) {
    borders.push(reader.offset);
    const isLines = readUint(reader) === documentKey.lines && entry === count - 1;
    if (isLines) borders.push(...itemsAt(bytes, reader.offset));
    skipItem(reader);
  }
  return borders;
}

function itemsAt(bytes: Bytes, offset: number): number[] {
  const reader = createReader(bytes);
  reader.offset = offset;
  const count = readArrayHead(reader) ?? 0;
  const borders: number[] = [];
  for (let item = 0; item < count; item++) {
    borders.push(reader.offset);
    skipItem(reader);
  }
  return borders;
}
