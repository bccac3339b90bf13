/**
 * The built image in the Lua 5.4 of the system, as a process of its own; its HAL calls are answered by any Hal in this
 * thread. Messages are those of lua54-machine.lua.
 *
 * The two speak over named pipes that block: so a step is a plain function call, as on the other machines, and a HAL
 * call takes two system calls. The process cannot make this one wait for ever: coreutils' timeout ends it, and with it its
 * end of the pipe.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { Hal } from "../../hal/hal";
import { imageFailed } from "../../hal/vm/image-failed";
import type { Machine } from "../cuts/machine";

const program = "lua5.4";
/** After this time a machine is gone, whatever it does. */
const lifeMaxS = 600;
const hasEnded = `${program} has ended`;
const messageBytesMax = 1024 * 1024;
const depthMax = 8;
const headBytes = 4;
const wordValues = 0x1_0000_0000;

type HostFunction = (...values: unknown[]) => unknown;

export const isLua54Installed = (): boolean => spawnSync("timeout", ["5", program, "-v"]).status === 0;

export function createLua54Machine(imagePath: string): Machine {
  const lua = startLua(imagePath);
  let functions: HostFunction[] = [];

  /** Serves the image's calls until its step has ended. Throws what a HAL function threw, or ImageFailed. */
  function run(request: string): unknown {
    let thrown: { readonly error: unknown } | undefined;
    lua.send(request);
    for (;;) {
      const message = lua.receive();
      const kind = String.fromCharCode(message[0]!);
      if (kind === "d") return createReader(message).value();
      if (kind === "f") throw imageFailed(createReader(message).value(), false);
      if (kind === "x") throw thrown?.error;
      if (kind !== "c") throw new Error("the image's side of the pipe says something else");
      try {
        lua.send("r" + encodeValue(answerCall(message), refuseFunction));
      } catch (error) {
        thrown = { error };
        lua.send("x");
      }
    }
  }

  function answerCall(message: Buffer): unknown {
    const called = functions[message.readUInt32LE(1)];
    if (called === undefined) throw new Error("the image calls a function that it does not have");
    return called(...createReader(message, 5).values());
  }

  return {
    boot(hal: Hal) {
      functions = [];
      const keep = (host: HostFunction): number => functions.push(host) - 1;
      run("b" + encodeValue(hal, keep));
    },
    tick() {
      const waitMs = run("t");
      if (typeof waitMs !== "number") throw new Error("tick answers milliseconds");
      return waitMs;
    },
    close: lua.close,
  };
}

interface LuaProcess {
  /** Bytes as a latin1 string. */
  send(body: string): void;
  receive(): Buffer;
  close(): void;
}

function startLua(imagePath: string): LuaProcess {
  const toLua = openPipe();
  const fromLua = openPipe();
  const script = fileURLToPath(new URL("lua54-machine.lua", import.meta.url));
  const child: ChildProcess = spawn("timeout", [`${lifeMaxS}`, program, script, imagePath], {
    stdio: [toLua.readEnd, fromLua.writeEnd, "inherit"],
  });
  // A process that could not be started has closed its pipe: the next receive says so.
  child.on("error", () => undefined);
  child.unref();
  closeSync(toLua.readEnd);
  closeSync(fromLua.writeEnd);
  const room = Buffer.alloc(messageBytesMax + headBytes);

  return {
    send(body) {
      const message = Buffer.from(u32(body.length) + body, "latin1");
      try {
        for (let sent = 0; sent < message.length; ) sent += writeSync(toLua.writeEnd, message, sent);
      } catch (cause) {
        throw new Error(hasEnded, { cause });
      }
    },
    /** One side speaks at a time: what has come is the beginning of this message and nothing else. */
    receive() {
      let lengthBytes = headBytes;
      for (let got = 0; got < lengthBytes; ) {
        const more = readSync(fromLua.readEnd, room, got, room.length - got, null);
        if (more === 0) throw new Error(hasEnded);
        got += more;
        if (got >= headBytes) lengthBytes = headBytes + room.readUInt32LE();
        if (lengthBytes > room.length) throw new Error("a message of the image is too long");
      }
      return room.subarray(headBytes, lengthBytes);
    },
    close() {
      closeSync(toLua.writeEnd);
      closeSync(fromLua.readEnd);
    },
  };
}

/** A pipe whose both ends block, and whose name is gone again. */
function openPipe(): { readEnd: number; writeEnd: number } {
  const folder = mkdtempSync(path.join(tmpdir(), "kassa-lua-"));
  const name = path.join(folder, "pipe");
  try {
    const made = spawnSync("mkfifo", [name]);
    if (made.status !== 0) throw new Error(`mkfifo: ${made.error ?? made.stderr}`);
    // Opening one end waits for the other, unless it is told not to; then reads would not wait either.
    const first = openSync(name, constants.O_RDONLY | constants.O_NONBLOCK);
    const writeEnd = openSync(name, constants.O_WRONLY);
    const readEnd = openSync(name, constants.O_RDONLY);
    closeSync(first);
    return { readEnd, writeEnd };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const refuseFunction = (): number => {
  throw new TypeError("a HAL function answers no function");
};

function encodeValue(value: unknown, keep: (host: HostFunction) => number, depth = 0): string {
  if (value === undefined) return "n";
  if (typeof value === "boolean") return value ? "t" : "f";
  if (typeof value === "number") return `i${int64(value)}`;
  if (typeof value === "string") return `s${counted(value)}`;
  if (typeof value === "function") return `c${u32(keep(value as HostFunction))}`;
  if (typeof value !== "object" || value === null || depth > depthMax) {
    throw new TypeError(`a HAL value must not be ${String(value)}`);
  }
  const entries = Object.entries(value);
  const fields = entries.map(([key, field]) => counted(key) + encodeValue(field, keep, depth + 1));
  return `m${u32(entries.length)}${fields.join("")}`;
}

const counted = (bytes: string): string => u32(bytes.length) + bytes;

const u32 = (value: number): string =>
  String.fromCharCode(value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24);

function int64(value: number): string {
  if (!Number.isSafeInteger(value)) throw new TypeError(`a HAL value must be a safe integer, got ${value}`);
  return u32(value >>> 0) + u32(Math.floor(value / wordValues) >>> 0);
}

interface Reader {
  value(): unknown;
  /** All values up to the end. */
  values(): unknown[];
}

/** Of the image come only nil, booleans, integers and strings. */
function createReader(message: Buffer, start = 1): Reader {
  let at = start;

  function integer(): number {
    const value = message.readInt32LE(at + 4) * wordValues + message.readUInt32LE(at);
    if (!Number.isSafeInteger(value)) throw new TypeError(`a HAL value must be a safe integer, got ${value}`);
    at += 8;
    return value;
  }

  function string(): string {
    const begin = at + 4;
    at = begin + message.readUInt32LE(at);
    return message.toString("latin1", begin, at);
  }

  function value(): unknown {
    const tag = String.fromCharCode(message[at]!);
    at += 1;
    if (tag === "n") return undefined;
    if (tag === "t" || tag === "f") return tag === "t";
    if (tag === "i") return integer();
    if (tag === "s") return string();
    throw new TypeError(`a value of the image has the tag ${tag}`);
  }

  return {
    value,
    values() {
      const values: unknown[] = [];
      while (at < message.length) values.push(value());
      return values;
    },
  };
}
