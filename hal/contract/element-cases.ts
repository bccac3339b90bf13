/** What every SecureElement must do (hal/secure-element.ts). */
import { type Bytes, byteAt, bytesOf, concat, emptyBytes, repeatByte, slice, utf8 } from "../../protocol/bytes";
import { fromHex } from "../../protocol/hex";
import type { Hal } from "../hal";
import { holdsRecords, isBlankBoard } from "./blank";
import type { ContractCase } from "./contract";
import { expect, expectEqual, expectInteger } from "./expect";
import { sha256Of } from "./hash-cases";
import { type Probe, withProbe } from "./probe";

/** RFC 6979 A.2.5: the P-256 key, and its signature of "sample" with SHA-256; s is n − s of the RFC, the lower one. */
const rfcKey = fromHex(
  "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299",
);
const rfcSignature = fromHex(
  "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf37160834e36ad29a83bf2bc9385e491d6099c8fdf9d1ed67aa7ea5f51f93782857a9",
);
/** Half of the order of P-256, rounded down (SEC 2 §2.4.2). */
const halfOrder = fromHex("7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8");

const digestOf = ({ hash }: Hal, text: string): Bytes => sha256Of(hash, [utf8(text)]);

function isAtMost(left: Bytes, right: Bytes): boolean {
  for (let index = 0; index < right.length; index++) {
    if (byteAt(left, index) !== byteAt(right, index)) {
      return byteAt(left, index) < byteAt(right, index);
    }
  }
  return true;
}

/** The same bytes with one bit of the byte at `index` changed. */
function changed(bytes: Bytes, index: number): Bytes {
  const byte = byteAt(bytes, index);
  return concat([
    slice(bytes, 0, index),
    bytesOf(byte % 2 === 0 ? byte + 1 : byte - 1),
    slice(bytes, index + 1, bytes.length),
  ]);
}

function verifiesOthers(hal: Hal): undefined {
  const { secureElement } = hal;
  const digest = digestOf(hal, "sample");
  expectEqual(secureElement.verifyP256(rfcKey, digest, rfcSignature), true, "the signature of RFC 6979 A.2.5");
  const wrong: readonly (readonly [what: string, key: Bytes, digest: Bytes, signature: Bytes])[] = [
    ["another digest", rfcKey, digestOf(hal, "test"), rfcSignature],
    ["r changed by a bit", rfcKey, digest, changed(rfcSignature, 31)],
    ["s changed by a bit", rfcKey, digest, changed(rfcSignature, 63)],
    ["another key", secureElement.publicKey(), digest, rfcSignature],
    ["a key off the curve", changed(rfcKey, 64), digest, rfcSignature],
    ["a signature of zeros", rfcKey, digest, repeatByte(0, 64)],
    ["a signature that is too short", rfcKey, digest, slice(rfcSignature, 0, 63)],
    ["no key", emptyBytes, digest, rfcSignature],
  ];
  for (const [what, key, ofDigest, signature] of wrong) {
    expectEqual(secureElement.verifyP256(key, ofDigest, signature), false, what);
  }
  return undefined;
}

function signs(hal: Hal): undefined {
  const { secureElement } = hal;
  const key = secureElement.publicKey();
  expectEqual(key.length, 65, "bytes of the public key");
  expectEqual(byteAt(key, 0), 4, "the form of the public key");
  for (const text of ["", "a", "receipt", "another receipt"]) {
    const digest = digestOf(hal, text);
    const signature = secureElement.sign(digest);
    expectEqual(signature.length, 64, "bytes of a signature");
    expectEqual(
      secureElement.verifyP256(key, digest, signature),
      true,
      `the signature of "${text}" by the exported key`,
    );
    expectEqual(secureElement.verifyP256(key, changed(digest, 0), signature), false, `"${text}", changed`);
    expect(isAtMost(slice(signature, 32, 64), halfOrder), "s is in the lower half");
  }
  expectEqual(secureElement.publicKey(), key, "the public key, asked again");
  return undefined;
}

