/**
 * Watches the module: follows its log with the mirror and tells the pages what changed. The module does not call; it is
 * asked once a second, and faster while a receipt is being printed.
 *
 *   device present ─► info ─► log longer? catch up ─► status ─► what differs from last time ─► events
 */
import { setTimeout as pause } from "node:timers/promises";
import { outcomeKey, printedKey, recordType } from "../../protocol/records";
import { DeviceRefusal, type DeviceStatus, type FiscalDevice } from "../device/fiscal-device";
import { receiptId } from "./answer";
import type { EventName, EventStream } from "./events";
import { type LogItem, numberIn } from "./log-item";
import type { Mirror } from "./mirror";
import { MirrorFailed } from "./mirror-store";
import type { Sessions } from "./sessions";

const pollMs = 1000;
const hurryPollMs = 200;
/** A long receipt takes some seconds to print. */
const hurryForMs = 15_000;

export interface Watch {
  /** A receipt has just been signed: its paper comes out now. */
  hurry(): void;
  close(): Promise<void>;
}

type WatchDevice = Pick<FiscalDevice, "on" | "off" | "state" | "info" | "status">;

export function startWatch(device: WatchDevice, mirror: Mirror, sessions: Sessions, events: EventStream): Watch {
  const stop = new AbortController();
  let hurryUntilMs = 0;
  let nextStatusMs = 0;
  let known: DeviceStatus | undefined;
  let said = "";

  async function look(): Promise<void> {
    const { sequence } = await device.info();
    const session = sessions.any();
    if (session !== undefined && sequence !== mirror.lastSequence()) {
      await mirror.catchUp(session).catch(error => sessionLost(error, session));
    }
    if (Date.now() >= nextStatusMs) {
      nextStatusMs = Date.now() + pollMs;
      const status = await device.status();
      for (const [name, data] of differences(known, status)) {
        events.tell(name, data);
      }
      known = status;
    }
  }

  /** Nobody signed in any more: the mirror goes on at the next sign-in. */
  function sessionLost(error: unknown, session: Buffer): void {
    if (!(error instanceof DeviceRefusal) || error instanceof MirrorFailed) {
      throw error;
    }
    sessions.forget(session);
  }

  /** The module's refusals pass by themselves. All else is said, once while it lasts, and never ends the service. */
  function say(error: unknown): void {
    const isSilent = error instanceof DeviceRefusal && !(error instanceof MirrorFailed);
    const words = isSilent ? "" : error instanceof MirrorFailed ? error.message : String((error as Error).stack);
    if (words !== "" && words !== said) {
      process.stderr.write(`watch: ${words}\n`);
    }
    said = words;
  }

  async function loop(): Promise<void> {
    while (!stop.signal.aborted) {
      try {
        if (device.state().present) {
          await look();
          said = "";
        }
      } catch (error) {
        say(error);
      }
      await pause(Date.now() < hurryUntilMs ? hurryPollMs : pollMs, undefined, { signal: stop.signal }).catch(() => {});
    }
  }

  const present = (info: { serial: string }): void =>
    events.tell("device", { present: true, serial: info.serial, port: device.state().port });
  const absent = (reason: string): void => {
    known = undefined;
    events.tell("device", { present: false, reason });
  };
  device.on("present", present);
  device.on("absent", absent);
  const looping = loop();
  return {
    hurry() {
      hurryUntilMs = Date.now() + hurryForMs;
    },
    async close() {
      device.off("present", present);
      device.off("absent", absent);
      stop.abort();
      await looping;
    },
  };
}

/** What a page wants to hear of. The first look tells everything. */
export function differences(before: DeviceStatus | undefined, now: DeviceStatus): [EventName, object][] {
  const told: [EventName, object][] = [];
  const { mode, cause, length } = now.queue;
  if (mode !== before?.queue.mode) {
    told.push([mode, { cause }]);
  }
  if (length !== before?.queue.length) {
    told.push(["queue", { length }]);
  }
  const { paper, cover, online } = now.printer;
  const last = before?.printer;
  if (paper !== last?.paper || cover !== last.cover || online !== last.online) {
    told.push(["paper", { paper, cover, online }]);
  }
  const blocked = new Set(before?.blocks.map(({ code }) => code));
  const blocks = new Set(now.blocks.map(({ code }) => code));
  told.push(
    ...[...blocks].filter(code => !blocked.has(code)).map((code): [EventName, object] => ["blocked", { code }]),
  );
  told.push(
    ...[...blocked].filter(code => !blocks.has(code)).map((code): [EventName, object] => ["unblocked", { code }]),
  );
  return told;
}

const outcomeNames = ["online", "autonomous", "refused"];

/** What new records mean to a page. */
export function recordEvents(items: readonly LogItem[], serial: string): [EventName, object][] {
  return items.flatMap(({ type, payload }): [EventName, object][] => {
    const map = payload ?? new Map();
    const about = (number: number | undefined) => ({ id: receiptId(serial, number ?? 0), documentNumber: number });
    switch (type) {
      case recordType.outcome: {
        const outcome = outcomeNames[numberIn(map, outcomeKey.kind) ?? -1];
        return [["receipt", { ...about(numberIn(map, outcomeKey.number)), outcome }]];
      }
      case recordType.delivered:
        return [["receipt", { ...about(numberIn(map, outcomeKey.number)), outcome: "delivered" }]];
      case recordType.printed:
        return [["printed", about(numberIn(map, printedKey.number))]];
      default:
        return [];
    }
  });
}
