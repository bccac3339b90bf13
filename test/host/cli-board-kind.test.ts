/** Which board a command starts, and which options that kind has. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type CommandSpec, parseCommand, UsageError } from "../../host/cli/args";
import { boardKindOf, boardOptions, boardWords } from "../../host/cli/board-kind";

const spec: CommandSpec = { usage: "start", about: "", options: boardOptions, example: "kassa start" };
const words = (...args: string[]): string[] => {
  const parsed = parseCommand(args, spec);
  return boardWords(parsed, boardKindOf(parsed));
};

test("the emulator is what nobody names, and it needs no more words", () => {
  assert.is(boardKindOf(parseCommand([], spec)), "emulator");
  assert.equal(words(), []);
});

test("a printer goes with the emulator and with Linux, port and FRAM with Firmata", () => {
  const printer = ["--printer", "tcp://192.168.1.50", "--printer-profile", "generic-80"];
  assert.equal(words(...printer), printer);
  assert.equal(words("--board", "linux", ...printer), printer);
  assert.equal(words("--board", "firmata", "--port", "/dev/ttyACM0", "--fram", "32"), [
    "--port",
    "/dev/ttyACM0",
    "--fram",
    "32",
  ]);
});

for (const [args, said] of [
  [["--board", "toaster"], "--board: expected emulator, linux, firmata, got toaster"],
  [["--port", "/dev/ttyACM0"], "--port is no option of a board of kind emulator"],
  [["--board", "linux", "--fram", "32"], "--fram is no option of a board of kind linux"],
  [["--board", "firmata", "--printer", "tcp://printer"], "--printer is no option of a board of kind firmata"],
] as const) {
  test(`${args.join(" ")} is wrong usage: ${said}`, () => {
    assert.throws(
      () => words(...args),
      (error: unknown) => error instanceof UsageError && error.message === said,
    );
  });
}

test.run();
