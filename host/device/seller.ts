/**
 * Selling, whatever happens on the way: upload → submit → poll until the module's answer is frozen. The link may go, the
 * module may reboot, answers may be lost: the key makes every repetition harmless.
 *
 *   upload ──► submit ──► poll ──► done
 *     ▲          │ ▲        │
 *     │          │ └────────┘  KEY_UNKNOWN: the module does not have it
 *     └──────────┘             UPLOAD_INCOMPLETE
 *   absent, BUSY, a printer still at work: wait, then poll: the module says what it knows
 */
import { createHash } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import type { LookupReply } from "../../protocol/commands";
import { DeviceAbsent, DeviceRefusal } from "./device-error";
import type { FiscalDevice, Sale, SaleStep } from "./device-types";

/** After this long without the module the outcome is unknown to the host. */
const absentMaxMs = 15_000;
/** A sale that the module has not even seen waits less: nothing has happened. */
const absentUnseenMaxMs = 3_000;
/** A module that answers but never freezes its answer: longer than any deadline it has. */
const workMaxMs = 60_000;
const uploadsMax = 8;
const renewalsMax = 3;
const retryPauseMs = 100;
/** 15 s of BUSY: longer than another document can be under way. */
const busyMax = 150;
/** 3 s for the receipts before this one to come out of a healthy printer. */
const printingMax = 30;
const pollFirstMs = 5;
const pollMaxMs = 50;
const pendingPollMs = 150;
const waitingMax = 16;
/** Keys whose outcome a failed flash left open; the oldest is forgotten. */
const openKeysMax = 1000;

type Done = LookupReply & { readonly state: "done" };
type Ask = Pick<FiscalDevice, "present" | "state" | "upload" | "submit" | "lookup">;

/** The uplink of this process, as far as selling goes. */
export interface Carrier {
  /** There is, or will soon be, a frame to carry. */
  wake(): void;
  /** Resolves when the module has taken an answer, or after the time. */
  untilTaken(timeoutMs: number): Promise<void>;
}

/** Makes `sellDocument` of a device: one sale at a time, others wait their turn. */
export function createSeller(device: Ask, carrier: Carrier): (sale: Sale) => Promise<Done> {
  const openKeys = new Set<string>();
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  return async sale => {
    if (waiting >= waitingMax) {
      throw new DeviceRefusal("BUSY", { waiting });
    }
    waiting += 1;
    const mine = last.then(() => sell(device, sale, carrier, openKeys));
    last = mine.catch(() => {});
    try {
      return await mine;
    } finally {
      waiting -= 1;
    }
  };
}

/** Where one sale is and what it has been through. */
interface Course {
  step: "upload" | "submit" | "poll";
  /** Undefined when the module has lost it. */
  session: Buffer | undefined;
  /** The module that this sale belongs to. */
  serial: string | undefined;
  /** True while the module may have it. */
  isSubmitted: boolean;
  state: LookupReply["state"] | undefined;
  pollMs: number;
  uploads: number;
  renewals: number;
  /** How often the module said BUSY, or that its printer is not done. */
  busy: number;
  printing: number;
  readonly tell: (step: SaleStep) => void;
}

async function sell(device: Ask, sale: Sale, carrier: Carrier, openKeys: Set<string>): Promise<Done> {
  const course: Course = {
    step: "upload",
    session: sale.session,
    serial: undefined,
    isSubmitted: false,
    state: undefined,
    pollMs: pollFirstMs,
    uploads: 0,
    renewals: 0,
    busy: 0,
    printing: 0,
    tell: tellOnce(sale.onStep),
  };
  for (const deadline = Date.now() + workMaxMs; Date.now() < deadline; ) {
    try {
      await meet(device, sale, course);
      const reply = await takeStep(device, sale, course);
      if (reply !== undefined && reply.state === "done") {
        openKeys.delete(sale.key);
        course.tell("journalled");
        course.tell("done");
        return reply as Done;
      }
      await follow(reply, course, carrier);
    } catch (error) {
      await recover(flashTruth(error, sale, course, openKeys), device, sale, course);
    }
  }
  throw outcomeUnknown(sale);
}

function tellOnce(onStep: Sale["onStep"]): Course["tell"] {
  const told = new Set<SaleStep>();
  return step => {
    if (!told.has(step)) {
      told.add(step);
      onStep?.(step);
    }
  };
}

