/** The facts of a board, its outputs and its system (hal/hal.ts, hal/gpio.ts, hal/system.ts). */
import type { Output } from "../gpio";
import type { Hal } from "../hal";
import type { ContractCase } from "./contract";
import { expect, expectEqual } from "./expect";
import { type Probe, withProbe } from "./probe";

const callBytesMin = 64;
const outputs: readonly Output[] = ["ready", "offline", "blocked", "buzzer", "drawer"];

function tellsFacts({ board }: Hal): undefined {
  expect(board.kind.length > 0, "the board's kind is empty");
  expect(board.serial.length > 0 && board.serial.length <= 32, "a factory number has 1 to 32 characters");
  expect(board.callBytesMax >= callBytesMin, `a call moves ${callBytesMin} bytes at least, got ${board.callBytesMax}`);
  const trusts = board.bootTrust === "element" || board.bootTrust === "os" || board.bootTrust === "none";
  expect(trusts, "bootTrust is element, os or none");
  return undefined;
}

function tellsPrinter({ board }: Hal): undefined {
  const { columns, letters, qr } = board.printer;
  expect(columns === 48 || columns === 42 || columns === 32, `a paper has 48, 42 or 32 columns, got ${columns}`);
  expect(letters === "table" || letters === "userDefined" || letters === "raster", `letters: ${letters}`);
  expect(qr === "command" || qr === "raster", `qr: ${qr}`);
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
  { name: "board: its facts are there", run: tellsFacts },
  { name: "board: its printer's profile is one that the paper can be made for", run: tellsPrinter },
  { name: "gpio: every output is switched or ignored", run: switches },
  { name: "system: the unique id is one", run: identifies },
  { name: "system: it knows why it runs, and that its power is good", run: tellsCause },
  { name: "system: after the power was off the reset cause is power", run: withProbe(["reboot"], tellsPower) },
  { name: "system: a watchdog that is not fed bites", run: withProbe(["starve"], bites) },
];
