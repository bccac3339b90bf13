/** Group 100: signing in and out. */
import { type CborMap, getBytes, getText, getUint } from "../../protocol/cbor-read";
import { withoutSettings } from "../flash-guard";
import { sessionIdleMs } from "../limits";
import { type Module, nowMs } from "../module";
import { login, logout } from "../sessions";
import { bytesField, done, type Reply, refused, refusedAs, textField, uintField } from "./reply";

export function loginCommand(module: Module, request: CborMap): Reply {
  const operator = getUint(request, "operator");
  const pin = getText(request, "pin");
  if (operator === undefined || pin === undefined) {
    return refusedAs("FIELD_MISSING", { field: operator === undefined ? "operator" : "pin" });
  }
  if (module.settings === undefined) {
    return refused(withoutSettings(module));
  }
  const { secureElement } = module.hal;
  const answer = login(module.sessions, secureElement, module.settings.operators, operator, pin, nowMs(module));
  if (answer.kind === "refusal") {
    return refused(answer.refusal);
  }
  return done([
    bytesField("session", answer.id),
    textField("name", answer.operator.name),
    uintField("role", answer.operator.role),
    uintField("idleS", Math.floor(sessionIdleMs / 1000)),
  ]);
}

export function logoutCommand(module: Module, request: CborMap): Reply {
  logout(module.sessions, getBytes(request, "session"));
  return done([]);
}
