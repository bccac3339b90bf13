/**
 * The fiscal sign: 12 digits, a keyed permutation of the document's number at this operator (§11.10).
 *
 * A Feistel network over 40 bits, the device in every round; a number outside the range is put through again until it
 * falls inside ("cycle walking"). Being a permutation it never repeats for a device, needs no look-up, and its inverse
 * tells the document; without the key the next one cannot be guessed. It begins at 10^11, so that it is never equal to
 * an autonomous sign, which has 31 bits.
 */
import { createHmac, randomInt } from "node:crypto";

const signMin = 100_000_000_000;
const signCount = 900_000_000_000;
const halfBits = 20;
const halfSize = 2 ** halfBits;
const rounds = 10;

/** `seq` counts from 0 for each device. */
export function signOf(key: Uint8Array, deviceId: number, seq: number): string {
  let value = seq;
  do value = permute(key, deviceId, value);
  while (value >= signCount);
  return String(signMin + value);
}

/** The inverse: the document's seq; undefined when the text is no sign. */
export function seqOfSign(key: Uint8Array, deviceId: number, sign: string): number | undefined {
  if (!/^[1-9][0-9]{11}$/.test(sign)) return undefined;
  let value = Number(sign) - signMin;
  do value = unpermute(key, deviceId, value);
  while (value >= signCount);
  return value;
}

function permute(key: Uint8Array, deviceId: number, value: number): number {
  let [left, right] = [Math.floor(value / halfSize), value % halfSize];
  for (let round = 0; round < rounds; round++) {
    [left, right] = [right, left ^ roundValue(key, deviceId, round, right)];
  }
  return left * halfSize + right;
}

function unpermute(key: Uint8Array, deviceId: number, value: number): number {
  let [left, right] = [Math.floor(value / halfSize), value % halfSize];
  for (let round = rounds - 1; round >= 0; round--) {
    [left, right] = [right ^ roundValue(key, deviceId, round, left), left];
  }
  return left * halfSize + right;
}

function roundValue(key: Uint8Array, deviceId: number, round: number, half: number): number {
  const input = Buffer.alloc(9);
  input.writeUInt32BE(deviceId, 0);
  input.writeUInt8(round, 4);
  input.writeUInt32BE(half, 5);
  return createHmac("sha256", key).update("kassa-ofd-sign/1").update(input).digest().readUInt32BE(0) % halfSize;
}

/** A token that is neither 0 nor one of the device's last two. */
export function newToken(used: readonly (number | null)[]): number {
  let token: number;
  do token = randomInt(1, 2 ** 32);
  while (used.includes(token));
  return token;
}
