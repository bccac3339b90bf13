/** COSE_Sign1 and the journal's items, in Node and in Lua, with the SHA-256 of the board. */
import type { Hash } from "../../hal/hash";
import { assert } from "../../protocol/assert";
import { type Bytes, bytesOf, concat, repeatByte, slice, utf8 } from "../../protocol/bytes";
import { cborBytes, cborMap, cborUint } from "../../protocol/cbor-write";
import {
  coseHead,
  coseTail,
  externalAadOf,
  parseSign1,
  protectedHeader,
  sigStructureHead,
} from "../../protocol/cose-sign1";
import { fromHex, toHex } from "../../protocol/hex";
import { headerItem, prevOfMap, recordItem, secretItem, trailerPayload } from "../../protocol/journal";
import {
  createItemSplitter,
  feedItems,
  itemHash,
  readHeader,
  readItem,
  readTrailer,
} from "../../protocol/journal-read";
import { type JournalKey, verifyJournal } from "../../protocol/journal-verify";
import { recordType } from "../../protocol/records";
import { cosePayload, coseProtected, coseSignatures, coseToBeSigned } from "../vectors/cose";

const kid = fromHex("0102030405060708");
const signature = repeatByte(0x5a, 64);
const prev = repeatByte(0x11, 32);
const map = cborMap([
  [cborUint(1), cborBytes(prev)],
  [cborUint(2), cborUint(7)],
]);
const envelope = concat([coseHead(protectedHeader(kid), map.length), map, coseTail(signature)]);

/** A signature that is true when it is the digest twice: enough to walk every branch without a curve. */
const twice = (digest: Bytes): Bytes => concat([digest, digest]);

function keyWith(hash: Hash): JournalKey {
  const sha256 = (bytes: Bytes): Bytes => {
    const handle = hash.open();
    hash.update(handle, bytes);
    return hash.digest(handle);
  };
  return { kid, sha256, verify: (digest, told) => told === twice(digest) };
}

function envelop(key: JournalKey, name: string, payload: Bytes): Bytes {
  const head = sigStructureHead(protectedHeader(kid), externalAadOf(name), payload.length);
  const signed = twice(key.sha256(concat([head, payload])));
  return concat([coseHead(protectedHeader(kid), payload.length), payload, coseTail(signed)]);
}

/** A header, a signed document, a secret attempt, an event and the trailer. */
function writeSmall(key: JournalKey): Bytes[] {
  const payload = (before: Bytes, number: number) =>
    cborMap([
      [cborUint(1), cborBytes(before)],
      [cborUint(2), cborUint(number)],
    ]);
  const document = recordItem(8, recordType.document, envelop(key, "document", payload(prev, 7)));
  const attempt = recordItem(9, recordType.attempt, payload(key.sha256(document), 7));
  const event = recordItem(10, recordType.event, payload(key.sha256(attempt), 3));
  const secret = secretItem(9, recordType.attempt, key.sha256(attempt), key.sha256(document));
  const header = headerItem({
    serial: utf8("KZT00000001"),
    rnm: utf8(""),
    anchorSequence: 7,
    anchorHash: prev,
    from: 8,
    to: 10,
  });
  const told = { count: 3, headerSha: key.sha256(header), lastHash: key.sha256(event), utcS: 1795521600 };
  return [header, document, secret, event, envelop(key, "export", trailerPayload(told))];
}

