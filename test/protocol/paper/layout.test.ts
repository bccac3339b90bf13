/** The receipt's text against the worked layouts of order No. 626 and their variants (test/golden). */
import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { textOf, utf8 } from "../../../protocol/bytes";
import { textOfEscpos } from "../../../protocol/paper/escpos-read";
import { encodeKz1048 } from "../../../protocol/paper/kz1048";
import { labels } from "../../../protocol/paper/labels";
import { layoutItem, layoutRefused, layoutTail, layoutTop } from "../../../protocol/paper/layout";
import type { PaperItem } from "../../../protocol/paper/pieces";
import { codePointsOf, columnsOf } from "../../../protocol/paper/text";
import { unitOf } from "../../../protocol/paper/units";
import { autonomous, head, items, online, refused, seller } from "../../vectors/paper-receipt";
import { escposOf, piecesOf, printerProfile, type Receipt, receipt } from "./receipt";

const languages = ["kk+ru", "kk", "ru"];
const widths = [48, 32];

/** As printed and read back. */
const textOfReceipt = (changes: Partial<Receipt>): string => {
  const changed = { ...receipt, ...changes };
  return textOfEscpos(escposOf(piecesOf(changed), printerProfile({ columns: changed.columns })), changed);
};
const linesOf = (changes: Partial<Receipt>): string[] => textOfReceipt(changes).split("\n");

for (const columns of widths) {
  for (const outcome of [online, autonomous, refused]) {
    languages.forEach((language, index) => {
      const name = `sale-${columns}-${outcome.kind}-${language}`;
      test(`${name} is printed as agreed`, () => {
        const golden = readFileSync(new URL(`../../golden/${name}.txt`, import.meta.url), "utf8");
        assert.fixture(textOfReceipt({ columns, outcome, head: { ...head, language: index } }), golden);
      });
    });
  }
}

const milk = items[0]!;
const itemLines = (changes: Partial<PaperItem>, columns = 48, vatPayer = true): string[] =>
  layoutItem({ ...milk, ...changes }, 1, head, { ...seller, vatPayer }, columns).map(piece =>
    piece.kind === "text" ? textOf(piece.text) : piece.kind,
  );

test("a line's discount and markup stand under its price", () => {
  const discount = { name: utf8("Карта"), sum: 10000 };
  assert.equal(itemLines({ discount })[2], "Жеңілдік/Скидка Карта                    -100,00");
  const markup = { name: utf8("Қаптама"), sum: 500 };
  assert.equal(itemLines({ markup })[2], "Үстеме/Наценка Қаптама                     +5,00");
});

test("a modifier's name that repeats the label is left out", () => {
  for (const name of ["", "Скидка", "Жеңілдік", "Жеңілдік/Скидка"]) {
    assert.equal(
      itemLines({ discount: { name: utf8(name), sum: 1 } })[2],
      "Жеңілдік/Скидка                            -0,01",
    );
  }
});

test("the receipt's discount stands above the totals", () => {
  const lines = linesOf({ head: { ...head, discount: { name: utf8("Бонус"), sum: 10000 }, discountTotal: 10000 } });
  const at = lines.indexOf("Жеңілдік/Скидка Бонус                    -100,00");
  assert.equal(lines[at + 1], "Жалпы жеңілдік сомасы/Общая скидка        100,00");
});

test("a marking code is printed up to its first separator, wherever that stands", () => {
  const printed = (marking: string): string | undefined => itemLines({ markings: [utf8(marking)] })[6];
  assert.equal(printed("0104870000000036215abc\x1d91xx\x1d92yy"), "0104870000000036215abc");
  assert.equal(printed("\x1d0104870000000036215abc\x1d91xx"), "0104870000000036215abc");
  assert.equal(printed("0104870000000036215abc"), "0104870000000036215abc");
});

test("card payments show terminal and reference number", () => {
  const payments = [{ kind: 1, sum: head.total, rrn: utf8("607412345678"), terminal: utf8("T0017") }];
  const lines = linesOf({ head: { ...head, payments } });
  const at = lines.indexOf("Банк картасы/Банковская карта          15 103,05");
  assert.equal(lines.slice(at + 1, at + 3), [
    "Терминал                                   T0017",
    "RRN                                 607412345678",
  ]);
  assert.not(lines.some(line => line.startsWith("Алынды")));
});

test("a seller who pays no VAT prints that once and no VAT of lines", () => {
  const text = textOfReceipt({ seller: { ...seller, vatPayer: false }, head: { ...head, vat: [] } });
  assert.is(text.split("ҚҚС-сыз/Без НДС").length, 2);
  assert.not.match(text, "16%");
});

