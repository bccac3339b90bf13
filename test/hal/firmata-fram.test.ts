/** The FRAM behind Firmata: what it keeps, what a cut line leaves, and which chips are refused. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createFirmataI2c } from "../../emulator/firmata-i2c";
import { createFirmataReplies, type FirmataReplies, joinSevens, splitSevens } from "../../emulator/firmata-replies";
import { createFramChip } from "../../hal/firmata/fram-chip";
import { encodeHeader, headBytes, layoutOf, programBytes, sectorBytes } from "../../hal/firmata/fram-layout";
import { proveFram } from "../../hal/firmata/fram-proof";
import { callBytesMax } from "../../hal/firmata/limits";
import { framAddress } from "../../hal/firmata/wiring";
import type { FlashError } from "../../hal/flash";
import { type Bytes, packBytes, repeatByte, utf8 } from "../../protocol/bytes";
import { i2cModes } from "../../protocol/firmata";
import {
  type Bench,
  type BenchOptions,
  type FramFile,
  framIn,
  newFolder,
  removeFolders,
  startBench,
  until,
} from "./firmata-bench";

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

// ---- Flash --------------------------------------------------------------------------------------------------------

test("what was programmed is there after a restart, and each unit once", async () => {
  const folder = newFolder();
  const first = await startBench({ folder, chipBytes: 131072 });
  const { fiscal } = first.board;
  assert.equal([fiscal.capacityBytes, fiscal.programBytes, fiscal.sectorBytes], [125 * 1024, 8, 1024]);
  const data = pattern(callBytesMax, 3);
  // In the middle, at the end, and over the border between the chip's two addresses.
  const border = 0x10000 - layoutOf(131072).sectorsOffset;
  const places = [sectorBytes - 96, fiscal.capacityBytes - callBytesMax, Math.floor((border - 96) / 8) * 8];
  for (const place of places) assert.is(await fiscal.program(place, data), undefined);
  await first.close();

  const second = await bench({ folder, chipBytes: 131072, hadFram: true });
  const later = second.board.fiscal;
  for (const place of places) {
    assert.is(await later.read(place, data.length), data);
    assert.is(kindOf(await later.program(place + 8, data.slice(0, 8) as Bytes)), "notErased");
  }
  assert.is(await later.read(sectorBytes - 97, 3), `\xff${data.slice(0, 2)}`);
  assert.is(await later.eraseSector(0), undefined);
  assert.is(await later.read(sectorBytes - 96, 192), erased(96) + data.slice(96));
  assert.is(await later.program(sectorBytes - 96, data.slice(0, 96) as Bytes), undefined);
  assert.equal(second.device.violations(), []);
});

test("a line that is cut at any message of a program takes no byte but the program's own", async () => {
  const { board, device, proofs, proved } = await bench();
  const { fiscal } = board;
  const data = pattern(80, 11);
  const before = pattern(40, 1);
  // In the data, in front of the map, behind it, and before its proof.
  for (const messages of [2, 4, 9, 10, 12]) {
    await fiscal.eraseSector(0);
    assert.is(await fiscal.program(0, before), undefined);
    assert.is(await fiscal.program(120, before), undefined);
    const count = proofs();
    device.faults.dropLinkAfterMessages(messages);
    assert.is(kindOf(await fiscal.program(40, data)), "other", `cut at message ${messages}`);
    device.plug();
    await proved(count + 1);
    assert.is(await fiscal.read(0, 40), before);
    assert.is(await fiscal.read(120, 40), before);
    const own = (await fiscal.read(40, 80)) as string;
    for (let unit = 0; unit < 80; unit += programBytes) {
      const bytes = own.slice(unit, unit + programBytes);
      assert.ok(bytes === erased(programBytes) || bytes === data.slice(unit, unit + programBytes), `unit ${unit}`);
    }
  }
});

test("bytes that the line loses never become wrong data", async () => {
  const { board, device } = await bench();
  const { fiscal } = board;
  const data = pattern(callBytesMax, 9);
  assert.is(await fiscal.program(0, data), undefined);
  device.faults.loseBytes(0.0005);
  let right = 0;
  for (let reads = 0; reads < 40; reads++) {
    const bytes = await fiscal.read(0, data.length);
    if (typeof bytes !== "string") break;
    assert.is(bytes, data);
    right++;
  }
  device.faults.loseBytes(0);
  assert.ok(right > 0);
});

// ---- The chip that is found -----------------------------------------------------------------------------------------

interface Refusal {
  readonly name: string;
  readonly options: BenchOptions;
  readonly reason: unknown;
}

const ours = (capacityBytes: number, serial = "KZT00000001"): Bytes =>
  encodeHeader({ version: 1, capacityBytes, serial: utf8(serial) });
const holding = (bytes: Bytes) => (chip: FramFile) => chip.write(0, bytes);

const refusals: readonly Refusal[] = [
  {
    name: "nobody at the address",
    options: { i2cAddress: framAddress + 2 },
    reason: { code: "FRAM_ABSENT", facts: { address: framAddress } },
  },
  {
    name: "smaller than the board's",
    options: { chipBytes: 32768, framBytes: 131072 },
    reason: { code: "FRAM_SIZE", facts: { expected: 131072, got: 32768 } },
  },
  {
    name: "larger than the board's",
    options: { chipBytes: 131072, framBytes: 32768 },
    reason: { code: "FRAM_SIZE", facts: { expected: 32768, got: 131072 } },
  },
  {
    name: "a copy on a chip of another size",
    options: { chipBytes: 32768, prepare: holding(ours(131072)) },
    reason: { code: "FRAM_SIZE", facts: { expected: 131072, got: 32768 } },
  },
  {
    name: "another board's",
    options: { prepare: holding(ours(32768, "KZT99999999")) },
    reason: { code: "FRAM_FOREIGN", facts: { expected: "KZT00000001", got: "KZT99999999" } },
  },
  {
    name: "blank on a board that had one",
    options: { hadFram: true },
    reason: { code: "FRAM_BLANK", facts: {} },
  },
  {
    name: "something else's",
    options: { prepare: holding(utf8("weather station")) },
    reason: { code: "FRAM_UNKNOWN", facts: { begin: "7765617468657220" } },
  },
  {
    name: "something else's behind a blank beginning",
    options: { prepare: chip => chip.write(20 * sectorBytes, repeatByte(1, sectorBytes)) },
    reason: { code: "FRAM_UNKNOWN", facts: { begin: "0000000000000000" } },
  },
  {
    name: "a header with one bit changed",
    options: { prepare: holding(`${ours(32768).slice(0, 12)}!${ours(32768).slice(13)}` as Bytes) },
    reason: { code: "FRAM_UNKNOWN", facts: { begin: "4b46524d00010000" } },
  },
];

for (const { name, options, reason } of refusals) {
  test(`refused, and not written: ${name}`, async () => {
    const folder = newFolder();
    const { chipBytes = 32768, i2cAddress = framAddress } = options;
    const chip = framIn(folder, chipBytes, i2cAddress);
    options.prepare?.(chip);
    const before = chip.peek(0, chipBytes);
    const { board } = await bench({ ...options, folder, prepare: undefined });
    assert.equal([board.status().link, board.status().reason], ["refused", reason]);
    assert.is(kindOf(await board.fiscal.read(0, 1)), "other");
    assert.is(kindOf(await board.fiscal.program(0, pattern(8, 1))), "other");
    assert.ok(chip.peek(0, chipBytes) === before, "the chip holds what it held");
    chip.close();
  });
}

test("a blank chip is formatted on a new board, of either kind of blank", async () => {
  for (const fill of [0x00, 0xff]) {
    const { board, chip, proofs: count } = await bench({ prepare: file => file.write(0, repeatByte(fill, 32768)) });
    assert.equal([board.status().link, count()], ["up", 1]);
    assert.is(chip.peek(0, headBytes), ours(32768));
    assert.is(await board.fiscal.read(0, callBytesMax), erased(callBytesMax));
    assert.is(await board.fiscal.eraseSector(sectorBytes), undefined);
  }
});

/** The device's bus without the line to it, which is lost behind so many messages. */
function busLostAfter(messagesMax: number, file: FramFile) {
  let messages = 0;
  let reply: readonly number[] | undefined;
  const replies: FirmataReplies = {
    ...createFirmataReplies(() => undefined),
    sysex(_, data) {
      reply = joinSevens(data);
    },
  };
  const bus = createFirmataI2c({ chips: [file], replies, busy: () => undefined, onOpen: () => undefined });
  bus.config([]);
  const ask = (address: number, mode: number, values: readonly number[]): void => {
    reply = undefined;
    if (messages++ < messagesMax) bus.request([address, mode, ...splitSevens(values)]);
  };
  return {
    messages: () => messages,
    writeI2c: (address: number, bytes: Bytes) => ask(address, i2cModes.write, [...Buffer.from(bytes, "latin1")]),
    async readI2c(address: number, lengthBytes: number) {
      ask(address, i2cModes.readOnce, [lengthBytes]);
      return reply?.length === lengthBytes + 2 ? packBytes(reply.slice(2)) : undefined;
    },
  };
}

