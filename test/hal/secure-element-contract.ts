/** What every SecureElement must do (hal/secure-element.ts). */
import { createHash } from "node:crypto";
import { p256 } from "@noble/curves/nist.js";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { SecureElement } from "../../hal/secure-element";
import type { Bytes } from "../../protocol/bytes";

const digestOf = (text: string): Bytes => createHash("sha256").update(text).digest().toString("latin1") as Bytes;
const raw = (bytes: string): Buffer => Buffer.from(bytes, "latin1");

/** `create` makes an element with its own keys; `again` powers the same one on once more. */
export function secureElementContract(
  kind: string,
  create: () => { element: SecureElement; again: () => SecureElement },
): void {
  test(`${kind} element: signatures verify by another library and have a low s`, () => {
    const { element } = create();
    assert.is(element.publicKey().length, 65);
    assert.is(element.publicKey().charCodeAt(0), 4);
    for (const text of ["", "a", "чек"]) {
      const signature = raw(element.sign(digestOf(text)));
      assert.is(signature.length, 64);
      const options = { prehash: false, lowS: true };
      assert.ok(p256.verify(signature, raw(digestOf(text)), raw(element.publicKey()), options));
    }
  });

  test(`${kind} element: verifyP256 takes good signatures and refuses changed ones and nonsense`, () => {
    const { element } = create();
    const [key, digest] = [element.publicKey(), digestOf("x")];
    const signature = element.sign(digest);
    assert.is(element.verifyP256(key, digest, signature), true);
    assert.is(element.verifyP256(key, digestOf("y"), signature), false);
    assert.is(element.verifyP256(key, digest, "\0".repeat(64) as Bytes), false);
    assert.is(element.verifyP256("\x04".repeat(65) as Bytes, digest, signature), false);
    assert.is(element.verifyP256("" as Bytes, digest, "" as Bytes), false);
  });

  test(`${kind} element: a seal opens only unchanged and only where it was made`, () => {
    const { element, again } = create();
    for (const plain of ["", "token", "\0\xff".repeat(100)] as Bytes[]) {
      const sealed = element.seal(plain);
      assert.is(sealed.length, plain.length + 28);
      assert.is(element.unseal(sealed), plain);
      assert.is(again().unseal(sealed), plain);
      assert.is(create().element.unseal(sealed), undefined);
      assert.is(element.unseal((sealed.slice(0, -1) + "\x01\x02") as Bytes), undefined);
    }
    assert.not.equal(element.seal("a" as Bytes), element.seal("a" as Bytes));
    assert.is(element.unseal("short" as Bytes), undefined);
  });

  test(`${kind} element: keys and counter survive power, and the counter only goes up`, () => {
    const { element, again } = create();
    const before = element.counter();
    assert.is(element.counterStep(), before + 1);
    const later = again();
    assert.is(later.counter(), before + 1);
    assert.is(later.publicKey(), element.publicKey());
    assert.is(later.hmac("pin" as Bytes), element.hmac("pin" as Bytes));
  });

  test(`${kind} element: HMAC has 32 bytes and is another in another element`, () => {
    const { element } = create();
    assert.is(element.hmac("" as Bytes).length, 32);
    assert.is(element.hmac("a".repeat(1024) as Bytes).length, 32);
    assert.is.not(element.hmac("a" as Bytes), element.hmac("b" as Bytes));
    assert.is.not(element.hmac("a" as Bytes), create().element.hmac("a" as Bytes));
  });

  test(`${kind} element: random bytes differ`, () => {
    const { element } = create();
    assert.is(element.random(256).length, 256);
    assert.is.not(element.random(16), element.random(16));
  });
}
