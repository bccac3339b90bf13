/**
 * What a command answers, and its bytes: SMP's two error shapes (smp.md §2) with our codes and facts.
 */
import { type Bytes, concat, utf8 } from "../../protocol/bytes";
import { cborArrayHead, cborBool, cborBytes, cborInt, cborMap, cborText, cborUint } from "../../protocol/cbor-write";
import {
  type Fact,
  type Facts,
  type ModuleRefusalCode,
  moduleRc,
  type Refusal,
  type RefusalCode,
  refuse,
} from "../../protocol/refusals";
import { smpRc, smpVersion } from "../../protocol/smp-message";

export type Fields = (readonly [Bytes, Bytes])[];
export type Reply =
  | { readonly kind: "done"; readonly fields: Fields; readonly lastPageOf?: number; readonly baud?: number }
  | { readonly kind: "refused"; readonly refusal: Refusal }
  | { readonly kind: "error"; readonly rc: number };

export const done = (fields: Fields): Reply => ({ kind: "done", fields });
export const refused = (refusal: Refusal): Reply => ({ kind: "refused", refusal });
export const refusedAs = (code: RefusalCode, facts: Facts): Reply => ({
  kind: "refused",
  refusal: refuse(code, facts),
});
export const smpError = (rc: number): Reply => ({ kind: "error", rc });

const named = (name: string, value: Bytes): readonly [Bytes, Bytes] => [cborText(utf8(name)), value];
export const uintField = (name: string, value: number): readonly [Bytes, Bytes] => named(name, cborUint(value));
export const textField = (name: string, value: Bytes): readonly [Bytes, Bytes] => named(name, cborText(value));
export const wordField = (name: string, value: string): readonly [Bytes, Bytes] => named(name, cborText(utf8(value)));
export const bytesField = (name: string, value: Bytes): readonly [Bytes, Bytes] => named(name, cborBytes(value));
export const boolField = (name: string, value: boolean): readonly [Bytes, Bytes] => named(name, cborBool(value));
export const mapField = (name: string, fields: Fields): readonly [Bytes, Bytes] => named(name, cborMap(fields));
export function arrayField(name: string, items: readonly Bytes[]): readonly [Bytes, Bytes] {
  const parts: Bytes[] = [cborArrayHead(items.length)];
  for (const item of items) {
    parts.push(item);
  }
  return named(name, concat(parts));
}

/** Adds a field that may be absent. */
export function addUint(fields: Fields, name: string, value: number | undefined): void {
  if (value !== undefined) {
    fields.push(uintField(name, value));
  }
}
export function addText(fields: Fields, name: string, value: Bytes | undefined): void {
  if (value !== undefined) {
    fields.push(textField(name, value));
  }
}

function encodeFact(fact: Fact): Bytes {
  if (typeof fact === "number") {
    return cborInt(fact);
  }
  return typeof fact === "boolean" ? cborBool(fact) : cborText(utf8(fact));
}

function encodeFacts(facts: Facts): Fields {
  const fields: Fields = [];
  for (const name of Object.keys(facts)) {
    fields.push(named(name, encodeFact(facts[name] as Fact)));
  }
  return fields;
}

/** The payload of the response. */
export function encodeReply(reply: Reply, version: number, group: number): Bytes {
  if (reply.kind === "done") {
    return cborMap(reply.fields);
  }
  if (reply.kind === "error") {
    return cborMap([uintField("rc", reply.rc)]);
  }
  const { code, facts } = reply.refusal;
  if (version === smpVersion.v1) {
    return cborMap([uintField("rc", smpRc.perUser), wordField("rsn", code)]);
  }
  const err: Fields = [uintField("group", group), uintField("rc", moduleRc[code as ModuleRefusalCode])];
  return cborMap([mapField("err", err), mapField("facts", encodeFacts(facts))]);
}
