/**
 * The register service without its HTTP face: the driver, and what the service keeps around it. Everything here can be
 * killed at any moment; what counts is in the module.
 */
import { join } from "node:path";
import { outcomeKey, printedKey, recordType } from "../../protocol/records";
import type { FiscalDevice } from "../device/fiscal-device";
import { createEventStream, type EventStream } from "./events";
import { type LogItem, numberIn } from "./log-item";
import { createMirror, type Mirror, type MirrorAlarm } from "./mirror";
import { MirrorFailed } from "./mirror-store";
import { createSelling, type Selling } from "./selling";
import { createSessions, type Sessions } from "./sessions";
import { recordEvents, startWatch } from "./watch";

export interface Register {
  readonly device: FiscalDevice;
  readonly sessions: Sessions;
  readonly mirror: Mirror;
  readonly events: EventStream;
  readonly selling: Selling;
  /** What the mirror found wrong with the log since the start, newest last. */
  readonly alarms: readonly MirrorAlarm[];
  close(): Promise<void>;
}

const alarmsMax = 16;
/** Steps of requests whose document the mirror has not seen yet. */
const stepsWaitingMax = 1000;

export function createRegister(device: FiscalDevice, home: string): Register {
  const events = createEventStream();
  const sessions = createSessions(device);
  const alarms: MirrorAlarm[] = [];
  const waiting: { key: string; name: string; atMs: number }[] = [];

  /** A sale does not depend on what is noted of it. */
  function noteStep(key: string, name: string, atMs: number): void {
    waiting.push({ key, name, atMs });
    waiting.splice(0, Math.max(0, waiting.length - stepsWaitingMax));
    try {
      keepSteps();
    } catch (error) {
      if (!(error instanceof MirrorFailed)) {
        throw error;
      }
    }
  }

  /** The mirror's file opens with the first look at the module; steps wait for it, and for one that is sound. */
  function keepSteps(): void {
    const store = mirror.store();
    for (let step = waiting[0]; store !== undefined && step !== undefined; step = waiting[0]) {
      store.addStep(step.key, step.name, step.atMs);
      waiting.shift();
    }
  }

  /** Steps that only the log tells, seen while they happened. */
  function noteRecords(items: readonly LogItem[]): void {
    const keys: { readonly [type: number]: { number: number; name: string } } = {
      [recordType.printed]: { number: printedKey.number, name: "printed" },
      [recordType.delivered]: { number: outcomeKey.number, name: "delivered" },
    };
    for (const { type, payload } of items) {
      const step = keys[type];
      const number = step === undefined || payload === undefined ? undefined : numberIn(payload, step.number);
      const [row] = number === undefined ? [] : (mirror.store()?.find({ number }, 1) ?? []);
      if (step !== undefined && row !== undefined) {
        noteStep(row.key, step.name, Date.now());
      }
    }
  }

  const mirror = createMirror(device, join(home, "register"), {
    onItems(items, isFresh) {
      keepSteps();
      if (isFresh) {
        noteRecords(items);
        for (const [name, data] of recordEvents(items, mirror.serial() ?? "")) {
          events.tell(name, data);
        }
      }
    },
    onAlarm(alarm) {
      alarms.push(alarm);
      alarms.splice(0, Math.max(0, alarms.length - alarmsMax));
      events.tell("alarm", alarm);
    },
    onDamage: reason => void process.stderr.write(`mirror put aside: ${reason}\n`),
  });
  const watch = startWatch(device, mirror, sessions, events);
  const selling = createSelling(device, {
    onStep: noteStep,
    onSold(caller) {
      watch.hurry();
      // Whoever looks the receipt up next waits for the mirror anyway; a failure is met there.
      mirror.catchUp(caller.session()).catch(() => {});
    },
  });
  return {
    device,
    sessions,
    mirror,
    events,
    selling,
    alarms,
    async close() {
      events.close();
      await watch.close();
      await mirror.close();
    },
  };
}
