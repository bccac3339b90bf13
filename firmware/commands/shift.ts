/** Group 102: the shift. */
import { type CborMap, getBytes } from "../../protocol/cbor-read";
import { faultRefusal } from "../flash-guard";
import { type Module, nowMs } from "../module";
import { useSession } from "../sessions";
import { closeShift } from "../shift";
import { addUint, boolField, done, type Fields, type Reply, refused, refusedAs, uintField } from "./reply";

export function shiftFields(module: Module): Fields {
  const { shift } = module.books;
  const fields: Fields = [
    uintField("number", shift.number),
    boolField("open", shift.open),
    uintField("documents", shift.documents),
  ];
  addUint(fields, "openedUtcS", shift.open ? shift.openedUtcS : undefined);
  return fields;
}

export const state = (module: Module): Reply => done(shiftFields(module));

/** Z: the shift's totals are sealed. SHIFT_CLOSED when none is open; BUSY in mid-document. */
export function close(module: Module, request: CborMap): Reply {
  if (useSession(module.sessions, getBytes(request, "session"), nowMs(module)) === undefined) {
    return refusedAs("SESSION_LOST", {});
  }
  const fault = faultRefusal(module);
  if (fault !== undefined) {
    return refused(fault);
  }
  if (!module.books.shift.open) {
    return refusedAs("SHIFT_CLOSED", {});
  }
  if (module.sale !== undefined || module.books.pending !== undefined) {
    return refusedAs("BUSY", {});
  }
  closeShift(module);
  return done(shiftFields(module));
}
