/**
 * One sequence of commands on one machine, from a blank board on, and what it leaves after each of them: answers on the
 * line, bytes of the printer, flash. Power cuts happen inside the module's own calls, as the plan of a command says.
 */
import { type FlashSnapshot, PowerLost } from "../../hal/sim/sim-flash";
import { ResetRequested } from "../../hal/sim/sim-system";
import { type Bytes, concat } from "../../protocol/bytes";
import { type Call, createBoard, type WatchedBoard } from "../cuts/board";
import type { Machine } from "../cuts/machine";
import { ringGeometry } from "../cuts/ring";
import { createShop, type Shop } from "../cuts/shop";
import { readAnswers } from "./answers";
import type { Command, PowerCutPlan } from "./command-sequence";
import { startAgain } from "./happening";

/** What is seen of a machine after one command. */
export interface Step {
  readonly said: string;
  /** What the module sent, and all bytes that it had printed. */
  readonly answers: readonly string[];
  readonly paper: Bytes;
  readonly sectors: FlashSnapshot["sectors"];
  /** How often the power failed. */
  readonly cuts: number;
  /** The module did what no module may: an assertion failed, or it fell silent. Nothing follows. */
  readonly stopped: string | undefined;
}

/** A reset that was asked for happens once. */
const resetsMax = 2;

export function liveRegister(machine: Machine, commands: readonly Command[]): Step[] {
  const heard: Bytes[] = [];
  const board = listening(createBoard(ringGeometry), bytes => heard.push(bytes));
  const shop = createShop(board, machine);
  const steps: Step[] = [];
  shop.boot();
  for (const command of commands) {
    const { cuts, ...rest } = runOrStop(shop, command);
    const { sectors } = board.state().flash;
    board.line.read();
    steps.push({ ...rest, cuts, answers: readAnswers(concat(heard.splice(0))), paper: board.paper(), sectors });
    board.tearOff();
    if (rest.stopped !== undefined) break;
  }
  return steps;
}

/** The same board; `hear` gets what the module has sent, when the host reads it. */
function listening(board: WatchedBoard, hear: (bytes: Bytes) => void): WatchedBoard {
  const { line } = board;
  const read = (): Bytes => {
    const bytes = line.read();
    if (bytes.length > 0) hear(bytes);
    return bytes;
  };
  return { ...board, line: { ...line, read } };
}

type Outcome = Pick<Step, "said" | "cuts" | "stopped">;

function runOrStop(shop: Shop, command: Command): Outcome {
  try {
    return runCut(shop, command);
  } catch (error) {
    return { said: "stopped", cuts: 0, stopped: error instanceof Error ? error.message : String(error) };
  } finally {
    shop.board.observe(undefined);
  }
}

/** After the power failed the register starts again, which may be cut too, as often as the plan says. */
function runCut(shop: Shop, { run, cuts }: Command): Outcome {
  const words: string[] = [];
  let step = run;
  for (let cutsMade = 0; words.length <= cuts.length + resetsMax; ) {
    cutLater(shop.board, cuts[cutsMade]);
    try {
      words.push(step(shop));
      return { said: words.join(", "), cuts: cutsMade, stopped: undefined };
    } catch (error) {
      if (error instanceof PowerLost) cutsMade += 1;
      else if (!(error instanceof ResetRequested)) throw error;
      words.push(error.name);
      step = startAgain;
    }
  }
  throw new Error("the module resets itself again and again");
}

/** The power fails in the middle of the call that the plan names. */
function cutLater(board: WatchedBoard, plan: PowerCutPlan | undefined): void {
  let callsLeft = plan?.afterCalls ?? 0;
  const fail = ({ placeThousandths, tear, eraseState }: PowerCutPlan, call: Call): never => {
    board.observe(undefined);
    const lengthBytes = call.kind === "program" ? call.data.length : 0;
    const afterBytes = Math.floor((lengthBytes * placeThousandths) / 1000);
    if (call.kind === "program") board.tear(call, { afterBytes, tear });
    if (call.kind === "erase") board.tear(call, { afterCalls: 0, eraseState, tear });
    throw new PowerLost();
  };
  const count = (call: Call): void => {
    if (plan !== undefined && callsLeft === 0) fail(plan, call);
    callsLeft -= 1;
  };
  board.observe(plan === undefined ? undefined : count);
}
