/**
 * The marking codes of one receipt, to find one that comes twice (item 7.1): up to 5000 in 27 KB of heap.
 *
 *   block   | fingerprint, 5 bytes | fingerprint | ...      up to 128 of them
 *
 * A fingerprint is the beginning of the code's SHA-256. Two codes of a full receipt share one in one case of 10^5.
 */
import { type Bytes, concat, indexOf, slice } from "../protocol/bytes";

export interface MarkingSet {
  readonly blocks: Bytes[];
}

const fingerprintBytes = 5;
const blockBytes = 128 * fingerprintBytes;

export const createMarkingSet = (): MarkingSet => ({ blocks: [] });

/** Adds a code by its SHA-256; false when it is there already. */
export function addMarking(set: MarkingSet, sha: Bytes): boolean {
  const { blocks } = set;
  const fingerprint = slice(sha, 0, fingerprintBytes);
  for (const block of blocks) {
    if (holds(block, fingerprint)) {
      return false;
    }
  }
  const last = blocks[blocks.length - 1];
  if (last === undefined || last.length === blockBytes) {
    blocks.push(fingerprint);
  } else {
    blocks[blocks.length - 1] = concat([last, fingerprint]);
  }
  return true;
}

/** What is found across two fingerprints is none. */
function holds(block: Bytes, fingerprint: Bytes): boolean {
  let at = indexOf(block, fingerprint, 0);
  while (at >= 0 && at % fingerprintBytes !== 0) {
    at = indexOf(block, fingerprint, at + 1);
  }
  return at >= 0;
}
