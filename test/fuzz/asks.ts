/**
 * Requests by seed to every command that there is, with right, wrong and missing fields; and bytes on the line that are
 * no requests. A new command of protocol/commands.ts gets its turn without a change here.
 */
import { encodeCbor } from "../../host/device/cbor";
import { bytesOf } from "../../host/device/message-channel";
import { type Bytes, concat, slice, utf8 } from "../../protocol/bytes";
import { commands, groups } from "../../protocol/commands";
import { crc16 } from "../../protocol/crc16";
import { encodePacket } from "../../protocol/smp-frame";
import { encodeMessage, smpOp, smpVersion } from "../../protocol/smp-message";
import type { Random } from "../random";

export interface Ask {
  readonly name: string;
  /** A command is read or written; it is tried both ways. */
  readonly ops: readonly number[];
  readonly group: number;
  readonly command: number;
  /** Its fields, once it is known who is signed in. */
  readonly body: (session: Buffer) => object;
}

const everyCommand = Object.entries(commands).flatMap(([group, own]) =>
  Object.entries(own).map(([name, command]) => ({
    name: `${group} ${name}`,
    group: groups[group as keyof typeof groups] as number,
    command: command as number,
  })),
);

/** All fields of all commands: each takes its own and passes over the others. */
const drawFields: Readonly<Record<string, (random: Random) => unknown>> = {
  key: random => random.pick(["k0", "k1", "card", "", "x".repeat(65), "ключ"]),
  off: random => random.pick([0, 0, 768, random.uint()]),
  data: random => Buffer.from(random.bytes(random.below(300)), "latin1"),
  len: random => random.pick([1, 300, random.uint()]),
  lines: random => random.pick([1, random.uint()]),
  sha: random => Buffer.from(random.bytes(random.pick([32, 32, 31])), "latin1"),
  number: random => random.pick([1, 2, random.uint()]),
  operator: random => random.pick([1, 1, 2]),
  pin: random => random.pick(["0000", "0000", "1234", ""]),
  frame: random => random.uint(),
  cause: random => random.pick(["silent", "garbage", "boredom"]),
  begun: random => random.below(2) === 0,
  baud: random => random.pick([115200, 921600, 9600]),
  token: random => random.pick([0, 1 + random.below(4294967295), 4294967296]),
  seq: random => random.pick([0, 1, 2, 3, random.uint()]),
  count: random => random.uint(),
  headerHash: random => Buffer.from(random.bytes(32), "latin1"),
  lastSeq: random => random.pick([1, 2, random.uint()]),
  host: random => random.pick(["127.0.0.1", "ofd.example", "", "\u0000"]),
  port: random => random.pick([7777, 0, 65536]),
  d: random => random.pick(["сәлем", "x".repeat(200), 7]),
  datetime: random => random.pick(["2026-11-24T09:30:00", "2026-13-24T09:30:00", "1", "2026-11-26T00:00:00+05:00"]),
  format: random => random.pick(["s", "a", "vi", "?"]),
  query: random => random.pick(["mode", "other"]),
};
/** What no field expects. */
const strangers: readonly unknown[] = [-1, 1.5, null, true, "", [], [[[[[[[[[]]]]]]]]], { a: { b: 1 } }, 2 ** 53];
const sessionKinds = ["own", "own", "own", "own", "foreign", "none"] as const;

export function drawAsk(random: Random): Ask {
  const known = random.pick(everyCommand);
  const isKnown = random.below(12) !== 0;
  const group = isKnown ? known.group : random.pick([known.group, random.below(65536)]);
  const command = isKnown ? known.command : random.below(256);
  const ops = random.below(12) === 0 ? [random.below(8)] : [smpOp.read, smpOp.write];
  const fields = drawBody(random);
  const kind = random.pick(sessionKinds);
  const foreign = Buffer.from(random.bytes(16), "latin1");
  return {
    name: isKnown ? known.name : `${group}/${command}`,
    ops,
    group,
    command,
    body: session => ({ ...fields, ...(kind === "none" ? {} : { session: kind === "own" ? session : foreign }) }),
  };
}

function drawBody(random: Random): object {
  const entries = Object.entries(drawFields).map(([name, draw]) => [name, draw(random)] as const);
  const kept = entries.filter(() => random.below(12) !== 0);
  const changed = kept.map(([name, value]) => [name, random.below(40) === 0 ? random.pick(strangers) : value] as const);
  return Object.fromEntries(changed);
}

/** Bytes on the line, in bursts. */
export interface Noise {
  readonly name: string;
  readonly bytes: Bytes;
}

const noises: readonly (readonly [name: string, draw: (random: Random) => Bytes])[] = [
  ["random bytes", random => random.bytes(1 + random.below(700))],
  ["empty lines", random => utf8("\n".repeat(1 + random.below(200)))],
  ["random CBOR", random => packetOf(random, random.bytes(random.below(300)))],
  ["cut CBOR", random => packetOf(random, cutShort(random, bytesOf(encodeCbor(drawBody(random)))))],
  ["deep CBOR", random => packetOf(random, utf8("\x01".repeat(random.below(3)) + "a".repeat(random.below(900))))],
  ["a cut packet", random => cutShort(random, packetOf(random, bytesOf(encodeCbor(drawBody(random)))))],
  [
    "a wrong CRC",
    random => concat(encodePacket(messageOf(random, random.bytes(40)), bytes => (crc16(bytes) + 1) % 65536)),
  ],
  ["a random message", random => concat(encodePacket(random.bytes(random.below(200)), crc16))],
];

export function drawNoise(random: Random): Noise {
  const [name, draw] = random.pick(noises);
  return { name, bytes: draw(random) };
}

const cutShort = (random: Random, bytes: Bytes): Bytes => slice(bytes, 0, random.below(bytes.length));

const packetOf = (random: Random, payload: Bytes): Bytes => concat(encodePacket(messageOf(random, payload), crc16));

function messageOf(random: Random, payload: Bytes): Bytes {
  const { group, command } = random.pick(everyCommand);
  const version = random.below(8) === 0 ? random.below(4) : random.pick([smpVersion.v1, smpVersion.v2]);
  const op = random.pick([smpOp.read, smpOp.write]);
  return encodeMessage({ version, op, group, sequence: random.below(256), command, payload });
}
