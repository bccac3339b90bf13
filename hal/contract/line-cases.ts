/** What every Uart and Printer must do (hal/uart.ts, hal/printer.ts). */
import { type Bytes, byteAt, bytesOf, concat, emptyBytes, slice, utf8 } from "../../protocol/bytes";
import type { Hal } from "../hal";
import type { Uart } from "../uart";
import type { ContractCase } from "./contract";
import { expect, expectEqual, expectInteger } from "./expect";
import { bytesBy } from "./patterns";
import { type Probe, withProbe } from "./probe";

const unreadBytesMin = 2048;
const pollMs = 10;
const pollsMax = 300;

/** Every byte value in turn, so many times. */
const allBytes = (times: number): Bytes => bytesBy(times * 256, index => index % 256);

interface Line {
  readonly write: (this: void, data: Bytes) => void;
  readonly read: (this: void) => Bytes;
  readonly waitMs: (this: void, ms: number) => void;
}

/** Runs a case with the other end of the line in hand. */
const onLine = (run: (this: void, hal: Hal, line: Line) => void) =>
  withProbe(["lineWrite", "lineRead", "waitMs"], (hal, { lineWrite, lineRead, waitMs }) => {
    run(hal, { write: data => lineWrite(data), read: () => lineRead(), waitMs: ms => waitMs(ms) });
    return undefined;
  });

/** What write answers. */
function expectTaken(taken: number, offered: Bytes): void {
  expectInteger(taken, "bytes that are taken");
  expect(taken >= 0 && taken <= offered.length, `of ${offered.length} bytes ${taken} are taken`);
}

/** Gathers bytes until there are as many as wanted, or no more come. */
function gather(read: (this: void) => Bytes, line: Line, lengthBytes: number): Bytes {
  const pieces: Bytes[] = [];
  let length = 0;
  for (let poll = 0; poll < pollsMax && length < lengthBytes; poll++) {
    const piece = read();
    pieces.push(piece);
    length += piece.length;
    if (piece.length === 0) {
      line.waitMs(pollMs);
    }
  }
  return concat(pieces);
}

function passesAll({ uart }: Hal, line: Line): void {
  const all = allBytes(1);
  line.write(all);
  expectEqual(
    gather(() => uart.read(100), line, 256),
    all,
    "every byte value, to the board",
  );
  expectEqual(uart.read(1), emptyBytes, "a line on which nothing came");
  sendAll(uart.write, all, line);
  expectEqual(gather(line.read, line, 256), all, "every byte value, from the board");
  expectEqual(pendingAtLast(uart, line), 0, "bytes that have not left");
}

/** A line may be reckoned slower than it is, by a board that cannot see its wire. */
function pendingAtLast(uart: Uart, line: Line): number {
  for (let poll = 0; poll < pollsMax && uart.pendingBytes() > 0; poll++) {
    line.waitMs(pollMs);
  }
  return uart.pendingBytes();
}

function sendAll(write: (this: void, data: Bytes) => number, data: Bytes, line: Line): void {
  let left = data;
  for (let poll = 0; poll < pollsMax && left.length > 0; poll++) {
    const taken = write(left);
    expectTaken(taken, left);
    left = slice(left, taken, left.length);
    if (taken === 0) {
      line.waitMs(pollMs);
    }
  }
  expectEqual(left.length, 0, "bytes that the line never takes");
}

function keepsUnread({ uart }: Hal, line: Line): void {
  const sent = allBytes(unreadBytesMin / 256);
  line.write(sent);
  line.waitMs(1000);
  expectEqual(
    gather(() => uart.read(unreadBytesMin), line, sent.length),
    sent,
    "2048 bytes that waited for a second",
  );
}

function takesMore({ uart }: Hal, line: Line): void {
  const sent = allBytes(16);
  const arrived: Bytes[] = [];
  let left = sent;
  for (let poll = 0; poll < pollsMax && left.length > 0; poll++) {
    const taken = uart.write(left);
    expectTaken(taken, left);
    left = slice(left, taken, left.length);
    line.waitMs(pollMs);
    arrived.push(line.read());
  }
  arrived.push(gather(line.read, line, sent.length - concat(arrived).length));
  expectEqual(concat(arrived), sent, "4096 bytes that were offered again and again");
}

/** `DLE EOT n` of ESC/POS: a byte with bit 1 and 4 set, 0 and 7 clear, and nothing more. */
function answersStatus({ board, printer }: Hal, probe: Probe): string | undefined {
  if (!board.printer.confirms) {
    return "the printer's profile says that it does not answer";
  }
  drain(printer.read, probe);
  for (const asked of [1, 2, 4]) {
    expectEqual(printer.write(bytesOf(0x10, 0x04, asked)), 3, `bytes of DLE EOT ${asked} that are taken`);
    const answer = drain(printer.read, probe);
    expectEqual(answer.length, 1, `bytes of the answer to DLE EOT ${asked}`);
    const bits = byteAt(answer, 0);
    const isStatus = bits % 2 === 0 && Math.floor(bits / 2) % 2 === 1 && Math.floor(bits / 16) % 2 === 1 && bits < 128;
    expect(isStatus, `the answer to DLE EOT ${asked} is ${bits}`);
  }
  return undefined;
}

/** What the printer says until it is silent for a while. */
function drain(read: (this: void, lengthMaxBytes: number) => Bytes, probe: Probe): Bytes {
  const pieces: Bytes[] = [];
  let silent = 0;
  for (let poll = 0; poll < pollsMax && silent < 20; poll++) {
    const piece = read(64);
    pieces.push(piece);
    silent = piece.length > 0 ? 0 : silent + 1;
    if (probe.waitMs !== undefined) {
      probe.waitMs(pollMs);
    }
  }
  return concat(pieces);
}

function takesPaper({ printer }: Hal): undefined {
  const text = utf8("HAL contract\n");
  const taken = printer.write(text);
  expectTaken(taken, text);
  expectEqual(printer.write(emptyBytes), 0, "of no bytes");
  return undefined;
}

export const lineCases: readonly ContractCase[] = [
  { name: "uart: every byte value passes in both directions, in order", run: onLine(passesAll) },
  { name: "uart: 2048 unread bytes are kept", run: onLine(keepsUnread) },
  { name: "uart: write says how much it takes, and the rest goes later", run: onLine(takesMore) },
  { name: "printer: write says how much it takes", run: takesPaper },
  { name: "printer: DLE EOT is answered by one status byte", run: answersStatus },
];
