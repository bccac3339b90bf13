/** Chance that a seed repeats: SHA-256 of seed and counter. Sims get it from their board, never from Math.random. */
import { createHash } from "node:crypto";
import type { Bytes } from "../../protocol/bytes";

export interface SimRandom {
  bytes(length: number): Bytes;
  /** A number from 0 (inclusive) to 1 (exclusive). */
  unit(): number;
  /** True in `probability` of all calls; draws nothing for 0. */
  chance(probability: number): boolean;
}

/** Equal seeds and labels give equal streams; another label gives an independent one. */
export function createSimRandom(seed: string | number, label: string): SimRandom {
  let counter = 0;
  let pool = "";

  function bytes(length: number): Bytes {
    while (pool.length < length) {
      pool += createHash("sha256").update(`${seed}/${label}/${counter}`).digest().toString("latin1");
      counter++;
    }
    const drawn = pool.slice(0, length);
    pool = pool.slice(length);
    return drawn as Bytes;
  }

  const unit = (): number => Buffer.from(bytes(4), "latin1").readUInt32BE() / 4294967296;
  return { bytes, unit, chance: probability => probability > 0 && unit() < probability };
}
