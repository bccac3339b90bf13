/**
 * What a module said on the line, message by message, as text that compares: header and payload in hex. The facts of a
 * refusal are a map in whatever order the machine keeps its keys; so they are sorted. Nothing else may differ.
 */
import { decodeCbor } from "../../host/device/cbor";
import { bufferOf } from "../../host/device/message-channel";
import type { Bytes } from "../../protocol/bytes";
import { crc16 } from "../../protocol/crc16";
import { createFrameDecoder, feedFrame } from "../../protocol/smp-frame";
import { decodeMessages, type ReceivedMessage } from "../../protocol/smp-message";

export function readAnswers(bytes: Bytes): string[] {
  const { events } = feedFrame(createFrameDecoder(), bytes, crc16);
  return events.flatMap(event => (event.kind === "message" ? decodeMessages(event.message).map(words) : [event.kind]));
}

function words({ version, op, group, sequence, command, payload }: ReceivedMessage): string {
  const { facts, ...rest } = decodeCbor(bufferOf(payload)) as { facts?: object };
  const said =
    facts === undefined ? bufferOf(payload).toString("hex") : JSON.stringify([rest, Object.entries(facts).sort()]);
  return `${version}.${op} ${group}/${command} #${sequence} ${said}`;
}
