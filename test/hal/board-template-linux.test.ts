/**
 * samples/board-template, in the Lua of the system: the toy board keeps the contract and runs the image, and copies of it
 * that are wrong on purpose are caught by name. The sizes that the contract asks for are the least with which the image starts.
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { uploadBytesMax } from "../../firmware/limits";
import { cases } from "../../hal/contract/contract";
import { ensureBuilt, ensureContract } from "../../host/build/image";

interface Context {
  folder: string;
}

const test = suite<Context>("board template");
const root = fileURLToPath(new URL("../..", import.meta.url));
const template = path.join(root, "samples/board-template");
const runMaxMs = 30_000;

test.before(async context => {
  ensureContract();
  await ensureBuilt();
  context.folder = mkdtempSync(path.join(tmpdir(), "kassa-template-"));
});
test.after(({ folder }) => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly said: string;
}

function lua(script: string, cwd = root): Ended {
  const { status, stdout, stderr } = spawnSync("lua5.4", [script], { cwd, encoding: "utf8", timeout: runMaxMs });
  return { code: status, said: stdout + stderr };
}

const failedIn = ({ said }: Ended): string[] =>
  [...said.matchAll(/^not ok \d+ - (.*)$/gm)].map(([, name = ""]) => name);

let copies = 0;
/** A copy of the template in which `from` stands as `to` in one file; its folder. */
function copy({ folder }: Context, from: string, to: string, name = "board.lua"): string {
  const made = path.join(folder, `board-${++copies}`);
  cpSync(template, made, { recursive: true });
  const file = path.join(made, name);
  const text = readFileSync(file, "utf8");
  assert.is(text.split(from).length, 2, `"${from}" stands once in ${name}`);
  writeFileSync(
    file,
    text.replace(from, () => to),
  );
  return made;
}

test("the toy board keeps every case of the contract, none is skipped", () => {
  const { code, said } = lua("samples/board-template/run-contract.lua");
  assert.equal([code, said.trim().split("\n").at(-1)], [0, `# ${cases.length} passed, 0 failed, 0 skipped`]);
  for (const page of ["docs/porting.md", "samples/board-template/README.md"]) {
    const text = readFileSync(path.join(root, page), "utf8");
    assert.ok(text.includes(`${cases.length} passed, 0 failed, 0 skipped`), `${page} tells how many`);
  }
});

test("the image starts on it and answers an echo", () => {
  const { code, said } = lua("samples/board-template/run-image.lua");
  assert.match(said, /^started, reset cause power.*\n\d+ ticks in \d+ ms.*\necho answered: hello\n$/);
  assert.is(code, 0);
});

/** docs/porting.md names them in this form. */
const library: readonly (readonly [table: string, names: string])[] = [
  ["", "error ipairs pairs pcall select setmetatable tostring type"],
  ["math", "abs floor max min"],
  ["string", "byte char find rep sub unpack"],
  ["table", "remove unpack"],
];

test("the image needs no more of Lua's library than docs/porting.md says", ({ folder }) => {
  const page = readFileSync(path.join(root, "docs/porting.md"), "utf8");
  const fields = library.map(([table, names]) => {
    const isNamed = page.includes(table === "" ? `\`${names}\`` : `of \`${table}\` ${names.replaceAll(" ", ", ")}`);
    assert.ok(isNamed, `the page names ${table} ${names}`);
    const values = names.split(" ").map(name => `${name} = ${table === "" ? "" : `${table}.`}${name}`);
    return table === "" ? values.join(", ") : `${table} = { ${values.join(", ")} }`;
  });
  const script = path.join(folder, "run-image.lua");
  const text = readFileSync(path.join(template, "run-image.lua"), "utf8");
  assert.ok(text.includes('"=image", "b")'));
  writeFileSync(script, text.replace('"=image", "b")', `"=image", "b", { ${fields.join(", ")} })`));
  cpSync(path.join(template, "board.lua"), path.join(folder, "board.lua"));
  assert.match(lua(script).said, /\necho answered: hello\n$/);
});

