/**
 * The arithmetic and the mandatory parts of a receipt (§5.5, §5.6, §5.8, §11.8, §11.9), without a look at the device.
 *
 * Roundings may differ by 1 tiyn for each line and 1 for each rate; sums of stated amounts are exact. Amounts are
 * bigint: they come from outside and may be anything up to 2^64.
 */
import type { DescMessage, Message } from "@bufbuild/protobuf";
import { isFieldSet } from "@bufbuild/protobuf";
import { type Objection, type ObjectionCode, object } from "./objections";
import {
  DomainTypeEnum,
  TicketRequest_Item_ItemTypeEnum as ItemType,
  type Money,
  MoneySchema,
  OperationTypeEnum,
  PaymentTypeEnum,
  type TicketRequest,
  type TicketRequest_Item,
  type TicketRequest_Item_Commodity,
  type TicketRequest_Item_StornoCommodity,
  type TicketRequest_Modifier,
  type TicketRequest_Tax,
  TicketRequestSchema,
} from "./proto/ofd_pb";

const moneyMax = 10n ** 13n;
const quantityMax = 10n ** 9n;

/** Tiyn; a missing amount counts as nothing. */
export const tiynOf = (money: Money | undefined): bigint =>
  money === undefined ? 0n : money.bills * 100n + BigInt(money.coins);

/** Limits that make a document as good as unreadable: they hold for documents made offline too (§11.5). */
export function limitProblem(ticket: TicketRequest): Objection | undefined {
  if (moneysOf(TicketRequestSchema, ticket).some(money => money.coins > 99 || tiynOf(money) > moneyMax)) {
    return object("LIMIT_EXCEEDED", "сумма больше 10^13 тиын или тиын больше 99");
  }
  const quantities = ticket.items.map(item => item.commodity?.quantity ?? item.stornoCommodity?.quantity ?? 0n);
  if (quantities.some(quantity => quantity > quantityMax)) {
    return object("LIMIT_EXCEEDED", "количество больше 10^9 тысячных");
  }
  if (ticket.printedDocumentNumber > BigInt(Number.MAX_SAFE_INTEGER)) {
    return object("LIMIT_EXCEEDED", "номер документа больше 2^53");
  }
  return undefined;
}

function moneysOf(desc: DescMessage, message: Message): Money[] {
  if (desc.typeName === MoneySchema.typeName) return [message as Money];
  return desc.fields.flatMap(field => {
    if (!isFieldSet(message, field)) return [];
    const value = (message as unknown as Record<string, unknown>)[field.localName];
    if (field.fieldKind === "message") return moneysOf(field.message, value as Message);
    if (field.fieldKind !== "list" || field.listKind !== "message") return [];
    return (value as Message[]).flatMap(element => moneysOf(field.message, element));
  });
}

/** Everything that is wrong with a receipt within the limits, in the order of its parts. */
export function checkTicket(ticket: TicketRequest): Objection[] {
  const objections: Objection[] = [];
  const check: Check = (condition, code, text) => {
    if (!condition) objections.push(object(code, text));
  };
  checkParts(ticket, check);
  const goods = checkItems(ticket, check);
  checkReceiptTaxes(ticket, goods, check);
  checkReceiptModifier(ticket, goods, check);
  checkTotal(ticket, goods, check);
  checkPayments(ticket, check);
  return objections;
}

type Check = (condition: boolean, code: ObjectionCode, text: string) => void;

// Parts ---------------------------------------------------------------------------------------------------------------

function checkParts(ticket: TicketRequest, check: Check): void {
  const { domain, extensionOptions, operation, offlineTicketNumber } = ticket;
  check(ticket.items.length > 0, "ITEMS_MISSING", "в чеке нет позиций");
  const part = domainParts[domain?.type ?? DomainTypeEnum.DOMAIN_TRADING];
  check(part === undefined || domain?.[part] !== undefined, "DOMAIN_INVALID", `нет реквизитов отрасли ${part}`);
  const buyer = extensionOptions?.customerIinOrBin ?? "";
  check(buyer === "" || /^\d{12}$/.test(buyer), "BUYER_INVALID", "ИИН/БИН покупателя: нужны 12 цифр");
  const isReturn =
    operation === OperationTypeEnum.OPERATION_BUY_RETURN || operation === OperationTypeEnum.OPERATION_SELL_RETURN;
  check(!isReturn || ticket.parentTicket !== undefined, "PARENT_MISSING", "у возврата нет чека-основания");
  const offlineNumber = isOffline(ticket) ? offlineTicketNumber : 1;
  check(
    offlineNumber >= 1 && offlineNumber <= 2147483647,
    "OFFLINE_NUMBER_INVALID",
    `автономный признак ${offlineNumber}: нужен от 1 до 2147483647`,
  );
}

