/** COMMAND_SYSTEM (§3.2): ping, keep-alive, and the probe of a register that is offline or blocked. */
import { okAnswer, serviceOf } from "../answer";
import type { Intake, RegisterState } from "../register-state";

export function systemAnswer(intake: Intake, state: RegisterState): Uint8Array {
  return okAnswer(intake.command, intake.wants?.regInfo ? { service: serviceOf(state) } : {});
}
