/**
 * Is the chip at the bus the FRAM of this board? Asked each time that the line comes up, before anything is written.
 * Only a blank chip on a board that never had one is formatted; whatever else is found is refused by its name.
 *
 * The size is measured, not believed: a 32 KB part wraps at 32 KB, a 128 KB part answers at the next address too.
 *
 * The line may be lost at any message. What that leaves of a blank chip is still blank to the next proof: the one byte that
 * the measuring changes for a moment, maps that are cleared, the beginning of our header.
 */
import { type Bytes, byteAt, bytesOf, repeatByte, slice } from "../../protocol/bytes";
import { toHex } from "../../protocol/hex";
import { type AwayReason, awayBy } from "./away-reason";
import { bankBytes, type FramChip } from "./fram-chip";
import type { FramContent } from "./fram-flash";
import {
  decodeHeader,
  encodeHeader,
  type FramLayout,
  headBytes,
  headerBytes,
  layoutVersion,
  sectorBytes,
} from "./fram-layout";

export interface FramOwner {
  readonly layout: FramLayout;
  /** Factory number of the board. */
  readonly serial: Bytes;
  /** Whether this board has ever had an FRAM. */
  readonly hadFram: () => boolean;
}

type Ours = Pick<FramOwner, "layout" | "serial">;

export type FramProof =
  | { readonly kind: "ours"; readonly content: FramContent }
  | { readonly kind: "refused"; readonly reason: AwayReason };

const smallBytes = 32 * 1024;
/** Bytes looked at in each sector of a chip without a header: all 128 KB would take more than a minute. */
const sampleBytes = 8;
/** The byte of the header that is changed to measure a blank chip; a header that is written has 0 there. */
const probeOffset = headBytes - 1;
/** Bytes of one read or write of maps. */
const pageBytes = 192;

/** What stands on the chip: our header, nothing, or why it is not used. */
type Found = "ours" | "blank" | AwayReason;

export async function proveFram(chip: FramChip, owner: FramOwner): Promise<FramProof> {
  const found = await look(chip, owner);
  if (typeof found === "object") return { kind: "refused", reason: found };
  if (found === "blank" && owner.hadFram()) return { kind: "refused", reason: awayBy("FRAM_BLANK") };
  const maps = found === "blank" ? await format(chip, owner) : await readMaps(chip, owner.layout);
  if (maps === undefined) return { kind: "refused", reason: unreadable(chip) };
  return { kind: "ours", content: { header: slice(headerOf(owner.layout, owner.serial), 0, headerBytes), maps } };
}

const unreadable = (chip: FramChip): AwayReason => awayBy("I2C_FAILED", { address: chip.i2cAddress });

async function look(chip: FramChip, { layout, serial }: Ours): Promise<Found> {
  if (!(await chip.answers(0))) return awayBy("FRAM_ABSENT", { address: chip.i2cAddress });
  const head = await chip.read(0, headBytes);
  const sizeBytes = head === undefined ? undefined : await measure(chip, head);
  if (head === undefined || sizeBytes === undefined) return unreadable(chip);
  const header = decodeHeader(head);
  if (header !== undefined && header.serial !== serial) {
    return awayBy("FRAM_FOREIGN", { expected: serial, got: header.serial });
  }
  const expected = header?.capacityBytes ?? layout.framBytes;
  if (sizeBytes !== expected) return awayBy("FRAM_SIZE", { expected, got: sizeBytes });
  if (sizeBytes !== layout.framBytes) return awayBy("FRAM_SIZE", { expected: layout.framBytes, got: sizeBytes });
  if (header === undefined) return lookForBlank(chip, { layout, serial }, head);
  return header.version === layoutVersion ? "ours" : awayBy("FRAM_UNKNOWN", { layout: header.version });
}

// ---- Size ---------------------------------------------------------------------------------------------------------

async function measure(chip: FramChip, head: Bytes): Promise<number | undefined> {
  const wraps = await isWrapping(chip, head);
  if (wraps === undefined) return undefined;
  if (wraps) return smallBytes;
  return (await chip.answers(bankBytes)) ? 2 * bankBytes : bankBytes;
}

