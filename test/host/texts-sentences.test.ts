import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  blockCodes,
  blockSentence,
  causeName,
  languages,
  offlineCauses,
  sentence,
  textOf,
  title,
} from "../../host/texts/index";
import { type RefusalCode, refusalRc, refuse } from "../../protocol/refusals";

const codes = Object.keys(refusalRc) as RefusalCode[];
const templatesOf = (code: RefusalCode): { language: string; template: string }[] =>
  languages.flatMap(language => {
    const { detail, nextAction } = textOf(code, language);
    return [detail, nextAction].map(template => ({ language, template }));
  });

test("every code says what happened and what to do, without facts too", () => {
  for (const code of codes) {
    for (const language of languages) {
      const { detail, nextAction } = sentence(refuse(code), language);
      for (const words of [title(code, language), detail, nextAction]) {
        assert.ok(words.length > 3, `${code} ${language}`);
        assert.not.match(words, /[[\]{}…]|undefined/, `${code} ${language}: ${words}`);
      }
      assert.match(detail, /\.$/, `${code} ${language}`);
      assert.match(nextAction, /[.»]$/, `${code} ${language}`);
    }
  }
});

test("a title is a few words without a full stop", () => {
  for (const code of codes) {
    for (const language of languages) {
      assert.not.match(title(code, language), /\.$/);
      assert.ok(title(code, language).length <= 60, `${code} ${language}`);
    }
  }
});

test("every fact of a template stands in brackets, so that it may be missing", () => {
  for (const code of codes) {
    for (const { language, template } of templatesOf(code)) {
      assert.not.match(template.replace(/\[[^\]]*\]/g, ""), /[[\]{}]/, `${code} ${language}: ${template}`);
    }
  }
});

test("the three languages tell the same facts", () => {
  for (const code of codes) {
    const factsOf = languages.map(language => {
      const { detail, nextAction } = textOf(code, language);
      return [...new Set([...(detail + nextAction).matchAll(/\{(\w+)/g)].map(match => match[1]))].sort();
    });
    assert.equal(factsOf[0], factsOf[1], code);
    assert.equal(factsOf[1], factsOf[2], code);
  }
});

test("Kazakh is Kazakh and Russian is Russian", () => {
  for (const code of codes) {
    const [kk, ru, en] = (["kk", "ru", "en"] as const).map(language => sentence(refuse(code), language));
    assert.is.not(kk?.detail, ru?.detail, code);
    assert.match(`${kk?.detail} ${kk?.nextAction}`, /[әғқңөұүһі]/i, code);
    assert.not.match(`${ru?.detail} ${ru?.nextAction}`, /[әғқңөұүһі]/i, code);
    assert.match(`${ru?.detail}`, /[а-я]/i, code);
    assert.not.match(`${en?.detail}`, /[а-я]/i, code);
  }
});

test("no word mixes alphabets", () => {
  for (const code of codes) {
    for (const { template } of templatesOf(code)) {
      const words = template.replace(/\{[^}]*\}/g, " ").match(/\p{L}+/gu) ?? [];
      for (const word of words) {
        assert.not(/[a-z]/i.test(word) && /\p{Script=Cyrillic}/u.test(word), `${code}: ${word}`);
      }
    }
  }
});

test("money, durations and sizes are shown as people write them", () => {
  const paid = sentence(refuse("PAYMENT_MISMATCH", { expected: 130000, got: 129999 }), "ru").detail;
  assert.is(paid, "Оплата не равна итогу: к оплате 1\u00a0300,00 ₸, оплачено 1\u00a0299,99 ₸.");
  const wait = sentence(refuse("PIN_WAIT", { waitS: 900 }), "en").detail;
  assert.is(wait, "After wrong PINs the register waits: 15 min are left.");
  const full = sentence(refuse("MEMORY_FULL", { neededBytes: 2049, freeBytes: 0 }), "en").detail;
  assert.is(full, "The receipt does not fit the fiscal memory: 3 KB needed, 0 KB free.");
});

test("a fact that is missing takes its words with it", () => {
  assert.is(
    sentence(refuse("PRINT_UNFINISHED"), "en").detail,
    "The last receipt is signed but was not printed to its end.",
  );
  assert.is(
    sentence(refuse("PRINT_UNFINISHED", { number: 7 }), "en").detail,
    "The last receipt (7) is signed but was not printed to its end.",
  );
});

test("line 0 is the receipt itself and is not counted out", () => {
  assert.is(sentence(refuse("VAT_UNKNOWN", { line: 0, got: "13" }), "en").detail, "There is no such VAT rate: 13.");
  assert.is(
    sentence(refuse("VAT_UNKNOWN", { line: 3, got: "13" }), "en").detail,
    "There is no such VAT rate: 13 (line 3).",
  );
});

test("the lines of a receipt that is too long are told as all of them, not as those in excess", () => {
  const refusal = refuse("LINES_TOO_MANY", { expected: 500, got: 501 });
  const details = languages.map(language => [language, sentence(refusal, language).detail]);
  assert.equal(Object.fromEntries(details), {
    kk: "Чекте жол тым көп: барлығы 501, ең көбі 500 сыяды.",
    ru: "В чеке слишком много позиций: всего 501, помещается не больше 500.",
    en: "Too many lines in the receipt: 501, at most 500 fit.",
  });
});

test("a fact cannot smuggle in a template", () => {
  assert.is(
    sentence(refuse("ROUTE_UNKNOWN", { path: "/{path}[x]" }), "en").detail,
    "There is nothing at this address: /{path}[x].",
  );
});

test("every cause and every block has its words", () => {
  for (const language of languages) {
    for (const cause of offlineCauses) {
      assert.is.not(causeName(cause, language), cause);
    }
    for (const code of blockCodes) {
      assert.ok(blockSentence(code, language).nextAction.length > 10);
    }
    assert.ok(blockSentence("CLOCK_UNSET", language).detail.length > 10, "a refusal's code may block too");
    assert.match(blockSentence("NEW_CODE", language).detail, /NEW_CODE/);
  }
  assert.is(causeName("martian", "en"), "martian");
});

test.run();