test("started elsewhere, both say in a sentence what is missing", ({ folder }) => {
  for (const name of ["run-contract.lua", "run-image.lua"]) {
    const { code, said } = lua(path.join(template, name), folder);
    assert.match(said, /^build\/\S+ is not here: start this in the project's root, after npm ci && npm run build\.\n$/);
    assert.is(code, 2);
  }
});

type Wrong = readonly [mistake: string, from: string, to: string, caught: string, words: RegExp];
const wrongBoards: readonly Wrong[] = [
  [
    "an erase does nothing",
    "do units[index] = nil end",
    "do end",
    "scratch flash: erasing a sector sets it to 0xff and leaves the others",
    /programming \d+ erased bytes at \d+ fails: notErased/,
  ],
  [
    "a call wraps at the end of its page, as NOR chips do",
    "do units[first + done] = ",
    "do units[first // 64 * 64 + (first + done) % 64] = ",
    "scratch flash: programmed bytes read back at any offset, over a sector's border; neighbours stay erased",
    /what was programmed, and its neighbours: expected/,
  ],
  [
    "seconds are a float, which would stand on the paper as 2026.0",
    "(world.nowMs - wall.setMs) // 1000",
    "(world.nowMs - wall.setMs) // 1000.0",
    "clock: monotonic time does not notice steps of the wall clock, which reads back",
    /the wall clock's seconds: expected an integer, got 1767225600\.0/,
  ],
  [
    "a function is not there that only a speed change needs",
    "setBaud = function(baud) world.baud = baud end,",
    "",
    "board: every device has its functions",
    /the hal lacks uart\.setBaud\n/,
  ],
  [
    "keys are made anew at each start",
    "local keys = world.keys",
    "local keys = board.newWorld().keys",
    "element: keys, seals and counter survive power",
    /the public key: expected/,
  ],
  [
    "a program looks at its first unit only",
    "for index = first, first + count - 1 do",
    "for index = first, first do",
    "scratch flash: bytes are programmed once; a refused call changes nothing",
    /a call that ends on a programmed unit: expected/,
  ],
  [
    "random bytes are the same ones in each life",
    "random = rand.bytes }",
    `random = (function()
      local drawn, draws = "", 0
      return function(lengthBytes)
        while #drawn < lengthBytes do
          draws = draws + 1
          drawn = drawn .. digest.new("sha256"):final(tostring(draws))
        end
        local bytes = drawn:sub(1, lengthBytes)
        drawn = drawn:sub(lengthBytes + 1)
        return bytes
      end
    end)() }`,
    "element: keys, seals and counter survive power",
    /two lives draw the same random bytes/,
  ],
  [
    "the reset cause is forgotten",
    'local cause = world.cause or "power"',
    'local cause = "power"',
    "system: a watchdog that is not fed bites",
    /expected "watchdog" \(8 bytes\), got "power" \(5 bytes\)/,
  ],
];

/** What else a cut may change, in program units from the call: near, in another sector, in another part of the chip. */
const spreads: readonly (readonly [where: string, units: string, words: RegExp])[] = [
  ["behind it", "part][offsetBytes // unitBytes + 16]", /bytes at \d+, behind a call that was cut after 0: expected/],
  [
    "in the sector before",
    "part][offsetBytes // unitBytes - 1024]",
    /bytes at \d+, before a call that was cut after 0/,
  ],
  [
    "in another part",
    'z"][1024 * 1024 // unitBytes - 3 * 1024 + 1]',
    /of z, by a program of scratch that was cut: expected/,
  ],
];
for (const [where, units, words] of spreads) {
  test(`a chip whose cut program changes bytes ${where} is caught by name`, context => {
    const target = `world.units[${units.startsWith("z") ? '"' : ""}${units} = "\\0\\0\\0\\0"`;
    const from = "  hal[part].program(offsetBytes, data:sub(1, afterBytes)";
    const ended = lua(path.join(copy(context, from, `  ${target}\n${from}`, "run-contract.lua"), "run-contract.lua"));
    assert.ok(
      failedIn(ended).includes("scratch flash: a program that loses power changes no byte but its own"),
      ended.said,
    );
    assert.match(ended.said, words);
  });
}

for (const [mistake, from, to, caught, words] of wrongBoards) {
  test(`a copy is caught by name: ${mistake}`, context => {
    const ended = lua(path.join(copy(context, from, to), "run-contract.lua"));
    assert.ok(failedIn(ended).includes(caught), ended.said);
    assert.match(ended.said, words);
    assert.is(ended.code, 1);
  });
}

type Size = readonly [what: string, from: string, to: string, caught?: string];
const sizes: readonly Size[] = [
  ["60 KB of state are enough", "state = 64 *", "state = 60 *"],
  ["56 KB of state are not", "state = 64 *", "state = 56 *", "board: its state part holds three copies"],
  ["sectors of 512 bytes hold units of 64", "4, 4 * kilobyte, 256", "64, 512, 64"],
  [
    "sectors of 256 bytes do not",
    "4, 4 * kilobyte, 256",
    "64, 256, 64",
    "board: a sector of its fiscal part holds a record",
  ],
];

for (const [what, from, to, caught] of sizes) {
  test(`the contract asks for what the image needs to start: ${what}`, context => {
    const folder = copy(context, from, to);
    const isStarted = lua(path.join(folder, "run-image.lua")).code === 0;
    const failed = failedIn(lua(path.join(folder, "run-contract.lua"))).filter(name => name.startsWith("board: "));
    assert.equal([isStarted, failed], caught === undefined ? [true, []] : [false, [caught]]);
  });
}

test("the contract asks for a scratch part that holds the largest upload", context => {
  const { said } = lua(path.join(copy(context, "scratch = 256 *", "scratch = 156 *"), "run-contract.lua"));
  assert.match(said, new RegExp(`scratch has ${156 * 1024} bytes: a document has up to ${uploadBytesMax}\n`));
});

test.run();
