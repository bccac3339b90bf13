/** Receipts by seed, as they are uploaded: mostly right, sometimes wrong in one way. The module decides which. */
import { encodeCbor } from "../../host/device/cbor";
import { bufferOf } from "../../host/device/message-channel";
import {
  buyerKey,
  headKey,
  lineKey,
  modifierKey,
  operationSell,
  paymentCard,
  paymentCash,
  paymentKey,
  paymentMobile,
  vatRates,
} from "../../protocol/document";
import { mulQuantity } from "../../protocol/money";
import type { Receipt } from "../cuts/receipts";
import type { Random } from "../random";

/** Of all operations: purchase, its return, sale, its return. */
const operations = [0, 1, operationSell, 3];
const linesMax = 40;
const names = ["Сүт 3,2% 1 л", "Қара нан", "Әйел бәтеңкесі №38", "Apple", "Ұн – 2 кг «жоғары сорт»", "Ы".repeat(70)];
const units = ["796", "166", "006", "715", "5114"];
const faults = ["sum", "unknownField", "missingField", "wrongValue", "lineCount", "cut", "flipped", "random"] as const;
type Fault = (typeof faults)[number];

type Fields = Map<number, unknown>;

const isRare = (random: Random, oneIn: number): boolean => random.below(oneIn) === 0;
const sometimes = <Value>(random: Random, oneIn: number, make: () => Value): Value | undefined =>
  isRare(random, oneIn) ? make() : undefined;

export function drawReceipt(random: Random): Receipt {
  return drawWith(random, undefined);
}

export function drawWrongReceipt(random: Random): Receipt {
  const fault = random.pick(faults);
  return spoilBytes(random, fault, drawWith(random, fault));
}

function drawWith(random: Random, fault: Fault | undefined): Receipt {
  const count = random.pick([1, 1, 2, 3, 5, 1 + random.below(linesMax)]);
  const ratesInHead = isRare(random, 8);
  const lines = Array.from({ length: count }, (_, index) => drawLine(random, index, ratesInHead));
  const linesTotal = lines.reduce((sum, { total }) => sum + total, 0);
  const head = drawHead(random, linesTotal, ratesInHead, fault === "sum" ? 1 : 0);
  const maps = [...lines.map(({ map }) => map), head];
  spoilMap(random, fault, random.pick(maps));
  return { bytes: Buffer.concat(maps.map(encodeFields)), lines: count };
}

/** What is undefined has no key. */
const given = (entries: Iterable<readonly [key: number, value: unknown]>): Fields =>
  new Map([...entries].filter(([, value]) => value !== undefined));

const encodeFields = (map: Fields): Buffer => encodeCbor(new Map([...map].sort(([a], [b]) => a - b)));

function drawLine(random: Random, index: number, ratesInHead: boolean): { map: Fields; total: number } {
  const quantity = random.pick([1000, 1000, 2000, 745, 1 + random.below(9999)]);
  const price = random.pick([65000, 99, random.below(2_000_000), random.below(100)]);
  const sum = mulQuantity(price, quantity) ?? 0;
  const discountSum = sometimes(random, 4, () => random.below(sum + 1));
  const markupSum = discountSum === undefined ? sometimes(random, 6, () => random.below(50000)) : undefined;
  const isMarked = isRare(random, 6);
  const map = given([
    [lineKey.name, random.pick(names)],
    [lineKey.nameRu, sometimes(random, 2, () => random.pick(names))],
    [lineKey.itemType, random.below(3)],
    [lineKey.section, `${1 + random.below(3)}`],
    [lineKey.quantity, quantity],
    [lineKey.unit, random.pick(units)],
    [lineKey.price, price],
    [lineKey.vat, ratesInHead ? undefined : random.pick([...vatRates, undefined])],
    [lineKey.gtin, sometimes(random, 2, () => `48700000000${10 + random.below(90)}`)],
    [lineKey.ntin, sometimes(random, 4, () => `02000000000${10 + random.below(90)}`)],
    [lineKey.marked, isMarked ? true : undefined],
    [lineKey.markings, isMarked ? [`010487000000003621${index}Kz\u001d91EE10`] : undefined],
    [lineKey.discount, modifier(random, discountSum)],
    [lineKey.markup, modifier(random, markupSum)],
    [lineKey.exciseStamps, sometimes(random, 12, () => [`AB ${random.below(1_000_000)}`])],
    [lineKey.productId, sometimes(random, 12, () => `p-${random.below(1_000_000)}`)],
  ]);
  return { map, total: sum - (discountSum ?? 0) + (markupSum ?? 0) };
}

