/**
 * Writing one record, piece by piece: head, pages of data, CRC, on through the sectors, then seal and latch. Holds at
 * most one page. After a failure or a power cut in the middle only a new start knows what is on the flash.
 */
import { assert } from "../protocol/assert";
import { type Bytes, concat, slice, u32be } from "../protocol/bytes";
import { crc32End, crc32Start, crc32Update } from "../protocol/crc32";
import { programFlash } from "./flash-access";
import {
  dataCrcBytes,
  dataEnd,
  dataStart,
  encodeFragmentHead,
  type FragmentHead,
  fragmentDataBytes,
  isLastFragment,
} from "./flash-record";
import { assertWritable, type LogTail, openSector, startsHere } from "./log-tail";
import { openChainHash } from "./log-walk";
import type { DocumentNote, RecordRef, RecordWriter } from "./memory-api";
import { programSeals } from "./seals";

/** The fragment at hand. */
interface Writing {
  readonly type: number;
  readonly lengthBytes: number;
  readonly hashHandle: number;
  /** Of the record. */
  position: number;
  fragment: FragmentHead;
  fragmentPosition: number;
  crc: number;
  /** Data of the fragment that were programmed already. */
  programmedBytes: number;
  page: Bytes[];
  pageBytes: number;
  takenBytes: number;
}

export function beginRecord(
  tail: LogTail,
  type: number,
  lengthBytes: number,
  note: DocumentNote | undefined,
): RecordWriter {
  assertWritable(tail);
  assert(lengthBytes >= 1, "a record has a payload");
  assert(type >= 1 && type <= 255, "a type fits a byte");
  tail.isWriting = true;
  tail.isUncertain = true;
  if (!startsHere(tail)) {
    openSector(tail, tail.lastSequence + 1);
  }
  // From here on, sectors that are opened lie after this document.
  if (note !== undefined) {
    tail.newestDocument = note.number;
    tail.newestUtcS = Math.max(tail.newestUtcS, note.utcS);
  }
  const writing = startWriting(tail, type, lengthBytes);
  tail.isUncertain = false;
  return {
    write: piece => takePiece(tail, writing, piece),
    finish: () => finishRecord(tail, writing),
  };
}

function startWriting(tail: LogTail, type: number, lengthBytes: number): Writing {
  const fragment = startFragment(tail, type, lengthBytes, 0);
  return {
    type,
    lengthBytes,
    hashHandle: openChainHash(tail.hash, tail.lastSequence + 1, type),
    position: tail.position,
    fragment,
    fragmentPosition: tail.position,
    crc: crc32Start,
    programmedBytes: 0,
    page: [],
    pageBytes: 0,
    takenBytes: 0,
  };
}

function startFragment(tail: LogTail, type: number, lengthBytes: number, offsetBytes: number): FragmentHead {
  const dataBytes = fragmentDataBytes(tail.area, tail.position, lengthBytes - offsetBytes);
  const head: FragmentHead = { type, sequence: tail.lastSequence + 1, lengthBytes, fromBytes: offsetBytes, dataBytes };
  programFlash(tail.area, tail.position, encodeFragmentHead(head));
  return head;
}

function takePiece(tail: LogTail, writing: Writing, piece: Bytes): void {
  assert(writing.takenBytes + piece.length <= writing.lengthBytes, "a record takes no more than it announced");
  tail.isUncertain = true;
  let at = 0;
  while (at < piece.length) {
    const fragmentLeft = writing.fragment.dataBytes - writing.programmedBytes - writing.pageBytes;
    if (fragmentLeft === 0) {
      nextFragment(tail, writing);
    } else {
      const length = Math.min(piece.length - at, fragmentLeft, tail.area.pageBytes - writing.pageBytes);
      takePart(tail, writing, slice(piece, at, at + length));
      at += length;
    }
  }
  writing.takenBytes += piece.length;
  tail.isUncertain = false;
}

function takePart(tail: LogTail, writing: Writing, part: Bytes): void {
  tail.hash.update(writing.hashHandle, part);
  writing.crc = crc32Update(writing.crc, part);
  writing.page.push(part);
  writing.pageBytes += part.length;
  const isFragmentFull = writing.programmedBytes + writing.pageBytes === writing.fragment.dataBytes;
  if (writing.pageBytes === tail.area.pageBytes && !isFragmentFull) {
    programPage(tail, writing);
  }
}

function programPage(tail: LogTail, writing: Writing): void {
  programFlash(
    tail.area,
    dataStart(tail.area, writing.fragmentPosition) + writing.programmedBytes,
    concat(writing.page),
  );
  writing.programmedBytes += writing.pageBytes;
  writing.page = [];
  writing.pageBytes = 0;
}

/** The last page goes out together with the CRC of the fragment's data. */
function closeFragment(tail: LogTail, writing: Writing): void {
  assert(writing.programmedBytes + writing.pageBytes === writing.fragment.dataBytes, "a fragment is full when it ends");
  writing.page.push(u32be(crc32End(writing.crc)));
  writing.pageBytes += dataCrcBytes;
  programPage(tail, writing);
  tail.position = dataEnd(tail.area, writing.fragmentPosition, writing.fragment);
}

function nextFragment(tail: LogTail, writing: Writing): void {
  const { fragment } = writing;
  assert(!isLastFragment(fragment), "a last fragment takes the rest");
  closeFragment(tail, writing);
  openSector(tail, tail.lastSequence + 2);
  writing.fragment = startFragment(tail, writing.type, writing.lengthBytes, fragment.fromBytes + fragment.dataBytes);
  writing.fragmentPosition = tail.position;
  writing.crc = crc32Start;
  writing.programmedBytes = 0;
}

function finishRecord(tail: LogTail, writing: Writing): RecordRef {
  assert(writing.takenBytes === writing.lengthBytes, "a record is as long as it announced");
  tail.isUncertain = true;
  closeFragment(tail, writing);
  programSeals(tail.area, tail.position);
  tail.position += tail.area.sealsBytes;
  tail.lastSequence += 1;
  tail.lastHash = tail.hash.digest(writing.hashHandle);
  tail.lastPosition = writing.position;
  tail.isWriting = false;
  tail.isUncertain = false;
  return {
    sequence: tail.lastSequence,
    type: writing.type,
    position: writing.position,
    lengthBytes: writing.lengthBytes,
  };
}
