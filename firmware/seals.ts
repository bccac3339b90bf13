/**
 * Two words of zeros, each programmed by a call of its own, that say a thing is finished.
 *
 *   | seal: one program unit | latch: one program unit |
 *
 * A seal of which any bit is programmed proves that all before it was programmed whole. But a torn seal may read
 * programmed now and blank later. The latch is programmed after the seal: where it reads programmed, the seal was whole
 * and will always read so. Sealed without a latch is uncertain: whoever believes it must first write something durable.
 */
import { byteAt, repeatByte } from "../protocol/bytes";
import { type FlashArea, programFlash, readFlash } from "./flash-access";

/** "latchOnly" cannot come from a power cut. */
export type Seal = "blank" | "sealed" | "latched" | "latchOnly";

export const sealsBytes = (area: FlashArea): number => 2 * area.unitBytes;

export function programSeals(area: FlashArea, offsetBytes: number): void {
  const word = repeatByte(0, area.unitBytes);
  programFlash(area, offsetBytes, word);
  programFlash(area, offsetBytes + area.unitBytes, word);
}

export function readSeals(area: FlashArea, offsetBytes: number): Seal {
  const words = readFlash(area, offsetBytes, 2 * area.unitBytes);
  let sealed = false;
  let latched = false;
  for (let index = 0; index < area.unitBytes; index++) {
    sealed = sealed || byteAt(words, index) !== 0xff;
    latched = latched || byteAt(words, area.unitBytes + index) !== 0xff;
  }
  if (latched) {
    return sealed ? "latched" : "latchOnly";
  }
  return sealed ? "sealed" : "blank";
}
