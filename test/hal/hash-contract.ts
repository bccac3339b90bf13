/** What every Hash must do (hal/hash.ts). */
import { createHash } from "node:crypto";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Hash } from "../../hal/hash";
import type { Bytes } from "../../protocol/bytes";

const hex = (bytes: string): string => Buffer.from(bytes, "latin1").toString("hex");
const ofParts = (hash: Hash, parts: readonly string[]): string => {
  const handle = hash.open();
  for (const part of parts) hash.update(handle, part as Bytes);
  return hex(hash.digest(handle));
};

export function hashContract(kind: string, create: () => Hash): void {
  test(`${kind} hash: SHA-256 of "" and "abc" are those of FIPS 180-4`, () => {
    const hash = create();
    assert.is(ofParts(hash, []), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert.is(ofParts(hash, ["abc"]), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  });

  test(`${kind} hash: pieces of any size make the digest of the whole, zero and high bytes too`, () => {
    const hash = create();
    const whole = Buffer.from(Array.from({ length: 300 }, (_, index) => (index * 7) % 256));
    const expected = createHash("sha256").update(whole).digest("hex");
    for (const cut of [0, 1, 63, 64, 65, 256]) {
      const text = whole.toString("latin1");
      assert.is(ofParts(hash, [text.slice(0, cut), text.slice(cut)]), expected);
    }
  });

  test(`${kind} hash: eight are open at once and do not mix; a ninth throws`, () => {
    const hash = create();
    const handles = Array.from({ length: 8 }, () => hash.open());
    for (const [index, handle] of handles.entries()) hash.update(handle, String(index) as Bytes);
    assert.throws(() => hash.open());
    for (const [index, handle] of handles.entries()) {
      assert.is(hex(hash.digest(handle)), createHash("sha256").update(String(index)).digest("hex"));
    }
    assert.throws(() => hash.digest(handles[0] as number));
    hash.digest(hash.open());
  });
}
