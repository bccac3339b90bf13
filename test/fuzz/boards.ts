/**
 * The same life of a register on several machines: the sources in Node, the built image in Lua in WebAssembly, and the
 * same image file in the Lua 5.4 of the system. After each command the flash, what was said on the line and what was
 * printed must be equal, to the byte.
 */
import { readFileSync } from "node:fs";
import { start } from "../../firmware/start";
import { ensureBuilt } from "../../host/build/image";
import { createLuaMachine, createNodeMachine, type Machine } from "../cuts/machine";
import { drawSequence } from "./command-sequence";
import { createLua54Machine, isLua54Installed } from "./lua54-machine";
import { liveRegister, type Step } from "./register-life";

export interface NamedMachine {
  readonly name: string;
  readonly machine: Machine;
}

export const machineNames = ["node", "lua", "lua5.4"] as const;

/** The last one only when this system has it. */
export async function createMachines(): Promise<NamedMachine[]> {
  const { image } = await ensureBuilt();
  const machines = [createNodeMachine(start), await createLuaMachine(readFileSync(image))];
  if (isLua54Installed()) machines.push(createLua54Machine(image));
  return machines.map((machine, index) => ({ name: machineNames[index]!, machine }));
}

/** What one sequence has shown. */
export interface SequenceReport {
  readonly seed: number;
  readonly commands: number;
  readonly sales: number;
  readonly cuts: number;
  /** Seed, command and what differs or stopped; undefined: all is well. */
  readonly difference: string | undefined;
}

export function compareBoards(machines: readonly NamedMachine[], seed: number): SequenceReport {
  const commands = drawSequence(seed);
  const lives = machines.map(({ machine }) => liveRegister(machine, commands));
  const [first = [], ...others] = lives;
  const differences = others.flatMap((life, index) => {
    const found = firstDifference(first, life);
    return found === undefined ? [] : [{ ...found, machine: machines[index + 1]!.name }];
  });
  const stopped = first.findIndex(step => step.stopped !== undefined);
  const place = (command: number): string => `seed ${seed}, command ${command} (${commands[command]?.name})`;
  const words = differences.map(({ command, what, machine }) => {
    return `${place(command)}: ${machine} differs from ${machines[0]!.name}: ${what}`;
  });
  if (words.length === 0 && stopped >= 0) words.push(`${place(stopped)}: the module stops: ${first[stopped]!.stopped}`);
  return {
    seed,
    commands: first.length,
    sales: first.filter(({ said }) => /online|autonomous/.test(said)).length,
    cuts: first.reduce((sum, { cuts }) => sum + cuts, 0),
    difference: words[0],
  };
}

function firstDifference(one: readonly Step[], other: readonly Step[]): { command: number; what: string } | undefined {
  for (const [command, step] of one.entries()) {
    const what = other[command] === undefined ? "it has stopped" : differenceOf(step, other[command]);
    if (what !== undefined) return { command, what };
  }
  return undefined;
}

function differenceOf(one: Step, other: Step): string | undefined {
  if (one.stopped !== undefined && other.stopped !== undefined) return undefined;
  const stopped = one.stopped ?? other.stopped;
  if (stopped !== undefined) return `only one of them stops: ${stopped}`;
  return (
    flashDifference(one.sectors, other.sectors) ??
    answersDifference(one.answers, other.answers) ??
    bytesDifference("paper", one.paper, other.paper) ??
    (one.said === other.said && one.cuts === other.cuts ? undefined : `said "${one.said}" and "${other.said}"`)
  );
}

function answersDifference(one: readonly string[], other: readonly string[]): string | undefined {
  const at = one.findIndex((answer, index) => answer !== other[index]);
  if (at >= 0) return `answer ${at}: ${one[at]} and ${other[at] ?? "none"}`;
  return one.length === other.length ? undefined : `answer ${one.length}: none and ${other[one.length]}`;
}

type Sectors = Step["sectors"];

function flashDifference(one: Sectors, other: Sectors): string | undefined {
  const indexes = [...new Set([...one.keys(), ...other.keys()])].sort((a, b) => a - b);
  for (const index of indexes) {
    const [mine, its] = [one.get(index), other.get(index)];
    if (mine === undefined || its === undefined) return `sector ${index} of the flash is erased on one of them`;
    const found = bytesDifference(`sector ${index} of the flash`, mine.bytes, its.bytes);
    if (found !== undefined) return found;
    if (mine.marks !== its.marks) return `sector ${index} of the flash was programmed in other places`;
  }
  return undefined;
}

const shownBytes = 16;

function bytesDifference(name: string, one: string, other: string): string | undefined {
  if (one === other) return undefined;
  let at = 0;
  while (at < one.length && one[at] === other[at]) at += 1;
  const hex = (bytes: string): string =>
    Buffer.from(bytes.slice(at, at + shownBytes), "latin1").toString("hex") || "end";
  return `${name}, byte ${at}: ${hex(one)} and ${hex(other)}`;
}
