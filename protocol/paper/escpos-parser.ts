/**
 * ESC/POS bytes → events: what a printer is told, command by command. Same bytes, same events, however they are cut.
 *
 * Every command is taken whole before it becomes an event, so its length is bounded: one that announces more than
 * `commandBytesMax` is an event "tooLong" and its body is passed over. A command that is not known is an event too.
 */
import { type Bytes, byteAt, concat, emptyBytes, readU16le, slice } from "../bytes";

export type Align = "left" | "center" | "right";

export type EscposEvent =
  /** A printable byte, to be read in the current code table. */
  | { readonly kind: "letter"; readonly byte: number }
  | { readonly kind: "lineFeed" }
  | { readonly kind: "feedDots"; readonly dots: number }
  | { readonly kind: "feedLines"; readonly lines: number }
  | { readonly kind: "reset" }
  /** Dots from line to line; undefined is the printer's own. */
  | { readonly kind: "lineSpacing"; readonly dots: number | undefined }
  | { readonly kind: "codeTable"; readonly number: number }
  | { readonly kind: "userDefined"; readonly on: boolean }
  /** Columns of 3 bytes from the left. */
  | { readonly kind: "define"; readonly byte: number; readonly columns: Bytes }
  | { readonly kind: "undefine"; readonly byte: number }
  | { readonly kind: "bold"; readonly on: boolean }
  | { readonly kind: "size"; readonly widthTimes: number; readonly heightTimes: number }
  | { readonly kind: "align"; readonly align: Align }
  | {
      readonly kind: "raster";
      readonly widthBytes: number;
      readonly heightDots: number;
      readonly widthTimes: number;
      readonly heightTimes: number;
      readonly data: Bytes;
    }
  | { readonly kind: "qrSize"; readonly dots: number }
  | { readonly kind: "qrLevel"; readonly level: number }
  | { readonly kind: "qrStore"; readonly text: Bytes }
  | { readonly kind: "qrPrint" }
  /** `feeds` tells that the paper is first moved past the cutter. */
  | { readonly kind: "cut"; readonly feeds: boolean }
  | { readonly kind: "drawer" }
  /** `DLE EOT n`. */
  | { readonly kind: "status"; readonly n: number }
  /** `GS r n`. */
  | { readonly kind: "report"; readonly n: number }
  | { readonly kind: "tooLong"; readonly bytes: Bytes; readonly lengthBytes: number }
  | { readonly kind: "unknown"; readonly bytes: Bytes };

export interface EscposParser {
  /** The beginning of a command. */
  readonly pending: Bytes;
  /** Bytes that the command needs before it is worth looking at again. */
  readonly needBytes: number;
  /** Bytes of a command that was too long, still to come. */
  readonly skipBytes: number;
}

export const commandBytesMax = 65536;

const LF = 0x0a;
const CR = 0x0d;
const DLE = 0x10;
const ESC = 0x1b;
const FS = 0x1c;
const GS = 0x1d;

export const createEscposParser = (): EscposParser => ({ pending: emptyBytes, needBytes: 0, skipBytes: 0 });

export function feedEscpos(
  parser: EscposParser,
  chunk: Bytes,
): { readonly parser: EscposParser; readonly events: EscposEvent[] } {
  const skipped = Math.min(parser.skipBytes, chunk.length);
  const data = concat([parser.pending, slice(chunk, skipped, chunk.length)]);
  let skipBytes = parser.skipBytes - skipped;
  const events: EscposEvent[] = [];
  if (data.length < parser.needBytes) {
    return { parser: { pending: data, needBytes: parser.needBytes, skipBytes }, events };
  }
  let at = 0;
  while (at < data.length) {
    const taken = takeCommand(data, at);
    if (taken.kind === "more") {
      return { parser: { pending: slice(data, at, data.length), needBytes: taken.needBytes, skipBytes: 0 }, events };
    }
    for (const event of taken.events) {
      events.push(event);
    }
    at += taken.lengthBytes;
  }
  skipBytes += at - data.length;
  return { parser: { pending: emptyBytes, needBytes: 0, skipBytes }, events };
}

