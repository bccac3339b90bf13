/**
 * The series on boards that are not simulated. Their drivers are loaded when they are opened: whoever searches the
 * simulated board does not need them.
 */
import type { OpenSeries } from "./series";

/** It brings its own machine, and takes real time. */
export interface BoardSeries {
  readonly name: string;
  readonly machine: "lua" | "lua5.4";
  open(): Promise<OpenSeries>;
}

export const boardSeries: readonly BoardSeries[] = [
  {
    name: "Linux: kill -9 at random moments of sales",
    machine: "lua5.4",
    open: async () => (await import("./linux-kill-series")).openLinuxKills(),
  },
  {
    name: "Firmata: 1 line, the line lost at every message",
    machine: "lua",
    open: async () => (await import("./firmata-series")).openFirmataLosses(),
  },
  {
    name: "Linux: 1 line, at every write and sync",
    machine: "lua5.4",
    open: async () => (await import("./linux-file-series")).openLinuxFile(),
  },
];

export const synclessName = "Linux flash without fdatasync";

/** What the search says of a flash that does not sync when it has found it; undefined: it was not caught. */
export async function catchSyncless(thin: number): Promise<string | undefined> {
  return (await import("./linux-file-series")).catchSyncless(thin);
}
