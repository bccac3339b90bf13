/** One receipt, end to end, on the boards that are not the emulator: what `start --json` tells is true of them too. */
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateSync } from "node:zlib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { boardKinds } from "../../host/cli/board-kind";
import { journalVerify } from "../../host/cli/journal";
import { sampleReceipt } from "../../host/cli/shop";
import { openSqliteStore } from "../../host/ofd/store/sqlite";
import { readLogItem, textIn } from "../../host/register/log-item";
import type { Bytes } from "../../protocol/bytes";
import { createItemSplitter, feedItems } from "../../protocol/journal-read";
import { drawEscpos } from "../../protocol/paper/escpos-read";
import { outcomeKey, recordType } from "../../protocol/records";
import { decodePicture, qrTextOf } from "../protocol/paper/picture";
import { endOf, type StartReport, start, startOnce } from "./start-command";

const kinds = ["linux", "firmata"] as const;
const test = suite<{ home: string; reports: Map<string, Promise<StartReport>> }>("one receipt on each board");
const image = new URL("../../build/image.luac", import.meta.url);
const latin1 = (bytes: Buffer): Bytes => bytes.toString("latin1") as Bytes;
const deflate = (bytes: Bytes): Bytes => latin1(deflateSync(Buffer.from(bytes, "latin1")));

test.before(context => {
  context.home = mkdtempSync(join(tmpdir(), "kassa-boards-"));
  // Each in a home of its own: at the same time.
  context.reports = new Map(kinds.map(kind => [kind, startOnce(join(context.home, kind), ["--board", kind])]));
  for (const report of context.reports.values()) report.catch(() => undefined);
});
test.after(({ home }) => rmSync(home, { recursive: true, force: true }));

for (const kind of kinds) {
  test(`--board ${kind} sells the sample, and what it tells is true`, async ({ reports }) => {
    const report = await reports.get(kind)!;
    const total = JSON.parse(readFileSync(sampleReceipt, "utf8")).payments.reduce(
      (sum: number, payment: { sum: number }) => sum + payment.sum,
      0,
    );
    assert.equal([report.board, report.documentNumber, report.totalTiyn], [kind, 1, total]);
    assert.is(report.imageSha256, createHash("sha256").update(readFileSync(image)).digest("hex"));
    const paper = readFileSync(report.paperPng);
    const drawn = drawEscpos(latin1(readFileSync(report.escpos)), { columns: 48, deflate });
    assert.ok(Buffer.from(drawn, "latin1").equals(paper), "the picture is what the printer's bytes draw");
    assert.is(qrTextOf(await decodePicture(latin1(paper))), report.qrUrl);
    assert.equal(signsIn(report), [report.fiscalSign]);
    assert.equal(await operatorsSigns(report, kind), [report.fiscalSign]);
  });
}

test("a board whose shift is open is not told another port of the operator: the taken one is named", async context => {
  await context.reports.get("linux");
  const home = join(context.home, "linux");
  const { kinds: told } = JSON.parse(readFileSync(join(home, "run", "ofd-ports.json"), "utf8"));
  const holder = createServer();
  await new Promise<void>(resolve => holder.listen(told.linux, "127.0.0.1", resolve));
  const shop = start(home, ["--once", "--json", "--lang", "en", "--board", "linux"]);
  const code = await endOf(shop).finally(() => holder.close());
  assert.is(code, 3, shop.said().stderr);
  assert.match(
    shop.said().stderr,
    `OFD_MOVED: The register's shift is open and it looks for the operator at another port than the server's: ${told.linux}`,
  );
  const { code: refusal, facts } = JSON.parse(shop.said().stdout);
  assert.equal([refusal, facts.expected], ["OFD_MOVED", told.linux]);
});

/** Signs of the outcomes in its log, which verifies. */
function signsIn({ journal, publicKey }: StartReport): (string | undefined)[] {
  assert.is(journalVerify(journal, publicKey).ok, true);
  const { items } = feedItems(createItemSplitter(), latin1(readFileSync(journal)));
  const read = items.map(item => readLogItem(Buffer.from(item, "latin1")));
  return read.filter(item => item?.type === recordType.outcome).map(item => textIn(item!.payload!, outcomeKey.sign));
}

async function operatorsSigns({ ofdStore }: StartReport, kind: (typeof kinds)[number]): Promise<string[]> {
  const store = await openSqliteStore(ofdStore);
  const documents = await store.documents(1_000_001 + boardKinds.indexOf(kind), -1);
  await store.close();
  return documents.map(({ ticketNumber }) => ticketNumber);
}

test.run();
