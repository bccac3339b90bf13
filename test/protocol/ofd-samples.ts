/** Random tickets and services for the module's writer, each with the message that the generated code must read. */
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import {
  type DateTimeSchema,
  type MoneySchema,
  type OrgRegInfoSchema,
  type Request,
  RequestSchema,
  type ServiceRequestSchema,
  type TicketRequest_AmountsSchema,
  type TicketRequest_Item_CommoditySchema,
  type TicketRequest_ItemSchema,
  type TicketRequest_ModifierSchema,
  type TicketRequest_PaymentSchema,
  type TicketRequest_TaxSchema,
} from "../../host/ofd/proto/ofd_pb";
import { type Bytes, concat, textOf, utf8 } from "../../protocol/bytes";
import type { LocalTime } from "../../protocol/civil";
import {
  encodeRequest,
  encodeService,
  encodeTicketHead,
  encodeTicketItem,
  encodeTicketTail,
  type OfdItem,
  type OfdModifier,
  type OfdOrg,
  type OfdPayment,
  type OfdTax,
  ofdCommand,
  ofdTicketField,
  type ServiceData,
  type TicketHead,
  type TicketTail,
} from "../../protocol/ofd-messages";
import type { Random } from "../random";

export interface TicketSample {
  readonly head: TicketHead;
  readonly items: readonly OfdItem[];
  readonly tail: TicketTail;
  readonly service: ServiceData;
}

/** The payload, written as the module writes it: piece by piece. */
export function encodeSample({ head, items, tail, service }: TicketSample): Bytes {
  const pieces = [encodeTicketHead(head), ...items.map(encodeTicketItem), encodeTicketTail(tail)];
  const lengthBytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const own = { field: ofdTicketField, lengthBytes };
  const { before, after } = encodeRequest(ofdCommand.ticket, own, encodeService(service));
  return concat([before, ...pieces, after]);
}

// Random values -------------------------------------------------------------------------------------------------------

const texts = ["", "Pen", "Сүт 3,2% 1 л", "Ә Ғ Қ Ң Ө Ұ Ү Һ І ₸", "a".repeat(200)];

export function randomSample(random: Random): TicketSample {
  const money = (): number => random.uint();
  const text = (): Bytes => utf8(random.pick(texts));
  const some = <Value>(make: () => Value): Value | undefined => (random.below(2) === 0 ? make() : undefined);
  const list = <Value>(max: number, make: () => Value): Value[] => Array.from({ length: random.below(max + 1) }, make);
  const u31 = (): number => random.below(2 ** 31);
  const time = (): LocalTime => ({ utcS: random.below(4102444800), offsetMin: random.pick([0, 300, 360, 720]) });
  const tax = (): OfdTax => ({ percent: random.pick([16000, 10000, 5000, 0]), sum: money() });
  const modifier = (): OfdModifier => ({ name: some(text), sum: money(), taxes: some(() => list(2, tax)) });
  const item = (): OfdItem => ({
    name: text(),
    sectionCode: text(),
    quantity: random.uint(),
    price: money(),
    sum: money(),
    tax: some(tax),
    physicalLabel: some(text),
    productId: some(text),
    barcode: some(text),
    measureUnitCode: text(),
    markings: list(3, text),
    ntin: some(text),
    commodityType: some(() => random.below(3)),
    ...(random.below(2) === 0 ? { discount: some(modifier) } : { markup: some(modifier) }),
  });
  const payment = (): OfdPayment => ({
    type: random.pick([0, 1, 4]),
    sum: money(),
    card: some(() => ({
      terminal: some(text),
      cardType: some(text),
      authCode: some(u31),
      rrn: some(money),
      receiptNumber: some(money),
    })),
    mobile: some(() => ({ qrType: some(text), qrId: some(text) })),
  });
  return {
    head: {
      operation: random.below(4),
      dateTime: time(),
      operator: { code: u31(), name: some(text) },
      domain: { type: random.below(6) },
    },
    items: list(4, item),
    tail: {
      payments: list(3, payment),
      taxes: some(() => list(2, tax)),
      amounts: {
        total: money(),
        taken: some(money),
        change: some(money),
        markup: some(modifier),
        discount: some(modifier),
      },
      customer: some(() => ({ email: some(text), phone: some(text), iinBin: some(text) })),
      offlineTicketNumber: some(u31),
      shiftNumber: some(u31),
      printedDocumentNumber: some(money),
    },
    service: {
      geo: some(() => ({ latitude: u31(), longitude: u31(), source: text() })),
      offlinePeriod: some(() => ({ beginTime: time(), endTime: time() })),
      adInfos: some(() => list(3, () => ({ type: random.below(5), version: money() }))),
      getRegInfo: some(() => random.below(2) === 0),
      getBindedTaxation: some(() => random.below(2) === 0),
      regInfo: {
        kkm: { fnsKkmId: some(text), serialNumber: some(text), kkmId: some(text) },
        org: { title: text(), address: text(), iin: text(), oked: text(), addressKz: text() },
      },
    },
  };
}

// The message that was meant ------------------------------------------------------------------------------------------

type Init<Schema> = Schema extends Parameters<typeof create>[0] ? MessageInitShape<Schema> : never;

const read = (bytes: Bytes | undefined): string | undefined => (bytes === undefined ? undefined : textOf(bytes));
const whole = (value: number | undefined): bigint | undefined => (value === undefined ? undefined : BigInt(value));

