/** What `kassa start` says when the shop of its home already runs, in Kazakh, Russian and English. */
import type { Language } from "./index";

interface ShopRunsText {
  detail(home: string, pid: number): string;
  readonly nextAction: string;
}

const texts: { readonly [L in Language]: ShopRunsText } = {
  en: {
    detail: (home, pid) => `The shop of ${home} already runs: its board is process ${pid}.`,
    nextAction:
      "Sell in it, or end it with Ctrl-C where it was started. For a second shop name another folder in KASSA_HOME.",
  },
  ru: {
    detail: (home, pid) => `Магазин в ${home} уже работает: его плата — процесс ${pid}.`,
    nextAction:
      "Продавайте в нём или завершите его там, где он запущен (Ctrl-C). Для второго магазина укажите другую папку в KASSA_HOME.",
  },
  kk: {
    detail: (home, pid) => `${home} дүкені қазір жұмыс істеп тұр: оның платасы — ${pid} процесі.`,
    nextAction:
      "Сол дүкенде сатыңыз немесе оны іске қосқан жерде тоқтатыңыз (Ctrl-C). Екінші дүкен үшін KASSA_HOME айнымалысында басқа қапшықты көрсетіңіз.",
  },
};

export function shopRunsSentence(
  home: string,
  pid: number,
  language: Language,
): { readonly detail: string; readonly nextAction: string } {
  const { detail, nextAction } = texts[language];
  return { detail: detail(home, pid), nextAction };
}
