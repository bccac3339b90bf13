/** The ways to a real printer, over real sockets, pseudo-terminals and pipes, with a printer that draws behind them. */
import { execFileSync } from "node:child_process";
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createDrawnPrinter, type DrawnPrinter, type PrintedPaper } from "../../emulator/drawn-printer";
import { openPty, type Pty } from "../../emulator/pty";
import { start } from "../../firmware/start";
import { unreadBytesMax, urlLengthMax, waitingBytesMax } from "../../hal/printer-port/limits";
import { openPort, type PrinterPort } from "../../hal/printer-port/port";
import { openPrinterPort } from "../../hal/printer-port/printer-port";
import { parsePrinterUrl } from "../../hal/printer-port/printer-url";
import { findProfile } from "../../hal/printers";
import { testGeometry } from "../../hal/sim/geometry";
import { type Bytes, emptyBytes, repeatByte, slice } from "../../protocol/bytes";
import { toHex } from "../../protocol/hex";
import { dleEot, gsR1, isDleEotRequest } from "../../protocol/paper/escpos-write";
import { createNodeMachine, type Machine } from "../cuts/machine";
import { oneLine } from "../cuts/receipts";
import { openShop, type Shop } from "../cuts/shop";
import { escposOf, piecesOf, receipt } from "../protocol/paper/receipt";

const profile = findProfile("epson-tm-t20")!;
const paperBytes = escposOf(piecesOf(receipt), profile);
const folder = mkdtempSync(path.join(tmpdir(), "kassa-printer-"));
test.after(() => rmSync(folder, { recursive: true }));

/** Where a printer can be plugged in. */
interface Socketed {
  readonly url: string;
  plug(printer: DrawnPrinter): Promise<void>;
  unplug(): Promise<void>;
}

/** Polls for up to five seconds. */
async function until(what: string, isTrue: () => boolean): Promise<void> {
  for (let tries = 0; tries < 2500; tries++) {
    if (isTrue()) return;
    await new Promise(resolve => setTimeout(resolve, 2));
  }
  assert.unreachable(`within five seconds ${what}`);
}

function open(url: string): PrinterPort {
  const port = openPrinterPort(url);
  if ("code" in port) {
    throw new Error(`${port.code}: expected ${port.expected}, got ${port.got}`);
  }
  return port;
}

const isOpen = (port: PrinterPort): Promise<void> => until("the port is open", () => port.state().open);

/** Offers everything as the module does, 256 bytes at a time. */
async function send(port: PrinterPort, data: Bytes): Promise<void> {
  let rest = data;
  await until("the printer takes everything", () => {
    const taken = port.write(slice(rest, 0, Math.min(256, rest.length)));
    rest = slice(rest, taken, rest.length);
    return rest.length === 0;
  });
}

/** Asks, and gives all that came until there was an answer. */
async function ask(port: PrinterPort, question: Bytes): Promise<string> {
  let answers = emptyBytes;
  await send(port, question);
  await until("the printer answers", () => {
    answers = (answers + port.read(16)) as Bytes;
    return answers.length > 0;
  });
  return toHex(answers);
}

function drawing() {
  const papers: PrintedPaper[] = [];
  const printer = createDrawnPrinter({ profile, onPaper: paper => papers.push(paper) });
  return { printer, papers };
}

const directPaper = (() => {
  const { printer, papers } = drawing();
  for (let at = 0; at < paperBytes.length; ) {
    at += printer.write(slice(paperBytes, at, Math.min(at + 256, paperBytes.length)));
  }
  return papers[0]!;
})();

// Places.

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise(resolve => server.close(resolve));
  return port;
}

/** A server on loopback that keeps its number; `onSocket` is the printer. */
async function createTcpPlace(onSocket: (socket: Socket, printer: DrawnPrinter) => void): Promise<Socketed> {
  const port = await freePort();
  let server: Server | undefined;
  let sockets: Socket[] = [];
  return {
    url: `tcp://127.0.0.1:${port}`,
    plug: printer =>
      new Promise(resolve => {
        server = createServer(socket => {
          sockets.push(socket);
          socket.on("error", () => socket.destroy());
          onSocket(socket, printer);
        }).listen(port, "127.0.0.1", resolve);
      }),
    async unplug() {
      for (const socket of sockets) socket.destroy();
      sockets = [];
      await new Promise(resolve => server?.close(resolve));
    },
  };
}