/** Presence of the number, not its value, marks a receipt made offline. */
export const isOffline = (ticket: TicketRequest): boolean =>
  isFieldSet(ticket, TicketRequestSchema.field.offlineTicketNumber);

const domainParts: Partial<Record<DomainTypeEnum, "services" | "gasoil" | "taxi" | "parking">> = {
  [DomainTypeEnum.DOMAIN_SERVICES]: "services",
  [DomainTypeEnum.DOMAIN_HOTELS]: "services",
  [DomainTypeEnum.DOMAIN_GASOIL]: "gasoil",
  [DomainTypeEnum.DOMAIN_TAXI]: "taxi",
  [DomainTypeEnum.DOMAIN_PARKING]: "parking",
};

// Lines ---------------------------------------------------------------------------------------------------------------

/** What the lines come to: the sum of all, taxes on top of it, and the turnover of each rate ("none" without VAT). */
interface Goods {
  sum: bigint;
  onTop: bigint;
  readonly turnover: Map<Rate, bigint>;
  hasTaxes: boolean;
}
type Rate = number | "none";

function checkItems(ticket: TicketRequest, check: Check): Goods {
  const goods: Goods = { sum: 0n, onTop: 0n, turnover: new Map(), hasTaxes: false };
  let rate: Rate = "none";
  for (const [index, item] of ticket.items.entries()) {
    const where = `позиция ${index + 1}`;
    const line = item.commodity ?? item.stornoCommodity;
    const modifier = modifierOf(item);
    const sign = signs[item.type];
    if (isLine(item.type) && line !== undefined) {
      rate = checkLine(line, where, check);
      addAmount(goods, sign, rate, tiynOf(line.sum), line.taxes);
    } else if (!isLine(item.type) && modifier !== undefined) {
      check(index > 0, "ITEM_INVALID", `${where}: скидка или наценка без товара перед ней`);
      checkModifier(modifier, [[rate, tiynOf(modifier.sum)]], where, check);
      addAmount(goods, sign, rate, tiynOf(modifier.sum), modifier.taxes);
    } else {
      check(false, "ITEM_INVALID", `${where}: нет данных вида ${ItemType[item.type]}`);
    }
  }
  return goods;
}

const isLine = (type: ItemType): boolean =>
  type === ItemType.ITEM_TYPE_COMMODITY || type === ItemType.ITEM_TYPE_STORNO_COMMODITY;

const signs: Record<ItemType, bigint> = {
  [ItemType.ITEM_TYPE_COMMODITY]: 1n,
  [ItemType.ITEM_TYPE_STORNO_COMMODITY]: -1n,
  [ItemType.ITEM_TYPE_MARKUP]: 1n,
  [ItemType.ITEM_TYPE_STORNO_MARKUP]: -1n,
  [ItemType.ITEM_TYPE_DISCOUNT]: -1n,
  [ItemType.ITEM_TYPE_STORNO_DISCOUNT]: 1n,
};

function modifierOf(item: TicketRequest_Item): TicketRequest_Modifier | undefined {
  switch (item.type) {
    case ItemType.ITEM_TYPE_MARKUP:
      return item.markup;
    case ItemType.ITEM_TYPE_STORNO_MARKUP:
      return item.stornoMarkup;
    case ItemType.ITEM_TYPE_DISCOUNT:
      return item.discount;
    case ItemType.ITEM_TYPE_STORNO_DISCOUNT:
      return item.stornoDiscount;
    default:
      return undefined;
  }
}

function addAmount(goods: Goods, sign: bigint, rate: Rate, sum: bigint, taxes: readonly TicketRequest_Tax[]): void {
  goods.sum += sign * sum;
  goods.turnover.set(rate, (goods.turnover.get(rate) ?? 0n) + sign * sum);
  goods.hasTaxes ||= taxes.length > 0;
  for (const tax of taxes) if (!tax.isInTotalSum) goods.onTop += sign * tiynOf(tax.sum);
}

type Line = TicketRequest_Item_Commodity | TicketRequest_Item_StornoCommodity;

