/** The module of a running shop, spoken to beside the service: nothing here comes from the service's mirror. */
import { brokerSocket } from "../../host/device/broker";
import { brokerScheme } from "../../host/device/connection";
import { type FiscalDevice, openFiscalDevice } from "../../host/device/fiscal-device";
import { readLogItem, textIn } from "../../host/register/log-item";
import { documentKey } from "../../protocol/document";
import { recordType } from "../../protocol/records";

const presentMaxMs = 10_000;

/** Does something at the module, as a technician beside the running service. */
export async function atModule<T>(
  home: string,
  work: (device: FiscalDevice, session: Buffer) => Promise<T>,
): Promise<T> {
  const device = openFiscalDevice({ home, port: brokerScheme + brokerSocket(home) });
  try {
    await device.present(presentMaxMs);
    return await work(device, (await device.login(1, "0000")).session);
  } finally {
    await device.close();
  }
}

/** Sends the module's frames to another port of this machine. */
export const moveOfd = (home: string, port: number): Promise<void> =>
  atModule(home, (device, session) => device.ofdAddress(session, "127.0.0.1", port));

/** The keys of all documents in the module's log, oldest first. */
export async function keysOnFlash(home: string): Promise<(string | undefined)[]> {
  const items = await atModule(home, itemsOnFlash);
  return items
    .map(readLogItem)
    .flatMap(item => (item?.type === recordType.document ? [textIn(item.payload!, documentKey.key)] : []));
}

async function itemsOnFlash(device: FiscalDevice, session: Buffer): Promise<Buffer[]> {
  const items: Buffer[] = [];
  let lastSeq = (await device.info()).sequence;
  for (let seq = 1; seq <= lastSeq; seq++) {
    const record = await device.logRecord(session, seq);
    items.push(record.item);
    lastSeq = record.lastSeq;
  }
  return items;
}
