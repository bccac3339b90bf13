/**
 * Walking the log: what stands at the place of the next record, and what lies ahead of it. Facts only; tail-actions.ts
 * says what they mean.
 */
import type { Hash } from "../hal/hash";
import { type Bytes, concat, emptyBytes, readU32be } from "../protocol/bytes";
import { cborArrayHead, cborUint } from "../protocol/cbor-write";
import { crc32End, crc32Start, crc32Update } from "../protocol/crc32";
import { isBlank, readFlash } from "./flash-access";
import {
  dataCrcBytes,
  dataEnd,
  dataStart,
  type FragmentHead,
  isLastFragment,
  type LogArea,
  readFragmentHead,
  readSectorHeader,
  restBytes,
  sectorAfter,
  sectorEnd,
  sectorNumber,
  sectorOf,
  sectorStart,
} from "./flash-record";
import type { RecordRef } from "./memory-api";
import { readSeals, type Seal } from "./seals";
import type { Ahead, Slot } from "./tail-actions";

/** A record as far as its fragments can be followed. */
export interface RecordScan {
  readonly ref: RecordRef;
  /** All fragment heads are there, up to the last. */
  readonly isWhole: boolean;
  /** After the seals, or after the last fragment that was found. */
  readonly end: number;
  readonly seal: Seal;
}

export interface SlotFacts {
  readonly slot: Slot;
  readonly scan: RecordScan | undefined;
}

/** The next fragment of a record, at the start of the sector after `sector`. */
function continuation(area: LogArea, sector: number, head: FragmentHead): FragmentHead | undefined {
  const next = sectorAfter(area, sector);
  if (sectorNumber(area, next) <= sectorNumber(area, sector)) {
    return undefined;
  }
  const found = readFragmentHead(area, sectorStart(area, next));
  const isNext =
    found !== undefined &&
    found.sequence === head.sequence &&
    found.type === head.type &&
    found.lengthBytes === head.lengthBytes &&
    found.fromBytes === head.fromBytes + head.dataBytes;
  return isNext ? found : undefined;
}

/** Follows a record from its first fragment. */
export function scanRecord(area: LogArea, position: number, first: FragmentHead): RecordScan {
  const ref: RecordRef = { sequence: first.sequence, type: first.type, position, lengthBytes: first.lengthBytes };
  let at = position;
  let head = first;
  for (let hops = 0; hops < area.sectorCount && !isLastFragment(head); hops++) {
    const sector = sectorOf(area, at);
    const next = continuation(area, sector, head);
    if (next === undefined) {
      break;
    }
    at = sectorStart(area, sectorAfter(area, sector));
    head = next;
  }
  const end = dataEnd(area, at, head);
  if (!isLastFragment(head)) {
    return { ref, isWhole: false, end, seal: "blank" };
  }
  return { ref, isWhole: true, end: end + area.sealsBytes, seal: readSeals(area, end) };
}

/** What stands at `position`, where record `sequence` should begin. */
export function judgeSlot(area: LogArea, position: number, sequence: number): SlotFacts {
  if (restBytes(area, position) < area.startBytesMin) {
    return { slot: "blank", scan: undefined };
  }
  const head = readFragmentHead(area, position);
  const end = sectorEnd(area, sectorOf(area, position));
  if (head === undefined) {
    const isBlankHead = isBlank(area, position, area.fragmentHeadBytes);
    const isBlankBeyond = isBlank(
      area,
      position + area.fragmentHeadBytes,
      restBytes(area, position) - area.fragmentHeadBytes,
    );
    // Only the head's own call can be torn when nothing follows it.
    const slot = !isBlankBeyond ? "broken" : isBlankHead ? "blank" : "torn";
    return { slot, scan: undefined };
  }
  if (head.sequence !== sequence || head.fromBytes !== 0 || dataEnd(area, position, head) > end) {
    return { slot: "broken", scan: undefined };
  }
  const scan = scanRecord(area, position, head);
  return { slot: slotOf(area, scan), scan };
}

function slotOf(area: LogArea, scan: RecordScan): Slot {
  if (scan.seal === "latched" || scan.seal === "sealed") {
    return scan.seal;
  }
  const isBlankBeyond = isBlank(area, scan.end, restBytes(area, scan.end));
  if (scan.seal === "latchOnly" || !isBlankBeyond) {
    return "broken";
  }
  return scan.isWhole ? "unsealed" : "torn";
}

