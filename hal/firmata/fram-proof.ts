/**
 * Is the chip at the bus the FRAM of this board? Asked each time that the line comes up, before anything is written.
 * Only a blank chip on a board that never had one is formatted; whatever else is found is refused by its name.
 *
 * The size is measured, not believed: a 32 KB part wraps at 32 KB, a 128 KB part answers at the next address too.
 */
import { type Bytes, byteAt, bytesOf, repeatByte, slice } from "../../protocol/bytes";
import { toHex } from "../../protocol/hex";
import { type AwayReason, awayBy } from "./away-reason";
import { bankBytes, type FramChip } from "./fram-chip";
import { decodeHeader, encodeHeader, type FramLayout, headBytes, layoutVersion, sectorBytes } from "./fram-layout";

export interface FramOwner {
  readonly layout: FramLayout;
  /** Factory number of the board. */
  readonly serial: Bytes;
  /** Whether this board has ever had an FRAM. */
  readonly hadFram: () => boolean;
}

export type FramProof =
  | { readonly kind: "ours"; readonly maps: Bytes }
  | { readonly kind: "refused"; readonly reason: AwayReason };

const smallBytes = 32 * 1024;
/** Bytes looked at in each sector of a chip without a header: all 128 KB would take more than a minute. */
const sampleBytes = 8;
/** Bytes of one read or write of maps. */
const pageBytes = 192;

/** What stands on the chip: our header, nothing, or why it is not used. */
type Found = "ours" | "blank" | AwayReason;

export async function proveFram(chip: FramChip, owner: FramOwner): Promise<FramProof> {
  const found = await look(chip, owner);
  if (typeof found === "object") return { kind: "refused", reason: found };
  if (found === "blank" && owner.hadFram()) return { kind: "refused", reason: awayBy("FRAM_BLANK") };
  const maps = found === "blank" ? await format(chip, owner) : await readMaps(chip, owner.layout);
  return maps === undefined ? { kind: "refused", reason: unreadable(chip) } : { kind: "ours", maps };
}

const unreadable = (chip: FramChip): AwayReason => awayBy("I2C_FAILED", { address: chip.i2cAddress });

async function look(chip: FramChip, { layout, serial }: FramOwner): Promise<Found> {
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
  if (header === undefined) return lookForBlank(chip, layout, head);
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
  if (!isUniform(head)) return true;
  const kept = slice(head, 0, 1);
  if (!(await chip.write(smallBytes, bytesOf(255 - byteAt(head, 0))))) return undefined;
  const first = await chip.read(0, 1);
  const isRestored = await chip.write(smallBytes, kept);
  return first === undefined || !isRestored ? undefined : first !== kept;
}

// ---- A chip without a header ----------------------------------------------------------------------------------------

const isUniform = (bytes: Bytes): boolean =>
  (byteAt(bytes, 0) === 0 || byteAt(bytes, 0) === 0xff) && bytes === repeatByte(byteAt(bytes, 0), bytes.length);

async function lookForBlank(chip: FramChip, layout: FramLayout, head: Bytes): Promise<Found> {
  const isBlank = isUniform(head) ? await areSectorsBlank(chip, layout, head) : false;
  if (isBlank === undefined) return unreadable(chip);
  return isBlank ? "blank" : awayBy("FRAM_UNKNOWN", { begin: toHex(slice(head, 0, 8)) });
}

/** The maps are not looked at: a format that was interrupted has cleared some of them. */
async function areSectorsBlank(chip: FramChip, layout: FramLayout, head: Bytes): Promise<boolean | undefined> {
  const blank = repeatByte(byteAt(head, 0), sampleBytes);
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
  const header = encodeHeader({ version: layoutVersion, capacityBytes: layout.framBytes, serial });
  return (await chip.write(0, header)) ? cleared : undefined;
}

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
