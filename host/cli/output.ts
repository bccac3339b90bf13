/** What a command says: text or one JSON object on stdout; refusals, with their next action, and progress on stderr. */
import { Presets, SingleBar } from "cli-progress";
import type { Facts } from "../../protocol/refusals";
import type { DeviceRefusal } from "../device/device-error";
import { type Language, sentence } from "../texts/index";

export const exitCode = { done: 0, refused: 1, usage: 2, absent: 3 } as const;

const absentCodes: readonly string[] = ["DEVICE_ABSENT", "OUTCOME_UNKNOWN", "PORT_BUSY", "OFD_MOVED"];

/** Tells a refusal and answers the exit code for it. */
export function tellRefusal(refusal: DeviceRefusal, language: Language, json: boolean): number {
  const { code, facts } = refusal;
  tellCode({ code, facts, ...sentence({ code, facts }, language) }, json);
  return absentCodes.includes(code) ? exitCode.absent : exitCode.refused;
}

export interface Told {
  readonly code: string;
  readonly facts: Facts;
  readonly detail: string;
  readonly nextAction: string;
}

/** For people on stderr; with --json for programs too. */
export function tellCode(told: Told, json: boolean): void {
  if (json) {
    console.log(JSON.stringify(told));
  }
  console.error(`${told.code}: ${told.detail}\n${told.nextAction}`);
}

/** One line of JSON, or the text. */
export function tellResult(json: boolean, result: object, text: string): void {
  console.log(json ? JSON.stringify(result) : text);
}

export interface Progress {
  update(done: number, total: number): void;
  stop(): void;
}
const barAfterMs = 1000;

/** A bar on stderr that appears after a second, and only for people. */
export function createProgress(label: string): Progress {
  const startedAt = Date.now();
  const bar = new SingleBar(
    {
      format: `${label} {bar} {value}/{total} {duration_formatted}`,
      hideCursor: true,
      stream: process.stderr,
      clearOnComplete: true,
    },
    Presets.shades_classic,
  );
  let isShown = false;
  return {
    update(done, total) {
      if (!isShown && process.stderr.isTTY && Date.now() - startedAt > barAfterMs) {
        isShown = true;
        bar.start(total, done);
      }
      if (isShown) {
        bar.setTotal(total);
        bar.update(done);
      }
    },
    stop() {
      if (isShown) {
        bar.stop();
      }
    },
  };
}

/** Text in two aligned columns. */
export function columns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join("\n");
}

const styles = { bold: 1, dim: 2, green: 32, cyan: 36 } as const;
/** Colours for people who have them: not in files, not with NO_COLOR. */
export function styled(style: keyof typeof styles, text: string): string {
  const isPlain = !process.stdout.isTTY || process.env.NO_COLOR !== undefined;
  return isPlain ? text : `\u001b[${styles[style]}m${text}\u001b[0m`;
}
