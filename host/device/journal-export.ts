/**
 * An export of the module's log (protocol/journal.ts): header, every record that is still kept, and the trailer that the
 * module signs. Records of secrets leave the module as their hashes, so an export may be given to anybody.
 */
import { createHash } from "node:crypto";
import { utf8 } from "../../protocol/bytes";
import { headerItem } from "../../protocol/journal";
import type { FiscalDevice } from "./device-types";
import { bufferOf, bytesOf } from "./message-channel";

type LogOwner = Pick<FiscalDevice, "info" | "logPage" | "logRecord" | "exportTrailer">;

/**
 * The pieces of the file, in order. Documents that are written meanwhile are not in it. `onRecord` is for progress bars.
 */
export async function* exportJournal(
  device: LogOwner,
  session: Buffer,
  onRecord: (done: number, count: number) => void = () => {},
): AsyncGenerator<Buffer> {
  const { serial, rnm, sequence: to } = await device.info();
  const newest = await device.logPage(session, to, 0);
  const from = newest.firstSeq;
  const { anchorHash } = from === to ? newest : await device.logPage(session, from, 0);
  const header = bufferOf(
    headerItem({
      serial: utf8(serial),
      rnm: utf8(rnm ?? ""),
      anchorSequence: from - 1,
      anchorHash: bytesOf(anchorHash ?? Buffer.alloc(32)),
      from,
      to,
    }),
  );
  yield header;
  const count = to - from + 1;
  for (let sequence = from; sequence <= to; sequence++) {
    yield (await device.logRecord(session, sequence)).item;
    onRecord(sequence - from + 1, count);
  }
  const headerHash = createHash("sha256").update(header).digest();
  yield (await device.exportTrailer({ session, count, headerHash, lastSeq: to })).trailer;
}
