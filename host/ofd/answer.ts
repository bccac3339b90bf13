/** Payloads of answers, by the generated code, which refuses to write a message without its required fields. */
import { create, toBinary } from "@bufbuild/protobuf";
import {
  type BindedTaxation,
  BindedTaxation_BindedTaxSchema,
  BindedTaxationSchema,
  type CommandTypeEnum,
  type DateTime,
  DateTimeSchema,
  type Money,
  MoneySchema,
  type Response,
  ResponseSchema,
  ResultTypeEnum,
  type ServiceResponse,
  ServiceResponseSchema,
  TaxationTypeEnum,
  TaxTypeEnum,
  type TicketAd,
  TicketAdSchema,
  TicketAdTypeEnum,
} from "./proto/ofd_pb";
import type { RegisterState } from "./register-state";

/** An answer with that result; `command` repeats the request's, a number outside the enum too. */
export function answer(
  command: number,
  code: ResultTypeEnum,
  text: string,
  own: Partial<Pick<Response, "ticket" | "report" | "service">> = {},
): Uint8Array {
  const result = { resultCode: code, resultText: text };
  return toBinary(ResponseSchema, create(ResponseSchema, { command: command as CommandTypeEnum, result, ...own }));
}

export const okAnswer = (command: number, own: Parameters<typeof answer>[3] = {}): Uint8Array =>
  answer(command, ResultTypeEnum.RESULT_TYPE_OK, "OK", own);

/** Registration data, the one thing that every service part must have (§9 no. 29). */
export function serviceOf(state: RegisterState): ServiceResponse {
  const { org, pos, ofd } = state.profile;
  return create(ServiceResponseSchema, {
    regInfo: {
      kkm: { fnsKkmId: state.rnm, serialNumber: state.serial, kkmId: String(state.id) },
      pos: {
        title: org.titleRu,
        address: pos.addressRu,
        addressKz: pos.addressKk,
        latitude: pos.latitude,
        longitude: pos.longitude,
      },
      org: {
        title: org.titleRu,
        address: org.addressRu,
        iin: org.iinBin,
        oked: org.oked,
        addressKz: org.addressKk,
      },
      ofd: { title: ofd.titleRu, titleKz: ofd.titleKk, url: ofd.url },
    },
  });
}

const vatPercents = [16000, 10000, 5000, 0];

/** A payer of VAT is in the general regime with the rates of the Tax Code of 2026; others owe none. */
export function taxationOf(state: RegisterState): BindedTaxation {
  const { vatPayer } = state.profile.org;
  return create(BindedTaxationSchema, {
    type: vatPayer ? TaxationTypeEnum.RTS : TaxationTypeEnum.STS,
    taxes: (vatPayer ? vatPercents : []).map(percent =>
      create(BindedTaxation_BindedTaxSchema, { type: TaxTypeEnum.VAT, percent }),
    ),
  });
}

/** The message that a register shows while the server blocks it (§6.13). */
export const blockMessage = (text: string): TicketAd =>
  create(TicketAdSchema, { info: { type: TicketAdTypeEnum.TICKET_AD_INFO, version: 1n }, text });

export const moneyOf = (tiyn: number): Money =>
  create(MoneySchema, { bills: BigInt(Math.floor(tiyn / 100)), coins: tiyn % 100 });

/** From civil seconds as if UTC. */
export function dateTimeOf(localS: number): DateTime {
  const shown = new Date(localS * 1000);
  return create(DateTimeSchema, {
    date: { year: shown.getUTCFullYear(), month: shown.getUTCMonth() + 1, day: shown.getUTCDate() },
    time: { hour: shown.getUTCHours(), minute: shown.getUTCMinutes(), second: shown.getUTCSeconds() },
  });
}

/** The inverse; undefined when calendar or clock have no such moment. */
export function localSecondsOf(moment: DateTime | undefined): number | undefined {
  const { date, time } = moment ?? {};
  if (date === undefined || time === undefined || date.year < 1970 || date.year > 9999) return undefined;
  const localMs = Date.UTC(date.year, date.month - 1, date.day, time.hour, time.minute, time.second);
  const back = Number.isFinite(localMs) ? dateTimeOf(localMs / 1000) : undefined;
  const isSame =
    back?.date?.month === date.month &&
    back.date.day === date.day &&
    back.time?.hour === time.hour &&
    back.time.minute === time.minute &&
    back.time.second === time.second;
  return isSame ? localMs / 1000 : undefined;
}
