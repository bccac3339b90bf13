/**
 * Runs the image as a board does: power on, ticks when the image asks or earlier when something happens, and a new
 * start after a reset, a failed assertion, a bitten watchdog or a power cut.
 */
import { PowerLost } from "../hal/sim/sim-flash";
import { type ResetCause, ResetRequested, type SimSystem } from "../hal/sim/sim-system";
import { type BridgedHal, type RunningImage, startImage } from "../hal/vm/hal-bridge";
import { ImageFailed } from "../hal/vm/image-failed";

export interface MachineOptions {
  readonly image: Uint8Array;
  /** Its functions may answer later. */
  readonly hal: BridgedHal;
  readonly system: SimSystem;
  /** Called before each start: RAM of the devices is gone. */
  readonly onPowerOn: (cause: ResetCause) => void;
  /** Called after each tick: bytes may wait for the line. */
  readonly onTick: () => void;
  readonly log: (message: string) => void;
}

export interface Machine {
  /** Something happened: tick as soon as possible. */
  wake(): void;
  /** Takes the power away for so long: between two ticks, or where PowerLost follows. */
  cutPower(offMs: number): void;
  status(): MachineStatus;
  /** Ends after the current tick. */
  stop(): Promise<void>;
}

export interface MachineStatus {
  readonly running: boolean;
  readonly boots: number;
  readonly lastFailure: string | undefined;
  readonly heapBytes: number;
  readonly heapPeakBytes: number;
}

const heapMaxBytes = 1024 * 1024;
const stepTimeoutMs = 4000;
/** A board's supervisor waits before it tries a failed image again. */
const afterFailureMs = 1000;

/** Why the image ended, and what follows. */
interface Ending {
  readonly cause: ResetCause;
  readonly pauseMs: number;
  readonly failure?: string;
}

export function startMachine(options: MachineOptions): Machine {
  const { hal, system, log } = options;
  const bell = createBell();
  const pause = createBell();
  let stopping = false;
  let cut: Ending | undefined;
  let image: RunningImage | undefined;
  let boots = 0;
  let lastFailure: string | undefined;

  async function runUntilEnd(): Promise<Ending> {
    try {
      image = await startImage({ image: options.image, hal, memoryMaxBytes: heapMaxBytes, stepTimeoutMs });
      return await tickUntilEnd(image);
    } catch (error) {
      return error instanceof PowerLost ? powerOff() : endingOf(error);
    } finally {
      image?.close();
      image = undefined;
    }
  }

  async function tickUntilEnd(running: RunningImage): Promise<Ending> {
    while (!stopping && cut === undefined) {
      const waitMs = await running.tick();
      options.onTick();
      if (system.watchdogBites()) return { cause: "watchdog", pauseMs: 0, failure: "the watchdog was not fed" };
      await bell.wait(waitMs);
    }
    return powerOff();
  }

  const powerOff = (): Ending => cut ?? { cause: "power", pauseMs: 0 };

  async function run(): Promise<void> {
    let cause: ResetCause = "power";
    while (!stopping) {
      boots++;
      cut = undefined;
      options.onPowerOn(cause);
      const ending = await runUntilEnd();
      cause = ending.cause;
      if (ending.failure !== undefined) {
        lastFailure = ending.failure;
        log(`the image failed: ${ending.failure}`);
      }
      if (!stopping) await pause.wait(ending.pauseMs);
    }
  }

  const ended = run();
  return {
    wake: bell.ring,
    cutPower(offMs) {
      cut = { cause: "power", pauseMs: offMs };
      bell.ring();
    },
    status: () => ({
      running: image !== undefined,
      boots,
      lastFailure,
      heapBytes: image?.heapBytes() ?? 0,
      heapPeakBytes: image?.heapPeakBytes() ?? 0,
    }),
    stop() {
      stopping = true;
      bell.ring();
      pause.ring();
      return ended;
    },
  };
}

function endingOf(error: unknown): Ending {
  if (error instanceof ResetRequested) return { cause: "request", pauseMs: 0 };
  const failure = error instanceof Error ? error.message : String(error);
  const isTimeout = error instanceof ImageFailed && error.kind === "timeout";
  return { cause: isTimeout ? "watchdog" : "assert", pauseMs: afterFailureMs, failure };
}

interface Bell {
  ring(): void;
  /** Waits; a ring, also one since the last wait, ends it at once. */
  wait(ms: number): Promise<void>;
}

function createBell(): Bell {
  let rung = false;
  let end = (): void => undefined;
  return {
    ring() {
      rung = true;
      end();
    },
    wait: ms =>
      new Promise(resolve => {
        const isDue = rung || ms <= 0;
        const timer = isDue ? undefined : setTimeout(finish, ms);
        if (isDue) setImmediate(finish);
        else end = finish;
        function finish(): void {
          clearTimeout(timer);
          end = () => undefined;
          rung = false;
          resolve();
        }
      }),
  };
}