function checkLine(line: Line, where: string, check: Check): Rate {
  const sum = tiynOf(line.sum);
  const expected = divideHalfUp(tiynOf(line.price) * line.quantity, 1000n);
  check(isNear(sum, expected), "LINE_SUM_WRONG", `${where}: сумма ${tenge(sum)}, ожидалось ${tenge(expected)}`);
  check(line.quantity > 0n, "ITEM_INVALID", `${where}: количество 0`);
  const isNamed = line.name !== "" || ("code" in line && line.code !== 0n);
  check(isNamed, "ITEM_INVALID", `${where}: нет наименования`);
  // In a proto2 message a field that was set is the object's own, a default is its prototype's.
  const hasType = Object.hasOwn(line, "commodityType");
  check(line.ntin === "" || hasType, "ITEM_INVALID", `${where}: NTIN без вида (товар, работа, услуга)`);
  checkTaxes(line.taxes, sum, where, check);
  return line.taxes[0]?.percent ?? "none";
}

// Taxes ---------------------------------------------------------------------------------------------------------------

function checkTaxes(taxes: readonly TicketRequest_Tax[], sum: bigint, where: string, check: Check): void {
  checkRatesOnce(taxes, where, check);
  for (const tax of taxes) {
    const expected = vatOf(tax, sum);
    const text = `${where}: НДС ${tax.percent / 1000} % ${tenge(tiynOf(tax.sum))}, ожидалось ${tenge(expected)}`;
    check(isNear(tiynOf(tax.sum), expected), "VAT_WRONG", text);
  }
}

function checkRatesOnce(taxes: readonly TicketRequest_Tax[], where: string, check: Check): void {
  const rates = new Set(taxes.map(tax => tax.percent));
  check(rates.size === taxes.length, "VAT_TWICE", `${where}: ставка НДС указана дважды`);
}

/** Half up: inside the sum, or on top of it. */
function vatOf(tax: Pick<TicketRequest_Tax, "percent" | "isInTotalSum">, sum: bigint): bigint {
  const percent = BigInt(tax.percent);
  return divideHalfUp(sum * percent, tax.isInTotalSum ? 100000n + percent : 100000n);
}

/** Receipt taxes exclude line taxes. With one rate they are of the whole total; how several share it is not stated. */
function checkReceiptTaxes(ticket: TicketRequest, goods: Goods, check: Check): void {
  const { taxes } = ticket;
  if (taxes.length === 0) return;
  check(!goods.hasTaxes, "VAT_TWICE", "НДС указан и в позициях, и на весь чек");
  checkRatesOnce(taxes, "чек", check);
  const [tax] = taxes;
  if (tax !== undefined && taxes.length === 1) checkSingleReceiptTax(ticket, tax, goods, check);
  for (const each of taxes) if (!each.isInTotalSum) goods.onTop += tiynOf(each.sum);
}

function checkSingleReceiptTax(ticket: TicketRequest, tax: TicketRequest_Tax, goods: Goods, check: Check): void {
  const { discount, markup } = ticket.amounts ?? {};
  const expected = vatOf(tax, goods.sum);
  const afterModifier = vatOf(tax, goods.sum - tiynOf(discount?.sum) + tiynOf(markup?.sum));
  // A line each may have been rounded; whether the receipt's own discount is already taken off is not stated.
  const tolerance = BigInt(ticket.items.length) + 1n;
  const isRight = isNear(tiynOf(tax.sum), expected, tolerance) || isNear(tiynOf(tax.sum), afterModifier, tolerance);
  check(isRight, "VAT_WRONG", `чек: НДС ${tenge(tiynOf(tax.sum))}, ожидалось ${tenge(expected)}`);
}

// Modifiers -----------------------------------------------------------------------------------------------------------

/** `shares`: which part of the modifier falls on which rate. Taxes may be left out; those that are given must be right. */
function checkModifier(
  modifier: TicketRequest_Modifier,
  shares: readonly (readonly [Rate, bigint])[],
  where: string,
  check: Check,
): void {
  checkRatesOnce(modifier.taxes, where, check);
  for (const tax of modifier.taxes) {
    const share = shares.find(([rate]) => rate === tax.percent);
    check(share !== undefined, "MODIFIER_INVALID", `${where}: ставки ${tax.percent / 1000} % в чеке нет`);
    const expected = vatOf(tax, share?.[1] ?? 0n);
    const text = `${where}: НДС скидки или наценки ${tenge(tiynOf(tax.sum))}, ожидалось ${tenge(expected)}`;
    check(share === undefined || isNear(tiynOf(tax.sum), expected), "VAT_WRONG", text);
  }
}

