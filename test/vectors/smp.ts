/**
 * SMP on the wire: messages and the lines that carry them, as the reference of the link (docs/wire-format.md) has them:
 * echo in versions 1 and 2, MCUmgr parameters, an image list over three lines, errors, a request without payload.
 */
const digits = "0123456789abcdef";
const hex = (value: number): string => digits.charAt(Math.floor(value / 16)) + digits.charAt(value % 16);
function text(value: string): string {
  let all = "";
  for (let index = 0; index < value.length; index++) all += hex(value.charCodeAt(index));
  return all;
}
function ascending(from: number): string {
  let all = "";
  for (let value = from; value < from + 32; value++) all += hex(value);
  return all;
}
const first = (base64: string): string => "0609" + text(base64) + "0a";
const next = (base64: string): string => "0414" + text(base64) + "0a";

const flag = (name: string, value: boolean): string => hex(0x60 + name.length) + text(name) + (value ? "f5" : "f4");

const imageList =
  "090000f200012a00" + "a2" + "66" + text("images") + "82" +
  "a8" + "64" + text("slot") + "00" + "67" + text("version") + "65" + text("1.0.0") + "64" + text("hash") + "5820" + ascending(0) +
  flag("bootable", true) + flag("pending", false) + flag("confirmed", true) + flag("active", true) + flag("permanent", false) +
  "a8" + "64" + text("slot") + "01" + "67" + text("version") + "67" + text("1.2.3.4") + "64" + text("hash") + "5820" + ascending(32) +
  flag("bootable", true) + flag("pending", true) + flag("confirmed", false) + flag("active", false) + flag("permanent", false) +
  "6b" + text("splitStatus") + "00";

export interface SmpVector {
  readonly name: string;
  /** The whole message. */
  readonly message: string;
  readonly lines: readonly string[];
  readonly version: number;
  readonly op: number;
  readonly group: number;
  readonly sequence: number;
  readonly command: number;
}

const echoRequest = "a1616465" + "68656c6c6f";
const echoAnswer = "a1617265" + "68656c6c6f";

export const smpVectors: readonly SmpVector[] = [
  { name: "echo request, version 1", message: "0200000900004200" + echoRequest, lines: [first("ABMCAAAJAABCAKFhZGVoZWxsb8EJ")],
    version: 0, op: 2, group: 0, sequence: 0x42, command: 0 },
  { name: "echo answer, version 1", message: "0300000900004200" + echoAnswer, lines: [first("ABMDAAAJAABCAKFhcmVoZWxsb0e1")],
    version: 0, op: 3, group: 0, sequence: 0x42, command: 0 },
  { name: "echo request, version 2", message: "0a00000900000100" + echoRequest, lines: [first("ABMKAAAJAAABAKFhZGVoZWxsb3o2")],
    version: 1, op: 2, group: 0, sequence: 1, command: 0 },
  { name: "echo answer, version 2", message: "0b00000900000100" + echoAnswer, lines: [first("ABMLAAAJAAABAKFhcmVoZWxsb/yK")],
    version: 1, op: 3, group: 0, sequence: 1, command: 0 },
  { name: "parameters request", message: "0800000100000006a0", lines: [first("AAsIAAABAAAABqBzEw==")],
    version: 1, op: 0, group: 0, sequence: 0, command: 6 },
  { name: "parameters answer", message: "0900001800000006a2" + "68" + text("buf_size") + "190400" + "69" + text("buf_count") + "02",
    lines: [first("ACIJAAAYAAAABqJoYnVmX3NpemUZBABpYnVmX2NvdW50AgG0")], version: 1, op: 1, group: 0, sequence: 0, command: 6 },
  { name: "image list over three lines", message: imageList,
    lines: [
      first("APwJAADyAAEqAKJmaW1hZ2Vzgqhkc2xvdABndmVyc2lvbmUxLjAuMGRoYXNoWCAAAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eH2hib290YWJsZfVncGVu"),
      next("ZGluZ/RpY29uZmlybWVk9WZhY3RpdmX1aXBlcm1hbmVudPSoZHNsb3QBZ3ZlcnNpb25nMS4yLjMuNGRoYXNoWCAgISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7"),
      next("PD0+P2hib290YWJsZfVncGVuZGluZ/VpY29uZmlybWVk9GZhY3RpdmX0aXBlcm1hbmVudPRrc3BsaXRTdGF0dXMAuKE="),
    ],
    version: 1, op: 1, group: 1, sequence: 0x2a, command: 0 },
  { name: "error, version 1", message: "0300000500010700" + "a162726306", lines: [first("AA8DAAAFAAEHAKFicmMG7xo=")],
    version: 0, op: 3, group: 1, sequence: 7, command: 0 },
  { name: "error, version 2", message: "0b00001200010700" + "a163657272a26567726f7570016272" + "63181c",
    lines: [first("ABwLAAASAAEHAKFjZXJyomVncm91cAFicmMYHG76")], version: 1, op: 3, group: 1, sequence: 7, command: 0 },
  { name: "reset without payload", message: "0200000000000905", lines: [first("AAoCAAAAAAAJBWWb")],
    version: 0, op: 2, group: 0, sequence: 9, command: 5 },
];
