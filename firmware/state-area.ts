/**
 * The state area: the newest checkpoint, in one of three places that are written in turn, so that two whole copies
 * remain while a third is written.
 *
 *   place   | magic | sequence | length | crc(payload) | crc(head) | payload … |      … | seal | latch |
 *             u32     u32        u32      u32            u32         length               (seals.ts)
 *
 * All little-endian. A copy counts once its seal is programmed; the one with the highest sequence is the state.
 */
import type { Flash } from "../hal/flash";
import { assert } from "../protocol/assert";
import { type Bytes, concat, readU32le, slice, u32le } from "../protocol/bytes";
import { crc32 } from "../protocol/crc32";
import { areaOf, eraseSector, type FlashArea, isBlank, padded, programFlash, readFlash } from "./flash-access";
import { stateBytesMax, stateCopies } from "./limits";
import { programSeals, readSeals, sealsBytes } from "./seals";

const magic = 0x3153544b;
const headBytes = 20;

interface Place {
  readonly sector: number;
  readonly sectors: number;
  readonly offsetBytes: number;
  readonly sealsOffset: number;
}

export type LoadedState =
  | { readonly kind: "none" }
  /** Something is sealed there that does not read back: no power cut leaves that. */
  | { readonly kind: "corrupt" }
  | { readonly kind: "state"; readonly sequence: number; readonly payload: Bytes };

function placesOf(area: FlashArea): Place[] {
  const sectors = Math.floor(area.sectorCount / stateCopies);
  const places: Place[] = [];
  for (let index = 0; index < stateCopies; index++) {
    const sector = index * sectors;
    const offsetBytes = sector * area.sectorBytes;
    const sealsOffset = offsetBytes + sectors * area.sectorBytes - sealsBytes(area);
    places.push({ sector, sectors, offsetBytes, sealsOffset });
  }
  return places;
}

const roomOf = (area: FlashArea, place: Place): number =>
  place.sealsOffset - place.offsetBytes - padded(area, headBytes);

/** The copy in one place. */
function loadPlace(area: FlashArea, place: Place): LoadedState {
  if (readSeals(area, place.sealsOffset) === "blank") {
    return { kind: "none" };
  }
  const head = readFlash(area, place.offsetBytes, headBytes);
  const length = readU32le(head, 8);
  const headWhole = readU32le(head, 0) === magic && readU32le(head, 16) === crc32(slice(head, 0, 16));
  if (!headWhole || length > roomOf(area, place)) {
    return { kind: "corrupt" };
  }
  const payload = readFlash(area, place.offsetBytes + padded(area, headBytes), length);
  if (crc32(payload) !== readU32le(head, 12)) {
    return { kind: "corrupt" };
  }
  return { kind: "state", sequence: readU32le(head, 4), payload };
}

/** The newest whole copy. Corrupt only when something was sealed and none of it reads back. */
export function loadState(flash: Flash, callBytesMax: number): LoadedState {
  const area = areaOf(flash, callBytesMax);
  let newest: LoadedState = { kind: "none" };
  for (const place of placesOf(area)) {
    const loaded = loadPlace(area, place);
    const newer = loaded.kind === "state" && (newest.kind !== "state" || loaded.sequence > newest.sequence);
    if (newer || (loaded.kind === "corrupt" && newest.kind === "none")) {
      newest = loaded;
    }
  }
  return newest;
}

/** Writes the copy with this sequence over the oldest of the three. Throws FlashFailure when the chip fails. */
export function saveState(flash: Flash, callBytesMax: number, sequence: number, payload: Bytes): void {
  const area = areaOf(flash, callBytesMax);
  const place = placesOf(area)[sequence % stateCopies] as Place;
  assert(payload.length <= stateBytesMax && payload.length <= roomOf(area, place), "a state fits its place");
  for (let index = 0; index < place.sectors; index++) {
    const sector = place.sector + index;
    if (!isBlank(area, sector * area.sectorBytes, area.sectorBytes) || index === 0 || index === place.sectors - 1) {
      eraseSector(area, sector);
    }
  }
  const head = concat([u32le(magic), u32le(sequence), u32le(payload.length), u32le(crc32(payload))]);
  programFlash(area, place.offsetBytes, concat([head, u32le(crc32(head))]));
  programFlash(area, place.offsetBytes + padded(area, headBytes), payload);
  programSeals(area, place.sealsOffset);
}
