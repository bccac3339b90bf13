/**
 * GET /v1/status: the register at a glance, from the module's own words and the driver's. Needs no sign-in, so it says
 * nothing about buyers, totals or secrets.
 */
import { type DeviceInfo, DeviceRefusal, type DeviceStatus, type FiscalDevice } from "../device/fiscal-device";
import { blockSentence, type Language } from "../texts/index";
import { localTime } from "./answer";

/** Items 29 and 27 of the technical requirements: unsent documents block after 72 h, a shift after 24 h. */
const unsentMaxS = 72 * 3600;
const shiftMaxS = 24 * 3600;

type StatusDevice = Pick<FiscalDevice, "state" | "info" | "status">;

export async function readStatus(device: StatusDevice, alarms: readonly object[], language: Language): Promise<object> {
  const { present, port, baud } = device.state();
  try {
    const [info, status] = [await device.info(), await device.status()];
    return { ...statusOf(status, language), device: { ...deviceOf(info), port, baud }, alarms };
  } catch (error) {
    if (!(error instanceof DeviceRefusal)) {
      throw error;
    }
    return { state: "absent", blocks: [], device: { port, present }, alarms };
  }
}

function deviceOf(info: DeviceInfo): object {
  const { serial, firmware, rnm, bootTrust, board } = info;
  return { serial, firmware, rnm, bootTrust, board };
}

function statusOf(status: DeviceStatus, language: Language): object {
  const local = (utcS: number | undefined): string | undefined =>
    utcS === undefined ? undefined : localTime(utcS, status.offsetMin);
  const after = (utcS: number | undefined, seconds: number): string | undefined =>
    utcS === undefined ? undefined : local(utcS + seconds);
  const { shift, queue, printer, memory } = status;
  return {
    state: status.state === "ready" ? "ready" : "blocked",
    blocks: blocksOf(status, language),
    shift: shiftOf(shift, status.offsetMin),
    queue: {
      length: queue.length,
      oldestAt: local(queue.oldestUtcS),
      blocksAt: after(queue.oldestUtcS, unsentMaxS),
      cause: queue.cause,
    },
    printer,
    memory: {
      daysLeft: memory.bytesPerDay > 0 ? Math.floor(memory.freeBytes / memory.bytesPerDay) : undefined,
      freeBytes: memory.freeBytes,
    },
    clock: local(status.utcS),
    ofd: { mode: queue.mode, channel: 1, lastAnswerAt: local(queue.lastAnswerUtcS) },
  };
}

function shiftOf({ number, open, openedUtcS, documents }: DeviceStatus["shift"], offsetMin: number): object {
  const opened = openedUtcS === undefined ? {} : timesOf(openedUtcS, offsetMin);
  return { number, open, ...opened, documents };
}
const timesOf = (openedUtcS: number, offsetMin: number): object => ({
  openedAt: localTime(openedUtcS, offsetMin),
  expiresAt: localTime(openedUtcS + shiftMaxS, offsetMin),
});

/** GET /v1/shift. */
export async function readShift(device: StatusDevice): Promise<object> {
  const { shift, offsetMin } = await device.status();
  return shiftOf(shift, offsetMin);
}

/** Each block with what to do about it. A board that is not fiscalized is blocked by just that. */
function blocksOf(status: DeviceStatus, language: Language): object[] {
  const blocks = status.blocks.map(({ code, sinceUtcS }) => ({ code, since: localTime(sinceUtcS, status.offsetMin) }));
  const all = status.state === "notFiscalized" ? [...blocks, { code: "NOT_FISCALIZED", since: undefined }] : blocks;
  return all.map(block => ({ ...block, ...blockSentence(block.code, language) }));
}