const tcpPlace = (): Promise<Socketed> =>
  createTcpPlace((socket, printer) =>
    socket.on("data", data => {
      printer.write(data.toString("latin1") as Bytes);
      socket.write(printer.read(64), "latin1");
    }),
  );

/** A pseudo-terminal with the same name each time. */
async function ptyPlace(urlOf: (link: string) => string): Promise<Socketed> {
  const link = path.join(mkdtempSync(path.join(folder, "tty-")), "printer");
  let pty: Pty | undefined;
  return {
    url: urlOf(link),
    async plug(printer) {
      const plugged = openPty(bytes => {
        printer.write(bytes as Bytes);
        plugged.write(printer.read(64));
      });
      pty = plugged;
      symlinkSync(pty.path, link);
    },
    async unplug() {
      rmSync(link, { force: true });
      pty?.close();
    },
  };
}

const places: readonly (readonly [name: string, create: () => Promise<Socketed>])[] = [
  ["tcp", tcpPlace],
  ["lp", () => ptyPlace(link => `lp:${link}`)],
  ["serial", () => ptyPlace(link => `serial:${link}?baud=115200`)],
];

for (const [name, create] of places) {
  test(`${name}: a receipt comes out as it does without a wire, and the printer answers`, async () => {
    const place = await create();
    const { printer, papers } = drawing();
    await place.plug(printer);
    const port = open(place.url);
    await isOpen(port);
    assert.is(await ask(port, dleEot(4)), "12");
    await send(port, paperBytes);
    assert.is(await ask(port, gsR1), "00");
    assert.is(papers.length, 1);
    assert.is(papers[0]!.escpos.toString("latin1"), paperBytes);
    assert.ok(papers[0]!.png.equals(directPaper.png));
    port.close();
    await place.unplug();
  });

  test(`${name}: unplugged inside a line, that paper is never confirmed, and the next one is whole`, async () => {
    const place = await create();
    const { printer, papers } = drawing();
    await place.plug(printer);
    const port = open(place.url);
    await isOpen(port);
    await send(port, slice(paperBytes, 0, 1000));
    await place.unplug();
    await until("the break is noticed", () => port.write(repeatByte(0x41, 100)) === 0 && !port.state().open);
    assert.ok(port.state().reason);
    assert.is(port.write(dleEot(4)), 0);
    await place.plug(printer);
    await isOpen(port);
    assert.is(port.write(slice(paperBytes, 1000, 1100)), 0);
    assert.is(port.write(gsR1), gsR1.length);
    assert.is(await ask(port, dleEot(4)), "12");
    await send(port, paperBytes);
    assert.is(await ask(port, gsR1), "00");
    assert.equal(
      papers.map(({ torn }) => torn),
      [true, false],
    );
    assert.ok(paperBytes.startsWith(papers[0]!.escpos.toString("latin1").replace(/A+$/, "")));
    assert.is(papers[1]!.escpos.toString("latin1"), paperBytes);
    port.close();
    await place.unplug();
  });

  test(`${name}: a printer that is not there yet is found when it comes`, async () => {
    const place = await create();
    const port = open(place.url);
    await until("it says why not", () => port.state().reason !== "not open yet");
    assert.is(port.write(dleEot(4)), 0);
    assert.is(port.write(gsR1), 0);
    assert.is(port.read(16), "");
    await place.plug(drawing().printer);
    await isOpen(port);
    assert.is(await ask(port, dleEot(4)), "12");
    port.close();
    await place.unplug();
  });

  test(`${name}: at once it takes no more than its buffer, a question whole or not at all, and nothing when closed`, async () => {
    const place = await create();
    await place.plug(drawing().printer);
    const port = open(place.url);
    await isOpen(port);
    const taken = port.write(repeatByte(0, 100_000));
    assert.ok(taken > 0 && taken <= waitingBytesMax, `${taken} bytes`);
    assert.ok([0, 3].includes(port.write(dleEot(4))));
    port.close();
    assert.equal(port.state(), { open: false, reason: "closed" });
    assert.is(port.write(dleEot(4)), 0);
    port.close();
    await place.unplug();
  });
}

