/** Papers and printers that do not behave: the whole module in Node, virtual time. */
import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createDrawnPrinter, type DrawnPrinter, type PrintedPaper } from "../../emulator/drawn-printer";
import { printsMax } from "../../firmware/limits";
import { start } from "../../firmware/start";
import type { PrinterProfile } from "../../hal/hal";
import type { Printer } from "../../hal/printer";
import { testGeometry } from "../../hal/sim/geometry";
import { createSimGpio, type SimGpio } from "../../hal/sim/sim-gpio";
import { sampleReceipt } from "../../host/cli/shop";
import { readReceiptRequest } from "../../host/register/receipt-request";
import { emptyBytes } from "../../protocol/bytes";
import { gsR1 } from "../../protocol/paper/escpos-write";
import { createNodeMachine, type Machine } from "../cuts/machine";
import { oneLine } from "../cuts/receipts";
import { openShop, type Shop } from "../cuts/shop";

const test = suite("printing");
const profile: PrinterProfile = {
  name: "test",
  columns: 48,
  letters: "raster",
  codeTable: 53,
  qr: "raster",
  confirms: true,
  cutter: true,
};

interface Printing {
  readonly shop: Shop;
  readonly gpio: SimGpio;
  readonly papers: readonly PrintedPaper[];
  /** Two minutes pass. */
  wait(): void;
}

/** A shop whose printer draws; `change` makes it a printer that does not behave. */
function openPrinting(change: (printer: Printer) => Printer, own: Partial<PrinterProfile> = {}): Printing {
  const papers: PrintedPaper[] = [];
  const drawn = createDrawnPrinter({ profile: { ...profile, ...own }, onPaper: paper => papers.push(paper) });
  const printer = change(drawn);
  const gpio = createSimGpio();
  const node = createNodeMachine(start);
  const machine: Machine = {
    ...node,
    boot: hal => node.boot({ ...hal, printer, gpio, board: { ...hal.board, printer: { ...profile, ...own } } }),
  };
  const shop = openShop(testGeometry, machine);
  const wait = (): void => {
    for (let passedMs = 0; passedMs < 120_000; ) {
      const ms = Math.max(machine.tick(), 5);
      shop.board.wait(ms);
      passedMs += ms;
    }
  };
  return { shop, gpio, papers, wait };
}

/** The printer answers DLE EOT, and never GS r. */
const silentAboutPapers = (printer: Printer): Printer => ({
  ...printer,
  write: data => (data === gsR1 ? data.length : printer.write(data)),
});

test("nor does a question that it does not hear bring the paper once more", () => {
  let turn = 0;
  const { shop, papers, wait } = openPrinting(printer => ({
    ...silentAboutPapers(printer),
    read: lengthMax => {
      const answer = printer.read(lengthMax);
      turn += answer.length;
      return turn % 5 === 4 ? emptyBytes : answer;
    },
  }));
  shop.sell({ key: "first", receipt: oneLine });
  for (let minute = 0; minute < 4; minute++) wait();
  assert.is(papers.length, printsMax);
});

test("a printer that never confirms gets a paper twice, then the module waits for a person", () => {
  const { shop, papers, wait } = openPrinting(silentAboutPapers);
  shop.sell({ key: "first", receipt: oneLine });
  wait();
  assert.equal([papers.length, shop.status().printer.pending], [printsMax, 1]);
  assert.throws(() => shop.sell({ key: "second", receipt: oneLine }), /does not come to a sale/);
  wait();
  assert.is(papers.length, printsMax);
  shop.signIn();
  shop.reprint(1);
  wait();
  assert.is(papers.length, printsMax * 2, "who asks for it gets it, and again no more than twice");
});

test("a printer without paper is no printer that fails: it prints however often the roll ran out", () => {
  let isEmpty = false;
  const { shop, papers, wait } = openPrinting(printer => ({
    ...printer,
    write: data => {
      // The roll ends under each of the first papers: what is asked then says so.
      if (data === gsR1 && papers.length <= printsMax) isEmpty = true;
      return printer.write(data);
    },
    read: lengthMax => {
      const answer = printer.read(lengthMax);
      if (answer === emptyBytes || !isEmpty) return answer;
      isEmpty = false;
      return String.fromCharCode(0x0c) as typeof answer;
    },
  }));
  shop.sell({ key: "first", receipt: oneLine });
  wait();
  assert.equal([papers.length, shop.status().printer.pending], [printsMax + 1, 0]);
});

test("cash opens the drawer once, with its receipt, and a repeated paper does not open it again", () => {
  const { shop, gpio, papers, wait } = openPrinting(silentAboutPapers);
  shop.sell({ key: "first", receipt: oneLine });
  wait();
  assert.equal([papers.length, gpio.pulses("drawer"), gpio.isOn("drawer")], [printsMax, 1, false]);
});

test("a receipt without cash leaves the drawer closed", () => {
  const { shop, gpio, papers, wait } = openPrinting(printer => printer);
  const { lines, payments } = JSON.parse(readFileSync(sampleReceipt, "utf8"));
  const [line] = lines;
  const sum = line.price * Number(line.quantity);
  const card = { ...payments.find(({ kind }: { kind: string }) => kind === "card"), sum };
  const { upload } = readReceiptRequest({ operation: "sale", lines: [line], payments: [card] });
  shop.sell({ key: "card", receipt: { bytes: upload, lines: 1 } });
  wait();
  assert.equal([papers.length, gpio.pulses("drawer")], [1, 0]);
});

test("a printer switched off before it was asked has lost what it held: the paper comes again", () => {
  let drawn: DrawnPrinter | undefined;
  const { shop, papers, wait } = openPrinting(printer => {
    drawn = printer as DrawnPrinter;
    return {
      ...printer,
      write(data) {
        if (data === gsR1 && papers.length === 1) drawn?.setOnline(false);
        return printer.write(data);
      },
    };
  });
  shop.sell({ key: "first", receipt: oneLine });
  for (let tick = 0; tick < 200; tick++) {
    shop.status();
    shop.board.wait(50);
  }
  assert.equal([papers.length, shop.status().printer.pending], [1, 1]);
  drawn?.setOnline(true);
  wait();
  assert.equal([papers.length, shop.status().printer.pending], [2, 0]);
});

for (const letters of ["raster", "table"] as const) {
  test(`a paper that stopped anywhere (letters: ${letters}) comes out whole the next time`, () => {
    const pictures = new Set<string>();
    for (let stopAt = 300; stopAt < 5000; stopAt += 371) {
      let left = stopAt;
      let isStuck = false;
      const { shop, papers, wait } = openPrinting(
        printer => ({
          ...printer,
          write: data => {
            if (isStuck) return 0;
            const taken = left === 0 ? 0 : printer.write(data.slice(0, left) as typeof data);
            left -= taken;
            isStuck = left === 0;
            return taken;
          },
        }),
        { letters },
      );
      shop.sell({ key: "first", receipt: oneLine });
      for (let tick = 0; tick < 50; tick++) shop.status();
      shop.board.wait(3000);
      shop.status();
      isStuck = false;
      left = Number.POSITIVE_INFINITY;
      wait();
      const whole = papers.filter(({ torn }) => !torn);
      assert.equal([whole.length, shop.status().printer.pending], [1, 0], `stopped at byte ${stopAt}`);
      pictures.add(whole[0]!.png.toString("base64"));
    }
    assert.is(pictures.size, 1, "each time it is the same paper");
  });
}

test.run();
