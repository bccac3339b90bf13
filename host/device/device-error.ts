/**
 * What can go wrong between the host and the module, as values that the edges (HTTP, command line) turn into a status.
 * Nobody branches on a message: `code` is the same in SMP, HTTP and the command line (protocol/refusals.ts).
 */
import { type Fact, type Facts, type RefusalCode, refusalRc } from "../../protocol/refusals";

/** The module, or the way to it, said no. */
export class DeviceRefusal extends Error {
  constructor(
    readonly code: RefusalCode,
    readonly facts: Facts = {},
  ) {
    super(code);
    this.name = "DeviceRefusal";
  }
}

/** No module answers: unplugged, not found, or silent after all retries. `reason` is for people, `port` where it was. */
export class DeviceAbsent extends DeviceRefusal {
  constructor(reason: string, port?: string) {
    super("DEVICE_ABSENT", port === undefined ? { reason } : { reason, port });
    this.name = "DeviceAbsent";
  }
}

const userGroupMin = 64;
/** Numbers of the common list (smp.md §2.2) that a register can meet; all others are our own mistakes. */
const commonCodes: ReadonlyMap<number, RefusalCode> = new Map([
  [2, "BUSY"],
  [3, "FIELD_INVALID"],
  [5, "RECORD_UNKNOWN"],
  [6, "BUSY"],
  [8, "OPERATION_NOT_SUPPORTED"],
  [10, "BUSY"],
  [11, "SIGN_IN_NEEDED"],
]);
const codesByRc: ReadonlyMap<number, RefusalCode> = new Map(
  Object.entries(refusalRc).map(([code, rc]) => [rc, code as RefusalCode]),
);

/**
 * The refusal in a reply, whichever shape it has: `{ err: { group, rc }, facts }` of version 2, or `{ rc, rsn }`
 * (smp.md §2.1). Undefined when the reply is a result. A code that this host does not know is still a refusal.
 */
export function refusalIn(reply: Readonly<Record<string, unknown>>): DeviceRefusal | undefined {
  const err = reply.err as { group?: unknown; rc?: unknown } | undefined;
  if (err !== undefined && typeof err === "object") {
    const code = Number(err.group) >= userGroupMin ? codesByRc.get(Number(err.rc)) : undefined;
    return new DeviceRefusal(code ?? "OPERATION_NOT_SUPPORTED", {
      ...factsIn(reply.facts),
      ...(code ? {} : { rc: Number(err.rc) }),
    });
  }
  const rc = reply.rc;
  if (typeof rc !== "number" || rc === 0) {
    return undefined;
  }
  const named = typeof reply.rsn === "string" && reply.rsn in refusalRc ? (reply.rsn as RefusalCode) : undefined;
  return new DeviceRefusal(named ?? commonCodes.get(rc) ?? "OPERATION_NOT_SUPPORTED", { ...factsIn(reply.facts), rc });
}

function factsIn(value: unknown): Facts {
  if (value === null || typeof value !== "object") {
    return {};
  }
  const isFact = (fact: unknown): fact is Fact => ["string", "number", "boolean"].includes(typeof fact);
  return Object.fromEntries(Object.entries(value).filter((entry): entry is [string, Fact] => isFact(entry[1])));
}
