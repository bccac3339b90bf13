/** `kassa start`, what `npm start` runs: the whole shop with one command, and a receipt sold in it. */
import { join, relative } from "node:path";
import { BuildFailed } from "../build/bundle";
import { baudWanted } from "../device/fiscal-device";
import { shopRunsSentence } from "../texts/shop";
import { type CommandSpec, numberOption, type Parsed, parseCommand } from "./args";
import { boardKindOf, boardOptions, boardWords, ensureBoardBuilt } from "./board-kind";
import { type FirstSale, sellFirst, testUser } from "./first-sale";
import { homeFolder } from "./home";
import { columns, exitCode, styled, tellCode } from "./output";
import { formatTenge } from "./sell";
import { openShop, type Shop, ShopRuns } from "./shop";
import { ProgramFailed } from "./spawn";

const spec: CommandSpec = {
  usage: "start [--once] [--blank] [--board KIND] [--baud N]",
  about:
    "Builds what is stale, starts a board, an OFD server and the register service, registers the board with test data and sells samples/receipt.json. State is in KASSA_HOME (.kassa).",
  options: {
    once: { type: "boolean", about: "use free ports, sell once, stop" },
    blank: { type: "boolean", about: "leave the board without a taxpayer; sell nothing" },
    ...boardOptions,
    baud: { type: "string", value: "N", about: `speed to raise the line to (default ${baudWanted})` },
  },
  example: "kassa start --once --json",
};

export async function run(args: string[]): Promise<number> {
  const parsed = parseCommand(args, spec);
  const { json } = parsed;
  try {
    return await runShop(parsed, json);
  } catch (error) {
    if (error instanceof ProgramFailed || error instanceof BuildFailed) {
      console.error(error.message);
      return error instanceof BuildFailed ? exitCode.refused : exitCode.absent;
    }
    if (error instanceof ShopRuns) {
      const { home, pid } = error;
      tellCode({ code: "SHOP_RUNS", facts: { home, pid }, ...shopRunsSentence(home, pid, parsed.language) }, json);
      return exitCode.refused;
    }
    throw error;
  }
}

async function runShop(parsed: Parsed, json: boolean): Promise<number> {
  const home = homeFolder();
  const onProgress = (text: string): void => console.error(styled("dim", `kassa: ${text}`));
  onProgress("building the image, if it is stale");
  const boardKind = boardKindOf(parsed);
  const words = boardWords(parsed, boardKind);
  const { sha256 } = await ensureBoardBuilt(boardKind);
  const isOnce = parsed.options.once === true;
  const isBlank = parsed.options.blank === true;
  const baud = numberOption(parsed, "baud", 1200, 4_000_000) ?? baudWanted;
  const shop = await openShop({ home, isOnAnyPort: isOnce, isBlank, baud, boardKind, boardWords: words, onProgress });
  try {
    const sale = isBlank ? undefined : await sellFirst(shop, home);
    console.log(json ? JSON.stringify(reportOf(shop, sha256, home, sale)) : screenOf(shop, home, sale));
    return isOnce ? exitCode.done : await stay(shop);
  } finally {
    await shop.close();
  }
}

/** The object of `npm start -- --once --json`. */
function reportOf(shop: Shop, imageSha256: string, home: string, sale: FirstSale | undefined): object {
  const board = { kind: shop.info.board, serial: shop.info.serial, port: shop.board.facts.tty, rnm: shop.info.rnm };
  const shared = { board: board.kind, serial: board.serial, port: board.port, imageSha256, url: shop.url };
  if (sale === undefined) {
    return shared;
  }
  const { receipt, legsMs, ...files } = sale;
  return {
    ...shared,
    fiscalSign: receipt.fiscalSign,
    qrUrl: receipt.qrUrl,
    documentNumber: receipt.documentNumber,
    totalTiyn: receipt.total,
    ...files,
    ofdStore: ofdStore(shop, home),
    legsMs,
  };
}

const ofdStore = (shop: Shop, home: string): string =>
  String(shop.ofd.facts.store ?? process.env.KASSA_OFD_DB ?? join(home, "ofd", "ofd.db"));

function screenOf(shop: Shop, home: string, sale: FirstSale | undefined): string {
  const { info, board, ofd, url } = shop;
  const here = (file: string): string => relative(process.cwd(), file) || file;
  const shopRows: [string, string][] = [
    ["device", `${info.serial}  ${info.board}  ${String(board.facts.tty ?? board.facts.tcp)}`],
    ["register", `${url}  (${url}/docs)`],
    ["OFD", `127.0.0.1:${String(ofd.facts.port)}  ${here(ofdStore(shop, home))}`],
  ];
  const saleRows: [string, string][] =
    sale === undefined
      ? [["blank", "kassa device fiscalize --card samples/card.json"]]
      : [
          [
            "receipt",
            `№ ${sale.receipt.documentNumber}  ${formatTenge(sale.receipt.total)}  in ${sale.legsMs.total} ms`,
          ],
          [
            "sign",
            styled("green", sale.receipt.fiscalSign) +
              (sale.receipt.autonomous ? `  autonomous: ${sale.receipt.cause}` : ""),
          ],
          ["check", sale.receipt.qrUrl],
          ["paper", here(sale.paperPng)],
          ["log", here(sale.journal)],
        ];
  const curl = `curl -u ${testUser} -H "Idempotency-Key: $(date +%s)" --json @samples/receipt.json ${url}/v1/receipts`;
  return [
    "",
    styled("bold", "Kassa"),
    "",
    columns(shopRows),
    "",
    columns(saleRows),
    "",
    ...(sale === undefined ? [] : ["Sell another:", styled("cyan", curl), ""]),
  ].join("\n");
}

/** Until Ctrl-C, or until one of the processes ends. */
async function stay(shop: Shop): Promise<number> {
  const interrupted = new Promise<undefined>(resolve => {
    process.once("SIGINT", () => resolve(undefined));
    process.once("SIGTERM", () => resolve(undefined));
  });
  console.error("Ctrl-C ends it; the log stays.");
  const ended = await Promise.race([shop.ended, interrupted]);
  if (ended === undefined) {
    return exitCode.done;
  }
  console.error(`kassa: ${ended.name} has ended by itself (${ended.reason}); its messages are in ${ended.log}`);
  return exitCode.absent;
}
