/** The kinds of board that `kassa start` and `kassa emulator start` run, and what is built for each. */
import { type BuiltImage, ensureBuilt, ensurePrinterProfiles } from "../build/image";
import { type CommandSpec, type Parsed, UsageError } from "./args";

/** A kind keeps its place: its test register is numbered by it. */
export const boardKinds = ["emulator", "linux", "firmata"] as const;
export type BoardKind = (typeof boardKinds)[number];

/** Of every command that starts a board. */
export const boardOptions: CommandSpec["options"] = {
  board: { type: "string", value: "KIND", about: `${boardKinds.join(", ")} (default ${boardKinds[0]})` },
  printer: { type: "string", value: "URL", about: "a real printer: tcp://HOST:9100, lp:/dev/usb/lp0, serial:/dev/…" },
  "printer-profile": { type: "string", value: "NAME", about: "what it can (docs/printers.md)" },
  port: { type: "string", value: "TTY", about: "a real Firmata board (default: an emulated one)" },
  fram: { type: "string", value: "KB", about: "room of the Firmata board's FRAM: 32 or 128 (default)" },
};

/** The same options as words for the board's process; throws UsageError for one that its kind has not. */
export function boardWords({ options }: Parsed, kind: BoardKind): string[] {
  const ofKind = kind === "firmata" ? ["port", "fram"] : ["printer", "printer-profile"];
  return ["printer", "printer-profile", "port", "fram"].flatMap(name => {
    const value = options[name];
    if (value === undefined) return [];
    if (!ofKind.includes(name)) throw new UsageError(`--${name} is no option of a board of kind ${kind}`);
    return [`--${name}`, String(value)];
  });
}

/** `--board KIND`; throws UsageError. */
export function boardKindOf({ options }: Parsed): BoardKind {
  const wanted = options.board ?? boardKinds[0];
  const kind = boardKinds.find(name => name === wanted);
  if (kind === undefined) throw new UsageError(`--board: expected ${boardKinds.join(", ")}, got ${String(wanted)}`);
  return kind;
}

/** Builds what is stale; throws BuildFailed. Every kind runs the same image. */
export async function ensureBoardBuilt(kind: BoardKind): Promise<BuiltImage> {
  const image = await ensureBuilt();
  if (kind === "linux") ensurePrinterProfiles();
  return image;
}
