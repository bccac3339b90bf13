/** The faults and questions of a running board, by the verbs of `kassa emulator`. */
import { type Tear, tears } from "../hal/sim/sim-flash";
import type { BoardHome } from "./board-home";
import { booleanOf, type ControlHandlers, type ControlRequest, numberOf, UsageError } from "./control";
import type { EmulatedBoard } from "./emulated-board";

const dayMs = 24 * 3600 * 1000;
const yearS = 366 * 24 * 3600;
const powerOffMs = 300;

/** `announce` tells the world that the pseudo-terminal has changed. */
export function controlHandlers(board: EmulatedBoard, home: BoardHome, announce: () => void): ControlHandlers {
  const done = {};
  let replug: NodeJS.Timeout | undefined;

  function plug(): void {
    clearTimeout(replug);
    board.line.plug();
    announce();
  }

  return {
    status: () => ({ status: statusOf(board, home) }),
    "cut-power": request => {
      const offMs = numberOf(request, "offMs", 0, dayMs, powerOffMs);
      const onCut = (): void => board.machine.cutPower(offMs);
      if (request.afterBytes === undefined) onCut();
      else board.flash.arm({ afterBytes: numberOf(request, "afterBytes", 0, 1e9), tear: tearOf(request), onCut });
      return done;
    },
    paper: request => {
      board.printer.setPaper(booleanOf(request, "present"));
      board.machine.wake();
      return done;
    },
    cover: request => {
      board.printer.setCover(booleanOf(request, "open"));
      board.machine.wake();
      return done;
    },
    printer: request => {
      board.printer.setOnline(booleanOf(request, "online"));
      board.machine.wake();
      return done;
    },
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
    line: request => {
      if (request.noise !== undefined) board.uart.setNoise(numberOf(request, "noise", 0, 1));
      if (request.baud !== undefined) board.uart.uart.setBaud(numberOf(request, "baud", 300, 4_000_000));
      return done;
    },
    clock: request => {
      if (request.lost === true) board.clock.loseTime();
      else if (request.jumpS !== undefined) board.clock.jump(numberOf(request, "jumpS", -yearS, yearS));
      else board.clock.advance(numberOf(request, "advanceS", 0, yearS) * 1000);
      home.keepClockOffsetS(board.clock.offsetS());
      board.machine.wake();
      return { utcS: board.clock.utcS() ?? null };
    },
  };
}

function tearOf({ tear = "prefix" }: ControlRequest): Tear {
  const known = tears.find(name => name === tear);
  if (known === undefined) throw new UsageError(`tear must be one of ${tears.join(", ")}`);
  return known;
}

function statusOf({ line, machine, printer, uart, clock }: EmulatedBoard, home: BoardHome): object {
  return {
    ...machine.status(),
    tty: line.tty(),
    baud: uart.baud(),
    lostBytes: uart.lostBytes(),
    printer: printer.state(),
    papers: home.papers(),
    utcS: clock.utcS(),
    monotonicMs: clock.monotonicMs(),
  };
}