/** Whether the bytes behind 32 KB are the first ones again. Equal blank bytes prove nothing: one is changed for a moment. */
async function isWrapping(chip: FramChip, head: Bytes): Promise<boolean | undefined> {
  const behind = await chip.read(smallBytes, headBytes);
  if (behind === undefined || behind !== head) return behind === undefined ? undefined : false;
  if (blankByteOf(head) === undefined) return true;
  const kept = slice(head, probeOffset, headBytes);
  if (!(await chip.write(smallBytes + probeOffset, bytesOf(255 - byteAt(kept, 0))))) return undefined;
  const first = await chip.read(probeOffset, 1);
  const isRestored = await chip.write(smallBytes + probeOffset, kept);
  return first === undefined || !isRestored ? undefined : first !== kept;
}

// ---- A chip without a header ----------------------------------------------------------------------------------------

/** What a blank chip holds: 0x00 or 0xff, whatever its probe byte; undefined when these bytes are not blank. */
function blankByteOf(bytes: Bytes): number | undefined {
  const first = byteAt(bytes, 0);
  const isBlank = slice(bytes, 0, probeOffset) === repeatByte(first, probeOffset);
  return isBlank && (first === 0 || first === 0xff) ? first : undefined;
}

/** The header as far as it was written when the line was lost, and blank bytes behind; undefined for anything else. */
function begunByteOf(head: Bytes, header: Bytes): number | undefined {
  const length = [...header].findIndex((char, index) => head[index] !== char);
  const blank = byteAt(head, length);
  const isBegun = slice(head, length, probeOffset) === repeatByte(blank, probeOffset - length);
  return isBegun && (blank === 0 || blank === 0xff) ? blank : undefined;
}

async function lookForBlank(chip: FramChip, { layout, serial }: Ours, head: Bytes): Promise<Found> {
  const blank = blankByteOf(head) ?? begunByteOf(head, headerOf(layout, serial));
  const isBlank = blank === undefined ? false : await areSectorsBlank(chip, layout, blank);
  if (isBlank === undefined) return unreadable(chip);
  return isBlank ? "blank" : awayBy("FRAM_UNKNOWN", { begin: toHex(slice(head, 0, 8)) });
}

/** The maps are not looked at: a format that was interrupted has cleared some of them. */
async function areSectorsBlank(chip: FramChip, layout: FramLayout, byte: number): Promise<boolean | undefined> {
  const blank = repeatByte(byte, sampleBytes);
  for (let sector = 0; sector < layout.sectorCount; sector++) {
    const bytes = await chip.read(layout.sectorsOffset + sector * sectorBytes, sampleBytes);
    if (bytes === undefined || bytes !== blank) return bytes === undefined ? undefined : false;
  }
  return true;
}

/** The header goes last: a chip that has one has maps. Gives the maps. */
async function format(chip: FramChip, { layout, serial }: FramOwner): Promise<Bytes | undefined> {
  const maps = await readMaps(chip, layout);
  if (maps === undefined) return undefined;
  const cleared = repeatByte(0, maps.length);
  for (let begin = 0; begin < maps.length; begin += pageBytes) {
    const end = Math.min(begin + pageBytes, maps.length);
    const page = slice(cleared, begin, end);
    const isClear = slice(maps, begin, end) === page || (await chip.write(layout.mapsOffset + begin, page));
    if (!isClear) return undefined;
  }
  return (await chip.write(0, headerOf(layout, serial))) ? cleared : undefined;
}

const headerOf = ({ framBytes }: FramLayout, serial: Bytes): Bytes =>
  encodeHeader({ version: layoutVersion, capacityBytes: framBytes, serial });

// ---- Maps ---------------------------------------------------------------------------------------------------------

async function readMaps(chip: FramChip, { mapsOffset, mapsBytes }: FramLayout): Promise<Bytes | undefined> {
  let maps = "";
  for (let done = 0; done < mapsBytes; done += pageBytes) {
    const piece = await chip.read(mapsOffset + done, Math.min(pageBytes, mapsBytes - done));
    if (piece === undefined) return undefined;
    maps += piece;
  }
  return maps as Bytes;
}
