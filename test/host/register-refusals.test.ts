import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { languageOf, problemOf, statusOf } from "../../host/register/problem";
import { blockCodes, languages, offlineCauses, sentence, textOf } from "../../host/texts/index";
import { type RefusalCode, refusalRc, refuse } from "../../protocol/refusals";
import { factsInSources } from "./refusal-sources";

const codes = Object.keys(refusalRc) as RefusalCode[];
const page = readFileSync(new URL("../../docs/refusals.md", import.meta.url), "utf8");
const rows = new Map(
  page.split("\n").flatMap(line => {
    const cells = line.split("|").map(cell => cell.trim());
    return /^`[A-Z_]+`$/.test(cells[1] ?? "") && cells.length === 8 ? [[cells[1]?.replaceAll("`", ""), cells]] : [];
  }) as [string, string[]][],
);

test("docs/refusals.md has a row for every code, with its number, status and words", () => {
  assert.equal([...rows.keys()].sort(), [...codes].sort());
  for (const code of codes) {
    const [, , rc, status, meaning, , nextAction] = rows.get(code) ?? [];
    const words = sentence(refuse(code), "en");
    assert.equal(
      [rc, status, meaning, nextAction],
      [String(refusalRc[code]), String(statusOf[code]), words.detail, words.nextAction],
    );
  }
});

test("docs/refusals.md names every fact that the sources give and the texts use", () => {
  const given = factsInSources(["firmware", "host"]);
  for (const code of codes) {
    const documented = [...(rows.get(code)?.[5] ?? "").matchAll(/`(\w+)`/g)].map(match => match[1] as string);
    const { detail, nextAction } = textOf(code, "en");
    const used = [...(detail + nextAction).matchAll(/\{(\w+)/g)].map(match => match[1] as string);
    const missing = [...used, ...(given.get(code) ?? [])].filter(name => !documented.includes(name));
    assert.equal([...new Set(missing)], [], code);
  }
});

test("docs/refusals.md names every block and every cause", () => {
  for (const name of [...blockCodes, ...offlineCauses]) {
    assert.ok(page.includes(`\`${name}\``), name);
  }
});

test("numbers are not used twice", () => {
  assert.is(new Set(Object.values(refusalRc)).size, codes.length);
});

test("a problem has all members of RFC 9457 and the sentences of the three languages", () => {
  for (const code of codes) {
    for (const language of languages) {
      const problem = problemOf(refuse(code), language);
      assert.is(problem.type, `/docs#${code}`);
      assert.is(problem.detail, problem.details[language]);
      assert.is(problem.nextAction, problem.nextActions[language]);
      assert.ok(problem.status >= 400 && problem.status < 600 && problem.status !== 500, code);
    }
  }
});

test("Accept-Language chooses, by weight, then by order; Russian without a wish", () => {
  const cases: [string | undefined, string][] = [
    [undefined, "ru"],
    ["", "ru"],
    ["kk-KZ,kk;q=0.9,ru;q=0.8", "kk"],
    ["de, en;q=0.3, kk;q=0.4", "kk"],
    ["ru;q=0, en", "en"],
    ["fr", "ru"],
    ["*", "ru"],
    ["en-GB", "en"],
    [";;q=,,", "ru"],
  ];
  for (const [header, language] of cases) {
    assert.is(languageOf(header), language, header);
  }
});

test.run();