/** A whole command (its length may pass the data when it was too long), or how many bytes of it are needed. */
type Taken =
  | { readonly kind: "command"; readonly events: readonly EscposEvent[]; readonly lengthBytes: number }
  | { readonly kind: "more"; readonly needBytes: number };

const command = (lengthBytes: number, ...events: EscposEvent[]): Taken => ({ kind: "command", events, lengthBytes });

/** A command of fixed length: its event is made once all of it is there. */
function fixed(data: Bytes, at: number, lengthBytes: number, eventOf: (at: number) => EscposEvent): Taken {
  return data.length - at < lengthBytes ? { kind: "more", needBytes: lengthBytes } : command(lengthBytes, eventOf(at));
}

const unknown = (data: Bytes, at: number, lengthBytes: number): Taken =>
  fixed(data, at, lengthBytes, () => ({ kind: "unknown", bytes: slice(data, at, at + lengthBytes) }));

/** A command whose head of `headBytes` tells the length of its body. */
function withBody(
  data: Bytes,
  at: number,
  headBytes: number,
  bodyBytes: number,
  eventOf: (body: Bytes) => EscposEvent,
): Taken {
  const lengthBytes = headBytes + bodyBytes;
  if (lengthBytes > commandBytesMax) {
    return command(lengthBytes, { kind: "tooLong", bytes: slice(data, at, at + headBytes), lengthBytes });
  }
  return fixed(data, at, lengthBytes, () => eventOf(slice(data, at + headBytes, at + lengthBytes)));
}

function takeCommand(data: Bytes, at: number): Taken {
  const first = byteAt(data, at);
  switch (first) {
    case LF:
      return command(1, { kind: "lineFeed" });
    case CR:
      return command(1);
    case DLE:
      return needing(data, at, 2, takeDle);
    case ESC:
      return needing(data, at, 2, takeEsc);
    case FS:
      return unknown(data, at, 2);
    case GS:
      return needing(data, at, 2, takeGs);
    default:
      return first >= 0x20 && first !== 0x7f ? command(1, { kind: "letter", byte: first }) : unknown(data, at, 1);
  }
}

/** Looks at a command only when its first bytes are there. */
function needing(data: Bytes, at: number, headBytes: number, take: (data: Bytes, at: number) => Taken): Taken {
  return data.length - at < headBytes ? { kind: "more", needBytes: headBytes } : take(data, at);
}

function takeDle(data: Bytes, at: number): Taken {
  switch (byteAt(data, at + 1)) {
    case 0x04:
      return fixed(data, at, 3, () => ({ kind: "status", n: byteAt(data, at + 2) }));
    case 0x05:
      return unknown(data, at, 3);
    case 0x14:
      return fixed(data, at, 5, () =>
        byteAt(data, at + 2) === 1 ? { kind: "drawer" } : { kind: "unknown", bytes: slice(data, at, at + 5) },
      );
    default:
      return unknown(data, at, 1);
  }
}

/** Lengths of `ESC x` and `GS x` commands that the paper does not show. */
const quietEscapes: readonly (readonly [code: number, lengthBytes: number])[] = [
  [0x20, 3], // right side spacing
  [0x24, 4], // position
  [0x2d, 3], // underline
  [0x3d, 3], // peripheral
  [0x4d, 3], // font
  [0x52, 3], // international set
  [0x54, 3], // direction
  [0x56, 3], // rotation
  [0x5c, 4], // relative position
  [0x63, 4], // sensors and buttons
  [0x7b, 3], // upside down
];
const quietGroups: readonly (readonly [code: number, lengthBytes: number])[] = [
  [0x42, 3], // white on black
  [0x48, 3], // text of bar codes
  [0x49, 3], // printer id
  [0x4c, 4], // left margin
  [0x50, 4], // motion units
  [0x57, 4], // width
  [0x61, 3], // automatic status
  [0x66, 3], // font of bar codes
  [0x68, 3], // height of bar codes
  [0x77, 3], // width of bar codes
];

