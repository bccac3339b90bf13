/** `npm run build`: makes the image and says how large it became. With `--lua-tests` it bundles the Lua tests instead. */
import { BuildFailed } from "./bundle";
import { buildImage, ensureContract, ensureLuaTests, ensurePrinterProfiles } from "./image";

const kilobytes = (bytes: number): string => `${(bytes / 1024).toFixed(1)} KB`;

async function build(): Promise<void> {
  const report = await buildImage();
  console.log(`build/image.lua     ${kilobytes(report.sourceBytes)}`);
  console.log(`build/image.luac    ${kilobytes(report.strippedBytes)} stripped, sha256 ${report.sha256}`);
  console.log(`build/asserts.json  ${report.invariants} invariants`);
  ensureContract();
  console.log("build/hal-contract.lua  the contract of a board");
  ensurePrinterProfiles();
  console.log("build/printer-profiles.lua  the printers that a board can be told of");
}

try {
  if (process.argv.includes("--lua-tests")) ensureLuaTests();
  else await build();
} catch (error) {
  if (!(error instanceof BuildFailed)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