function authenticates({ secureElement }: Hal): undefined {
  const long = repeatByte(0x61, 1024);
  const mac = secureElement.hmac(long);
  expectEqual(mac.length, 32, "bytes of an HMAC");
  expectEqual(secureElement.hmac(long), mac, "the HMAC of 1024 bytes, asked again");
  expect(secureElement.hmac(changed(long, 1023)) !== mac, "the HMAC does not notice a change in the last byte");
  expectEqual(secureElement.hmac(emptyBytes).length, 32, "bytes of the HMAC of nothing");
  return undefined;
}

function seals({ secureElement }: Hal): undefined {
  for (const plain of [emptyBytes, utf8("token"), concat([repeatByte(0, 50), repeatByte(0xff, 50)])]) {
    const sealed = secureElement.seal(plain);
    expectEqual(sealed.length, plain.length + 28, "bytes of a seal");
    expectEqual(secureElement.unseal(sealed), plain, "what was sealed");
    for (const index of [0, 12, sealed.length - 1]) {
      expectEqual(secureElement.unseal(changed(sealed, index)), undefined, `a seal with byte ${index} changed`);
    }
    expect(secureElement.seal(plain) !== sealed, "a seal has a fresh nonce each time");
  }
  expectEqual(secureElement.unseal(utf8("short")), undefined, "what is no seal");
  return undefined;
}

function drawsRandom({ secureElement }: Hal): undefined {
  for (const lengthBytes of [1, 16, 256]) {
    expectEqual(secureElement.random(lengthBytes).length, lengthBytes, "random bytes");
  }
  const first = secureElement.random(16);
  expect(secureElement.random(16) !== first, "two draws of 16 random bytes are equal");
  const draw = secureElement.random(256);
  let values = 0;
  for (let value = 0; value < 256; value++) {
    for (let index = 0; index < draw.length; index++) {
      if (byteAt(draw, index) === value) {
        values += 1;
        break;
      }
    }
  }
  expect(values > 100, `256 random bytes have ${values} different values`);
  return undefined;
}

function counts(hal: Hal): string | undefined {
  const { secureElement } = hal;
  const before = secureElement.counter();
  expectInteger(before, "the counter");
  expectEqual(secureElement.counter(), before, "the counter, asked again");
  if (!isBlankBoard(hal)) {
    return holdsRecords;
  }
  for (let step = 1; step <= 3; step++) {
    expectEqual(secureElement.counterStep(), before + step, `step ${step}`);
    expectEqual(secureElement.counter(), before + step, `the counter after step ${step}`);
  }
  return undefined;
}

function survives(hal: Hal, { reboot }: Required<Pick<Probe, "reboot">>): undefined {
  const { secureElement } = hal;
  const key = secureElement.publicKey();
  const mac = secureElement.hmac(utf8("pin"));
  const sealed = secureElement.seal(utf8("token"));
  const count = isBlankBoard(hal) ? secureElement.counterStep() : secureElement.counter();
  const later = reboot().secureElement;
  expectEqual(later.publicKey(), key, "the public key");
  expectEqual(later.hmac(utf8("pin")), mac, "an HMAC");
  expectEqual(later.unseal(sealed), utf8("token"), "what was sealed in the life before");
  expectEqual(later.counter(), count, "the counter");
  const drawn = later.random(16);
  expect(reboot().secureElement.random(16) !== drawn, "two lives draw the same random bytes");
  return undefined;
}

export const elementCases: readonly ContractCase[] = [
  { name: "element: verifyP256 takes the signature of RFC 6979 and refuses all that is changed", run: verifiesOthers },
  { name: "element: what it signs verifies by its exported key and has a low s", run: signs },
  { name: "element: HMAC has 32 bytes and is of all its data", run: authenticates },
  { name: "element: a seal opens unchanged only, and is another each time", run: seals },
  { name: "element: random bytes differ", run: drawsRandom },
  { name: "element: the counter goes up by one a step", run: counts },
  { name: "element: keys, seals and counter survive power", run: withProbe(["reboot"], survives) },
];
