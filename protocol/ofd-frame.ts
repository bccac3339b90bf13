/**
 * The frame of the OFD protocol: 18 bytes, little-endian, then one protobuf message. The same in both directions.
 *
 *   0         2         4      8    12      16       18          SIZE
 *   | A2 81   | VERSION | SIZE | ID | TOKEN | REQNUM | payload … |
 *
 * SIZE counts the header. VERSION is 100·X + 10·Y + Z of "X.Y.Z". There is no checksum: TCP is relied on.
 */
import { assert } from "./assert";
import { type Bytes, concat, readU16le, readU32le, u16le, u32le } from "./bytes";

export const ofdAppCode = 0x81a2;
export const ofdVersion204 = 204;
export const ofdHeaderBytes = 18;
/** SIZE is a uint32 of which only the positive half is allowed. */
const frameBytesMax = 2147483647;

export interface OfdAddress {
  readonly version: number;
  /** The device's number at the operator. */
  readonly id: number;
  /** All 32 bits are used. */
  readonly token: number;
  readonly reqnum: number;
}
export interface OfdHeader extends OfdAddress {
  /** SIZE: header and payload. */
  readonly sizeBytes: number;
}

/** The header of a frame whose payload follows in pieces, `payloadBytes` altogether. */
export function encodeFrameHeader(address: OfdAddress, payloadBytes: number): Bytes {
  assert(address.reqnum >= 0 && address.reqnum < 65536, "REQNUM has 16 bits");
  assert(address.token >= 0 && address.token < 4294967296, "TOKEN has 32 bits");
  return concat([
    u16le(ofdAppCode),
    u16le(address.version),
    u32le(ofdHeaderBytes + payloadBytes),
    u32le(address.id),
    u32le(address.token),
    u16le(address.reqnum),
  ]);
}

export function encodeFrame(frame: OfdAddress & { readonly payload: Bytes }): Bytes {
  return concat([encodeFrameHeader(frame, frame.payload.length), frame.payload]);
}

/**
 * The header at the front of `bytes`; undefined when there are fewer than 18 bytes, APPCODE is another, or SIZE cannot
 * be. Whether VERSION, ID and REQNUM are the expected ones is the reader's to compare (§2.3, §6.3).
 */
export function decodeFrameHeader(bytes: Bytes): OfdHeader | undefined {
  if (bytes.length < ofdHeaderBytes || readU16le(bytes, 0) !== ofdAppCode) {
    return undefined;
  }
  const sizeBytes = readU32le(bytes, 4);
  if (sizeBytes < ofdHeaderBytes || sizeBytes > frameBytesMax) {
    return undefined;
  }
  return {
    version: readU16le(bytes, 2),
    sizeBytes,
    id: readU32le(bytes, 8),
    token: readU32le(bytes, 12),
    reqnum: readU16le(bytes, 16),
  };
}
