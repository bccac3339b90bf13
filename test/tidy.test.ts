/** The house rules that a machine can check: import arrows, words that Lua cannot run, sizes, folders. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
const topFolders = ["docs", "emulator", "firmware", "hal", "host", "protocol", "samples", "test"];
const codeFolders = ["emulator", "firmware", "hal", "host", "protocol", "test"];
const linesMax = 600;

const sources = codeFolders.flatMap(folder =>
  readdirSync(path.join(root, folder), { recursive: true, encoding: "utf8" })
    .filter(name => /\.(ts|mjs|js|lua)$/.test(name))
    .map(name => `${folder}/${name.split(path.sep).join("/")}`),
);
const isGenerated = (file: string): boolean =>
  ["host/ofd/proto/ofd_pb.ts", "protocol/paper/font-12x24.ts"].includes(file) || file.startsWith("test/vectors/");
const text = (file: string): string => readFileSync(path.join(root, file), "utf8");
/** Without comments and strings: banned words may be spoken of. */
const code = (file: string): string =>
  text(file)
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .replace(/"(?:[^"\\\n]|\\.)*"/g, '""')
    .replace(/\/\/.*$/gm, "");

interface Import {
  readonly from: string;
  /** A file of ours relative to the root, or the name of a package. */
  readonly target: string;
  readonly typeOnly: boolean;
}