/** Waits for the module and for a session. Another module that was plugged in meanwhile must not get the sale too. */
async function meet(device: Ask, sale: Sale, course: Course): Promise<void> {
  const info = device.state().info ?? (await device.present(absentMsOf(course)));
  course.serial ??= info.serial;
  if (info.serial !== course.serial) {
    throw course.isSubmitted ? outcomeUnknown(sale) : new DeviceAbsent("another module is connected");
  }
  if (course.session === undefined) {
    course.session = await sale.renewSession?.();
  }
}

async function takeStep(device: Ask, sale: Sale, course: Course): Promise<LookupReply | undefined> {
  const { key, upload, lines } = sale;
  const session = course.session ?? sale.session;
  if (course.step === "poll") {
    return device.lookup({ session, key });
  }
  if (course.step === "upload") {
    await device.upload(key, upload, session);
    course.uploads += 1;
    course.tell("uploaded");
    course.step = "submit";
  }
  course.isSubmitted = true;
  const sha = createHash("sha256").update(upload).digest();
  const reply = await device.submit({ session, key, len: upload.length, lines, sha });
  course.tell("submitted");
  course.step = "poll";
  return reply;
}

/**
 * Not done yet: wakes the uplink when something changed, and waits a little longer each time. While the operator is
 * asked, the line and the module belong to the frame and its answer: the next look-up waits for those.
 */
async function follow(reply: LookupReply | undefined, course: Course, carrier: Carrier): Promise<void> {
  if (reply?.state !== course.state) {
    course.state = reply?.state;
    course.pollMs = pollFirstMs;
    carrier.wake();
  }
  if (reply?.state === "pending") {
    course.tell("journalled");
    await carrier.untilTaken(pendingPollMs);
    return;
  }
  await pause(course.pollMs);
  course.pollMs = Math.min(course.pollMs * 1.5, pollMaxMs);
}

/** Puts the course right after an exception, or throws it on. */
async function recover(error: unknown, device: Ask, sale: Sale, course: Course): Promise<void> {
  const code = error instanceof DeviceRefusal ? error.code : undefined;
  if (code === "DEVICE_ABSENT") {
    await outlast(error, device, sale, course);
  } else if (code === "BUSY" && course.busy < busyMax) {
    course.busy += 1;
    course.step = "poll";
    await pause(retryPauseMs);
  } else if (code === "PRINT_UNFINISHED" && course.printing < printingMax) {
    course.printing += 1;
    course.step = "submit";
    await pause(retryPauseMs);
  } else if (code === "UPLOAD_INCOMPLETE" && course.uploads < uploadsMax) {
    course.step = "upload";
  } else if (code === "KEY_UNKNOWN" && course.step === "poll") {
    course.isSubmitted = false;
    course.step = course.uploads === 0 ? "upload" : "submit";
  } else if (code === "SESSION_LOST" && sale.renewSession !== undefined && course.renewals < renewalsMax) {
    course.renewals += 1;
    course.session = undefined;
  } else {
    throw error;
  }
}

/**
 * A submit that is refused with FLASH_FAILED stored nothing. Once a submit was taken the document may be stored: what the
 * failed call left is known after a start of the module only, and until then the key stays open.
 */
function flashTruth(error: unknown, sale: Sale, course: Course, openKeys: Set<string>): unknown {
  const isFlash = error instanceof DeviceRefusal && error.code === "FLASH_FAILED";
  if (!isFlash || (course.step !== "poll" && !openKeys.has(sale.key))) {
    return error;
  }
  openKeys.add(sale.key);
  if (openKeys.size > openKeysMax) {
    openKeys.delete(openKeys.values().next().value as string);
  }
  return outcomeUnknown(sale);
}

/** Waits for the module to come back, then asks it first what it knows of the key. */
async function outlast(error: unknown, device: Ask, sale: Sale, course: Course): Promise<void> {
  // The connection of a moment ago may still be closing.
  await pause(retryPauseMs);
  await device.present(absentMsOf(course)).catch(() => {
    throw course.isSubmitted ? outcomeUnknown(sale) : error;
  });
  if (course.isSubmitted) {
    course.step = "poll";
  }
}

const absentMsOf = (course: Course): number => (course.isSubmitted ? absentMaxMs : absentUnseenMaxMs);
const outcomeUnknown = (sale: Sale): DeviceRefusal => new DeviceRefusal("OUTCOME_UNKNOWN", { key: sale.key });
