/**
 * Arguments of one command: node:util parseArgs with a table, from which `--help` is written too. Every command has
 * --help, --json and --lang.
 */
import { type ParseArgsConfig, parseArgs } from "node:util";
import { type Language, languages } from "../texts/index";

export interface Option {
  readonly type: "string" | "boolean";
  readonly short?: string;
  /** Name of the value in the help: `--baud N`. */
  readonly value?: string;
  readonly about: string;
}
export interface CommandSpec {
  /** "sell FILE" */
  readonly usage: string;
  readonly about: string;
  readonly options: { readonly [name: string]: Option };
  /** How many positional arguments it takes. */
  readonly positionals?: readonly [min: number, max: number];
  readonly example: string;
}
export interface Parsed {
  readonly options: { readonly [name: string]: string | boolean | undefined };
  readonly positionals: readonly string[];
  readonly json: boolean;
  readonly language: Language;
}

/** Wrong usage: exit code 2. The message says what was wrong. */
export class UsageError extends Error {}
/** --help was asked for: print the message, exit code 0. */
export class HelpAsked extends Error {}

const commonOptions: CommandSpec["options"] = {
  json: { type: "boolean", about: "one JSON object, on the last line of stdout" },
  lang: { type: "string", value: "kk|ru|en", about: "language of sentences (default: LANG)" },
  help: { type: "boolean", short: "h", about: "this page" },
};

export function parseCommand(args: string[], spec: CommandSpec): Parsed {
  const options = { ...spec.options, ...commonOptions };
  const { values, positionals } = parseStrictly(args, options);
  if (values.help) {
    throw new HelpAsked(helpOf(spec));
  }
  const [min, max] = spec.positionals ?? [0, 0];
  if (positionals.length < min || positionals.length > max) {
    throw new UsageError(`usage: kassa ${spec.usage}`);
  }
  return { options: values, positionals, json: values.json === true, language: languageOf(values.lang) };
}

function parseStrictly(
  args: string[],
  options: CommandSpec["options"],
): { values: Record<string, string | boolean | undefined>; positionals: string[] } {
  const config: ParseArgsConfig["options"] = {};
  for (const [name, { type, short }] of Object.entries(options)) {
    config[name] = short === undefined ? { type } : { type, short };
  }
  try {
    const { values, positionals } = parseArgs({ args, options: config, allowPositionals: true });
    return { values: values as Record<string, string | boolean | undefined>, positionals };
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/** The language that was asked for, else that of the machine's locale, else English. */
export function languageOf(asked: unknown, env: NodeJS.ProcessEnv = process.env): Language {
  const find = (text: string): Language | undefined =>
    languages.find(language => language === text.slice(0, 2).toLowerCase());
  if (asked !== undefined && find(String(asked)) !== asked) {
    throw new UsageError(`--lang: expected kk, ru or en, got ${String(asked)}`);
  }
  return find(String(asked ?? env.LC_ALL ?? env.LANG ?? "")) ?? "en";
}

/** The verb of a command with several; without one of them the message names all, `others` before them. */
export function findVerb<Verb extends { readonly spec: CommandSpec }>(
  verbs: { readonly [name: string]: Verb },
  name: string | undefined,
  others: readonly CommandSpec[] = [],
): Verb {
  const verb = name !== undefined && Object.hasOwn(verbs, name) ? verbs[name] : undefined;
  if (verb !== undefined) {
    return verb;
  }
  const specs = [...others, ...Object.values(verbs).map(({ spec }) => spec)];
  const overview = specs.map(({ usage, about }) => `kassa ${usage}\n    ${about}`).join("\n");
  if (name === "--help" || name === "-h") {
    throw new HelpAsked(overview);
  }
  throw new UsageError(name === undefined ? overview : `no verb "${name}"\n\n${overview}`);
}

/** A whole number given as an option, within bounds. */
export function numberOption(parsed: Parsed, name: string, min: number, max: number): number | undefined {
  return numberIn(parsed, name, min, max, Number.isInteger, "whole number");
}

/** A probability given as an option. */
export function shareOption(parsed: Parsed, name: string): number | undefined {
  return numberIn(parsed, name, 0, 1, Number.isFinite, "number");
}

function numberIn(
  { options }: Parsed,
  name: string,
  min: number,
  max: number,
  isSuch: (value: number) => boolean,
  such: string,
): number | undefined {
  const text = options[name];
  if (text === undefined) {
    return undefined;
  }
  // Number() reads an empty text as 0.
  const value = String(text).trim() === "" ? Number.NaN : Number(text);
  if (!isSuch(value) || value < min || value > max) {
    throw new UsageError(`--${name}: expected a ${such} from ${min} to ${max}, got ${String(text)}`);
  }
  return value;
}

/** The page of `kassa … --help`. */
export function helpOf(spec: CommandSpec): string {
  const rows = Object.entries({ ...spec.options, ...commonOptions }).map(([name, { short, value, about }]) => {
    const left = `${short === undefined ? "" : `-${short}, `}--${name}${value === undefined ? "" : ` ${value}`}`;
    return `  ${left.padEnd(24)} ${about}`;
  });
  return [`kassa ${spec.usage}`, "", spec.about, "", ...rows, "", `Example: ${spec.example}`].join("\n");
}
