/** What stands beside a board while its contract is checked. Everything may be missing: a case that needs it is skipped. */
import type { Bytes } from "../../protocol/bytes";
import type { Hal } from "../hal";

export type Part = "scratch" | "state" | "z" | "fiscal";

/** @noSelf */
export interface Probe {
  /** Programs with the power failing after so many bytes, and powers on again; the same Hal goes on. */
  readonly cutProgram?: (part: Part, offsetBytes: number, data: Bytes, afterBytes: number) => void;
  /** Erases the sector at an offset with the power failing in the middle, and powers on again. */
  readonly cutErase?: (part: Part, offsetBytes: number) => void;
  /** How often the sector at an offset was erased, as the chip or the board counts it. */
  readonly eraseCount?: (part: Part, offsetBytes: number) => number;
  /** Switches the board off and on: its Hal in the new life. */
  readonly reboot?: () => Hal;
  /** Does not feed the watchdog for 5 s: the board's Hal in the life after. */
  readonly starve?: () => Hal;
  /** Time passes. */
  readonly waitMs?: (ms: number) => void;
  /** The other end of the serial line: writes, and reads what has come. */
  readonly lineWrite?: (data: Bytes) => void;
  readonly lineRead?: () => Bytes;
}

/** The run of a case for which these fields of the probe must be there; without one of them it is skipped. */
export function withProbe<Name extends keyof Probe>(
  names: readonly Name[],
  run: (this: void, hal: Hal, probe: Required<Pick<Probe, Name>>) => string | undefined,
): (this: void, hal: Hal, probe: Probe) => string | undefined {
  return (hal, probe) => {
    for (const name of names) {
      if (probe[name] === undefined) {
        return `needs probe.${name}`;
      }
    }
    return run(hal, probe as Required<Pick<Probe, Name>>);
  };
}
