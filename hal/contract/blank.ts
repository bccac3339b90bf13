/** A board that has sold keeps all it has: only a blank one is written outside its scratch area. */
import { repeatByte } from "../../protocol/bytes";
import type { Hal } from "../hal";

const headBytes = 4;

/** Whether log, state and Z area are unwritten where each of them begins. */
export function isBlankBoard({ fiscal, state, z }: Hal): boolean {
  for (const part of [fiscal, state, z]) {
    if (part.read(0, headBytes) !== repeatByte(0xff, headBytes)) {
      return false;
    }
  }
  return true;
}

export const holdsRecords = "holds records: only a blank board is written";
