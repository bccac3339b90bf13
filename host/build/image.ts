/**
 * build/: what the firmware becomes.
 *
 *   image.lua      the bundle with names and line numbers, to replay a failure
 *   image.luac     the same made small (shrink/), string.dump of it without debug information: what a board runs
 *   asserts.json   number of an assertion → its sentence and place
 *   hal-contract.lua  the contract of a board (hal/contract), to be run on the board itself
 *   printer-profiles.lua  hal/printers.ts for a board that runs the image in the Lua of its system
 *   lua-tests.lua  the tests that run in Lua
 *   *.stamp        hash of the sources that the file beside it was made of
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { createLuaVm } from "../../hal/vm/lua-vm";
import { BuildFailed, bundle, root } from "./bundle";
import { luaTestsEntry } from "./lua-tests";
import { shrink } from "./shrink/shrink";
import { trimBytecode } from "./shrink/trim";

const buildFolder = path.join(root, "build");
const inBuild = (name: string): string => path.join(buildFolder, name);
const imageEntry = "firmware/start.ts";
const imageBytesMax = 160 * 1024;

export interface BuiltImage {
  /** Path of build/image.luac. */
  readonly image: string;
  /** SHA-256 of the stripped image, hex. */
  readonly sha256: string;
}

export interface BuildReport extends BuiltImage {
  readonly sourceBytes: number;
  readonly strippedBytes: number;
  readonly invariants: number;
}

const imageFiles = ["image.lua", "image.luac", "asserts.json", "image.stamp"];

/** Compiles the firmware; on any error no image is left behind. Throws BuildFailed. */
export async function buildImage(): Promise<BuildReport> {
  const stamp = stampOf(imageSources);
  mkdirSync(buildFolder, { recursive: true });
  for (const name of imageFiles) rmSync(inBuild(name), { force: true });
  const { lua, invariants, program } = bundle(imageEntry);
  const stripped = await strip(shrink(lua, program));
  if (stripped.length > imageBytesMax) {
    throw new BuildFailed(`the image has ${stripped.length} bytes, at most ${imageBytesMax} are allowed`);
  }
  write("image.lua", lua);
  write("asserts.json", `${JSON.stringify(invariants, undefined, 2)}\n`);
  write("image.luac", stripped);
  write("image.stamp", stamp);
  const count = Object.keys(invariants).length;
  return { ...builtImage(), sourceBytes: lua.length, strippedBytes: stripped.length, invariants: count };
}

/** The image, built only when its sources are newer. */
export async function ensureBuilt(): Promise<BuiltImage> {
  const isFresh = imageFiles.every(name => existsSync(inBuild(name)));
  if (isFresh && readFileSync(inBuild("image.stamp"), "utf8") === stampOf(imageSources)) return builtImage();
  return buildImage();
}

/** Path of build/hal-contract.lua, built only when its sources are newer. Throws BuildFailed. */
export const ensureContract = (): string =>
  ensureBundle("hal-contract", ["hal", "protocol", "host/build"], () => "hal/contract/contract.ts");

/** Path of build/printer-profiles.lua, built only when its sources are newer. Throws BuildFailed. */
export const ensurePrinterProfiles = (): string =>
  ensureBundle("printer-profiles", ["hal", "protocol", "host/build"], () => "hal/printers.ts");

/** Path of build/lua-tests.lua, built only when its sources are newer. Throws BuildFailed. */
export const ensureLuaTests = (): string =>
  ensureBundle("lua-tests", [...imageSources, "test/lua", "test/vectors"], () => {
    write("lua-tests-entry.ts", luaTestsEntry());
    return "build/lua-tests-entry.ts";
  });

/** A bundle with its assertions in words; `makeEntry` gives the path of its entry. */
function ensureBundle(name: string, folders: readonly string[], makeEntry: () => string): string {
  const [file, stampFile] = [`${name}.lua`, `${name}.stamp`];
  const stamp = stampOf(folders);
  if (existsSync(inBuild(file)) && existsSync(inBuild(stampFile))) {
    if (readFileSync(inBuild(stampFile), "utf8") === stamp) return inBuild(file);
  }
  mkdirSync(buildFolder, { recursive: true });
  rmSync(inBuild(file), { force: true });
  write(file, bundle(makeEntry(), true).lua);
  write(stampFile, stamp);
  return inBuild(file);
}

const imageSources = ["firmware", "protocol", "hal", "host/build"];

function builtImage(): BuiltImage {
  const image = inBuild("image.luac");
  return { image, sha256: createHash("sha256").update(readFileSync(image)).digest("hex") };
}

/** Bytecode without names, lines and local variables, made by Lua itself. */
async function strip(lua: Buffer): Promise<Buffer> {
  const vm = await createLuaVm();
  const dump = vm.call(vm.load(Buffer.from("return function(f) return string.dump(f, true) end"), "strip"), []);
  const stripped = vm.call(dump as { luaReference: number }, [vm.load(lua, "image")]) as string;
  vm.close();
  return trimBytecode(Buffer.from(stripped, "latin1"));
}

/** Another process may read or build at the same time: a file appears whole. */
function write(name: string, content: Buffer | string): void {
  const temporary = inBuild(`${name}.${process.pid}.tmp`);
  writeFileSync(temporary, content);
  renameSync(temporary, inBuild(name));
}

/** SHA-256 over names and contents of all source files in these folders and of what configures the transpiler. */
function stampOf(folders: readonly string[]): string {
  const hash = createHash("sha256");
  const files = folders.flatMap(sourcesIn).sort();
  for (const file of [...files, "tsconfig.image.json", "package.json"]) {
    const content = readFileSync(path.join(root, file));
    hash.update(`${file}\0${content.length}\0`).update(content);
  }
  return hash.digest("hex");
}

const sourcesIn = (folder: string): string[] =>
  readdirSync(path.join(root, folder), { recursive: true, encoding: "utf8" })
    .filter(name => /\.(ts|lua|js)$/.test(name))
    .map(name => path.join(folder, name));
