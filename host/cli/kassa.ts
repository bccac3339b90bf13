/** `kassa AREA VERB …`: finds the command's file and turns what it throws into an exit code. */
import { DeviceRefusal } from "../device/device-error";
import { HelpAsked, languageOf, UsageError } from "./args";
import { exitCode, tellRefusal } from "./output";

interface Command {
  run(args: string[]): Promise<number>;
}
interface Area {
  readonly about: string;
  readonly load: () => Promise<Command>;
}

const areas: { readonly [name: string]: Area } = {
  start: { about: "the whole shop: board, OFD, register service; sells one receipt", load: () => import("./start") },
  sell: { about: "sells the receipt in a file", load: () => import("./sell") },
  device: { about: "the fiscal module: list, info, status, fiscalize, log, release", load: () => import("./device") },
  emulator: { about: "an emulated board: start it, cut its power, take its paper", load: () => import("./emulator") },
  journal: { about: "the fiscal log: export, show, verify", load: journalArea },
  ofd: { about: "the server of the operator of fiscal data", load: () => import("./ofd") },
};

/** Exporting asks a module; all other verbs read a file. */
async function journalArea(): Promise<Command> {
  const files = () => import("./journal");
  return {
    run: async ([verb, ...rest]) =>
      verb === "export"
        ? (await import("./journal-export")).run(rest)
        : (await files()).run(verb === undefined ? [] : [verb, ...rest]),
  };
}

function overview(): string {
  const rows = Object.entries(areas).map(([name, { about }]) => `  ${name.padEnd(10)} ${about}`);
  return ["kassa AREA VERB …", "", ...rows, "", "kassa AREA --help says more. Example: kassa start"].join("\n");
}

export async function main(args: string[]): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    console.log(overview());
    return name === undefined ? exitCode.usage : exitCode.done;
  }
  const area = Object.hasOwn(areas, name) ? areas[name] : undefined;
  if (area === undefined) {
    console.error(`kassa: no area "${name}"\n\n${overview()}`);
    return exitCode.usage;
  }
  try {
    return await (await area.load()).run(rest);
  } catch (error) {
    return exitOf(error, rest);
  }
}

function exitOf(error: unknown, args: string[]): number {
  if (error instanceof HelpAsked) {
    console.log(error.message);
    return exitCode.done;
  }
  if (error instanceof UsageError) {
    console.error(error.message);
    return exitCode.usage;
  }
  if (error instanceof DeviceRefusal) {
    const asked = args[args.indexOf("--lang") + 1];
    const language = languageOf(["kk", "ru", "en"].includes(asked ?? "") ? asked : undefined);
    return tellRefusal(error, language, args.includes("--json"));
  }
  // A folder that is a file, a disk that is full: the computer's own words name the path.
  const { syscall, message } = error as NodeJS.ErrnoException;
  if (syscall !== undefined) {
    console.error(`kassa: ${message}`);
    return exitCode.refused;
  }
  throw error;
}

process.exitCode = await main(process.argv.slice(2));
