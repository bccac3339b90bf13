/** The worked example of the receipt's content: a seller, four items, a mixed payment. Invented. */
import { bytesOf, concat, utf8 } from "../../protocol/bytes";
import type { PaperHead, PaperItem, PaperOutcome, PaperSeller } from "../../protocol/paper/pieces";

export const seller: PaperSeller = {
  titleKk: utf8('"Дала Сауда" ЖШС'),
  titleRu: utf8('ТОО "Дала Сауда"'),
  iinBin: utf8("260140999993"),
  addressKk: utf8("Астана қ., Абай даңғ., 1-үй"),
  addressRu: utf8("г. Астана, пр. Абая, д. 1"),
  serial: utf8("KZT00000001"),
  rnm: utf8("010100000001"),
  kkmId: utf8("1000001"),
  ofdTitleKk: utf8('"Үлгі ФДО" АҚ'),
  ofdTitleRu: utf8('АО "Пример ОФД"'),
  ofdSite: utf8("consumer.ofd.example"),
  vatPayer: true,
};

/** 14.03.2026 16:42:05 at +05:00. */
export const head: PaperHead = {
  number: 1042,
  shift: 87,
  operatorCode: 3,
  operatorName: utf8("Ә. Қуанышева"),
  utcS: 1773488525,
  offsetMin: 300,
  operation: 2,
  language: 0,
  total: 1510305,
  change: 100000,
  discountTotal: 0,
  markupTotal: 0,
  vat: [[16000, 208318, 1510305]],
  payments: [
    { kind: 4, sum: 1010305 },
    { kind: 0, sum: 500000, taken: 600000 },
  ],
  buyerIinBin: utf8("260140888882"),
};

const separator = bytesOf(0x1d);
export const items: readonly PaperItem[] = [
  {
    nameKk: utf8("Сүт 3,2% 1 л"),
    nameRu: utf8("Молоко 3,2% 1 л"),
    quantity: 2000,
    unit: utf8("796"),
    price: 65000,
    sum: 130000,
    vat: 16000,
    vatSum: 17931,
    gtin: utf8("4870000000012"),
    ntin: utf8("0200000000011"),
    markings: [],
  },
  {
    nameKk: utf8("Қара нан"),
    nameRu: utf8("Хлеб ржаной"),
    quantity: 1000,
    unit: utf8("796"),
    price: 24000,
    sum: 24000,
    vat: 16000,
    vatSum: 3310,
    gtin: utf8("4870000000029"),
    ntin: utf8("0200000000028"),
    markings: [],
  },
  {
    nameKk: utf8("Әйел бәтеңкесі"),
    nameRu: utf8("Ботинки женские"),
    quantity: 1000,
    unit: utf8("715"),
    price: 1290000,
    sum: 1290000,
    vat: 16000,
    vatSum: 177931,
    gtin: utf8("4870000000036"),
    ntin: utf8("0200000000035"),
    markings: [
      concat([utf8("010487000000003621Kz7aB3dE5fGh1"), separator, utf8("91EE10"), separator, utf8("92dGVzdA==")]),
    ],
  },
  {
    nameKk: utf8("Алма"),
    nameRu: utf8("Яблоки"),
    quantity: 745,
    unit: utf8("166"),
    price: 89000,
    sum: 66305,
    vat: 16000,
    vatSum: 9146,
    ntin: utf8("0200000000042"),
    markings: [],
  },
];

export const online: PaperOutcome = {
  kind: "online",
  sign: utf8("812345678901"),
  qrUrl: utf8("https://consumer.ofd.example/?i=812345678901&f=010100000001&s=15103.05&t=20260314T164205"),
  repeated: false,
};
export const autonomous: PaperOutcome = {
  kind: "autonomous",
  sign: utf8("1001042"),
  qrUrl: utf8("https://consumer.ofd.example/?i=1001042&f=010100000001&s=15103.05&t=20260314T164205"),
  repeated: false,
};
export const refused: PaperOutcome = {
  kind: "refused",
  sign: utf8(""),
  qrUrl: utf8(""),
  resultCode: 17,
  resultText: utf8("ИИН/БИН покупателя равен ИИН/БИН продавца"),
  repeated: false,
};