for (const chipBytes of [32768, 131072]) {
  for (const fill of [0x00, 0xff]) {
    test(`a blank chip is still blank wherever the line was lost in its first proof: ${chipBytes} × ${fill}`, async () => {
      const chip = framIn(newFolder(), chipBytes);
      const owner = { layout: layoutOf(chipBytes), serial: utf8("KZT00000001"), hadFram: () => false };
      const prove = (line: ReturnType<typeof busLostAfter>) => proveFram(createFramChip(line, framAddress), owner);
      const blank = repeatByte(fill, chipBytes);
      chip.write(0, blank);
      const whole = busLostAfter(Number.POSITIVE_INFINITY, chip);
      assert.is((await prove(whole)).kind, "ours");
      // Of the long look at its sectors, one message in so many.
      const probeMessages = 60;
      const headerMessages = whole.messages() - 60;
      for (let lost = 0; lost < whole.messages(); ) {
        chip.write(0, blank);
        const proof = await prove(busLostAfter(lost, chip));
        assert.is(proof.kind, "refused", `lost at message ${lost}`);
        const next = await prove(busLostAfter(Number.POSITIVE_INFINITY, chip));
        assert.is(next.kind, "ours", `lost at message ${lost}, then ${JSON.stringify(next)}`);
        assert.is(chip.peek(0, headBytes), ours(chipBytes));
        lost += lost < probeMessages || lost >= headerMessages ? 1 : 13;
      }
      chip.close();
    });
  }
}

