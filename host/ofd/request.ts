/** A request's payload: bytes → message, with the checks that the generated code leaves out. */
import { createHash } from "node:crypto";
import { type DescMessage, fromBinary, isFieldSet, type Message } from "@bufbuild/protobuf";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { CommandTypeEnum, type Request, RequestSchema } from "./proto/ofd_pb";

export const version204 = 204;

export type ParsedRequest =
  /** Result 3; `why` goes to result_text. */
  | { readonly kind: "malformed"; readonly command: number; readonly why: string }
  | { readonly kind: "request"; readonly command: number; readonly message: Request };

export function parseRequest(version: number, payload: Uint8Array): ParsedRequest {
  // Read apart from the message: protobuf-es hides an unknown enum number behind the default, COMMAND_SYSTEM (§2.5).
  const command = readCommand(payload);
  const malformed = (why: string): ParsedRequest => ({ kind: "malformed", command: command ?? 0, why });
  if (version !== version204) return malformed(`VERSION ${version}: сервер говорит на 204`);
  if (command === undefined) return malformed("нет поля command");
  let message: Request;
  try {
    message = fromBinary(RequestSchema, payload);
  } catch {
    return malformed("сообщение не разбирается как protobuf");
  }
  const isKnown = CommandTypeEnum[command] !== undefined;
  const missing = missingRequired(RequestSchema, message).filter(path => isKnown || path !== "command");
  if (missing.length > 0) return malformed(`нет обязательного поля ${missing[0]}`);
  if (command === CommandTypeEnum.COMMAND_TICKET && message.ticket === undefined) return malformed("нет поля ticket");
  return { kind: "request", command, message };
}

/** The last field 1 that can be read before the payload ends or breaks. */
function readCommand(payload: Uint8Array): number | undefined {
  const reader = new BinaryReader(payload);
  let command: number | undefined;
  try {
    while (reader.pos < reader.len) {
      const [field, wire] = reader.tag();
      if (field === 1 && wire === WireType.Varint) command = reader.uint32();
      else reader.skip(wire, field);
    }
  } catch {
    return command;
  }
  return command;
}

const legacyRequired = 3;

/**
 * Paths of required fields that are not there, an unknown enum value included. protobuf-es checks them when it writes
 * and not when it reads.
 */
function missingRequired(desc: DescMessage, message: Message, path = ""): string[] {
  const missing: string[] = [];
  for (const field of desc.fields) {
    const name = path + field.name;
    if (!isFieldSet(message, field)) {
      if (field.presence === legacyRequired) missing.push(name);
      continue;
    }
    const value = (message as unknown as Record<string, unknown>)[field.localName];
    if (field.fieldKind === "message") {
      missing.push(...missingRequired(field.message, value as Message, `${name}.`));
    } else if (field.fieldKind === "list" && field.listKind === "message") {
      for (const [index, element] of (value as Message[]).entries()) {
        missing.push(...missingRequired(field.message, element, `${name}[${index}].`));
      }
    }
  }
  return missing;
}

/** Where a document stands in Request, and which of its fields only say that it was made offline (§11.3). */
const bodies: Readonly<Record<number, { readonly field: number; readonly offlineField: number }>> = {
  [CommandTypeEnum.COMMAND_TICKET]: { field: 2, offlineField: 10 },
};

/**
 * SHA-256 of what makes a document the same one: its fields as they came, without `service`, and without the mark that
 * it was made offline, which a repeat may carry and the first copy not (§6.6, §11.3).
 */
export function bodyHash(command: number, payload: Uint8Array): Buffer {
  const body = bodies[command];
  const hash = createHash("sha256").update(String(command));
  for (const own of fieldsOf(payload)) {
    if (own.number !== body?.field || own.wire !== WireType.LengthDelimited) continue;
    for (const field of fieldsOf(new BinaryReader(own.value).bytes())) {
      if (field.number !== body.offlineField) hash.update(field.whole);
    }
  }
  return hash.digest();
}

interface RawField {
  readonly number: number;
  readonly wire: WireType;
  /** The bytes after the tag, and with it. */
  readonly value: Uint8Array;
  readonly whole: Uint8Array;
}

function* fieldsOf(message: Uint8Array): Generator<RawField> {
  const reader = new BinaryReader(message);
  while (reader.pos < reader.len) {
    const start = reader.pos;
    const [number, wire] = reader.tag();
    const valueStart = reader.pos;
    reader.skip(wire, number);
    const value = message.subarray(valueStart, reader.pos);
    yield { number, wire, value, whole: message.subarray(start, reader.pos) };
  }
}
