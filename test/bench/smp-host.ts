/**
 * The other end of a simulated line, without waiting: a request goes in, the module is stepped until its answer has
 * come out, and time is what the steps asked for.
 */
import type { SimBoard } from "../../hal/sim/sim-board";
import { decodeCbor, encodeCbor } from "../../host/device/cbor";
import { refusalIn } from "../../host/device/device-error";
import type { Bytes } from "../../protocol/bytes";
import { crc16 } from "../../protocol/crc16";
import { createFrameDecoder, encodePacket, feedFrame } from "../../protocol/smp-frame";
import { decodeMessages, encodeMessage, smpOp, smpVersion } from "../../protocol/smp-message";

/** One step of an image or of the firmware itself; the milliseconds until it wants the next. */
export type Step = () => number;

export interface SmpHost {
  /** Throws DeviceRefusal for what the module refuses. */
  request<Reply>(op: "read" | "write", group: number, command: number, body: object): Reply;
  /** Bytes that have passed the line so far, both directions. */
  lineBytes(): number;
}

const stepsMax = 1000;
/** A step takes time; a longer sleep would let a deadline pass that a host would have kept. */
const stepMs = 1;
const sleepMaxMs = 20;

export function createSmpHost(board: SimBoard, step: Step): SmpHost {
  let sequence = 0;
  let decoder = createFrameDecoder();
  let lineBytes = 0;

  function stepOnce(): void {
    const wantedMs = step();
    board.clock.advance(Math.min(Math.max(wantedMs, stepMs), sleepMaxMs));
  }

  function awaitAnswer(): Bytes {
    for (let steps = 0; steps < stepsMax; steps++) {
      stepOnce();
      const bytes = board.uart.host.read();
      lineBytes += bytes.length;
      const fed = feedFrame(decoder, bytes, crc16);
      decoder = fed.decoder;
      for (const event of fed.events) if (event.kind === "message") return event.message;
    }
    throw new Error("the module does not answer");
  }

  function request<Reply>(op: "read" | "write", group: number, command: number, body: object): Reply {
    sequence = (sequence + 1) % 256;
    const payload = encodeCbor(body).toString("latin1") as Bytes;
    const message = encodeMessage({ version: smpVersion.v2, op: smpOp[op], group, sequence, command, payload });
    const packet = encodePacket(message, crc16).join("");
    lineBytes += packet.length;
    board.uart.host.write(packet);
    const answered = decodeMessages(awaitAnswer()).find(answer => answer.sequence === sequence);
    if (answered === undefined) throw new Error("the module answered another request");
    const reply = decodeCbor(Buffer.from(answered.payload, "latin1")) as Record<string, unknown>;
    const refusal = refusalIn(reply);
    if (refusal !== undefined) throw refusal;
    return reply as Reply;
  }

  return { request, lineBytes: () => lineBytes };
}
