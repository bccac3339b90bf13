import { createPublicKey, verify } from "node:crypto";
import { Sign1 } from "@auth0/cose";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { concat, utf8 } from "../../protocol/bytes";
import {
  coseOverheadBytesMax,
  externalAadOf,
  parseSign1,
  protectedHeader,
  sigStructureHead,
} from "../../protocol/cose-sign1";
import { fromHex } from "../../protocol/hex";
import { signedDigest } from "../../protocol/journal-read";
import { createRandom } from "../random";
import { coseKey, cosePayload, coseProtected, coseSignatures } from "../vectors/cose";
import { bufferOf, createSigner, opensslVerifies, sha256 } from "./journal-sample";

const base64url = (hex: string): string => Buffer.from(hex, "hex").toString("base64url");

test("OpenSSL accepts the COSE working group's signatures over our Sig_structure", () => {
  const jwk = { kty: "EC", crv: "P-256", x: base64url(coseKey.x), y: base64url(coseKey.y) };
  const key = createPublicKey({ format: "jwk", key: jwk });
  for (const [aad, signature] of coseSignatures) {
    const head = sigStructureHead(fromHex(coseProtected), fromHex(aad), cosePayload.length);
    const signed = bufferOf(concat([head, utf8(cosePayload)]));
    assert.ok(verify("sha256", signed, { key, dsaEncoding: "ieee-p1363" }, Buffer.from(signature, "hex")));
  }
});

test("a COSE library and OpenSSL verify our envelopes with external_aad, of every length of payload head", async () => {
  const signer = createSigner("cose");
  const random = createRandom(9052);
  for (const length of [0, 1, 23, 24, 255, 256, 65535, 65536]) {
    const payload = random.bytes(length);
    const envelope = signer.envelop("document", payload);
    assert.ok(envelope.length - length <= coseOverheadBytesMax);
    const library = Sign1.decode(bufferOf(envelope));
    await library.verify(createPublicKey(signer.pem), { externalAAD: Buffer.from("kassa/1/document") });
    const { signature, protectedBytes } = parseSign1(envelope)!;
    assert.is(protectedBytes, protectedHeader(signer.key.kid));
    const head = sigStructureHead(protectedBytes, externalAadOf("document"), length);
    assert.ok(opensslVerifies(signer, concat([head, payload]), signature));
  }
});

test("an envelope verifies under its own type only", () => {
  const signer = createSigner("cose");
  const envelope = signer.envelop("outcome", utf8("payload"));
  const sign1 = parseSign1(envelope)!;
  const verdict = (name: string) => signer.verifies(signedDigest(envelope, sign1, name, sha256), sign1.signature);
  assert.ok(verdict("outcome"));
  for (const other of ["document", "delivered", "shiftClose", "fiscalization", "export"]) {
    assert.not(verdict(other));
  }
});

test.run();
