/** SHA-256 by Node's own crypto, with the eight handles of the contract. */
import { createHash, type Hash as NodeHash } from "node:crypto";
import type { Bytes } from "../../protocol/bytes";
import type { Hash } from "../hash";

const openMax = 8;

export interface SimHash extends Hash {
  /** Power on: whatever was open is gone. */
  reset(): void;
}

export function createSimHash(): SimHash {
  const open = new Map<number, NodeHash>();
  let lastHandle = 0;

  function known(handle: number): NodeHash {
    const hash = open.get(handle);
    if (hash === undefined) throw new Error(`hash handle ${handle} is not open`);
    return hash;
  }

  return {
    open() {
      if (open.size >= openMax) throw new Error(`more than ${openMax} hashes are open`);
      lastHandle++;
      open.set(lastHandle, createHash("sha256"));
      return lastHandle;
    },
    update(handle, data) {
      known(handle).update(data, "latin1");
    },
    digest(handle) {
      const digest = known(handle).digest().toString("latin1") as Bytes;
      open.delete(handle);
      return digest;
    },
    reset() {
      open.clear();
    },
  };
}