function quietLength(table: readonly (readonly [number, number])[], code: number): number {
  for (const [known, lengthBytes] of table) {
    if (known === code) {
      return lengthBytes;
    }
  }
  return 2;
}

/** `ESC x n`: one parameter, one event. */
function escapeOf(code: number, n: number): EscposEvent | undefined {
  switch (code) {
    case 0x25:
      return { kind: "userDefined", on: n % 2 === 1 };
    case 0x33:
      return { kind: "lineSpacing", dots: n };
    case 0x3f:
      return { kind: "undefine", byte: n };
    case 0x45:
    case 0x47:
      return { kind: "bold", on: n % 2 === 1 };
    case 0x4a:
      return { kind: "feedDots", dots: n };
    case 0x61:
      return { kind: "align", align: n % 48 === 1 ? "center" : n % 48 === 2 ? "right" : "left" };
    case 0x64:
      return { kind: "feedLines", lines: n };
    case 0x74:
      return { kind: "codeTable", number: n };
    default:
      return undefined;
  }
}

function takeEsc(data: Bytes, at: number): Taken {
  const code = byteAt(data, at + 1);
  switch (code) {
    case 0x40:
      return command(2, { kind: "reset" });
    case 0x32:
      return command(2, { kind: "lineSpacing", dots: undefined });
    case 0x69:
    case 0x6d:
      return command(2, { kind: "cut", feeds: false });
    case 0x70:
      return fixed(data, at, 5, () => ({ kind: "drawer" }));
    case 0x21:
      return takePrintMode(data, at);
    case 0x26:
      return needing(data, at, 5, takeDefinitions);
    case 0x2a:
      return needing(data, at, 5, takeBitImage);
  }
  if (escapeOf(code, 0) !== undefined) {
    return fixed(data, at, 3, () => escapeOf(code, byteAt(data, at + 2))!);
  }
  return unknown(data, at, quietLength(quietEscapes, code));
}

/** `ESC ! n`: bold and size in one byte. */
function takePrintMode(data: Bytes, at: number): Taken {
  if (data.length - at < 3) {
    return { kind: "more", needBytes: 3 };
  }
  const n = byteAt(data, at + 2);
  const heightTimes = (n & 0x10) !== 0 ? 2 : 1;
  return command(
    3,
    { kind: "bold", on: (n & 0x08) !== 0 },
    { kind: "size", widthTimes: (n & 0x20) !== 0 ? 2 : 1, heightTimes },
  );
}

/** `ESC & y c1 c2 [x d1 … d(y×x)] …` */
function takeDefinitions(data: Bytes, at: number): Taken {
  const bytesPerColumn = byteAt(data, at + 2);
  const first = byteAt(data, at + 3);
  const last = byteAt(data, at + 4);
  if (bytesPerColumn !== 3 || first < 0x20 || last > 0x7e || first > last) {
    return unknown(data, at, 5);
  }
  const events: EscposEvent[] = [];
  let end = at + 5;
  for (let byte = first; byte <= last; byte++) {
    if (data.length <= end) {
      return { kind: "more", needBytes: end - at + 1 };
    }
    const lengthBytes = byteAt(data, end) * bytesPerColumn;
    if (data.length < end + 1 + lengthBytes) {
      return { kind: "more", needBytes: end - at + 1 + lengthBytes };
    }
    events.push({ kind: "define", byte, columns: slice(data, end + 1, end + 1 + lengthBytes) });
    end += 1 + lengthBytes;
  }
  return command(end - at, ...events);
}

