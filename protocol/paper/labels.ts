/**
 * Every word that the module prints, in Kazakh and Russian (order No. 626 of 24 October 2025, items 55 to 57, and item
 * 39 of the technical requirements: «Фискальный чек», «Автономный»). A test finds look-alike letters of two alphabets in
 * one word.
 */
import { type Bytes, utf8 } from "../bytes";

export interface Label {
  readonly kk: Bytes;
  readonly ru: Bytes;
}

function both(kk: string, ru: string): Label {
  return { kk: utf8(kk), ru: utf8(ru) };
}

export const labels = {
  personNumber: both("ЖСН", "ИИН"),
  firmNumber: both("БСН", "БИН"),
  address: both("Мекенжайы", "Адрес"),
  cashReceipt: both("КАССАЛЫҚ ЧЕК", "КАССОВЫЙ ЧЕК"),
  sale: both("САТУ", "ПРОДАЖА"),
  number: both("Чектің реттік нөмірі", "Порядковый номер чека"),
  shift: both("Ауысым", "Смена №"),
  cashier: both("Кассир", "Кассир"),
  time: both("Күні, уақыты", "Дата, время"),
  serial: both("КЗН", "ЗНМ"),
  registration: both("КТН", "РНМ"),
  kkmId: both("КСН", "ИНК"),
  discount: both("Жеңілдік", "Скидка"),
  markup: both("Үстеме", "Наценка"),
  vatIncluded: both("ҚҚС қоса алғанда", "в т.ч. НДС"),
  vatNone: both("ҚҚС-сыз", "Без НДС"),
  marking: both("Таңбалау", "Маркировка"),
  discountTotal: both("Жалпы жеңілдік сомасы", "Общая скидка"),
  markupTotal: both("Жалпы үстеме сомасы", "Общая наценка"),
  total: both("БАРЛЫҒЫ", "ИТОГО"),
  vatTotal: both("ҚҚС жалпы сомасы", "Общая сумма НДС"),
  cash: both("Қолма-қол ақша", "Наличные"),
  card: both("Банк картасы", "Банковская карта"),
  mobile: both("Мобильді төлем", "Мобильный платеж"),
  terminal: both("Терминал", "Терминал"),
  rrn: both("RRN", "RRN"),
  taken: both("Алынды", "Получено"),
  change: both("Қайтарым", "Сдача"),
  buyer: both("Сатып алушының ЖСН/БСН", "ИИН/БИН покупателя"),
  sign: both("Фискалдық белгі", "Фискальный признак"),
  autonomous: both("Автономды", "Автономный"),
  autonomousSign: both("Автономды фискалдық белгі", "Автономный фискальный признак"),
  ofd: both("ФДО", "ОФД"),
  check: both("Чекті тексеру үшін сайтқа кіріңіз", "Для проверки чека зайдите на сайт"),
  fiscalReceipt: both("Фискалдық чек", "Фискальный чек"),
  repeated: both("Қайта басылды", "Повторная печать"),
  notFiscal: both("Фискалдық емес", "Нефискальный"),
  refusedByOfd: both("ФДО чекті қабылдамады", "ОФД не принял чек"),
  refusalCode: both("ФДО жауабының коды", "Код ответа ОФД"),
} as const;