export const moneyInit = (tiyn: number): Init<typeof MoneySchema> => ({
  bills: BigInt(Math.floor(tiyn / 100)),
  coins: tiyn % 100,
});
const moneyOrNone = (tiyn: number | undefined) => (tiyn === undefined ? undefined : moneyInit(tiyn));

export function timeInit({ utcS, offsetMin }: LocalTime): Init<typeof DateTimeSchema> {
  const shown = new Date((utcS + offsetMin * 60) * 1000);
  return {
    date: { year: shown.getUTCFullYear(), month: shown.getUTCMonth() + 1, day: shown.getUTCDate() },
    time: { hour: shown.getUTCHours(), minute: shown.getUTCMinutes(), second: shown.getUTCSeconds() },
  };
}

const taxInit = ({ percent, sum }: OfdTax): Init<typeof TicketRequest_TaxSchema> => ({
  type: 100,
  percent,
  sum: moneyInit(sum),
  isInTotalSum: true,
});

const modifierInit = ({ name, sum, taxes }: OfdModifier): Init<typeof TicketRequest_ModifierSchema> => ({
  name: read(name),
  sum: moneyInit(sum),
  taxes: taxes?.map(taxInit),
});

const commodityInit = (item: OfdItem): Init<typeof TicketRequest_Item_CommoditySchema> => ({
  name: read(item.name),
  sectionCode: read(item.sectionCode),
  quantity: whole(item.quantity),
  price: moneyInit(item.price),
  sum: moneyInit(item.sum),
  taxes: item.tax === undefined ? [] : [taxInit(item.tax)],
  physicalLabel: read(item.physicalLabel),
  productId: read(item.productId),
  barcode: read(item.barcode),
  measureUnitCode: read(item.measureUnitCode),
  listExciseStamp: item.markings.map(textOf),
  ntin: read(item.ntin),
  commodityType: item.commodityType,
});

function itemInits(item: OfdItem): Init<typeof TicketRequest_ItemSchema>[] {
  const items: Init<typeof TicketRequest_ItemSchema>[] = [{ type: 1, commodity: commodityInit(item) }];
  if (item.markup !== undefined) items.push({ type: 3, markup: modifierInit(item.markup) });
  if (item.discount !== undefined) items.push({ type: 5, discount: modifierInit(item.discount) });
  return items;
}

const paymentInit = ({ type, sum, card, mobile }: OfdPayment): Init<typeof TicketRequest_PaymentSchema> => ({
  type,
  sum: moneyInit(sum),
  cardPaymentFields: card && {
    posTerminalId: read(card.terminal),
    posCardType: read(card.cardType),
    posAutorizationCode: card.authCode,
    posRrn: whole(card.rrn),
    posReceiptNumber: whole(card.receiptNumber),
  },
  mobilePaymentFields: mobile && { qrType: read(mobile.qrType), qrId: read(mobile.qrId) },
});

const amountsInit = ({ amounts }: TicketTail): Init<typeof TicketRequest_AmountsSchema> => ({
  total: moneyInit(amounts.total),
  taken: moneyOrNone(amounts.taken),
  change: moneyOrNone(amounts.change),
  markup: amounts.markup && modifierInit(amounts.markup),
  discount: amounts.discount && modifierInit(amounts.discount),
});

const orgInit = (org: OfdOrg): Init<typeof OrgRegInfoSchema> => ({
  title: read(org.title),
  address: read(org.address),
  iin: read(org.iin),
  oked: read(org.oked),
  addressKz: read(org.addressKz),
});

const serviceInit = (service: ServiceData): Init<typeof ServiceRequestSchema> => ({
  securityStats: service.geo && { geoPosition: { ...service.geo, source: read(service.geo.source) } },
  offlinePeriod: service.offlinePeriod && {
    beginTime: timeInit(service.offlinePeriod.beginTime),
    endTime: timeInit(service.offlinePeriod.endTime),
  },
  ticketAdInfos: service.adInfos?.map(({ type, version }) => ({ type, version: BigInt(version) })),
  getRegInfo: service.getRegInfo,
  getBindedTaxation: service.getBindedTaxation,
  regInfo: {
    kkm: {
      fnsKkmId: read(service.regInfo.kkm.fnsKkmId),
      serialNumber: read(service.regInfo.kkm.serialNumber),
      kkmId: read(service.regInfo.kkm.kkmId),
    },
    org: orgInit(service.regInfo.org),
  },
});

export function expectedRequest({ head, items, tail, service }: TicketSample): Request {
  return create(RequestSchema, {
    command: ofdCommand.ticket,
    ticket: {
      operation: head.operation,
      dateTime: timeInit(head.dateTime),
      operator: { code: head.operator.code, name: read(head.operator.name) },
      domain: { type: head.domain.type },
      items: items.flatMap(itemInits),
      payments: tail.payments.map(paymentInit),
      taxes: tail.taxes?.map(taxInit),
      amounts: amountsInit(tail),
      extensionOptions: tail.customer && {
        customerEmail: read(tail.customer.email),
        customerPhone: read(tail.customer.phone),
        customerIinOrBin: read(tail.customer.iinBin),
      },
      offlineTicketNumber: tail.offlineTicketNumber,
      frShiftNumber: tail.shiftNumber,
      printedDocumentNumber: whole(tail.printedDocumentNumber),
    },
    service: serviceInit(service),
  });
}
