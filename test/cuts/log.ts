/**
 * The fiscal log as the module gives it to the host, page by page, verified as an export is, and what it says of
 * receipts.
 */
import { createHash, createPublicKey, verify } from "node:crypto";
import { bufferOf, bytesOf } from "../../host/device/message-channel";
import { type Bytes, slice, utf8 } from "../../protocol/bytes";
import { decodeMap, getBytes, getText, getUint } from "../../protocol/cbor-read";
import { documentKey } from "../../protocol/document";
import { headerItem } from "../../protocol/journal";
import { itemHash, type JournalItem, mapOfRecord, readItem } from "../../protocol/journal-read";
import { type JournalKey, verifyJournal } from "../../protocol/journal-verify";
import { outcomeKey } from "../../protocol/records";
import card from "../../samples/card.json";
import { type Board, serial } from "./board";
import { Failure, type Shop } from "./shop";

/** Export items, oldest first. `firstSequence` is that of the oldest. */
export interface Log {
  readonly firstSequence: number;
  /** The prev of the first one. */
  readonly anchorHash: Bytes;
  readonly items: readonly Bytes[];
}

export interface DocumentFacts {
  readonly number: number;
  readonly key: string;
  readonly requestSha: Bytes;
  readonly utcS: number;
  /** Of its outcome, and of its delivery: the operator's once it has one. */
  sign: string | undefined;
  deliveredSign: string | undefined;
}

/** Export items of the log over SMP, from record `from` to the newest. */
export function readLog(shop: Shop<Board>, from: number): Bytes[] {
  const items: Bytes[] = [];
  for (let last = from; from + items.length <= last; ) {
    const seq = from + items.length;
    const parts: Buffer[] = [];
    for (let off = 0, len = 1; off < len; ) {
      const page = shop.logPage(seq, off);
      parts.push(page.data as unknown as Buffer);
      off += page.data.length;
      ({ len, lastSeq: last } = page);
    }
    items.push(bytesOf(Buffer.concat(parts)));
  }
  return items;
}

/** Chain and signatures from record `from` on, whose predecessor has this hash; the module signs the trailer. */
export function verifyLog(
  shop: Shop<Board>,
  key: JournalKey,
  from: number,
  prev: Bytes,
  items: readonly Bytes[],
): void {
  const to = from + items.length - 1;
  const header = headerItem({
    serial: utf8(serial),
    rnm: utf8(card.rnm),
    anchorSequence: from - 1,
    anchorHash: prev,
    from,
    to,
  });
  const trailer = shop.exportTrailer(items.length, key.sha256(header), to);
  const verdict = verifyJournal([header, ...items, trailer], key);
  if (verdict.problem !== undefined) {
    const { record, problem, expected, got } = verdict.problem;
    throw new Failure("lost", `the log: ${record} ${problem}, expected ${expected}, got ${got}`);
  }
}

/** What a log says of each receipt, by number. A number or key that stands there twice is a receipt doubled. */
export function documentsIn(log: Log): Map<number, DocumentFacts> {
  const sayings = log.items.map(sayingOf);
  const documents = new Map<number, DocumentFacts>();
  const keys = new Set<string>();
  for (const said of sayings) {
    if (said.kind !== "document") continue;
    const { number, key } = said.document;
    if (documents.has(number) || keys.has(key)) throw new Failure("doubled", `receipt ${number}, key ${key}`);
    keys.add(key);
    documents.set(number, { ...said.document });
  }
  const oldest = Math.min(...documents.keys());
  for (const said of sayings) {
    // The ring may have given up the document of an old outcome or delivery.
    if ((said.kind === "outcome" || said.kind === "delivered") && said.number >= oldest) noteSign(documents, said);
  }
  return documents;
}

function noteSign(documents: ReadonlyMap<number, DocumentFacts>, said: Signed): void {
  const document = documents.get(said.number);
  if (document === undefined) throw new Failure("lost", `${said.kind} of receipt ${said.number}, which is not there`);
  const known = said.kind === "outcome" ? document.sign : document.deliveredSign;
  if (known !== undefined) throw new Failure("doubled", `${said.kind} of receipt ${said.number}`);
  if (said.kind === "outcome") document.sign = said.sign;
  else document.deliveredSign = said.sign;
}

interface Signed {
  readonly kind: "outcome" | "delivered";
  readonly number: number;
  readonly sign: string;
}
type Saying =
  | { readonly kind: "document"; readonly document: DocumentFacts }
  | { readonly kind: "shiftClose"; readonly sequence: number }
  | Signed
  | { readonly kind: "other" };

/** The sequence of the newest Z record. */
export function lastCloseIn(log: Log): number | undefined {
  const last = log.items.map(sayingOf).findLast(said => said.kind === "shiftClose");
  return last?.kind === "shiftClose" ? last.sequence : undefined;
}

/** The same records come again in thousands of logs. */
const sayings = new Map<Bytes, Saying>();
const sayingsMax = 20000;

function sayingOf(bytes: Bytes): Saying {
  const known = sayings.get(bytes);
  if (known !== undefined) return known;
  if (sayings.size >= sayingsMax) sayings.clear();
  const saying = readSaying(readItem(bytes));
  sayings.set(bytes, saying);
  return saying;
}

function readSaying(item: JournalItem | undefined): Saying {
  if (item === undefined || item.kind === "secret") return { kind: "other" };
  const map = decodeMap(mapOfRecord(item));
  if (map === undefined) return { kind: "other" };
  const { typeName, sequence } = item;
  if (typeName === "shiftClose") return { kind: "shiftClose", sequence };
  if (typeName === "document") {
    return {
      kind: "document",
      document: {
        number: getUint(map, documentKey.number) ?? 0,
        key: getText(map, documentKey.key) ?? "",
        requestSha: getBytes(map, documentKey.requestSha) ?? utf8(""),
        utcS: getUint(map, documentKey.utcS) ?? 0,
        sign: undefined,
        deliveredSign: undefined,
      },
    };
  }
  if (typeName !== "outcome" && typeName !== "delivered") return { kind: "other" };
  return {
    kind: typeName,
    number: getUint(map, outcomeKey.number) ?? 0,
    sign: getText(map, outcomeKey.sign) ?? "",
  };
}

export const hashOfItem = (bytes: Bytes): Bytes => itemHash(bytes, readItem(bytes)!, sha256);

export const sha256 = (bytes: Bytes): Bytes => bytesOf(createHash("sha256").update(bytes, "latin1").digest());

/** The module's key. OpenSSL verifies, which shares no code with the module; it wants what was hashed, not the hash. */
export function journalKey(publicKey: Bytes): JournalKey {
  const spki = Buffer.concat([spkiHead, bufferOf(publicKey)]);
  const key = createPublicKey({ key: spki, format: "der", type: "spki" });
  let hashed = { bytes: utf8(""), digest: utf8("") };
  return {
    kid: slice(sha256(publicKey), 0, 8),
    sha256(bytes) {
      hashed = { bytes, digest: sha256(bytes) };
      return hashed.digest;
    },
    verify(digest, signature) {
      if (digest !== hashed.digest) throw new Error("a signature is verified right after its digest was made");
      return verify("sha256", bufferOf(hashed.bytes), { key, dsaEncoding: "ieee-p1363" }, bufferOf(signature));
    },
  };
}

/** SubjectPublicKeyInfo of an uncompressed P-256 point (RFC 5480). */
const spkiHead = Buffer.from("3059301306072a8648ce3d020106082a8648ce3d030107034200", "hex");
