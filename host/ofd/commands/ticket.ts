/** COMMAND_TICKET (§3.4): a receipt → the facts that the register's state decides on, and the answer with its sign. */
import { create, isFieldSet } from "@bufbuild/protobuf";
import { localSecondsOf, okAnswer } from "../answer";
import { type Frame, payloadOf } from "../frame";
import { type Objection, object } from "../objections";
import {
  CommandTypeEnum,
  OperationTypeEnum,
  type Request,
  RequestSchema,
  type TicketRequest,
  TicketRequestSchema,
  TicketResponseSchema,
} from "../proto/ofd_pb";
import type { DocumentFacts, RegisterState } from "../register-state";
import { bodyHash } from "../request";
import { cashOf, checkTicket, isOffline, limitProblem, tenge, tiynOf } from "../ticket-check";
import { localNowS } from "./info";

const clockToleranceS = 3600;

/** Undefined for another command: its `ticket` is ignored (§3.12.1). */
export function readTicket(frame: Frame, request: Request, nowMs: number): DocumentFacts | undefined {
  const { ticket } = request;
  if (request.command !== CommandTypeEnum.COMMAND_TICKET || ticket === undefined) return undefined;
  const { field } = TicketRequestSchema;
  const localS = localSecondsOf(ticket.dateTime);
  const problem = limitProblem(ticket);
  return {
    frame: frame.bytes,
    bodySha: bodyHash(CommandTypeEnum.COMMAND_TICKET, payloadOf(frame)),
    documentNumber: isFieldSet(ticket, field.printedDocumentNumber) ? Number(ticket.printedDocumentNumber) : undefined,
    shiftNumber: isFieldSet(ticket, field.frShiftNumber) ? ticket.frShiftNumber : undefined,
    offlineNumber: isOffline(ticket) ? ticket.offlineTicketNumber : undefined,
    operation: ticket.operation,
    ...(problem === undefined ? amountsOf(ticket) : { totalTiyn: 0, cashDeltaTiyn: 0, revenueDeltaTiyn: 0 }),
    localS,
    buyer: ticket.extensionOptions?.customerIinOrBin,
    rnm: request.service?.regInfo?.kkm?.fnsKkmId,
    limitProblem: problem,
    objections:
      problem === undefined
        ? [...serviceObjections(request), ...dateObjections(ticket, localS, nowMs), ...checkTicket(ticket)]
        : [],
  };
}

/** A sale and the return of a purchase bring money in, the other two take it out (§6.9). */
function amountsOf(ticket: TicketRequest): Pick<DocumentFacts, "totalTiyn" | "cashDeltaTiyn" | "revenueDeltaTiyn"> {
  const { operation } = ticket;
  const isIn = operation === OperationTypeEnum.OPERATION_SELL || operation === OperationTypeEnum.OPERATION_BUY_RETURN;
  const sign = isIn ? 1 : -1;
  const totalTiyn = Number(tiynOf(ticket.amounts?.total));
  return { totalTiyn, cashDeltaTiyn: sign * Number(cashOf(ticket) ?? 0n), revenueDeltaTiyn: sign * totalTiyn };
}

/** `service` is mandatory since 2.0.3, with the place of the register in every receipt (§3.1). */
function serviceObjections(request: Request): Objection[] {
  if (!isFieldSet(request, RequestSchema.field.service)) return [object("SERVICE_MISSING", "нет поля service")];
  const hasPlace = request.service?.securityStats?.geoPosition !== undefined;
  return hasPlace ? [] : [object("SERVICE_MISSING", "нет поля service.security_stats.geo_position")];
}

function dateObjections(ticket: TicketRequest, localS: number | undefined, nowMs: number): Objection[] {
  const yearMax = new Date(localNowS(nowMs) * 1000).getUTCFullYear() + 1;
  const year = ticket.dateTime?.date?.year ?? 0;
  if (localS === undefined || year < 2013 || year > yearMax)
    return [object("DATE_INVALID", "такой даты или времени нет")];
  const differenceS = localS - localNowS(nowMs);
  const isOff = !isOffline(ticket) && Math.abs(differenceS) > clockToleranceS;
  return isOff ? [object("CLOCK_OFF", `часы кассы расходятся на ${Math.round(differenceS / 60)} мин`)] : [];
}

/** The answer that is saved with the document and told to each repeat. */
export function ticketAnswer(command: number, sign: string, state: RegisterState, document: DocumentFacts): Uint8Array {
  const qrCode = new TextEncoder().encode(checkUrl(sign, state, document));
  return okAnswer(command, { ticket: create(TicketResponseSchema, { ticketNumber: sign, qrCode }) });
}

/** §7.1: sign, РНМ, sum, local time, in this order. */
function checkUrl(sign: string, state: RegisterState, { totalTiyn, localS = 0 }: DocumentFacts): string {
  const time = new Date(localS * 1000).toISOString().slice(0, 19).replaceAll(/[-:]/g, "");
  return `${state.profile.ofd.url}?i=${sign}&f=${state.rnm}&s=${tenge(BigInt(totalTiyn))}&t=${time}`;
}
