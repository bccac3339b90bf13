/**
 * COMMAND_INFO (§3.3): what a register asks after switching on: the open shift or the last Z report, its registration
 * data, and the last document that the server has of it.
 */
import { create } from "@bufbuild/protobuf";
import { dateTimeOf, moneyOf, okAnswer, serviceOf, taxationOf } from "../answer";
import {
  type ReportResponse,
  ReportResponseSchema,
  ReportTypeEnum,
  type ServiceResponse_LastDocumentInfo,
  ServiceResponse_LastDocumentInfoSchema,
} from "../proto/ofd_pb";
import type { Intake, RegisterState } from "../register-state";

/** Kazakhstan has one time, five hours before UTC. */
const localOffsetS = 5 * 3600;
export const localNowS = (nowMs: number): number => Math.floor(nowMs / 1000) + localOffsetS;

export interface LastDocument {
  readonly shiftNumber: number;
  readonly documentNumber: number;
}

export function infoAnswer(
  intake: Intake,
  state: RegisterState,
  last: LastDocument | undefined,
  nowMs: number,
): Uint8Array {
  const service = serviceOf(state);
  if (intake.wants?.taxation) service.bindedTaxation = taxationOf(state);
  if (last !== undefined) service.lastDocumentInfo = lastDocumentInfo(last);
  return okAnswer(intake.command, { report: reportOf(state, localNowS(nowMs)), service });
}

const lastDocumentInfo = (last: LastDocument): ServiceResponse_LastDocumentInfo =>
  create(ServiceResponse_LastDocumentInfoSchema, {
    frShiftNumber: last.shiftNumber,
    printedDocumentNumber: BigInt(last.documentNumber),
  });

/** An X report of the open shift; without one a Z report, number 0 when no shift was ever closed (§9 no. 20). */
function reportOf({ shift, cashTiyn }: RegisterState, localS: number): ReportResponse {
  const revenueTiyn = shift.isOpen ? shift.revenueTiyn : 0;
  return create(ReportResponseSchema, {
    report: shift.isOpen ? ReportTypeEnum.REPORT_X : ReportTypeEnum.REPORT_Z,
    zxReport: {
      dateTime: dateTimeOf(localS),
      shiftNumber: shift.number,
      cashSum: moneyOf(Math.max(cashTiyn, 0)),
      revenue: { sum: moneyOf(Math.abs(revenueTiyn)), isNegative: revenueTiyn < 0 },
      openShiftTime: dateTimeOf(shift.openedLocalS ?? localS),
      closeShiftTime: shift.isOpen ? undefined : dateTimeOf(localS),
    },
  });
}