const importPattern =
  /^\s*(?:import|export)\s+(type\s+)?[^"'`;]*?from\s+"([^"]+)"|^import\s+()"([^"]+)"|import\(\s*"([^"]+)"/gm;

function importsOf(file: string): Import[] {
  return [...text(file).matchAll(importPattern)].map(match => {
    const specifier = match[2] ?? match[4] ?? match[5] ?? "";
    const isOurs = specifier.startsWith(".");
    const target = isOurs ? path.posix.join(path.posix.dirname(file), specifier) : specifier;
    return { from: file, target, typeOnly: match[1] !== undefined };
  });
}

const imports = sources.filter(file => file.endsWith(".ts") && !isGenerated(file)).flatMap(importsOf);
const isOurs = (target: string): boolean => codeFolders.some(folder => target.startsWith(`${folder}/`));

type Arrow = readonly [folder: string, allowed: readonly RegExp[]];

/** Which of our files a folder may import; the longest matching folder counts. Style: imports point one way. */
const arrows: readonly Arrow[] = [
  ["protocol/", [/^protocol\//]],
  // A printer's profile is a fact of the board: its type belongs to the contracts.
  ["protocol/paper/", [/^protocol\//, /^hal\/hal$/]],
  ["hal/", [/^protocol\/bytes$/, /^hal\/[^/]+$/]],
  ["hal/contract/", [/^protocol\//, /^hal\/[^/]+$/, /^hal\/contract\//]],
  ["hal/firmata/", [/^protocol\//, /^hal\/[^/]+$/, /^hal\/(vm|firmata)\//]],
  ["hal/printer-port/", [/^protocol\//, /^hal\/[^/]+$/, /^hal\/printer-port\//]],
  ["hal/sim/", [/^protocol\//, /^hal\/[^/]+$/, /^hal\/sim\//]],
  ["hal/vm/", [/^protocol\//, /^hal\/[^/]+$/, /^hal\/vm\//]],
  ["firmware/", [/^protocol\//, /^hal\/[^/]+$/, /^firmware\//]],
  ["host/device/", [/^protocol\//, /^host\/(texts|device)\b/]],
  ["host/uplink/", [/^protocol\//, /^host\/(texts|device|uplink)\b/]],
  ["host/register/", [/^protocol\//, /^host\/(texts|device|uplink|register)\b/]],
  ["host/ofd/", [/^protocol\//, /^host\/(texts|ofd)\b/]],
  ["host/texts/", [/^protocol\//, /^host\/texts\b/]],
  ["host/cli/", [/^protocol\//, /^host\//]],
  // The build's own scripts strip the image in the machine that will run it; they read firmware by path.
  ["host/build/", [/^protocol\//, /^host\/build\//, /^hal\/vm\//]],
  ["emulator/", [/^protocol\//, /^hal\//, /^emulator\//]],
  ["test/", [/./]],
];

const allowedFor = (file: string): readonly RegExp[] =>
  arrows.filter(([folder]) => file.startsWith(folder)).sort((a, b) => b[0].length - a[0].length)[0]?.[1] ?? [];

test("imports point one way", () => {
  const wrong = imports
    .filter(({ target }) => isOurs(target))
    .filter(({ from, target }) => !allowedFor(from).some(pattern => pattern.test(target)));
  assert.equal(
    wrong.map(({ from, target }) => `${from} → ${target}`),
    [],
  );
});

test("the image's sources import no package, and contracts import only types", () => {
  const isImageCode = (file: string): boolean => /^(protocol|firmware)\//.test(file) || /^hal\/[^/]+$/.test(file);
  const packages = imports.filter(({ from, target }) => isImageCode(from) && !isOurs(target));
  const values = imports.filter(({ from, typeOnly }) => /^hal\/[^/]+$/.test(from) && !typeOnly);
  assert.equal(
    [...packages, ...values].map(({ from, target }) => `${from} → ${target}`),
    [],
  );
});

test("host starts the shop's processes by path and imports none of them", () => {
  const wrong = imports.filter(({ from, target }) => from.startsWith("host/cli/") && target.endsWith("/main"));
  assert.equal(wrong, []);
});

/** Each compiles for Lua and fails or differs there at run time. */
const banned: readonly (readonly [word: string, pattern: RegExp])[] = [
  ["Uint8Array, Buffer", /\b(Uint8Array|Buffer|DataView|ArrayBuffer)\b/],
  ["JSON, Date, RegExp, Symbol", /\b(JSON|Date|RegExp|Symbol|Intl)\b/],
  ["Number.*, parseInt, parseFloat", /\bNumber\.|\bNumber\(|\bparse(Int|Float)\b/],
  ["console, process, globalThis", /\b(console|process|globalThis)\b/],
  ["async, await, Promise, generators", /\b(async|await|Promise|yield)\b|\bfunction\s*\*/],
  ["class", /\bclass\s+\w/],
  ["shifts and powers", /\s(>>|<<|\*\*)=?\s/],
  ["padStart, padEnd, toFixed", /\.(padStart|padEnd|toFixed|normalize|localeCompare)\(/],
  ["Object.keys order", /\bObject\.(keys|values|entries|assign)\b/],
  ["Math.random, Math.trunc", /\bMath\.(random|trunc|round)\b/],
  ["new Map, new Set; newMap() takes half the heap", /\bnew (Map|Set)\b/],
  ["null", /\bnull\b/],
  ["any", /\bas any\b|:\s*any\b/],
];

/** Lua gives keys in any order; here it does not matter: a search, and the facts of an error, which are a map. */
const anyOrder = ["protocol/records.ts", "firmware/commands/reply.ts"];
/** Draw the paper on Node; the image never does. */
const nodeOnly = ["protocol/paper/paper-roll.ts", "protocol/paper/raster-text.ts"];

test("image code uses no word that Lua lacks", () => {
  const files = sources.filter(
    file =>
      (/^(protocol|firmware|hal\/contract)\/.*(?<!\.d)\.ts$/.test(file) || /^hal\/[^/]+\.ts$/.test(file)) &&
      !isGenerated(file),
  );
  const found = files.flatMap(file => {
    const body = code(file);
    const isAllowed = (word: string): boolean =>
      (word.startsWith("Object.keys") && anyOrder.includes(file)) ||
      (word.startsWith("new Map") && nodeOnly.includes(file));
    return banned
      .filter(([word, pattern]) => pattern.test(body) && !isAllowed(word))
      .map(([word]) => `${file}: ${word}`);
  });
  assert.equal(found, []);
});

test("string escapes in image code stay below \\x80", () => {
  const files = sources.filter(file => /^(protocol|firmware)\/.*\.ts$/.test(file) && !isGenerated(file));
  assert.equal(
    files.filter(file =>
      /"(?:[^"\\\n]|\\.)*\\x[89a-fA-F][0-9a-fA-F]/.test(text(file).replace(/\/\*[\s\S]*?\*\//g, "")),
    ),
    [],
  );
});

test(`no file is longer than ${linesMax} lines`, () => {
  const long = sources.filter(file => !isGenerated(file) && text(file).split("\n").length > linesMax);
  assert.equal(long, []);
});

test("every file opens with what it is", () => {
  const silent = sources.filter(
    file => file.endsWith(".ts") && !isGenerated(file) && !/^(#!.*\n)?(\/\*\*|\/\/|import|\/\*)/.test(text(file)),
  );
  assert.equal(silent, []);
});

test("no file knows a path of one machine", () => {
  const machinePath = new RegExp(
    ["/ho" + "me/", "/Us" + "ers/", "/wo" + "rk/", "/ro" + "ot/"].map(part => `["'\`\\s(]${part}`).join("|"),
  );
  assert.equal(
    sources.filter(file => machinePath.test(text(file))),
    [],
  );
});

test("nothing is left to do, skipped or silenced", () => {
  const marks = new RegExp(
    ["TO" + "DO", "FIX" + "ME", "@ts-" + "ignore", "\\b(test|suite)\\.(sk" + "ip|on" + "ly)\\("].join("|"),
  );
  assert.equal(
    sources.filter(file => marks.test(text(file))),
    [],
  );
});

test("every source of protocol, hal and firmware is used", () => {
  const used = new Set(imports.map(({ target }) => target));
  const entries = ["firmware/start", "hal/vm/hal-bridge", "hal/sim/sim-board"];
  const unused = sources
    .filter(file => /^(protocol|hal|firmware)\/.*(?<!\.d)\.ts$/.test(file))
    .map(file => file.slice(0, -".ts".length))
    .filter(module => !used.has(module) && !entries.includes(module));
  assert.equal(unused, []);
});

test("the top level has only its folders", () => {
  const ignored = ["node_modules", "build", "coverage"];
  const folders = readdirSync(root, { withFileTypes: true })
    .filter(entry => entry.isDirectory() && !entry.name.startsWith(".") && !ignored.includes(entry.name))
    .map(entry => entry.name);
  assert.equal(
    folders.filter(name => !topFolders.includes(name)),
    [],
  );
});

test.run();
