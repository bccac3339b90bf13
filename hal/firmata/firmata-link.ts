/**
 * The line to the device: a session while it works, the next attempt after a pause when it does not, for as long as the
 * board runs. A port that has vanished may come back under another name, so its path is asked each time.
 */
import type { Bytes } from "../../protocol/bytes";
import { type AwayReason, awayBy } from "./away-reason";
import { type FirmataSession, openSession } from "./firmata-session";
import { reopenMs } from "./limits";
import type { WiringName } from "./wiring";

export interface FirmataLinkOptions {
  readonly path: () => string;
  /** The first that fits the device unless told. */
  readonly wiring?: WiringName;
  readonly onUp: (session: FirmataSession) => void;
  /** Told after each failed attempt, and when a session has ended. */
  readonly onDown: (reason: AwayReason) => void;
  /** What the printer sent. */
  readonly onSerial: (bytes: Bytes) => void;
  readonly log: (message: string) => void;
}

export interface FirmataLink {
  close(): Promise<void>;
}

export function openFirmataLink(options: FirmataLinkOptions): FirmataLink {
  let closing = false;
  const abort = new AbortController();
  let session: FirmataSession | undefined;
  let endPause = (): void => undefined;

  function pause(): Promise<void> {
    return new Promise(resolve => {
      const timer = setTimeout(resolve, reopenMs);
      endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** One session, from its opening to its end. */
  async function runOnce(): Promise<AwayReason> {
    const { onSerial, log, wiring } = options;
    const opened = await openSession({ path: options.path(), wiring, onSerial, log, signal: abort.signal });
    if ("code" in opened) return opened;
    session = opened;
    if (closing) session.end(awayBy("CLOSED"));
    else options.onUp(session);
    return session.ended;
  }

  async function run(): Promise<void> {
    while (!closing) {
      options.onDown(await runOnce());
      session = undefined;
      if (!closing) await pause();
    }
  }

  const finished = run();
  return {
    close() {
      closing = true;
      abort.abort();
      endPause();
      session?.end(awayBy("CLOSED"));
      return finished;
    },
  };
}
