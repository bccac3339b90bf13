/**
 * Bytecode of Lua 5.4 without what never runs: the compiler writes a return at the end of every function, and a jump over
 * `else` after a return. Such an instruction goes, and its 4 bytes of heap. The return behind a tail call stays: a call
 * that was suspended goes on there.
 *
 *   header 31 bytes, upvalue count, then a function:
 *     source, first line, last line, parameters, vararg, stack size
 *     code, constants, upvalues, functions inside, debug information (lines, variables, names: empty when stripped)
 *
 * Counts are written 7 bits at a time, the highest first; the last byte has bit 7 set (ldump.c).
 */

/** Opcodes of lopcodes.h. */
const op = {
  falseAndSkip: 6,
  jump: 56,
  return: 70,
  return1: 72,
  forLoop: 73,
  forPrepare: 74,
  genericForPrepare: 75,
  genericForLoop: 77,
};
/** What stands in a jump to the next instruction. */
const jumpZero = 0xffffff;
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
    const kept = reached(code);
    const bytes = Buffer.alloc(kept.length * 4);
    for (const [index, instruction] of kept.entries()) bytes.writeUInt32LE(instruction, index * 4);
    parts.push(dump.subarray(copied, start), countBytes(kept.length), bytes);
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

const opcode = (instruction: number): number => instruction & 0x7f;
const longOperand = (instruction: number): number => Math.floor(instruction / 32768);

/** The instructions that can be reached, with jumps as long as they are now. */
function reached(code: readonly number[]): number[] {
  const isReached = new Set<number>();
  const open = [0];
  for (let index = open.pop(); index !== undefined; index = open.pop()) {
    if (isReached.has(index)) continue;
    isReached.add(index);
    open.push(...successorsOf(code[index] as number, index));
  }
  const places = new Map<number, number>();
  for (const index of code.keys()) if (isReached.has(index)) places.set(index, places.size);
  const place = (index: number): number => places.get(index) as number;
  return [...places.keys()].map(index => moved(code[index] as number, index, place));
}

/** Where a jump goes, in the words of lopcodes.h; undefined for all else. */
function targetOf(instruction: number, index: number): number | undefined {
  const length = longOperand(instruction);
  if (opcode(instruction) === op.jump) return index + 1 + Math.floor(instruction / 128) - jumpZero;
  if (opcode(instruction) === op.forPrepare) return index + 2 + length;
  if (opcode(instruction) === op.genericForPrepare) return index + 1 + length;
  if (opcode(instruction) === op.forLoop || opcode(instruction) === op.genericForLoop) return index + 1 - length;
  return undefined;
}

function successorsOf(instruction: number, index: number): number[] {
  const code = opcode(instruction);
  const target = targetOf(instruction, index);
  if (code >= op.return && code <= op.return1) return [];
  if (code === op.jump || code === op.genericForPrepare) return [target as number];
  // The instruction that is skipped must stand there to be skipped, although nothing may lead to it.
  const skips = code === op.falseAndSkip || (code >= firstTest && code <= lastTest);
  if (skips) return [index + 1, index + 2];
  return target === undefined ? [index + 1] : [index + 1, target];
}

/** A jump from its new place to its target's. */
function moved(instruction: number, index: number, place: (index: number) => number): number {
  const target = targetOf(instruction, index);
  if (target === undefined) return instruction;
  const ahead = place(target) - place(index) - 1;
  const code = opcode(instruction);
  if (code === op.jump) return (ahead + jumpZero) * 128 + code;
  const isBack = code === op.forLoop || code === op.genericForLoop;
  const length = isBack ? -ahead : code === op.forPrepare ? ahead - 1 : ahead;
  return length * 32768 + (instruction % 32768);
}