/** What lies ahead of a slot; asked only when the slot does not speak for itself. */
export function lookAhead(area: LogArea, position: number, sequence: number, facts: SlotFacts): Ahead {
  const sector = sectorOf(area, position);
  const { slot, scan } = facts;
  if (slot === "latched" || slot === "broken") {
    return "nothing";
  }
  if (slot === "blank" ? nextSectorBegins(area, sector, sequence) : isProven(area, sector, sequence)) {
    return "same";
  }
  if (scan === undefined || !scan.isWhole) {
    return hasStray(area, sector, sequence) ? "stray" : "nothing";
  }
  if (isFollowed(area, scan)) {
    return "following";
  }
  return hasStray(area, sectorOf(area, scan.end), sequence + 1) ? "stray" : "nothing";
}

/** An earlier start believed this record: it wrote on after it. */
function isFollowed(area: LogArea, scan: RecordScan): boolean {
  return (
    !isBlank(area, scan.end, restBytes(area, scan.end)) ||
    isProven(area, sectorOf(area, scan.end), scan.ref.sequence + 1)
  );
}

/** The next sector was opened for record `sequence`, and something was written into it. */
function nextSectorBegins(area: LogArea, sector: number, sequence: number): boolean {
  const next = sectorAfter(area, sector);
  const header = readSectorHeader(area, next);
  return (
    header !== undefined &&
    header.number > sectorNumber(area, sector) &&
    header.firstSequence === sequence &&
    !isBlank(area, sectorStart(area, next), area.fragmentHeadBytes)
  );
}

/**
 * The sector after `sector` begins with record `sequence`, and that record is there: its seal is programmed, or a
 * proven one follows it.
 */
function isProven(area: LogArea, sector: number, sequence: number): boolean {
  let before = sector;
  let expected = sequence;
  for (let hops = 0; hops < area.sectorCount; hops++) {
    const next = sectorAfter(area, before);
    const header = readSectorHeader(area, next);
    if (header === undefined || header.number <= sectorNumber(area, before) || header.firstSequence !== expected) {
      return false;
    }
    const head = readFragmentHead(area, sectorStart(area, next));
    if (head === undefined || head.sequence !== expected || head.fromBytes !== 0) {
      return false;
    }
    const scan = scanRecord(area, sectorStart(area, next), head);
    if (!scan.isWhole) {
      return false;
    }
    if (scan.seal !== "blank") {
      return true;
    }
    before = sectorOf(area, scan.end);
    expected += 1;
  }
  return false;
}

/**
 * A record that was finished beyond doubt, with this sequence or a later one, in a sector that the walk cannot reach:
 * something between was damaged. One unreadable sector header is looked over.
 */
function hasStray(area: LogArea, sector: number, sequence: number): boolean {
  const number = sectorNumber(area, sector);
  let unreadable = 0;
  let at = sector;
  for (let hops = 1; hops < area.sectorCount; hops++) {
    at = sectorAfter(area, at);
    const header = readSectorHeader(area, at);
    if (header === undefined || header.number <= number) {
      unreadable += 1;
      if (unreadable > 1) {
        return false;
      }
    }
    if (endsLatched(area, at, sequence)) {
      return true;
    }
  }
  return false;
}

function endsLatched(area: LogArea, sector: number, sequence: number): boolean {
  const at = sectorStart(area, sector);
  const head = readFragmentHead(area, at);
  if (head === undefined || head.sequence < sequence || !isLastFragment(head)) {
    return false;
  }
  const end = dataEnd(area, at, head);
  return end + area.sealsBytes <= sectorEnd(area, sector) && readSeals(area, end) === "latched";
}

/** Where the first record begins in `sector` or after it, and its sequence; the sector's header is whole. */
export function firstSlot(area: LogArea, sector: number): { position: number; sequence: number } {
  let at = sector;
  for (let hops = 0; hops < area.sectorCount; hops++) {
    const header = readSectorHeader(area, at);
    const head = readFragmentHead(area, sectorStart(area, at));
    const sequence = header === undefined ? 0 : header.firstSequence;
    if (head === undefined || head.fromBytes === 0) {
      return { position: sectorStart(area, at), sequence };
    }
    if (isLastFragment(head)) {
      return { position: dataEnd(area, sectorStart(area, at), head) + area.sealsBytes, sequence };
    }
    at = sectorAfter(area, at);
  }
  return { position: sectorStart(area, sector), sequence: 0 };
}

