/**
 * Who works at the register: PINs are checked here and nowhere else (item 1).
 *
 * A verifier is sealed by the element: 16 bytes of salt, then HMAC(label, code, salt, PIN). Eight sessions with random
 * ids, idle 15 minutes, lost at reset. Wrong PINs of one operator cost 1, 2, 4 … 900 s.
 */

import type { SecureElement } from "../hal/secure-element";
import { type Bytes, concat, slice, u32be } from "../protocol/bytes";
import { type Refusal, refuse } from "../protocol/refusals";
import { operatorsMax, pinWaitMaxS, sessionIdleMs, sessionsMax } from "./limits";
import type { Operator } from "./settings";
import { labelled } from "./signer";

interface Session {
  readonly id: Bytes;
  readonly operator: Operator;
  usedMs: number;
}
interface Penalty {
  readonly code: number;
  waitS: number;
  untilMs: number;
}
export interface Sessions {
  open: Session[];
  penalties: Penalty[];
}

const saltBytes = 16;

export const createSessions = (): Sessions => ({ open: [], penalties: [] });

function macOf(element: SecureElement, code: number, salt: Bytes, pin: Bytes): Bytes {
  return element.hmac(labelled("pin", concat([u32be(code), salt, pin])));
}

/** The sealed verifier of a PIN. */
export function makeVerifier(element: SecureElement, code: number, pin: Bytes): Bytes {
  const salt = element.random(saltBytes);
  return element.seal(concat([salt, macOf(element, code, salt, pin)]));
}

function isPin(element: SecureElement, operator: Operator, pin: Bytes): boolean {
  const plain = element.unseal(operator.verifier);
  if (plain === undefined || plain.length !== saltBytes + 32) {
    return false;
  }
  const mac = macOf(element, operator.code, slice(plain, 0, saltBytes), pin);
  return mac === slice(plain, saltBytes, plain.length);
}

function findPenalty(sessions: Sessions, code: number): Penalty | undefined {
  for (const penalty of sessions.penalties) {
    if (penalty.code === code) {
      return penalty;
    }
  }
  return undefined;
}

/** The wait after one more wrong PIN. */
function punish(sessions: Sessions, code: number, nowMs: number): number {
  const penalty = findPenalty(sessions, code);
  if (penalty === undefined) {
    // Unknown codes share the list's bound: the oldest entry goes.
    if (sessions.penalties.length >= operatorsMax * 2) {
      sessions.penalties.shift();
    }
    sessions.penalties.push({ code, waitS: 1, untilMs: nowMs + 1000 });
    return 1;
  }
  penalty.waitS = Math.min(penalty.waitS * 2, pinWaitMaxS);
  penalty.untilMs = nowMs + penalty.waitS * 1000;
  return penalty.waitS;
}

function forgive(sessions: Sessions, code: number): void {
  const kept: Penalty[] = [];
  for (const penalty of sessions.penalties) {
    if (penalty.code !== code) {
      kept.push(penalty);
    }
  }
  sessions.penalties = kept;
}

export type Login =
  | { readonly kind: "session"; readonly id: Bytes; readonly operator: Operator }
  | { readonly kind: "refusal"; readonly refusal: Refusal };

/** Signs an operator in; the oldest session makes room when eight are open. PIN_WRONG, PIN_WAIT { waitS }. */
export function login(
  sessions: Sessions,
  element: SecureElement,
  operators: readonly Operator[],
  code: number,
  pin: Bytes,
  nowMs: number,
): Login {
  const penalty = findPenalty(sessions, code);
  if (penalty !== undefined && nowMs < penalty.untilMs) {
    const waitS = Math.floor((penalty.untilMs - nowMs + 999) / 1000);
    return { kind: "refusal", refusal: refuse("PIN_WAIT", { waitS }) };
  }
  for (const operator of operators) {
    if (operator.code === code && isPin(element, operator, pin)) {
      forgive(sessions, code);
      const session: Session = { id: element.random(16), operator, usedMs: nowMs };
      if (sessions.open.length >= sessionsMax) {
        sessions.open.shift();
      }
      sessions.open.push(session);
      return { kind: "session", id: session.id, operator };
    }
  }
  return { kind: "refusal", refusal: refuse("PIN_WRONG", { waitS: punish(sessions, code, nowMs) }) };
}

/** The operator of a living session, which lives on from now; undefined: SESSION_LOST. */
export function useSession(sessions: Sessions, id: Bytes | undefined, nowMs: number): Operator | undefined {
  for (const session of sessions.open) {
    if (session.id === id && nowMs - session.usedMs < sessionIdleMs) {
      session.usedMs = nowMs;
      return session.operator;
    }
  }
  return undefined;
}

export function logout(sessions: Sessions, id: Bytes | undefined): void {
  const kept: Session[] = [];
  for (const session of sessions.open) {
    if (session.id !== id) {
      kept.push(session);
    }
  }
  sessions.open = kept;
}