function modifier(random: Random, sum: number | undefined): Fields | undefined {
  if (sum === undefined) return undefined;
  return new Map<number, unknown>([
    [modifierKey.name, random.pick(["Бонус", "Маусым/Сезон"])],
    [modifierKey.sum, sum],
  ]);
}

function drawHead(random: Random, linesTotal: number, ratesInHead: boolean, sumError: number): Fields {
  const discountSum = sometimes(random, 4, () => random.below(linesTotal + 1));
  const markupSum = discountSum === undefined ? sometimes(random, 8, () => random.below(100000)) : undefined;
  const total = linesTotal - (discountSum ?? 0) + (markupSum ?? 0);
  const head = given([
    [headKey.operation, isRare(random, 6) ? random.pick(operations) : operationSell],
    [headKey.vat, ratesInHead ? random.pick(vatRates) : undefined],
    [headKey.discount, modifier(random, discountSum)],
    [headKey.markup, modifier(random, markupSum)],
    [headKey.payments, drawPayments(random, total + sumError)],
    [headKey.buyer, sometimes(random, 4, () => new Map([[buyerKey.iinBin, "260140888882"]]))],
    [headKey.language, random.below(3)],
  ]);
  return head;
}

/** One to three kinds; cash is sometimes handed over in larger notes. */
function drawPayments(random: Random, total: number): Fields[] {
  const kinds = [paymentCard, paymentMobile, paymentCash].slice(random.below(3));
  let left = total;
  return kinds.map((kind, index) => {
    const sum = index === kinds.length - 1 ? left : random.below(left + 1);
    left -= sum;
    const isCash = kind === paymentCash;
    return given([
      [paymentKey.kind, kind],
      [paymentKey.sum, sum],
      [paymentKey.taken, isCash ? sometimes(random, 2, () => sum + random.below(500000)) : undefined],
      [paymentKey.rrn, isCash ? undefined : sometimes(random, 2, () => `60741234${1000 + random.below(9000)}`)],
      [paymentKey.terminal, isCash ? undefined : sometimes(random, 3, () => "T0017")],
    ]);
  });
}

function spoilMap(random: Random, fault: Fault | undefined, map: Fields): void {
  const keys = [...map.keys()];
  if (fault === "unknownField") map.set(40 + random.below(60), random.uint());
  if (fault === "missingField") map.delete(random.pick(keys));
  if (fault === "wrongValue")
    map.set(random.pick(keys), random.pick([-1, 0.5, "", "x".repeat(300), [], true, 2 ** 53]));
}

function spoilBytes(random: Random, fault: Fault, { bytes, lines }: Receipt): Receipt {
  if (fault === "lineCount") return { bytes, lines: random.pick([0, lines + 1, Math.max(1, lines - 1), 501]) };
  if (fault === "cut") return { bytes: bytes.subarray(0, 1 + random.below(bytes.length)), lines };
  if (fault === "random") return { bytes: bufferOf(random.bytes(1 + random.below(400))), lines };
  if (fault !== "flipped") return { bytes, lines };
  const flipped = Buffer.from(bytes);
  const place = random.below(bytes.length);
  flipped[place] = flipped[place]! ^ (1 + random.below(255));
  return { bytes: flipped, lines };
}
