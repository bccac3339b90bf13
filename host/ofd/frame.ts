/**
 * Frames as the server reads and writes them: 18 bytes of header, little-endian, then one protobuf message.
 *
 *   0         2         4      8    12      16       18          SIZE
 *   | A2 81   | VERSION | SIZE | ID | TOKEN | REQNUM | payload … |
 *
 * Written apart from protocol/ofd-frame.ts on purpose: module and server check each other.
 */

export const headerBytes = 18;
/** A longer frame cannot be a request (§11.9). */
export const frameBytesMax = 512 * 1024;
const appCode = 0x81a2;

export interface Header {
  readonly version: number;
  readonly id: number;
  readonly token: number;
  readonly reqnum: number;
}
export interface Frame extends Header {
  /** The frame as it came, header included. */
  readonly bytes: Buffer;
}
export type FrameEvent =
  | { readonly kind: "frame"; readonly frame: Frame }
  /** The header cannot be trusted: nothing can be answered, the connection is to be closed (§2.3). */
  | { readonly kind: "broken"; readonly why: "appCode" | "size" };

export const payloadOf = (frame: Frame): Buffer => frame.bytes.subarray(headerBytes);

export interface FrameReader {
  /** Same bytes, same events, however they are cut. After "broken" there are no more. */
  push(chunk: Buffer): FrameEvent[];
  /** Bytes of the unfinished frame. */
  readonly pendingBytes: number;
}

export function createFrameReader(): FrameReader {
  let chunks: Buffer[] = [];
  let pendingBytes = 0;
  let neededBytes = headerBytes;
  let broken = false;

  /** Joins what is pending once it is enough, so that a slow frame is not copied for every chunk. */
  function joined(): Buffer {
    if (chunks.length > 1) chunks = [Buffer.concat(chunks)];
    return chunks[0] ?? Buffer.alloc(0);
  }

  function takeOne(): FrameEvent | undefined {
    if (broken || pendingBytes < neededBytes) return undefined;
    const bytes = joined();
    const problem = problemOf(bytes);
    if (problem !== undefined) {
      broken = true;
      return { kind: "broken", why: problem };
    }
    neededBytes = bytes.readUInt32LE(4);
    if (pendingBytes < neededBytes) return undefined;
    const frame = frameOf(Buffer.from(bytes.subarray(0, neededBytes)));
    chunks = [bytes.subarray(neededBytes)];
    pendingBytes -= neededBytes;
    neededBytes = headerBytes;
    return { kind: "frame", frame };
  }

  return {
    push(chunk) {
      chunks.push(chunk);
      pendingBytes += chunk.length;
      const events: FrameEvent[] = [];
      for (let event = takeOne(); event !== undefined; event = takeOne()) events.push(event);
      return events;
    },
    get pendingBytes() {
      return pendingBytes;
    },
  };
}

function problemOf(bytes: Buffer): "appCode" | "size" | undefined {
  if (bytes.readUInt16LE(0) !== appCode) return "appCode";
  const sizeBytes = bytes.readUInt32LE(4);
  return sizeBytes < headerBytes || sizeBytes > frameBytesMax ? "size" : undefined;
}

const frameOf = (bytes: Buffer): Frame => ({
  bytes,
  version: bytes.readUInt16LE(2),
  id: bytes.readUInt32LE(8),
  token: bytes.readUInt32LE(12),
  reqnum: bytes.readUInt16LE(16),
});

/** The answer to `request`: its ID, REQNUM and VERSION, with the token of the answer. */
export function answerFrame(request: Header, token: number, payload: Uint8Array): Buffer {
  const header = Buffer.alloc(headerBytes);
  header.writeUInt16LE(appCode, 0);
  header.writeUInt16LE(request.version, 2);
  header.writeUInt32LE(headerBytes + payload.length, 4);
  header.writeUInt32LE(request.id, 8);
  header.writeUInt32LE(token, 12);
  header.writeUInt16LE(request.reqnum, 16);
  return Buffer.concat([header, payload]);
}