/** Another board's chip in the place of one that has just been written, while the line stays up. */
async function exchangeChip() {
  const { board, device } = await bench();
  assert.is(await board.fiscal.program(0, pattern(8, 1)), undefined);
  const foreign = framIn(newFolder(), 32768);
  foreign.write(0, ours(32768, "KZT99999999"));
  const before = foreign.peek(0, 32768);
  device.faults.replaceFram(foreign);
  return {
    board,
    expectUntouched(): void {
      assert.ok(foreign.peek(0, 32768) === before, "the other board's chip holds what it held");
      foreign.close();
    },
  };
}

test("a chip that is exchanged while the line stays up is neither written nor believed", async () => {
  const { board, expectUntouched } = await exchangeChip();
  const { fiscal } = board;
  await until("the exchange is told", () => board.status().reason?.code === "FRAM_FOREIGN");
  assert.is(kindOf(await fiscal.program(sectorBytes, pattern(8, 2))), "other");
  assert.is(kindOf(await fiscal.read(0, 8)), "other");
  expectUntouched();
});

test("a chip that is exchanged under a host that reads on and on is not written either", async () => {
  const { board, expectUntouched } = await exchangeChip();
  const { fiscal } = board;
  // What was read before is known without the chip, and must not stand for its answer.
  await until("the exchange is noticed", () => {
    fiscal.read(0, 8);
    return board.status().link !== "up";
  });
  expectUntouched();
});

test("a chip that is exchanged for the right one is found by itself", async () => {
  const { board, device, proved, folder } = await bench({ i2cAddress: framAddress + 4 });
  assert.is(board.status().reason?.code, "FRAM_ABSENT");
  const right = framIn(folder, 32768);
  device.faults.replaceFram(right);
  await proved(1);
  assert.is(board.status().link, "up");
  right.close();
});

test.run();