test("a line without VAT says so where other lines have it", () => {
  const exempt = { ...milk, vat: undefined, vatSum: 0 };
  const mixed = { ...head, vat: [[16000, 17931, 1380305] as const] };
  assert.is(textOfReceipt({ head: mixed, items: [exempt] }).split("ҚҚС-сыз/Без НДС").length, 2);
  assert.is(textOfReceipt({ items: [exempt] }).split("ҚҚС-сыз/Без НДС").length, 1, "one rate for the whole receipt");
});

test("each rate has its line", () => {
  const vat = [[16000, 1600, 11600] as const, [5000, 500, 10500] as const, [0, 0, 1488205] as const];
  const lines = linesOf({ head: { ...head, vat } });
  const at = lines.indexOf("ҚҚС жалпы сомасы/Общая сумма НДС 16%       16,00");
  assert.equal(lines.slice(at + 1, at + 3), [
    "ҚҚС жалпы сомасы/Общая сумма НДС 5%         5,00",
    "ҚҚС жалпы сомасы/Общая сумма НДС 0%         0,00",
  ]);
});

test("a repeated original says so in its first line", () => {
  const lines = linesOf({ outcome: { ...online, repeated: true } });
  assert.is(lines[0], "         Қайта басылды/Повторная печать");
  assert.is(linesOf({})[0], '                "Дала Сауда" ЖШС');
});

test("a person has an ИИН, a firm a БИН", () => {
  assert.match(textOfReceipt({ seller: { ...seller, iinBin: utf8("960624350642") } }), "ЖСН/ИИН 960624350642");
});

test("the words «Фискальный чек» come from the tail of a signed receipt only", () => {
  const words = /фискал(ьный|дық)\s+чек/i;
  const textsOf = (pieces: ReturnType<typeof layoutTop>): string =>
    pieces.map(piece => (piece.kind === "text" ? textOf(piece.text) : "")).join("\n");
  for (const language of [0, 1, 2]) {
    const spoken = { ...head, language };
    assert.not.match(textsOf(layoutTop(seller, spoken, online, 48)), words);
    assert.not.match(textsOf(layoutItem(milk, 1, spoken, seller, 48)), words);
    assert.not.match(textsOf(layoutRefused(seller, spoken, refused, 48)), words);
    assert.match(textsOf(layoutTail(seller, spoken, online, 48)), "Фискальный чек");
    assert.match(textsOf(layoutTail(seller, spoken, autonomous, 48)), "Автономный");
  }
  const lying = { ...refused, resultText: utf8("ФИСКАЛЬНЫЙ ЧЕК № 5") };
  assert.not.match(textsOf(layoutRefused(seller, head, lying, 48)), words);
  assert.throws(() => layoutTail(seller, head, refused, 48));
  assert.throws(() => layoutTail(seller, head, { ...online, sign: utf8("") }, 48));
});

test("no line is wider than the paper, whatever the texts", () => {
  const long = utf8("Ұзақсөз".repeat(20));
  const spaced = utf8("а\tбв  ".repeat(40));
  for (const columns of widths) {
    for (const name of [long, spaced]) {
      const pieces = piecesOf({
        seller: { ...seller, titleKk: name, titleRu: name, addressKk: name, addressRu: name, ofdSite: name },
        head: { ...head, operatorName: name, total: 9007199254740991, buyerIinBin: name },
        items: [
          { ...milk, nameKk: name, nameRu: name, quantity: 999999999999, price: 999999999999, markings: [name] },
          { ...milk, nameKk: name, discount: { name, sum: 999999999999 }, gtin: name },
        ],
        outcome: online,
        columns,
      });
      for (const piece of pieces) {
        assert.ok(piece.kind !== "text" || columnsOf(piece.text) <= columns);
      }
    }
  }
});

test("a long name is wrapped by letters and continues under its beginning", () => {
  assert.equal(itemLines({ nameKk: utf8("Ә".repeat(50)), nameRu: undefined }, 32).slice(0, 2), [
    `1. ${"Ә".repeat(29)}`,
    `   ${"Ә".repeat(21)}`,
  ]);
});

test("an unknown unit is a unit", () => {
  assert.is(itemLines({ unit: utf8("999") })[1]?.startsWith("2 бірл/ед x 650,00"), true);
  assert.is(textOf(unitOf(utf8("5114"))), "қызмет\nусл");
  assert.is(textOf(unitOf(utf8("642"))), "дана\nшт");
});

test("every label can be encoded in KZ-1048, and no word of one mixes alphabets", () => {
  for (const label of Object.values(labels)) {
    for (const word of textOf(label).split(/[^\p{L}]+/u)) {
      assert.not(/[a-z]/i.test(word) && /\p{Script=Cyrillic}/u.test(word), word);
    }
    for (const code of codePointsOf(label)) {
      assert.type(encodeKz1048(code), "number");
    }
  }
});

test.run();
