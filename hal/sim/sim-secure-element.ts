/**
 * A secure element in software. Keys are made from a seed at first boot and then only loaded; signatures follow
 * RFC 6979, so that a seed replays to the very byte. Seals: 12 bytes nonce, ciphertext, 16 bytes tag (AES-256-GCM).
 */
import { createCipheriv, createDecipheriv, createHmac } from "node:crypto";
import { p256 } from "@noble/curves/nist.js";
import type { Bytes } from "../../protocol/bytes";
import type { SecureElement } from "../secure-element";
import { createSimRandom } from "./sim-random";

/** Where the element keeps what survives power: one small JSON text. */
export interface ElementStore {
  load(): string | undefined;
  save(state: string): void;
}

export interface SimSecureElementOptions {
  readonly seed: string | number;
  readonly store: ElementStore;
  /** Nonces and the image's random numbers; by default from the seed. A real shop wants real chance. */
  readonly random?: (lengthBytes: number) => Bytes;
}

interface ElementState {
  readonly signKey: string;
  readonly hmacKey: string;
  readonly sealKey: string;
  readonly counter: number;
}

const nonceBytes = 12;
const tagBytes = 16;
const randomBytesMax = 256;
const hmacBytesMax = 1024;

/** A store in memory: survives as long as the object. */
export function createMemoryStore(): ElementStore {
  let kept: string | undefined;
  return {
    load: () => kept,
    save(state) {
      kept = state;
    },
  };
}

export function createSimSecureElement(options: SimSecureElementOptions): SecureElement {
  const { store } = options;
  const random = options.random ?? createSimRandom(options.seed, "nonces").bytes;
  let state = loadState(options);
  const keys = {
    sign: fromHex(state.signKey),
    hmac: fromHex(state.hmacKey),
    seal: fromHex(state.sealKey),
  };
  const publicKey = memoize(`public ${state.signKey}`, () => latin1(p256.getPublicKey(keys.sign, false)));

  return {
    publicKey: () => publicKey,
    sign(digest) {
      if (digest.length !== 32) throw new Error("a digest has 32 bytes");
      return memoize(`${state.signKey} ${digest}`, () =>
        latin1(p256.sign(fromLatin1(digest), keys.sign, { prehash: false, lowS: true })),
      );
    },
    hmac(data) {
      if (data.length > hmacBytesMax) throw new Error(`hmac takes at most ${hmacBytesMax} bytes`);
      return latin1(createHmac("sha256", keys.hmac).update(data, "latin1").digest());
    },
    seal(plain) {
      const nonce = random(nonceBytes);
      const cipher = createCipheriv("aes-256-gcm", keys.seal, fromLatin1(nonce));
      const sealed = cipher.update(plain, "latin1", "latin1") + cipher.final("latin1");
      return (nonce + sealed + latin1(cipher.getAuthTag())) as Bytes;
    },
    unseal: sealed => unseal(keys.seal, sealed),
    counter: () => state.counter,
    counterStep() {
      state = { ...state, counter: state.counter + 1 };
      store.save(JSON.stringify(state));
      return state.counter;
    },
    verifyP256(key, digest, signature) {
      try {
        const format = { prehash: false, lowS: false };
        return p256.verify(fromLatin1(signature), fromLatin1(digest), fromLatin1(key), format);
      } catch {
        return false;
      }
    },
    random(lengthBytes) {
      if (lengthBytes > randomBytesMax) throw new Error(`random gives at most ${randomBytesMax} bytes`);
      return random(lengthBytes);
    },
  };
}

function loadState({ seed, store }: SimSecureElementOptions): ElementState {
  const kept = store.load();
  if (kept !== undefined) return JSON.parse(kept) as ElementState;
  const random = createSimRandom(seed, "keys");
  const key = (): string => Buffer.from(random.bytes(32), "latin1").toString("hex");
  const made = { signKey: key(), hmacKey: key(), sealKey: key(), counter: 0 };
  store.save(JSON.stringify(made));
  return made;
}

function unseal(key: Uint8Array, sealed: Bytes): Bytes | undefined {
  if (sealed.length < nonceBytes + tagBytes) return undefined;
  const bytes = fromLatin1(sealed);
  const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, nonceBytes));
  decipher.setAuthTag(bytes.subarray(bytes.length - tagBytes));
  const plain = decipher.update(bytes.subarray(nonceBytes, bytes.length - tagBytes)).toString("latin1");
  try {
    return (plain + decipher.final("latin1")) as Bytes;
  } catch {
    return undefined;
  }
}

/** The power-cut search signs the same digests thousands of times; RFC 6979 answers the same each time. */
const memo = new Map<string, Bytes>();
const memoMax = 4096;

function memoize(key: string, compute: () => Bytes): Bytes {
  const known = memo.get(key);
  if (known !== undefined) return known;
  if (memo.size >= memoMax) memo.clear();
  const value = compute();
  memo.set(key, value);
  return value;
}

const fromHex = (text: string): Buffer => Buffer.from(text, "hex");
const fromLatin1 = (bytes: string): Buffer => Buffer.from(bytes, "latin1");
const latin1 = (bytes: Uint8Array): Bytes => Buffer.from(bytes).toString("latin1") as Bytes;