export const cases = [
  {
    name: "Sig_structure is that of the COSE working group's examples",
    run: () => {
      const [aad] = coseSignatures[1]!;
      const head = sigStructureHead(fromHex(coseProtected), fromHex(aad), cosePayload.length);
      assert(toHex(head) + toHex(utf8(cosePayload)) === coseToBeSigned, "the bytes to be signed");
    },
  },
  {
    name: "an envelope has exactly the bytes that its drawing shows, and its parts come out again",
    run: () => {
      assert(
        toHex(slice(envelope, 0, 17)) === "d2844da20126044801020304050607" + "08a0",
        "tag, protected, unprotected",
      );
      const parsed = parseSign1(envelope);
      assert(parsed !== undefined && parsed.kid === kid && parsed.signature === signature, "kid and signature");
      assert(slice(envelope, parsed.payloadOffset, parsed.payloadOffset + parsed.payloadLength) === map, "payload");
    },
  },
  {
    name: "an envelope cut, lengthened or with another head is none",
    run: () => {
      for (let length = 0; length < envelope.length; length++) {
        assert(parseSign1(slice(envelope, 0, length)) === undefined, "cut");
      }
      assert(parseSign1(concat([envelope, bytesOf(0)])) === undefined, "lengthened");
      for (let index = 0; index < 19; index++) {
        const isKid = index >= 8 && index < 16;
        const changed = concat([slice(envelope, 0, index), bytesOf(0xff), slice(envelope, index + 1, envelope.length)]);
        assert((parseSign1(changed) === undefined) === !isKid, "only the kid may differ");
      }
    },
  },
  {
    name: "prev is found at the start of a map of up to 23 and of 24 keys, and nowhere else",
    run: () => {
      assert(prevOfMap(map) === prev, "two keys");
      assert(prevOfMap(concat([bytesOf(0xb8, 24, 1, 0x58, 32), prev])) === prev, "24 keys");
      assert(prevOfMap(slice(map, 0, 30)) === undefined, "cut");
      assert(prevOfMap(cborMap([[cborUint(2), cborBytes(prev)]])) === undefined, "another key");
    },
  },
  {
    name: "items are read back, and one changed byte of a secret is found by its CRC",
    run: (hash: Hash) => {
      const key = keyWith(hash);
      const [header, document, secret, event, trailer] = writeSmall(key);
      const read = readItem(document!);
      assert(read !== undefined && read.kind === "record" && read.prev === prev, "a signed record");
      assert(itemHash(document!, read, key.sha256) === key.sha256(document!), "its hash");
      assert(readItem(event!) !== undefined && readHeader(header!) !== undefined, "an event and a header");
      assert(readTrailer(trailer!)?.trailer.count === 3, "a trailer");
      for (let index = 0; index < secret!.length; index++) {
        const value = 255 - secret!.charCodeAt(index);
        const rest = slice(secret!, index + 1, secret!.length);
        assert(readItem(concat([slice(secret!, 0, index), bytesOf(value), rest])) === undefined, "a changed secret");
      }
    },
  },
  {
    name: "cutting a journal in three anywhere gives the same items",
    run: (hash: Hash) => {
      const items = writeSmall(keyWith(hash));
      const file = concat(items);
      for (let first = 0; first <= file.length; first += 11) {
        for (let second = first; second <= file.length; second += 13) {
          let splitter = createItemSplitter();
          const found: Bytes[] = [];
          for (const piece of [slice(file, 0, first), slice(file, first, second), slice(file, second, file.length)]) {
            const fed = feedItems(splitter, piece);
            splitter = fed.splitter;
            for (const item of fed.items) found.push(item);
          }
          assert(found.length === 5 && splitter.rest.length === 0, "five items");
          for (let index = 0; index < 5; index++) assert(found[index] === items[index], "the same");
        }
      }
    },
  },
  {
    name: "a journal verifies, and a changed event is named by the trailer's hash",
    run: (hash: Hash) => {
      const key = keyWith(hash);
      const [header, document, secret, event, trailer] = writeSmall(key);
      assert(verifyJournal([header!, document!, secret!, event!, trailer!], key).ok, "as it was written");
      const changed = concat([slice(event!, 0, event!.length - 1), bytesOf(4)]);
      const verdict = verifyJournal([header!, document!, secret!, changed, trailer!], key);
      assert(verdict.problem?.record === 10 && verdict.problem.problem === "CHANGED", "record 10");
    },
  },
];