/** Begins the chain hash of a record: SHA-256 of the CBOR array [sequence, type, payload]. */
export function openChainHash(hash: Hash, sequence: number, type: number): number {
  const handle = hash.open();
  hash.update(handle, concat([cborArrayHead(3), cborUint(sequence), cborUint(type)]));
  return handle;
}

export interface RecordContent {
  /** The CRC of every fragment agrees with its data. */
  readonly fits: boolean;
  readonly hash: Bytes;
}

/** Reads a whole record, page by page. */
export function readContent(area: LogArea, hash: Hash, ref: RecordRef): RecordContent {
  const handle = openChainHash(hash, ref.sequence, ref.type);
  let fits = false;
  try {
    fits = hashFragments(area, hash, handle, ref);
  } catch (failure) {
    hash.digest(handle);
    throw failure;
  }
  return { fits, hash: hash.digest(handle) };
}

function hashFragments(area: LogArea, hash: Hash, handle: number, ref: RecordRef): boolean {
  let at = ref.position;
  let head = readFragmentHead(area, at);
  let fits = true;
  let offset = 0;
  for (let hops = 0; hops < area.sectorCount && head !== undefined; hops++) {
    fits = readFragment(area, hash, handle, at, head) && fits;
    offset = head.fromBytes + head.dataBytes;
    const sector = sectorOf(area, at);
    head = offset < ref.lengthBytes ? continuation(area, sector, head) : undefined;
    at = sectorStart(area, sectorAfter(area, sector));
  }
  return fits && offset === ref.lengthBytes;
}

function readFragment(area: LogArea, hash: Hash, handle: number, position: number, head: FragmentHead): boolean {
  const start = dataStart(area, position);
  let crc = crc32Start;
  for (let done = 0; done < head.dataBytes; done += area.pageBytes) {
    const page = readFlash(area, start + done, Math.min(area.pageBytes, head.dataBytes - done));
    crc = crc32Update(crc, page);
    hash.update(handle, page);
  }
  return readU32be(readFlash(area, start + head.dataBytes, dataCrcBytes), 0) === crc32End(crc);
}

/** A place in a record that is being read: its fragment, so that reading on does not begin at the first one again. */
export interface ReadCursor {
  sequence: number;
  position: number;
  head: FragmentHead | undefined;
}

/** `lengthBytes` of a record from `fromBytes`, through the fragments. */
export function readPayload(
  area: LogArea,
  cursor: ReadCursor,
  ref: RecordRef,
  fromBytes: number,
  lengthBytes: number,
): Bytes {
  const parts: Bytes[] = [];
  let offset = fromBytes;
  const end = fromBytes + lengthBytes;
  while (offset < end) {
    const head = seek(area, cursor, ref, offset);
    if (head === undefined) {
      return emptyBytes;
    }
    const within = offset - head.fromBytes;
    const length = Math.min(head.dataBytes - within, end - offset);
    parts.push(readFlash(area, dataStart(area, cursor.position) + within, length));
    offset += length;
  }
  return parts.length === 1 ? parts[0]! : concat(parts);
}

/** Moves the cursor to the fragment that holds `offset`. */
function seek(area: LogArea, cursor: ReadCursor, ref: RecordRef, offset: number): FragmentHead | undefined {
  if (cursor.head === undefined || cursor.sequence !== ref.sequence || cursor.head.fromBytes > offset) {
    // Read first: a chip that fails leaves the cursor where it was.
    cursor.head = readFragmentHead(area, ref.position);
    cursor.sequence = ref.sequence;
    cursor.position = ref.position;
  }
  for (let hops = 0; hops <= area.sectorCount; hops++) {
    const head: FragmentHead | undefined = cursor.head;
    if (head === undefined || offset < head.fromBytes + head.dataBytes) {
      return head;
    }
    const sector = sectorOf(area, cursor.position);
    cursor.head = continuation(area, sector, head);
    cursor.position = sectorStart(area, sectorAfter(area, sector));
  }
  return undefined;
}

export const newCursor = (): ReadCursor => ({ sequence: 0, position: 0, head: undefined });

/** The first `lengthBytes` of a record, or all of a shorter one. */
export const readStart = (area: LogArea, ref: RecordRef, lengthBytes: number): Bytes =>
  readPayload(area, newCursor(), ref, 0, Math.min(lengthBytes, ref.lengthBytes));
