/** The verbs of `kassa emulator`: those of every board's line, and those of a printer that draws. */
import type { SimClock } from "../hal/sim/sim-clock";
import type { SimUart } from "../hal/sim/sim-uart";
import type { BoardHome } from "./board-home";
import type { BoardPrinter, PrinterChoice } from "./board-printer";
import { booleanOf, type ControlHandlers, numberOf, UsageError } from "./control";
import type { RunningBoard } from "./running-board";

export const dayMs = 24 * 3600 * 1000;
export const powerOffMs = 300;
const yearS = 366 * 24 * 3600;
const done = {};

/** Every verb of a running board. `announce` tells the world that the pseudo-terminal has changed. */
export function controlHandlers(board: RunningBoard, announce: () => void): ControlHandlers {
  let replug: NodeJS.Timeout | undefined;

  function plug(): void {
    clearTimeout(replug);
    board.line.plug();
    announce();
  }

  const own: ControlHandlers = {
    status: async () => ({ status: { ...(await board.status()), tty: board.line.tty() } }),
    unplug: request => {
      clearTimeout(replug);
      board.line.unplug();
      announce();
      if (request.forMs !== undefined) replug = setTimeout(plug, numberOf(request, "forMs", 0, dayMs)).unref();
      return done;
    },
    plug: () => {
      plug();
      return done;
    },
  };
  return { ...lacking(board.facts.kind), ...own, ...board.verbs };
}

/** What a board does not offer is refused by its name. */
function lacking(kind: string): ControlHandlers {
  const refuse = (verb: string) => (): never => {
    throw new UsageError(`a board of kind ${kind} has no ${verb}`);
  };
  return Object.fromEntries(
    ["cut-power", "paper", "cover", "printer", "line", "clock", "device"].map(v => [v, refuse(v)]),
  );
}

/** Noise and speed of a simulated line. */
export const uartVerbs = (uart: SimUart): ControlHandlers => ({
  line: request => {
    if (request.noise !== undefined) uart.setNoise(numberOf(request, "noise", 0, 1));
    if (request.baud !== undefined) uart.uart.setBaud(numberOf(request, "baud", 300, 4_000_000));
    return done;
  },
});

/** Paper, cover and switch of a printer that draws; `wake` lets the image look. A real one has its own. */
export const printerVerbs = (
  printer: BoardPrinter,
  wake: () => void,
  { port }: Partial<PrinterChoice> = {},
): ControlHandlers => (port === undefined ? drawnVerbs(printer, wake) : {});

const drawnVerbs = (printer: BoardPrinter, wake: () => void): ControlHandlers => ({
  paper: request => {
    printer.setPaper(booleanOf(request, "present"));
    wake();
    return done;
  },
  cover: request => {
    printer.setCover(booleanOf(request, "open"));
    wake();
    return done;
  },
  printer: request => {
    printer.setOnline(booleanOf(request, "online"));
    wake();
    return done;
  },
});

/** Time passes, or somebody moves the clock; what it says outlives the process. */
export const clockVerbs = (clock: SimClock, home: BoardHome, wake: () => void): ControlHandlers => ({
  clock: request => {
    if (request.lost === true) clock.loseTime();
    else if (request.jumpS !== undefined) clock.jump(numberOf(request, "jumpS", -yearS, yearS));
    else clock.advance(numberOf(request, "advanceS", 0, yearS) * 1000);
    home.keepClockOffsetS(clock.offsetS());
    wake();
    return { utcS: clock.utcS() ?? null };
  },
});