function checkReceiptModifier(ticket: TicketRequest, goods: Goods, check: Check): void {
  const { discount, markup } = ticket.amounts ?? {};
  check(discount === undefined || markup === undefined, "MODIFIER_INVALID", "скидка и наценка на один чек");
  const modifier = discount ?? markup;
  if (modifier === undefined) return;
  const sum = tiynOf(modifier.sum);
  check(discount === undefined || sum <= goods.sum, "MODIFIER_INVALID", "скидка больше суммы чека");
  const shares = ticket.taxes.length > 0 ? ticket.taxes.map(tax => [tax.percent, sum] as const) : share(sum, goods);
  checkModifier(modifier, shares, "чек", check);
  for (const tax of modifier.taxes) {
    if (!tax.isInTotalSum) goods.onTop += (discount === undefined ? 1n : -1n) * tiynOf(tax.sum);
  }
}

/** Splits a receipt's modifier among the rates by turnover, by largest remainder (§11.8). */
function share(sum: bigint, goods: Goods): [Rate, bigint][] {
  const groups = [...goods.turnover].filter(([, turnover]) => turnover > 0n);
  const whole = groups.reduce((total, [, turnover]) => total + turnover, 0n);
  if (whole === 0n) return [];
  const parts = groups.map(([rate, turnover]) => ({
    rate,
    part: (sum * turnover) / whole,
    remainder: (sum * turnover) % whole,
  }));
  let rest = sum - parts.reduce((total, { part }) => total + part, 0n);
  for (const each of [...parts].sort((a, b) => Number(b.remainder > a.remainder) - Number(b.remainder < a.remainder))) {
    if (rest > 0n) {
      each.part += 1n;
      rest -= 1n;
    }
  }
  return parts.map(({ rate, part }) => [rate, part]);
}

// Total and payments --------------------------------------------------------------------------------------------------

function checkTotal(ticket: TicketRequest, goods: Goods, check: Check): void {
  const { total, discount, markup } = ticket.amounts ?? {};
  const expected = goods.sum - tiynOf(discount?.sum) + tiynOf(markup?.sum) + goods.onTop;
  const text = `итог ${tenge(tiynOf(total))}, ожидалось ${tenge(expected)}`;
  check(tiynOf(total) === expected, "TOTAL_WRONG", text);
}

function checkPayments(ticket: TicketRequest, check: Check): void {
  const { payments, amounts } = ticket;
  if (payments.length === 0) return;
  const total = tiynOf(amounts?.total);
  const paid = payments.reduce((sum, payment) => sum + tiynOf(payment.sum), 0n);
  check(paid === total, "PAYMENTS_WRONG", `оплачено ${tenge(paid)}, итог ${tenge(total)}`);
  const types = new Set(payments.map(payment => payment.type));
  check(types.size === payments.length, "PAYMENTS_WRONG", "вид оплаты указан дважды");
  const cash = cashOf(ticket);
  if (cash === undefined) return;
  const { taken, change } = amounts ?? {};
  check(taken !== undefined && change !== undefined, "PAYMENTS_WRONG", "нет полученных наличных или сдачи");
  const isBalanced = tiynOf(taken) - tiynOf(change) === cash;
  check(taken === undefined || isBalanced, "PAYMENTS_WRONG", "получено минус сдача не равно оплате наличными");
}

/** What was paid in cash, net of change; undefined without a cash payment. */
export function cashOf(ticket: TicketRequest): bigint | undefined {
  const cash = ticket.payments.find(payment => payment.type === PaymentTypeEnum.PAYMENT_CASH);
  return cash === undefined ? undefined : tiynOf(cash.sum);
}

// Numbers -------------------------------------------------------------------------------------------------------------

const isNear = (got: bigint, expected: bigint, tolerance = 1n): boolean =>
  got - expected <= tolerance && expected - got <= tolerance;

const divideHalfUp = (numerator: bigint, denominator: bigint): bigint =>
  (2n * numerator + denominator) / (2n * denominator);

/** 130000n → "1300.00". */
export function tenge(tiyn: bigint): string {
  const digits = (tiyn < 0n ? -tiyn : tiyn).toString().padStart(3, "0");
  return `${tiyn < 0n ? "-" : ""}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}
