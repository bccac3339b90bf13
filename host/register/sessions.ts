/**
 * Sign-ins: the module checks PINs and keeps the sessions; the service only remembers which module session belongs to
 * which caller. Neither PIN nor token is kept: entries are found by HMACs with a key of this process.
 *
 * A session ends after the module's idle time without a call, at sign-out, or when the module lost it (a reboot). With
 * Basic the PIN is at hand and a lost session is renewed; a token's holder has to sign in again.
 */
import { createHmac, randomBytes } from "node:crypto";
import type { FiscalDevice } from "../device/fiscal-device";
import { RequestRefusal } from "./shape";

/** Just started, or the cable is being put back: sign-ins and sales wait a little for the module. */
export const presentMaxMs = 3000;
/** The module keeps eight; more of ours would only be lost ones. */
const entriesMax = 64;

export interface SignIn {
  readonly operator: number;
  readonly pin: string;
}

/** A caller who is signed in. `session()` is the module's session of this moment. */
export interface Caller {
  readonly operator: { readonly code: number; readonly name: string; readonly role: string };
  readonly idleS: number;
  session(): Buffer;
  /** Another session after SESSION_LOST; undefined when the PIN is not at hand. */
  readonly renew?: () => Promise<Buffer>;
}

export interface Sessions {
  /** Signs in at the module and gives a token: PIN_WRONG, PIN_WAIT, DEVICE_ABSENT. */
  open(signIn: SignIn): Promise<{ token: string; caller: Caller }>;
  byToken(token: string): Caller;
  byPin(signIn: SignIn): Promise<Caller>;
  close(token: string): Promise<void>;
  /** Any live module session, the newest first: for work that belongs to nobody's call. */
  any(): Buffer | undefined;
  /** The module does not know this session any more. */
  forget(session: Buffer): void;
}

interface Entry {
  session: Buffer;
  readonly name: string;
  readonly role: number;
  readonly idleS: number;
  readonly operator: number;
  usedAtMs: number;
}

const roleNames: { readonly [role: number]: string } = {
  1: "cashier",
  2: "senior",
  3: "administrator",
  4: "technician",
};

export function createSessions(
  device: Pick<FiscalDevice, "login" | "logout" | "present">,
  now: () => number = Date.now,
): Sessions {
  const secret = randomBytes(32);
  const entries = new Map<string, Entry>();
  const signingIn = new Map<string, Promise<Entry>>();
  const idOf = (kind: "pin" | "token", words: string): string =>
    createHmac("sha256", secret).update(`${kind}\0${words}`).digest("base64");

  function find(id: string): Entry | undefined {
    const entry = entries.get(id);
    if (entry !== undefined && now() - entry.usedAtMs >= entry.idleS * 1000) {
      entries.delete(id);
      return undefined;
    }
    if (entry !== undefined) {
      entry.usedAtMs = now();
    }
    return entry;
  }

  async function login(signIn: SignIn): Promise<Entry> {
    await device.present(presentMaxMs);
    const { session, name, role, idleS } = await device.login(signIn.operator, signIn.pin);
    return { session, name, role, idleS, operator: signIn.operator, usedAtMs: now() };
  }

  function keep(id: string, entry: Entry): void {
    entries.delete(id);
    entries.set(id, entry);
    for (const [oldest] of entries) {
      if (entries.size <= entriesMax) {
        return;
      }
      entries.delete(oldest);
    }
  }

  /** Many requests at once with one PIN make one sign-in. */
  function loginOnce(id: string, signIn: SignIn): Promise<Entry> {
    const begun = signingIn.get(id);
    if (begun !== undefined) {
      return begun;
    }
    const login_ = login(signIn)
      .then(entry => {
        keep(id, entry);
        return entry;
      })
      .finally(() => signingIn.delete(id));
    signingIn.set(id, login_);
    return login_;
  }

  function callerOf(entry: Entry, renew?: () => Promise<Buffer>): Caller {
    return {
      operator: { code: entry.operator, name: entry.name, role: roleNames[entry.role] ?? "cashier" },
      idleS: entry.idleS,
      session: () => entry.session,
      renew,
    };
  }

  return {
    async open(signIn) {
      const token = randomBytes(32).toString("base64url");
      const entry = await login(signIn);
      keep(idOf("token", token), entry);
      return { token, caller: callerOf(entry) };
    },
    byToken(token) {
      const entry = find(idOf("token", token));
      if (entry === undefined) {
        throw new RequestRefusal("SESSION_LOST");
      }
      return callerOf(entry);
    },
    async byPin(signIn) {
      const id = idOf("pin", `${signIn.operator}\0${signIn.pin}`);
      const entry = find(id) ?? (await loginOnce(id, signIn));
      return callerOf(entry, async () => {
        const lost = entry.session;
        const newer = entries.get(id);
        const renewed = newer !== undefined && !newer.session.equals(lost) ? newer : await loginOnce(id, signIn);
        entry.session = renewed.session;
        return renewed.session;
      });
    },
    async close(token) {
      const id = idOf("token", token);
      const entry = find(id);
      entries.delete(id);
      if (entry !== undefined) {
        await device.logout(entry.session);
      }
    },
    any: () => [...entries.values()].at(-1)?.session,
    forget(session) {
      for (const [id, entry] of entries) {
        if (entry.session.equals(session)) {
          entries.delete(id);
        }
      }
    },
  };
}

/** `fn` with the caller's session; once more with a new one when the module lost it. */
export async function withSession<T>(caller: Caller, fn: (session: Buffer) => Promise<T>): Promise<T> {
  try {
    return await fn(caller.session());
  } catch (error) {
    if ((error as { code?: unknown }).code !== "SESSION_LOST" || caller.renew === undefined) {
      throw error;
    }
    return fn(await caller.renew());
  }
}

/** Basic credentials (RFC 7617): "operator:pin". */
export function readBasic(credentials: string): SignIn {
  const [, operator, pin] =
    /^([0-9]{1,4}):([0-9]{1,12})$/.exec(Buffer.from(credentials, "base64").toString("utf8")) ?? [];
  if (operator === undefined || pin === undefined) {
    throw new RequestRefusal("PIN_WRONG");
  }
  return { operator: Number(operator), pin };
}
