/**
 * Every word that the module prints, in Kazakh and Russian (order No. 626 of 24 October 2025, items 55 to 57, and item
 * 39 of the technical requirements: «Фискальный чек», «Автономный»). A test finds look-alike letters of two alphabets in
 * one word.
 */
import { type Bytes, concat, indexOf, slice, utf8 } from "../bytes";

/** A text in two languages: Kazakh, a line feed (no text of a receipt has one), Russian. */
export type Label = Bytes;

const lineFeed = utf8("\n");

export const both = (kk: Bytes, ru: Bytes): Label => concat([kk, lineFeed, ru]);
export const kkOf = (label: Label): Bytes => slice(label, 0, indexOf(label, lineFeed, 0));
export const ruOf = (label: Label): Bytes => slice(label, indexOf(label, lineFeed, 0) + 1, label.length);

export const labels = {
  personNumber: utf8("ЖСН\nИИН"),
  firmNumber: utf8("БСН\nБИН"),
  address: utf8("Мекенжайы\nАдрес"),
  cashReceipt: utf8("КАССАЛЫҚ ЧЕК\nКАССОВЫЙ ЧЕК"),
  sale: utf8("САТУ\nПРОДАЖА"),
  number: utf8("Чектің реттік нөмірі\nПорядковый номер чека"),
  shift: utf8("Ауысым\nСмена №"),
  cashier: utf8("Кассир\nКассир"),
  time: utf8("Күні, уақыты\nДата, время"),
  serial: utf8("КЗН\nЗНМ"),
  registration: utf8("КТН\nРНМ"),
  kkmId: utf8("КСН\nИНК"),
  discount: utf8("Жеңілдік\nСкидка"),
  markup: utf8("Үстеме\nНаценка"),
  vatIncluded: utf8("ҚҚС қоса алғанда\nв т.ч. НДС"),
  vatNone: utf8("ҚҚС-сыз\nБез НДС"),
  marking: utf8("Таңбалау\nМаркировка"),
  discountTotal: utf8("Жалпы жеңілдік сомасы\nОбщая скидка"),
  markupTotal: utf8("Жалпы үстеме сомасы\nОбщая наценка"),
  total: utf8("БАРЛЫҒЫ\nИТОГО"),
  vatTotal: utf8("ҚҚС жалпы сомасы\nОбщая сумма НДС"),
  cash: utf8("Қолма-қол ақша\nНаличные"),
  card: utf8("Банк картасы\nБанковская карта"),
  mobile: utf8("Мобильді төлем\nМобильный платеж"),
  terminal: utf8("Терминал\nТерминал"),
  rrn: utf8("RRN\nRRN"),
  taken: utf8("Алынды\nПолучено"),
  change: utf8("Қайтарым\nСдача"),
  buyer: utf8("Сатып алушының ЖСН/БСН\nИИН/БИН покупателя"),
  sign: utf8("Фискалдық белгі\nФискальный признак"),
  autonomous: utf8("Автономды\nАвтономный"),
  autonomousSign: utf8("Автономды фискалдық белгі\nАвтономный фискальный признак"),
  ofd: utf8("ФДО\nОФД"),
  check: utf8("Чекті тексеру үшін сайтқа кіріңіз\nДля проверки чека зайдите на сайт"),
  fiscalReceipt: utf8("Фискалдық чек\nФискальный чек"),
  repeated: utf8("Қайта басылды\nПовторная печать"),
  notFiscal: utf8("Фискалдық емес\nНефискальный"),
  refusedByOfd: utf8("ФДО чекті қабылдамады\nОФД не принял чек"),
  refusalCode: utf8("ФДО жауабының коды\nКод ответа ОФД"),
} as const;
