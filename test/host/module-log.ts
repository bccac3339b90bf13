/** The log of a module in a running shop, asked record by record beside the service: nothing comes from its mirror. */
import { brokerSocket } from "../../host/device/broker";
import { brokerScheme } from "../../host/device/connection";
import { openFiscalDevice } from "../../host/device/fiscal-device";
import { readLogItem, textIn } from "../../host/register/log-item";
import { documentKey } from "../../protocol/document";
import { recordType } from "../../protocol/records";

const presentMaxMs = 10_000;

/** The keys of all documents, oldest first. */
export async function keysOnFlash(home: string): Promise<(string | undefined)[]> {
  const items = await itemsOnFlash(home);
  return items
    .map(readLogItem)
    .flatMap(item => (item?.type === recordType.document ? [textIn(item.payload!, documentKey.key)] : []));
}

async function itemsOnFlash(home: string): Promise<Buffer[]> {
  const device = openFiscalDevice({ home, port: brokerScheme + brokerSocket(home) });
  try {
    await device.present(presentMaxMs);
    const { session } = await device.login(1, "0000");
    const items: Buffer[] = [];
    let lastSeq = (await device.info()).sequence;
    for (let seq = 1; seq <= lastSeq; seq++) {
      const record = await device.logRecord(session, seq);
      items.push(record.item);
      lastSeq = record.lastSeq;
    }
    return items;
  } finally {
    await device.close();
  }
}