test("tcp: a printer that stops reading stops the writer", async () => {
  const place = await createTcpPlace(socket => socket.pause());
  await place.plug(drawing().printer);
  const port = open(place.url);
  await isOpen(port);
  // The system's own buffers take some megabytes on loopback.
  const systemBytesMax = 32 * 1024 * 1024;
  let total = 0;
  let idle = 0;
  for (; idle < 200 && total < systemBytesMax; ) {
    const taken = port.write(repeatByte(0, waitingBytesMax));
    total += taken;
    idle = taken === 0 ? idle + 1 : 0;
    await new Promise(resolve => setImmediate(resolve));
  }
  assert.ok(total < systemBytesMax, `${total} bytes`);
  assert.is(port.write(gsR1), 0);
  assert.ok(port.state().open);
  port.close();
  await place.unplug();
});

test("tcp: a printer that talks without end is cut short", async () => {
  const place = await createTcpPlace(socket => socket.write("A".repeat(100_000)));
  await place.plug(drawing().printer);
  const port = open(place.url);
  let heard = "";
  await until("it is heard", () => {
    heard = port.read(100_000);
    return heard.length > 0;
  });
  assert.ok(heard.length <= unreadBytesMax);
  port.close();
  await place.unplug();
});

test("lp: a pipe is written only; full, it takes nothing and loses nothing; without reader it is gone", async () => {
  const pipe = path.join(folder, "pipe");
  execFileSync("mkfifo", [pipe]);
  const reader = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
  const port = open(`lp:${pipe}`);
  await isOpen(port);
  let sent = "";
  for (let line = 0, taken = -1; taken !== 0; line++) {
    const text = `${line}\n`.padStart(64) as Bytes;
    taken = port.write(text);
    sent += slice(text, 0, taken);
    assert.ok(sent.length < 100_000);
  }
  assert.is(port.read(16), "");
  let got = "";
  const buffer = Buffer.alloc(4096);
  await until("everything arrives", () => {
    try {
      got += buffer.toString("latin1", 0, readSync(reader, buffer));
    } catch {
      // Nothing to read just now.
    }
    return got.length >= sent.length;
  });
  assert.is(got, sent);
  closeSync(reader);
  await until("the break is noticed", () => port.write(repeatByte(0, 8)) === 0 && !port.state().open);
  port.close();
});

test("lp: a file is no printer and is not written", async () => {
  const file = path.join(folder, "file");
  writeFileSync(file, "");
  const port = open(`lp:${file}`);
  await until("it is refused", () => /is no device/.test(port.state().reason ?? ""));
  assert.is(port.write(dleEot(4)), 0);
  port.close();
});

// The module over a wire that breaks, in virtual time; only the pause before the next try is real.

function openShopOn(port: PrinterPort): { shop: Shop; pass(ms: number): void } {
  const node = createNodeMachine(start);
  const machine: Machine = {
    ...node,
    boot: hal => node.boot({ ...hal, printer: port, board: { ...hal.board, printer: profile } }),
  };
  const shop = openShop(testGeometry, machine);
  const pass = (ms: number): void => {
    for (let passedMs = 0; passedMs < ms; ) {
      const stepMs = Math.max(machine.tick(), 5);
      shop.board.wait(stepMs);
      passedMs += stepMs;
    }
  };
  return { shop, pass };
}

/** A wire that is pulled out when so many bytes of papers have passed, as soon as `pull` is called. */
function breakingWire(printer: DrawnPrinter) {
  let leftBytes = Number.POSITIVE_INFINITY;
  let broken = (_reason: string): void => undefined;
  const port = openPort(events => {
    broken = events.broken;
    events.opened({
      offer(data) {
        const taken = slice(data, 0, Math.min(data.length, leftBytes));
        leftBytes -= isDleEotRequest(data) ? 0 : taken.length;
        return printer.write(taken);
      },
      fetch: () => printer.read(64),
      close: () => undefined,
    });
    return () => undefined;
  });
  return {
    port,
    holdAfter(bytes: number): void {
      leftBytes = bytes;
    },
    pull(): void {
      leftBytes = Number.POSITIVE_INFINITY;
      broken("pulled out");
    },
  };
}