/** `ESC * m nL nH d…`: a picture in the old way; the emulated printer passes over it. */
function takeBitImage(data: Bytes, at: number): Taken {
  const bytesPerColumn = byteAt(data, at + 2) >= 32 ? 3 : 1;
  const bodyBytes = readU16le(data, at + 3) * bytesPerColumn;
  return withBody(data, at, 5, bodyBytes, () => ({ kind: "unknown", bytes: slice(data, at, at + 5 + bodyBytes) }));
}

function takeGs(data: Bytes, at: number): Taken {
  const code = byteAt(data, at + 1);
  switch (code) {
    case 0x21:
      return fixed(data, at, 3, () => sizeOf(byteAt(data, at + 2)));
    case 0x72:
      return fixed(data, at, 3, () => ({ kind: "report", n: byteAt(data, at + 2) }));
    case 0x56:
      return needing(data, at, 3, takeCut);
    case 0x76:
      return needing(data, at, 8, takeRaster);
    case 0x28:
      return needing(data, at, 5, takeFunction);
    case 0x6b:
      return needing(data, at, 4, takeBarCode);
    default:
      return unknown(data, at, quietLength(quietGroups, code));
  }
}

const sizeOf = (n: number): EscposEvent => ({
  kind: "size",
  widthTimes: (Math.floor(n / 16) % 8) + 1,
  heightTimes: (n % 8) + 1,
});

/** `GS V m` or, with feed, `GS V m n`. */
function takeCut(data: Bytes, at: number): Taken {
  const feeds = byteAt(data, at + 2) >= 65;
  return fixed(data, at, feeds ? 4 : 3, () => ({ kind: "cut", feeds }));
}

/** `GS v 0 m xL xH yL yH d…` */
function takeRaster(data: Bytes, at: number): Taken {
  const mode = byteAt(data, at + 3) % 4;
  const widthBytes = readU16le(data, at + 4);
  const heightDots = readU16le(data, at + 6);
  if (byteAt(data, at + 2) !== 0x30) {
    return unknown(data, at, 3);
  }
  return withBody(data, at, 8, widthBytes * heightDots, body => ({
    kind: "raster",
    widthBytes,
    heightDots,
    widthTimes: mode % 2 === 1 ? 2 : 1,
    heightTimes: mode >= 2 ? 2 : 1,
    data: body,
  }));
}

/** `GS ( x pL pH …`: QR codes are x = k, cn = 49. */
function takeFunction(data: Bytes, at: number): Taken {
  const isSymbol = byteAt(data, at + 2) === 0x6b;
  return withBody(data, at, 5, readU16le(data, at + 3), body => {
    const known = isSymbol && body.length >= 3 && byteAt(body, 0) === 0x31 ? qrEvent(body) : undefined;
    return known ?? { kind: "unknown", bytes: slice(data, at, at + 5 + body.length) };
  });
}

function qrEvent(body: Bytes): EscposEvent | undefined {
  switch (byteAt(body, 1)) {
    case 0x43:
      return { kind: "qrSize", dots: byteAt(body, 2) };
    case 0x45:
      return { kind: "qrLevel", level: byteAt(body, 2) };
    case 0x50:
      return { kind: "qrStore", text: slice(body, 3, body.length) };
    case 0x51:
      return { kind: "qrPrint" };
    default:
      return undefined;
  }
}

/** `GS k m d… NUL` or, with m from 65 on, `GS k m n d…`: the emulated printer passes over bar codes. */
function takeBarCode(data: Bytes, at: number): Taken {
  if (byteAt(data, at + 2) >= 65) {
    return unknown(data, at, 4 + byteAt(data, at + 3));
  }
  for (let end = at + 3; end < data.length && end < at + 258; end++) {
    if (byteAt(data, end) === 0) {
      return unknown(data, at, end + 1 - at);
    }
  }
  return data.length - at < 258 ? { kind: "more", needBytes: data.length - at + 1 } : unknown(data, at, 258);
}
