/** The pages are true in what a machine can check: links, files, scripts, commands and their options. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
const pages = ["README.md", "CHANGELOG.md", ...readdirSync(path.join(root, "docs")).map(name => `docs/${name}`)]
  .filter(name => name.endsWith(".md"))
  .map(name => ({ name, text: readFileSync(path.join(root, name), "utf8") }));

interface Mention {
  readonly page: string;
  readonly words: string;
}

/** What stands in code: lines of fenced blocks, and spans. */
function codeIn({ name, text }: (typeof pages)[number]): Mention[] {
  const fences = [...text.matchAll(/^```\w*\n([\s\S]*?)^```/gm)].flatMap(([, block = ""]) => block.split("\n"));
  const spans = [...text.replace(/^```[\s\S]*?^```/gm, "").matchAll(/`([^`]+)`/g)].map(([, span = ""]) => span);
  return [...fences, ...spans].map(words => ({ page: name, words: words.replace(/\s+#.*$/, "").trim() }));
}
const code = pages.flatMap(codeIn);

test("every relative link leads to a file", () => {
  const broken = pages.flatMap(({ name, text }) =>
    [...text.matchAll(/\]\(([^)\s]+)\)|\bsrc="([^"]+)"/g)]
      .map(([, link, source]) => (link ?? source ?? "").split("#")[0] ?? "")
      .filter(target => target !== "" && !/^[a-z]+:/.test(target))
      .filter(target => !existsSync(path.join(root, path.dirname(name), target)))
      .map(target => `${name}: ${target}`),
  );
  assert.equal(broken, []);
});

test("every file and folder that is named exists", () => {
  const named = code.filter(({ words }) =>
    /^(docs|emulator|firmware|hal|host|protocol|samples|test)\/[\w./-]+$/.test(words),
  );
  assert.ok(named.length > 50);
  assert.equal(
    named
      .filter(({ words }) => !existsSync(path.join(root, words)) && !existsSync(path.join(root, `${words}.ts`)))
      .map(({ page, words }) => `${page}: ${words}`),
    [],
  );
});

test("every npm script exists, and every name after npm test is a test's", () => {
  const { scripts } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8")) as { scripts: object };
  const steps = ["image", "lua-tests bundle", "types", "lint"];
  const files = [...steps, ...readdirSync(path.join(root, "test"), { recursive: true, encoding: "utf8" })];
  const testPaths = files.map(name => `test/${name.split(path.sep).join("/")}`);
  const wrong = code.flatMap(({ page, words }) =>
    [...words.matchAll(/\bnpm (?:run (?:-s )?)?(\w[\w:]*)([^&|]*)/g)]
      .filter(([, script = "", rest = ""]) => {
        const names = script === "test" ? rest.trim().split(/\s+/).filter(Boolean) : [];
        const isScript = script === "ci" || script in scripts;
        return !isScript || names.some(name => !testPaths.some(file => file.includes(name)));
      })
      .map(([command]) => `${page}: ${command}`),
  );
  assert.equal(wrong, []);
});

/** The area's page: exported, or thrown by --help. Nothing for an area that does not exist. */
async function helpOf(area: string): Promise<string> {
  if (!existsSync(path.join(root, `host/cli/${area}.ts`))) return "";
  const command = (await import(`../host/cli/${area}`)) as { help?: string; run(args: string[]): Promise<number> };
  const asked = command.help ?? (await command.run(["--help"]).catch((error: Error) => error.message));
  return String(asked);
}

const common = ["--help", "--json", "--lang", "-u"];

/** What of a command's words its area's help does not know: the verb, or an option. */
function unknownIn(help: string, area: string, rest: readonly string[]): string[] {
  const takesVerb = !["start", "sell"].includes(area);
  const verb = takesVerb ? rest.find(word => /^[a-z][a-z-]+$/.test(word)) : undefined;
  const isVerb = verb === undefined || rest[0] !== verb || new RegExp(`(kassa ${area}|^ ) ?${verb}\\b`, "m").test(help);
  const options = rest.filter(word => /^-/.test(word) && !common.includes(word) && !help.includes(word));
  return [...(help === "" ? [area] : []), ...(isVerb ? [] : [verb]), ...options];
}

test("every kassa command exists, with its verb and options", async () => {
  const commands = code.flatMap(({ page, words }) =>
    [...words.matchAll(/(?:^|npx |\()kassa ([a-z]+)\b([^&|)…]*)/g)].map(([, area = "", rest = ""]) => ({
      page,
      area,
      rest: rest.trim().split(/\s+/).filter(Boolean),
    })),
  );
  assert.ok(commands.length > 20);
  const areas = [...new Set(commands.map(({ area }) => area))];
  const helps = new Map(await Promise.all(areas.map(async area => [area, await helpOf(area)] as const)));
  const wrong = commands.flatMap(({ page, area, rest }) =>
    unknownIn(helps.get(area) ?? "", area, rest).map(word => `${page}: kassa ${area} … ${word}`),
  );
  assert.equal(wrong, []);
});

test.run();
