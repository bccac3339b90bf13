/** Enrolments as JSON: what the admin API and `kassa ofd register` are given. Field names are the card's. */
import type { Enrolment } from "./store/store";

type Shape = { readonly [field: string]: "text" | "number" | "boolean" | Shape };

const shape: Shape = {
  ofdId: "number",
  token: "number",
  rnm: "text",
  serial: "text",
  org: {
    titleRu: "text",
    titleKk: "text",
    iinBin: "text",
    addressRu: "text",
    addressKk: "text",
    oked: "text",
    vatPayer: "boolean",
  },
  pos: { addressRu: "text", addressKk: "text", latitude: "number", longitude: "number" },
  ofd: { titleRu: "text", titleKk: "text", url: "text" },
};
const uint32Max = 2 ** 32 - 1;

type EnrolmentJson = Omit<Enrolment, "id" | "profile"> & Enrolment["profile"] & { readonly ofdId: number };

/** A text says what is wrong with it; further fields are ignored, so that a card can be given as it is. */
export function readEnrolment(json: unknown): Enrolment | string {
  const problem = problemOf(json, shape, "");
  if (problem !== undefined) return problem;
  const { ofdId, token, rnm, serial, org, pos, ofd } = json as EnrolmentJson;
  if (ofdId < 1 || ofdId > uint32Max) return "ofdId: expected 1 … 4294967295";
  if (token < 1 || token > uint32Max) return "token: expected 1 … 4294967295";
  if (!/^\d{12,}$/.test(rnm)) return "rnm: expected 12 digits or more";
  if (!/^\d{12}$/.test(org.iinBin)) return "org.iinBin: expected 12 digits";
  if (serial === "") return "serial: expected a text that is not empty";
  return { id: ofdId, token, rnm, serial, profile: { org, pos, ofd } };
}

function problemOf(value: unknown, expected: Shape[string], path: string): string | undefined {
  if (typeof expected === "object") {
    if (typeof value !== "object" || value === null) return `${path || "body"}: expected an object`;
    const fields = value as Record<string, unknown>;
    const problems = Object.entries(expected).map(([name, inner]) =>
      problemOf(fields[name], inner, path === "" ? name : `${path}.${name}`),
    );
    return problems.find(problem => problem !== undefined);
  }
  const isRight =
    expected === "text"
      ? typeof value === "string"
      : expected === "boolean"
        ? typeof value === "boolean"
        : Number.isSafeInteger(value) && (value as number) >= 0;
  return isRight ? undefined : `${path}: expected ${expected === "number" ? "a whole number" : expected}`;
}
