/** The driver and the uplink over the real module: the image in Lua behind a pseudo-terminal, and the OFD server. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { openShop, type Shop, sampleReceipt } from "../../host/cli/shop";
import { type FiscalDevice, openFiscalDevice, type SaleStep } from "../../host/device/fiscal-device";
import { readReceiptRequest } from "../../host/register/receipt-request";
import { createUplink, type Uplink, type UplinkEvent } from "../../host/uplink/uplink";
import type { Answer } from "../../protocol/commands";

interface Context {
  home: string;
  shop: Shop;
  device: FiscalDevice;
  uplink: Uplink;
  events: UplinkEvent[];
}
const test = suite<Context>("driver with a board");
const { lines: sampleLines, ...sampleHead } = JSON.parse(readFileSync(sampleReceipt, "utf8"));
const small = {
  ...sampleHead,
  lines: sampleLines.slice(0, 1),
  discount: undefined,
  payments: [{ kind: "cash", sum: 130000 }],
};
const { upload, lines } = readReceiptRequest(JSON.parse(JSON.stringify(small)));

test.before(async context => {
  context.home = mkdtempSync(join(tmpdir(), "kassa-driver-"));
  const options = { isOnAnyPort: true, isBlank: false, baud: 921600, onProgress() {} };
  context.shop = await openShop({ ...options, home: context.home });
  // Its place at the port is ours.
  await context.shop.register.stop();
  context.device = openFiscalDevice({ home: context.home });
  context.events = [];
  context.uplink = createUplink(context.device, { onEvent: event => context.events.push(event) });
  await context.device.present(10_000);
});
test.after(async ({ home, shop, device, uplink }) => {
  await uplink?.close();
  await device?.close();
  await shop?.close();
  rmSync(home, { recursive: true, force: true });
});

/** Asks the board for a fault. */
function fault({ home }: Context, request: object): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(join(home, "run", "board.sock"));
    socket.on("error", reject);
    socket.on("data", () => {
      socket.end();
      resolve();
    });
    socket.write(`${JSON.stringify(request)}\n`);
  });
}

/** Sells, with something that happens at one step, and checks that it is one document with the next number. */
async function sellOnce(context: Context, key: string, at?: SaleStep, act?: () => Promise<void>): Promise<Answer> {
  const { device } = context;
  const signIn = async (): Promise<Buffer> => (await device.login(1, "0000")).session;
  const session = await signIn();
  await device.tryNow();
  const before = (await device.info()).documentNumber;
  let acted: Promise<void> | undefined;
  const onStep = (step: SaleStep): void => {
    acted ??= step === at ? act?.() : undefined;
  };
  const done = await device.sellDocument({ session, key, upload, lines, renewSession: signIn, onStep });
  await acted;
  await device.present(10_000);
  assert.is(done.answer?.number, before + 1);
  assert.is((await device.info()).documentNumber, before + 1, "one document and no more");
  return done.answer!;
}

test("a receipt is carried to the operator and back", async context => {
  const answer = await sellOnce(context, "online");
  assert.is(answer.outcome, "online");
  // The next frame may be on its way already.
  const answered = context.events.findLast(({ kind }) => kind === "answered");
  const ofThisFrame = context.events.filter(({ frame }) => frame === answered?.frame).map(({ kind }) => kind);
  assert.equal(
    ofThisFrame.filter(kind => kind === "sent" || kind === "answered"),
    ["sent", "answered"],
  );
  assert.is(context.device.state().baud, 921600);
});

for (const step of ["uploaded", "submitted", "journalled"] as const) {
  test(`unplugged when ${step}, the sale ends as one document`, async context => {
    await sellOnce(context, `unplug-${step}`, step, () => fault(context, { verb: "unplug", forMs: 300 }));
  });

  test(`without power when ${step}, the sale ends as one document`, async context => {
    await sellOnce(context, `power-${step}`, step, () => fault(context, { verb: "cut-power", offMs: 300 }));
  });
}

test("noise on the line costs repeats and nothing else", async context => {
  await fault(context, { verb: "line", noise: 0.0001 });
  await sellOnce(context, "noise-1");
  await sellOnce(context, "noise-2");
  await fault(context, { verb: "line", noise: 0 });
});

test("a known key is answered from memory, another body is refused", async context => {
  const { device } = context;
  const { session } = await device.login(1, "0000");
  const again = await device.sellDocument({ session, key: "online", upload, lines });
  assert.is(again.answer?.number, 1);
  const other = readReceiptRequest({ ...JSON.parse(JSON.stringify(small)), language: "kk" });
  try {
    await device.sellDocument({ session, key: "online", ...other });
    assert.unreachable();
  } catch (error) {
    assert.is((error as { code: string }).code, "KEY_REUSED");
  }
});

test.run();
