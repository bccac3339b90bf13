/**
 * What the server has against a document: with an online one the reason of its refusal, with one made offline a remark
 * that taxpayer and operator see (§11.5).
 */
import { ResultTypeEnum } from "./proto/ofd_pb";

export interface Objection {
  readonly code: ObjectionCode;
  /** For people: result_text, and the cabinet. */
  readonly text: string;
}

/** Each code with the result that an online document gets for it; undefined: it is accepted with the remark. */
export const objectionResults = {
  LIMIT_EXCEEDED: ResultTypeEnum.RESULT_TYPE_INCORRECT_REQUEST_DATA,
  NUMBER_OUT_OF_ORDER: ResultTypeEnum.RESULT_TYPE_INCORRECT_REQUEST_DATA,
  NUMBER_REUSED: ResultTypeEnum.RESULT_TYPE_INCORRECT_REQUEST_DATA,
  BUYER_IS_SELLER: ResultTypeEnum.RESULT_TYPE_SAME_TAXPAYER_AND_CUSTOMER,
  CASH_SHORT: ResultTypeEnum.RESULT_TYPE_NOT_ENOUGH_CASH,
  SERVICE_MISSING: ResultTypeEnum.RESULT_TYPE_INCORRECT_REQUEST_DATA,
  DATE_INVALID: ResultTypeEnum.RESULT_TYPE_INCORRECT_REQUEST_DATA,
  ITEMS_MISSING: ResultTypeEnum.RESULT_TYPE_INCORRECT_REQUEST_DATA,
  ITEM_INVALID: ResultTypeEnum.RESULT_TYPE_INCORRECT_REQUEST_DATA,
  LINE_SUM_WRONG: ResultTypeEnum.RESULT_TYPE_INCORRECT_REQUEST_DATA,
  VAT_WRONG: ResultTypeEnum.RESULT_TYPE_INCORRECT_REQUEST_DATA,
  VAT_TWICE: ResultTypeEnum.RESULT_TYPE_INCORRECT_REQUEST_DATA,
  MODIFIER_INVALID: ResultTypeEnum.RESULT_TYPE_INCORRECT_REQUEST_DATA,
  TOTAL_WRONG: ResultTypeEnum.RESULT_TYPE_INCORRECT_REQUEST_DATA,
  PAYMENTS_WRONG: ResultTypeEnum.RESULT_TYPE_INCORRECT_REQUEST_DATA,
  BUYER_INVALID: ResultTypeEnum.RESULT_TYPE_INCORRECT_REQUEST_DATA,
  DOMAIN_INVALID: ResultTypeEnum.RESULT_TYPE_INCORRECT_REQUEST_DATA,
  PARENT_MISSING: ResultTypeEnum.RESULT_TYPE_INCORRECT_REQUEST_DATA,
  OFFLINE_NUMBER_INVALID: ResultTypeEnum.RESULT_TYPE_INCORRECT_REQUEST_DATA,
  BLOCKED: ResultTypeEnum.RESULT_TYPE_BLOCKED,
  DEREGISTERED: ResultTypeEnum.RESULT_TYPE_DEREGISTERED,
  DISCONNECTED: ResultTypeEnum.RESULT_TYPE_DISCONNECTED,
  CLOCK_OFF: undefined,
  RNM_DIFFERS: undefined,
} as const;

export type ObjectionCode = keyof typeof objectionResults;

export const object = (code: ObjectionCode, text: string): Objection => ({ code, text });