function printThrough(heldBytes: number | undefined) {
  const { printer, papers } = drawing();
  const wire = breakingWire(printer);
  const { shop, pass } = openShopOn(wire.port);
  if (heldBytes !== undefined) wire.holdAfter(heldBytes);
  shop.sell({ key: "first", receipt: oneLine });
  pass(1000);
  return { ...wire, papers, shop, pass };
}

const wholePaper = printThrough(undefined);
const wholeBytes = wholePaper.papers[0]!.escpos.length;
wholePaper.port.close();

for (const [where, heldBytes] of [
  ["in the middle of the paper", wholeBytes - waitingBytesMax - 500],
  ["when the module has given its last byte and could not yet ask", wholeBytes - waitingBytesMax + 1],
  ["when the question is under way", wholeBytes - 10],
] as const) {
  test(`a wire that breaks ${where}: the paper comes again, marked, and only that one counts`, async () => {
    const { port, pull, papers, shop, pass } = printThrough(heldBytes);
    assert.equal(papers, []);
    assert.is(shop.status().printer.pending, 1);
    pull();
    await isOpen(port);
    pass(60_000);
    assert.equal(
      papers.map(({ torn }) => torn),
      [true, false],
    );
    assert.match(papers[1]!.text, "Қайта басылды/Повторная печать");
    assert.match(papers[1]!.text, "Фискалдық чек/Фискальный чек");
    assert.is(shop.status().printer.pending, 0);
    port.close();
  });
}

test("a URL names host, path and speed", () => {
  const cases: readonly (readonly [url: string, options: object])[] = [
    ["tcp://printer", { host: "printer", port: 9100 }],
    ["tcp://192.168.1.7:9101/", { host: "192.168.1.7", port: 9101 }],
    ["tcp://[fe80::1]:9100", { host: "fe80::1", port: 9100 }],
    ["lp:/dev/usb/lp0", { path: "/dev/usb/lp0" }],
    ["serial:/dev/ttyUSB0?baud=38400", { path: "/dev/ttyUSB0", baud: 38400, flow: "none" }],
    ["serial:/dev/ttyS1?flow=rtscts&baud=9600", { path: "/dev/ttyS1", baud: 9600, flow: "rtscts" }],
  ];
  for (const [url, options] of cases) {
    const address = parsePrinterUrl(url);
    assert.equal("options" in address ? address.options : address, options);
  }
});

test("a URL that names no printer is refused with what was expected and what was got", () => {
  const cases: readonly (readonly [url: string, expected: RegExp])[] = [
    ["", /^tcp:/],
    ["http://printer", /^tcp:/],
    ["usb:/dev/usb/lp0", /^tcp:/],
    ["tcp://", /host/],
    ["tcp://:9100", /host/],
    ["tcp://user@printer", /host/],
    ["tcp://printer:9100/queue", /host/],
    ["tcp://printer:0", /port from 1/],
    ["tcp://printer:65536", /port from 1/],
    ["lp:", /path/],
    ["lp:lp0", /path/],
    ["lp:/dev/lp0\0", /path/],
    ["serial:?baud=9600", /path/],
    ["serial:/dev/ttyS0", /baud/],
    ["serial:/dev/ttyS0?baud=fast", /baud/],
    ["serial:/dev/ttyS0?baud=12345", /baud/],
    ["serial:/dev/ttyS0?baud=9600&baud=9600", /each once/],
    ["serial:/dev/ttyS0?baud=9600&parity=even", /nothing else/],
    ["serial:/dev/ttyS0?baud=9600?", /baud/],
    ["serial:/dev/ttyS0?baud=9600&flow=xon", /flow/],
    [`tcp://${"a".repeat(urlLengthMax)}`, /characters/],
  ];
  for (const [url, expected] of cases) {
    const refusal = openPrinterPort(url);
    assert.ok("code" in refusal, url);
    if ("code" in refusal) {
      assert.is(refusal.code, "PRINTER_URL");
      assert.match(refusal.expected, expected, url);
      assert.ok(url.startsWith(refusal.got.replace("…", "")));
    }
  }
});

test.run();
