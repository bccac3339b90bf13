/**
 * What people read: a title, a sentence and a next action for every refusal code, in Kazakh, Russian and English, and
 * names for what else has a code. Nobody branches on these words; programs use `code` and `facts`.
 *
 * A text is a template. `{fact}` is the value of a fact, `{fact:money}`, `{fact:duration}` and `{fact:size}` show tiyn,
 * seconds and bytes. What stands in `[ … ]` is left out when one of its facts is not there; `line` 0, which means the
 * receipt as a whole, is as good as not there.
 */
import type { Fact, Facts, Refusal, RefusalCode } from "../../protocol/refusals";
import { en } from "./en";
import { kk } from "./kk";
import { ru } from "./ru";

export const languages = ["kk", "ru", "en"] as const;
export type Language = (typeof languages)[number];

/** Why a receipt went without the operator's answer (protocol/commands.ts Answer.cause). */
export const offlineCauses = [
  "noRoute",
  "refused",
  "silent",
  "reset",
  "garbage",
  "wrongReqnum",
  "busy254",
  "clock",
  "offline",
] as const;
export type OfflineCause = (typeof offlineCauses)[number];

/** What stops a register (protocol/commands.ts StatusReply.blocks) and is no refusal's code itself. */
export const blockCodes = [
  "OFD_TOKEN_WRONG",
  "OFD_BLOCKED",
  "OFD_ID_UNKNOWN",
  "OFD_PROTOCOL",
  "QUEUE_REFUSED",
] as const;
export type BlockCode = (typeof blockCodes)[number];

export interface RefusalText {
  /** A few words, the same for every occurrence (RFC 9457 §3.1.4). */
  readonly title: string;
  /** What happened, with the figures. */
  readonly detail: string;
  /** What to do now, for the person at the register. */
  readonly nextAction: string;
}

export interface Texts {
  readonly refusals: { readonly [Code in RefusalCode]: RefusalText };
  readonly blocks: { readonly [Code in BlockCode]: { readonly detail: string; readonly nextAction: string } };
  readonly causes: { readonly [Cause in OfflineCause]: string };
  readonly units: { readonly [Unit in "hour" | "minute" | "second" | "kilobyte" | "tenge"]: string };
}

const textsOf: { readonly [L in Language]: Texts } = { kk, ru, en };

/** What happened and what to do, in `language`. */
export function sentence(refusal: Refusal, language: Language): { detail: string; nextAction: string } {
  const texts = textsOf[language];
  const text = texts.refusals[refusal.code];
  return { detail: fill(text.detail, refusal.facts, texts), nextAction: fill(text.nextAction, refusal.facts, texts) };
}

/** The few words that name a code. */
export function title(code: RefusalCode, language: Language): string {
  return textsOf[language].refusals[code].title;
}

/** The name of a cause of no answer; a cause that is not known is shown as it is. */
export function causeName(cause: string, language: Language): string {
  const causes: { readonly [cause: string]: string | undefined } = textsOf[language].causes;
  return causes[cause] ?? cause;
}

/** What a block is and what lifts it. A code that is not known gets the words of BLOCKED. */
export function blockSentence(code: string, language: Language): { detail: string; nextAction: string } {
  const { blocks, refusals } = textsOf[language];
  if (Object.hasOwn(blocks, code)) {
    return blocks[code as BlockCode];
  }
  const known = Object.hasOwn(refusals, code) ? (code as RefusalCode) : "BLOCKED";
  return sentence({ code: known, facts: { block: code } }, language);
}

/** The template itself, for tests and docs. */
export function textOf(code: RefusalCode, language: Language): RefusalText {
  return textsOf[language].refusals[code];
}

const placeholder = /\{(\w+)(?::(money|duration|size))?\}/g;

function fill(template: string, facts: Facts, texts: Texts): string {
  const whole = template.replace(/\[([^\]]*)\]/g, (_segment, inside: string) =>
    hasFacts(inside, facts) ? inside : "",
  );
  return whole.replace(placeholder, (_match, name: string, unit: string | undefined) => {
    const fact = facts[name];
    return fact === undefined ? "…" : show(fact, unit, texts);
  });
}

function hasFacts(segment: string, facts: Facts): boolean {
  return [...segment.matchAll(placeholder)].every(
    ([, name]) => facts[name as string] !== undefined && !(name === "line" && facts.line === 0),
  );
}

function show(fact: Fact, unit: string | undefined, texts: Texts): string {
  if (unit === undefined || typeof fact !== "number") {
    return String(fact);
  }
  switch (unit) {
    case "money":
      return showMoney(fact, texts);
    case "duration":
      return showDuration(fact, texts);
    default:
      return `${grouped(Math.ceil(fact / 1024))} ${texts.units.kilobyte}`;
  }
}

function showMoney(tiyn: number, texts: Texts): string {
  const tenge = Math.trunc(Math.abs(tiyn) / 100);
  const coins = String(Math.abs(tiyn) % 100).padStart(2, "0");
  return `${tiyn < 0 ? "−" : ""}${grouped(tenge)},${coins} ${texts.units.tenge}`;
}

function showDuration(seconds: number, texts: Texts): string {
  const { hour, minute, second } = texts.units;
  const parts: (readonly [number, string])[] = [
    [Math.floor(seconds / 3600), hour],
    [Math.floor(seconds / 60) % 60, minute],
    [seconds % 60, second],
  ];
  const shown = parts.filter(([count]) => count > 0).map(([count, unit]) => `${count} ${unit}`);
  return shown.length === 0 ? `0 ${second}` : shown.join(" ");
}

/** Thousands apart by a no-break space. */
function grouped(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, "\u00a0");
}
