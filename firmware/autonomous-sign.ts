/**
 * The autonomous fiscal sign (item 29.3): unique over the register's life, unguessable, 1 … 2147483647.
 *
 * An 8-round Feistel network permutes the document's number on 31 bits, so that no sign ever repeats; a value of 0 is
 * permuted again (cycle walking). The halves are 16 and 15 bits and are changed in turn:
 *
 *   even round   left  ^= F(round, right)    16 bits
 *   odd round    right ^= F(round, left)     15 bits
 *
 * F = the first two bytes of HMAC-SHA-256, keyed in the secure element, over (label, round, half). Vectors:
 * test/vectors/autonomous-sign.ts.
 */
import type { SecureElement } from "../hal/secure-element";
import { assert } from "../protocol/assert";
import { bytesOf, concat, readU16be, u16be } from "../protocol/bytes";
import { labelled } from "./signer";

const rounds = 8;
const signMax = 2147483647;

function roundBits(element: SecureElement, round: number, half: number, modulus: number): number {
  const mac = element.hmac(labelled("autonomous-sign", concat([bytesOf(round), u16be(half)])));
  return readU16be(mac, 0) % modulus;
}

function permute(element: SecureElement, value: number): number {
  let left = Math.floor(value / 32768);
  let right = value % 32768;
  for (let round = 0; round < rounds; round++) {
    if (round % 2 === 0) {
      left = left ^ roundBits(element, round, right, 65536);
    } else {
      right = right ^ roundBits(element, round, left, 32768);
    }
  }
  return left * 32768 + right;
}

/** The sign of document `number` (1 … 2147483647). */
export function autonomousSign(element: SecureElement, number: number): number {
  assert(number >= 1 && number <= signMax, "a document number fits 31 bits");
  let value = permute(element, number);
  while (value === 0) {
    value = permute(element, value);
  }
  return value;
}
