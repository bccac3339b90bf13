/** The line to a Firmata board that goes, sticks and comes back; lights, drawer, contacts and printer at its end. */
import { setTimeout as pause } from "node:timers/promises";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { PrintedPaper } from "../../emulator/drawn-printer";
import { openPty } from "../../emulator/pty";
import { openFirmataLink } from "../../hal/firmata/firmata-link";
import { drawerPulseMs, feedButtonLines, flashCallMaxMs } from "../../hal/firmata/limits";
import { wirings } from "../../hal/firmata/wiring";
import type { FlashError } from "../../hal/flash";
import { type Bytes, byteAt, packBytes, repeatByte, utf8 } from "../../protocol/bytes";
import { dleEot, gsR1, parseCoverOpen, parsePaperStatus, parsePrinted } from "../../protocol/paper/escpos-write";
import { type Bench, type BenchOptions, removeFolders, startBench, until } from "./firmata-bench";

const { pins } = wirings.mega;
const benches: Bench[] = [];
test.after.each(async () => {
  for (const bench of benches.splice(0)) await bench.close();
});
test.after(removeFolders);

async function bench(options: BenchOptions = {}): Promise<Bench> {
  const started = await startBench(options);
  benches.push(started);
  return started;
}

const pattern = (lengthBytes: number, seed: number): Bytes =>
  packBytes(Array.from({ length: lengthBytes }, (_, index) => (index * 7 + seed) % 256));
const erased = (lengthBytes: number): Bytes => repeatByte(0xff, lengthBytes);
const kindOf = (answer: Bytes | FlashError | undefined): string | undefined =>
  typeof answer === "object" ? answer.kind : undefined;

// ---- The line ---------------------------------------------------------------------------------------------------------

test("a bus that sticks is told by name within the bound, and works again when it is free", async () => {
  const { board, device, proved } = await bench();
  await board.fiscal.program(0, pattern(8, 5));
  device.faults.stickI2c(true);
  const beganMs = performance.now();
  assert.is(kindOf(await board.fiscal.program(8, pattern(8, 6))), "other");
  assert.ok(performance.now() - beganMs < flashCallMaxMs, `${performance.now() - beganMs} ms`);
  const againMs = performance.now();
  assert.is(kindOf(await board.fiscal.read(0, 8)), "other");
  assert.ok(performance.now() - againMs < 50, "a chip that is away answers at once");
  device.faults.stickI2c(false);
  await proved(2);
  assert.is(await board.fiscal.read(0, 16), pattern(8, 5) + erased(8));
});

test("a board that vanishes answers other at once, says why, and is back by itself", async () => {
  const { board, device, proved } = await bench();
  await board.fiscal.program(0, pattern(16, 2));
  device.unplug();
  await until("the line is away", () => board.status().link === "away");
  assert.ok(["PORT_CLOSED", "PORT_ABSENT"].includes(board.status().reason?.code ?? ""));
  assert.is(kindOf(await board.fiscal.read(0, 8)), "other");
  assert.is(board.printer.write(utf8("A")), 0);
  device.plug();
  await proved(2);
  assert.is(await board.fiscal.read(0, 16), pattern(16, 2));
});

test("a device that was reset is set up again", async () => {
  const { board, device, proved } = await bench();
  board.gpio.set("ready", true);
  device.reset();
  await proved(2);
  await until("the light is on again", () => device.pin(pins.ready).value === 1);
  assert.is(await board.fiscal.program(0, pattern(8, 7)), undefined);
});

test("a device that answers nothing is noticed without being asked, and nothing hangs", async () => {
  const { board, device, proved } = await bench();
  device.faults.stall(2200);
  await until("the line is away", () => board.status().link === "away");
  assert.is(board.status().reason?.code, "NO_ANSWER");
  await proved(2);
  assert.is(board.status().link, "up");
});

test("a board that lacks pins is refused by name, and the port is let go", async () => {
  const answers = [
    [0xf9, 2, 6],
    [0xf0, 0x79, 2, 6, 0xf7],
    [0xf0, 0x6c, ...Array.from({ length: 20 }, () => 0x7f), 0xf7],
    [0xf0, 0x6a, ...Array.from({ length: 20 }, () => 0x7f), 0xf7],
  ];
  const pty = openPty(() => pty.write(String.fromCharCode(...answers.flat())));
  const reasons: unknown[] = [];
  const quiet = (): void => undefined;
  const onDown = (reason: unknown): void => void reasons.push(reason);
  const link = openFirmataLink({ path: () => pty.path, onUp: quiet, onDown, onSerial: quiet, log: quiet });
  await until("two attempts have failed", () => reasons.length === 2);
  await link.close();
  pty.close();
  const facts = { pins: 20, mega: "pin 20 has no I2C", esp32: "pin 21 has no I2C" };
  assert.equal(reasons, Array(2).fill({ code: "BOARD_UNFIT", facts }));
});

// ---- Pins and printer ---------------------------------------------------------------------------------------------------

test("lights follow the image, the buzzer sounds, the drawer gets one pulse", async () => {
  const { board, device } = await bench();
  const { gpio } = board;
  const levelOf = (pin: number): number => device.pin(pin).value;
  for (const name of ["ready", "offline", "blocked", "buzzer"] as const) {
    gpio.set(name, true);
    await until(`${name} is on`, () => levelOf(pins[name]) === 1);
    gpio.set(name, false);
    await until(`${name} is off`, () => levelOf(pins[name]) === 0);
  }
  const messages = device.messages();
  for (let times = 0; times < 10; times++) gpio.set("blocked", false);
  gpio.set("drawer", true);
  await until("the drawer's relay is closed", () => levelOf(pins.drawer) === 1);
  const closedMs = performance.now();
  await until("the drawer's relay is open again", () => levelOf(pins.drawer) === 0);
  const pulseMs = performance.now() - closedMs;
  assert.ok(pulseMs > drawerPulseMs / 2 && pulseMs < drawerPulseMs + 500, `${pulseMs} ms`);
  assert.ok(device.messages() - messages <= 4, "only changes travel");
});

