/**
 * Bytecode of Lua 5.4 without what never runs: the compiler ends every function with a return, also after one.
 * Both the instruction and its 4 bytes of heap go.
 *
 *   header 31 bytes, upvalue count, then a function:
 *     source, first line, last line, parameters, vararg, stack size
 *     code, constants, upvalues, functions inside, debug information (lines, variables, names: empty when stripped)
 *
 * Counts are written 7 bits at a time, the highest first; the last byte has bit 7 set (ldump.c).
 */

/** Opcodes of lopcodes.h. */
const op = { falseAndSkip: 6, jump: 56, return: 70, return1: 72, forPrepare: 74, genericForPrepare: 75 };
const firstTest = 57;
const lastTest = 67;
/** Signature, version, format, data, three sizes, an integer and a number. */
const headerBytes = 4 + 1 + 1 + 6 + 3 + 8 + 8;
const constantBytes: { readonly [tag: number]: number } = { 0: 0, 1: 0, 17: 0, 3: 8, 19: 8 };
const stringTags = [4, 20];

/** `dump` is stripped. Throws RangeError when it is no dump of Lua 5.4. */
export function trimBytecode(dump: Buffer): Buffer {
  if (dump.toString("latin1", 0, 5) !== "\x1bLuaT") throw new RangeError("a dump of Lua 5.4 begins with its signature");
  const parts: Buffer[] = [];
  let at = 0;
  let copied = 0;

  const readByte = (): number => dump.readUInt8(at++);
  function readCount(): number {
    for (let value = 0; ; ) {
      const byte = readByte();
      value = value * 128 + (byte & 0x7f);
      if ((byte & 0x80) !== 0) return value;
    }
  }
  const skip = (bytes: number): void => {
    at += bytes;
  };
  const skipString = (): void => skip(Math.max(0, readCount() - 1));
  const repeat = (count: number, read: () => void): void => {
    for (let index = 0; index < count; index++) read();
  };

  function readConstant(): void {
    const tag = readByte();
    const length = constantBytes[tag];
    if (stringTags.includes(tag)) skipString();
    else if (length !== undefined) skip(length);
    else throw new RangeError(`a constant has the unknown tag ${tag}`);
  }

  function readCode(): void {
    const start = at;
    const count = readCount();
    const code = Array.from({ length: count }, () => {
      at += 4;
      return dump.readUInt32LE(at - 4);
    });
    if (!endsTwice(code)) return;
    const kept = Buffer.concat([countBytes(count - 1), dump.subarray(at - count * 4, at - 4)]);
    parts.push(dump.subarray(copied, start), kept);
    copied = at;
  }

  function readFunction(): void {
    skipString();
    readCount();
    readCount();
    skip(3);
    readCode();
    repeat(readCount(), readConstant);
    skip(readCount() * 3);
    repeat(readCount(), readFunction);
    repeat(4, () => {
      if (readCount() !== 0) throw new RangeError("the dump is not stripped");
    });
  }

  at = headerBytes + 1;
  readFunction();
  parts.push(dump.subarray(copied));
  return Buffer.concat(parts);
}

function countBytes(count: number): Buffer {
  const bytes = [(count % 128) | 0x80];
  for (let rest = Math.floor(count / 128); rest > 0; rest = Math.floor(rest / 128)) bytes.unshift(rest % 128);
  return Buffer.from(bytes);
}

const opcode = (instruction: number | undefined): number => (instruction ?? 0) & 0x7f;

const isReturn = (instruction: number | undefined): boolean =>
  opcode(instruction) >= op.return && opcode(instruction) <= op.return1;

/** A return at the end that follows a return, and to which nothing jumps. */
function endsTwice(code: readonly number[]): boolean {
  const last = code.length - 1;
  if (!isReturn(code[last]) || !isReturn(code[last - 1])) return false;
  return code.every((instruction, index) => !targetsOf(instruction, index).includes(last));
}

/** Where an instruction may go on, other than at the next; only what is ahead. */
function targetsOf(instruction: number, index: number): number[] {
  const code = opcode(instruction);
  const longOperand = Math.floor(instruction / 32768);
  if (code === op.jump) return [index + 1 + Math.floor(instruction / 128) - 0xffffff];
  if (code === op.forPrepare) return [index + longOperand + 2];
  if (code === op.genericForPrepare) return [index + longOperand + 1];
  return code === op.falseAndSkip || (code >= firstTest && code <= lastTest) ? [index + 2] : [];
}
