/** The kinds of board that `kassa start` and `kassa emulator start` run, and what is built for each. */
import { type BuiltImage, ensureBuilt, ensurePrinterProfiles } from "../build/image";
import { type Parsed, UsageError } from "./args";

/** A kind keeps its place: its test register is numbered by it. */
export const boardKinds = ["emulator", "linux", "firmata"] as const;
export type BoardKind = (typeof boardKinds)[number];
export const boardKindsAbout = `${boardKinds.join(", ")} (default ${boardKinds[0]})`;

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