async function ask({ board }: Bench, question: Bytes): Promise<number> {
  assert.is(board.printer.write(question), question.length);
  let answer = "" as Bytes;
  await until("the printer answers", () => {
    answer = board.printer.read(16);
    return answer.length > 0;
  });
  return byteAt(answer, 0);
}

test("the printer answers for itself, and the contacts for a printer without sensors", async () => {
  const started = await bench();
  const { device, board, printer } = started;
  assert.is(parsePaperStatus(await ask(started, dleEot(4))), "present");
  device.setInput(pins.paperOut, "closed");
  await until("the contact is seen", () => board.status().contacts.paperOut);
  assert.is(parsePaperStatus(await ask(started, dleEot(4))), "end");
  device.setInput(pins.paperOut, "open");
  device.setInput(pins.coverOpen, "closed");
  await until("the contacts are seen", () => board.status().contacts.coverOpen && !board.status().contacts.paperOut);
  assert.ok(parseCoverOpen(await ask(started, dleEot(2))));
  device.setInput(pins.coverOpen, "open");
  await until("the cover is closed", () => !board.status().contacts.coverOpen);
  printer.setPaper("end");
  assert.is(parsePaperStatus(await ask(started, dleEot(4))), "end");
});

const paperOf = (line: string, lines: number): Bytes =>
  `\x1b@${`${line}\n`.repeat(lines)}\x1dV\x42${String.fromCharCode(0)}` as Bytes;

async function write({ board }: Bench, bytes: Bytes): Promise<void> {
  let taken = 0;
  await until("the bytes are taken", () => {
    taken += board.printer.write(bytes.slice(taken) as Bytes);
    return taken === bytes.length;
  });
}

test("a paper goes through the device whole, with the training line", async () => {
  const started = await bench();
  const { papers, device } = started;
  await write(started, paperOf("receipt line", 100));
  await until("the paper is out", () => papers.length === 1);
  assert.is(papers[0]?.text.match(/receipt line/g)?.length, 100);
  assert.ok(papers[0]?.text.includes("УЧЕБНОЕ УСТРОЙСТВО"));
  assert.equal(device.violations(), []);
});

/** A finger on the button, for longer than it bounces, and away again. */
async function press({ device }: Bench): Promise<void> {
  device.setInput(pins.feed, "closed");
  await pause(pressMs);
  device.setInput(pins.feed, "open");
  await pause(pressMs);
}
const pressMs = 30;

test("the feed button feeds paper at once when no paper is under way, and each press once", async () => {
  const started = await bench();
  const { device, printed } = started;
  const messages = device.messages();
  await press(started);
  await until("the lines are fed", () => printed() === fed);
  device.setInput(pins.feed, "closed");
  for (let bounces = 0; bounces < 6; bounces++) device.setInput(pins.feed, bounces % 2 === 0 ? "open" : "closed");
  await until("the lines are fed again", () => printed() === fed + fed);
  device.setInput(pins.feed, "open");
  assert.ok(device.messages() - messages < 10, "nothing else travels");
  assert.equal(device.violations(), []);
});

test("a button pressed in the middle of a paper feeds behind it, and the confirmation stays the printer's", async () => {
  const started = await bench();
  const { board, papers, printed } = started;
  const first = paperOf("first", 12);
  const middle = first.length - 20;
  await write(started, first.slice(0, middle) as Bytes);
  await press(started);
  await press(started);
  await write(started, first.slice(middle) as Bytes);
  assert.is(parsePrinted(await ask(started, gsR1)), "present");
  assert.is(board.printer.read(16), "", "one question, one answer");
  await write(started, paperOf("second", 2));
  await until("both papers are out", () => whole(papers).length === 2);
  const sent = printed();
  assert.is(sent.split(fed).length, 2, "fed once");
  assert.ok(sent.includes(`\x1dV\x42\0${fed}${gsR1}`), "between the cut and the question");
  const [one, two] = whole(papers).map(({ text }) => text);
  assert.is(one?.match(/first/g)?.length, 12);
  assert.ok(two?.trim().startsWith("ОҚУ ҚҰРЫЛҒЫСЫ / УЧЕБНОЕ УСТРОЙСТВО"), "the next one begins with its training line");
});

test("a button that is held while the line goes leaves nothing running, and works again", async () => {
  const started = await bench();
  const { board, device, proved, printed } = started;
  device.setInput(pins.feed, "closed");
  await until("it was pressed", () => printed() === fed);
  const timers = timersOf();
  device.unplug();
  await until("the line is away", () => board.status().link === "away");
  await until("its timer has ended", () => timersOf() < timers);
  device.setInput(pins.feed, "open");
  device.plug();
  await proved(2);
  await press(started);
  await until("it was pressed again", () => printed() === fed + fed);
});

/** Without the strip that was fed. */
const whole = (papers: readonly PrintedPaper[]): PrintedPaper[] => papers.filter(({ torn }) => !torn);
const fed = `\x1bd${String.fromCharCode(feedButtonLines)}`;
const timersOf = (): number => process.getActiveResourcesInfo().filter(name => name === "Timeout").length;

test.run();
