/** What `kassa journal verify` says about an export, in Kazakh, Russian and English. */
import type { JournalProblemCode } from "../../protocol/journal-verify";
import type { Language } from "./index";

export interface JournalTexts {
  readonly problems: { readonly [Code in JournalProblemCode]: string };
  readonly intact: string;
  /** What to do with a damaged export. */
  readonly nextAction: string;
  /** Why the key has to be compared. */
  readonly keyAdvice: string;
}

const en: JournalTexts = {
  problems: {
    MALFORMED: "is not as the module writes it: it was changed or damaged",
    TOO_LARGE: "is larger than any record can be: it was changed or damaged",
    TRUNCATED: "is cut off: the file ends inside it",
    MISSING: "is missing: something else stands in its place",
    REPEATED: "stands here a second time",
    KEY_OTHER: "was signed by another device's key",
    SIGNATURE_BAD: "was changed after it was signed",
    CHANGED: "was changed: its hash is not the one that the next record carries",
    AFTER_TRAILER: "is not the end of the file: something was added behind it",
  },
  intact: "Every record is as the module wrote it, none is missing.",
  nextAction: "Export the journal from the register again; if that one is damaged too, call the technician.",
  keyAdvice:
    "A key file that came with the export proves nothing: compare the fingerprint with the one that was noted at fiscalization, or with the operator's cabinet.",
};

const ru: JournalTexts = {
  problems: {
    MALFORMED: "не в том виде, в каком её пишет модуль: изменена или повреждена",
    TOO_LARGE: "больше, чем может быть запись: изменена или повреждена",
    TRUNCATED: "обрывается: файл кончается внутри неё",
    MISSING: "отсутствует: на её месте другое",
    REPEATED: "стоит здесь второй раз",
    KEY_OTHER: "подписана ключом другого устройства",
    SIGNATURE_BAD: "изменена после подписания",
    CHANGED: "изменена: её хеш не тот, который несёт следующая запись",
    AFTER_TRAILER: "не последняя: за ней что-то дописано",
  },
  intact: "Все записи такие, какими их создал модуль, ни одна не пропала.",
  nextAction: "Выгрузите журнал из кассы ещё раз; если и он повреждён, вызовите техника.",
  keyAdvice:
    "Файл ключа, пришедший вместе с выгрузкой, ничего не доказывает: сверьте отпечаток с записанным при фискализации или с кабинетом ОФД.",
};

const kk: JournalTexts = {
  problems: {
    MALFORMED: "модуль жазған түрде емес: өзгертілген немесе бүлінген",
    TOO_LARGE: "жазба бола алмайтындай үлкен: өзгертілген немесе бүлінген",
    TRUNCATED: "үзілген: файл оның ішінде аяқталады",
    MISSING: "жоқ: оның орнында басқа нәрсе тұр",
    REPEATED: "мұнда екінші рет тұр",
    KEY_OTHER: "басқа құрылғының кілтімен қол қойылған",
    SIGNATURE_BAD: "қол қойылғаннан кейін өзгертілген",
    CHANGED: "өзгертілген: оның хеші келесі жазбадағыға сай емес",
    AFTER_TRAILER: "соңғы емес: одан кейін бірдеңе қосылған",
  },
  intact: "Барлық жазба модуль жазған күйінде, бірде-біреуі жоғалмаған.",
  nextAction: "Журналды кассадан қайта шығарыңыз; ол да бүлінген болса, техникті шақырыңыз.",
  keyAdvice:
    "Файлмен бірге келген кілт ештеңені дәлелдемейді: таңбасын фискалдау кезінде жазып алынғанымен немесе ФДО кабинетімен салыстырыңыз.",
};

export const journalTexts: { readonly [L in Language]: JournalTexts } = { en, ru, kk };

const places: { readonly [L in Language]: { readonly [Place in "header" | "trailer" | "record"]: string } } = {
  en: { header: "The header", trailer: "The trailer", record: "Record" },
  ru: { header: "Запись заголовка", trailer: "Завершающая запись", record: "Запись" },
  kk: { header: "Тақырып жазбасы", trailer: "Соңғы жазба", record: "Жазба" },
};

/** "Record 1042 is missing: something else stands in its place." */
export function journalSentence(record: number | string, problem: JournalProblemCode, language: Language): string {
  const { header, trailer, record: word } = places[language];
  const subject = record === "header" ? header : record === "trailer" ? trailer : `${word} ${record}`;
  return `${subject} ${journalTexts[language].problems[problem]}.`;
}
