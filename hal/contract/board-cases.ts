/** The facts of a board, its outputs and its system (hal/hal.ts, hal/gpio.ts, hal/system.ts). */
import type { Output } from "../gpio";
import type { Hal } from "../hal";
import type { ContractCase } from "./contract";
import { expect, expectEqual, expectInteger } from "./expect";
import { type Probe, withProbe } from "./probe";

const callBytesMin = 64;
const outputs: readonly Output[] = ["ready", "offline", "blocked", "buzzer", "drawer"];

const flashFunctions: readonly string[] = ["read", "program", "eraseSector"];
/** Device → its functions. */
const functions: readonly (readonly [device: string, names: readonly string[]])[] = [
  ["state", flashFunctions],
  ["scratch", flashFunctions],
  ["z", flashFunctions],
  ["fiscal", flashFunctions],
  ["hash", ["open", "update", "digest"]],
  ["secureElement", ["publicKey", "sign", "hmac", "seal", "unseal", "counter", "counterStep", "verifyP256", "random"]],
  ["uart", ["read", "write", "pendingBytes", "setBaud"]],
  ["printer", ["read", "write"]],
  ["clock", ["monotonicMs", "utcS", "setUtcS"]],
  ["gpio", ["set"]],
  ["system", ["resetCause", "reset", "feedWatchdog", "uniqueId", "powerGood"]],
];

/** Also those that no case calls: reset, setBaud. */
function hasAll(hal: Hal): undefined {
  const devices = hal as unknown as Readonly<Record<string, Readonly<Record<string, unknown>> | undefined>>;
  const missing: string[] = [];
  if (hal.board === undefined || hal.board.printer === undefined) {
    missing.push(hal.board === undefined ? "board" : "board.printer");
  }
  for (const [device, names] of functions) {
    const found = devices[device];
    for (const name of names) {
      if (found === undefined || typeof found[name] !== "function") {
        missing.push(`${device}.${name}`);
      }
    }
  }
  expect(missing.length === 0, `the hal lacks ${missing.join(", ")}`);
  return undefined;
}

function tellsFacts({ board }: Hal): undefined {
  expect(board.kind.length > 0, "the board's kind is empty");
  expect(board.serial.length > 0 && board.serial.length <= 32, "a factory number has 1 to 32 characters");
  expectInteger(board.callBytesMax, "callBytesMax");
  expect(board.callBytesMax >= callBytesMin, `a call moves ${callBytesMin} bytes at least, got ${board.callBytesMax}`);
  const trusts = board.bootTrust === "element" || board.bootTrust === "os" || board.bootTrust === "none";
  expect(trusts, "bootTrust is element, os or none");
  return undefined;
}

// What the image keeps in its parts (firmware/limits.ts and docs/flash-format.md; a test compares).
const stateCopies = 3;
const stateBytesMax = 16 * 1024;
const stateHeadBytes = 20;
const uploadBytesMax = 160 * 1024;
const pageBytesMax = 256;
const logHeads: readonly number[] = [36, 22, 5];

const upTo = (unit: number, lengthBytes: number): number => Math.floor((lengthBytes + unit - 1) / unit) * unit;

function holdsState({ state }: Hal): undefined {
  const { capacityBytes, programBytes, sectorBytes } = state;
  const copyBytes = upTo(sectorBytes, upTo(programBytes, stateHeadBytes) + 2 * programBytes + stateBytesMax);
  const neededBytes = stateCopies * copyBytes;
  expect(
    capacityBytes >= neededBytes,
    `state has ${capacityBytes} bytes: ${stateCopies} copies of ${copyBytes}, in whole sectors, need ${neededBytes}`,
  );
  return undefined;
}

