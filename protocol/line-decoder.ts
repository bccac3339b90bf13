/**
 * Serial bytes → lines. A line ends at 0x0a; one 0x0d before it is dropped. A line longer than `lineBytesMax` is told
 * once and thrown away up to its end.
 *
 * `feed` is a pure function of state and chunk: the same bytes give the same events, however they are cut.
 */
import { type Bytes, byteAt, concat, emptyBytes, indexOf, slice, utf8 } from "./bytes";

/** A whole SMP packet of 1 KB as one line of base64, with room for text before it. */
export const lineBytesMax = 1600;

export interface LineDecoder {
  /** What has come of the line in progress. */
  readonly line: Bytes;
  /** The line in progress was too long: its rest is thrown away. */
  readonly skipping: boolean;
}

export type LineEvent = { readonly kind: "line"; readonly line: Bytes } | { readonly kind: "tooLong" };

const newline = utf8("\n");
const carriageReturn = 0x0d;

export const createLineDecoder = (): LineDecoder => ({ line: emptyBytes, skipping: false });

export function feed(decoder: LineDecoder, chunk: Bytes): { decoder: LineDecoder; events: LineEvent[] } {
  const events: LineEvent[] = [];
  let line = decoder.line;
  let skipping = decoder.skipping;
  let start = 0;
  while (start < chunk.length) {
    const found = indexOf(chunk, newline, start);
    const end = found < 0 ? chunk.length : found;
    if (!skipping && line.length + end - start > lineBytesMax) {
      events.push({ kind: "tooLong" });
      skipping = true;
    }
    line = skipping ? emptyBytes : concat([line, slice(chunk, start, end)]);
    if (found >= 0) {
      if (!skipping) {
        events.push({ kind: "line", line: withoutReturn(line) });
      }
      line = emptyBytes;
      skipping = false;
    }
    start = end + 1;
  }
  return { decoder: { line, skipping }, events };
}

function withoutReturn(line: Bytes): Bytes {
  const last = line.length - 1;
  return last >= 0 && byteAt(line, last) === carriageReturn ? slice(line, 0, last) : line;
}