function holdsUpload({ board, scratch }: Hal): undefined {
  const { capacityBytes, sectorBytes } = scratch;
  let page = 64;
  while (page * 2 <= Math.min(pageBytesMax, board.callBytesMax)) {
    page *= 2;
  }
  expect(capacityBytes >= uploadBytesMax, `scratch has ${capacityBytes} bytes: a document has up to ${uploadBytesMax}`);
  expect(sectorBytes % page === 0, `a sector of scratch is whole pages of ${page} bytes, got ${sectorBytes}`);
  return undefined;
}

function holdsRecord({ fiscal }: Hal): undefined {
  const { programBytes, sectorBytes } = fiscal;
  let neededBytes = 2 * programBytes;
  for (const head of logHeads) {
    neededBytes += upTo(programBytes, head);
  }
  expect(
    sectorBytes >= neededBytes,
    `a sector of fiscal has ${sectorBytes} bytes: a header and the least record of units of ${programBytes} need ${neededBytes}`,
  );
  return undefined;
}

function tellsPrinter({ board }: Hal): undefined {
  const { name, columns, letters, codeTable, qr, confirms, cutter } = board.printer;
  expect(typeof name === "string" && name.length > 0, "a profile has a name");
  expect(columns === 48 || columns === 42 || columns === 32, `a paper has 48, 42 or 32 columns, got ${columns}`);
  expect(letters === "table" || letters === "userDefined" || letters === "raster", `letters: ${letters}`);
  expectInteger(codeTable, "codeTable");
  expect(codeTable >= 0 && codeTable <= 255, `codeTable is a byte, got ${codeTable}`);
  expect(qr === "command" || qr === "raster", `qr: ${qr}`);
  expect(typeof confirms === "boolean" && typeof cutter === "boolean", "confirms and cutter are true or false");
  return undefined;
}

function identifies({ system }: Hal): undefined {
  const id = system.uniqueId();
  expect(id.length >= 8 && id.length <= 16, `the unique id has 8 to 16 bytes, got ${id.length}`);
  expectEqual(system.uniqueId(), id, "the unique id, asked again");
  let isOneByte = true;
  for (let index = 1; index < id.length; index++) {
    isOneByte = isOneByte && id.charAt(index) === id.charAt(0);
  }
  expect(!isOneByte, "the unique id is one byte again and again: it was never written");
  return undefined;
}

function tellsCause({ system }: Hal): undefined {
  const cause = system.resetCause();
  expect(
    cause === "power" || cause === "request" || cause === "watchdog" || cause === "assert",
    `reset cause: ${cause}`,
  );
  expectEqual(system.powerGood(), true, "powerGood on a board that runs");
  system.feedWatchdog();
  return undefined;
}

function tellsPower(_hal: Hal, { reboot }: Required<Pick<Probe, "reboot">>): undefined {
  expectEqual(reboot().system.resetCause(), "power", "the reset cause after the power was off");
  return undefined;
}

function bites({ system }: Hal, { starve }: Required<Pick<Probe, "starve">>): undefined {
  system.feedWatchdog();
  expectEqual(starve().system.resetCause(), "watchdog", "the reset cause after 5 s without food");
  return undefined;
}

function switches({ gpio }: Hal): undefined {
  for (const output of outputs) {
    gpio.set(output, true);
    gpio.set(output, false);
  }
  return undefined;
}

export const boardCases: readonly ContractCase[] = [
  { name: "board: every device has its functions", run: hasAll },
  { name: "board: its facts are there", run: tellsFacts },
  { name: "board: its printer's profile is one that the paper can be made for", run: tellsPrinter },
  { name: "board: its state part holds three copies", run: holdsState },
  { name: "board: its scratch part holds the largest document", run: holdsUpload },
  { name: "board: a sector of its fiscal part holds a record", run: holdsRecord },
  { name: "gpio: every output is switched or ignored", run: switches },
  { name: "system: the unique id is one", run: identifies },
  { name: "system: it knows why it runs, and that its power is good", run: tellsCause },
  { name: "system: after the power was off the reset cause is power", run: withProbe(["reboot"], tellsPower) },
  { name: "system: a watchdog that is not fed bites", run: withProbe(["starve"], bites) },
];
