/**
 * OpenAPI 3.1 of the service, made from the schemas that the routes carry; the parts that several routes share.
 */
import type { FastifyDynamicSwaggerOptions } from "@fastify/swagger";
import { refusalRc } from "../../protocol/refusals";
import type { JsonSchema } from "./shape";

const languageTexts = {
  type: "object",
  required: ["kk", "ru", "en"],
  properties: { kk: { type: "string" }, ru: { type: "string" }, en: { type: "string" } },
};

export const problemSchema = {
  $id: "Problem",
  type: "object",
  description: "RFC 9457. Branch on `code`; show `detail` and `nextAction`.",
  required: ["type", "title", "status", "code", "facts", "detail", "nextAction", "details", "nextActions"],
  properties: {
    type: { type: "string", format: "uri-reference" },
    title: { type: "string" },
    status: { type: "integer" },
    code: { type: "string", enum: Object.keys(refusalRc) },
    facts: { type: "object", additionalProperties: { type: ["string", "integer", "boolean"] } },
    detail: { type: "string", description: "In the language of Accept-Language" },
    nextAction: { type: "string" },
    details: languageTexts,
    nextActions: languageTexts,
  },
};

const problemContent = { "application/problem+json": { schema: { $ref: "Problem#" } } };

/** The responses of a route: its own, and a problem for everything else. */
export function responses(own: { readonly [status: number]: JsonSchema }): JsonSchema {
  return { ...own, default: { description: "A refusal", content: problemContent } };
}

export const answerSchema = {
  type: "object",
  description: "The stored answer: byte-identical whenever it is asked",
  required: ["id", "key", "documentNumber", "shift", "operation", "dateTime", "total", "change", "vat"],
  properties: {
    id: { type: "string", examples: ["KZT00000001-1042"] },
    key: { type: "string" },
    documentNumber: { type: "integer" },
    shift: { type: "integer" },
    operation: { type: "string", enum: ["sale"] },
    dateTime: { type: "string", format: "date-time" },
    total: { type: "integer", description: "Tiyn" },
    change: { type: "integer", description: "Tiyn" },
    vat: {
      type: "array",
      items: {
        type: "object",
        required: ["rate", "sum"],
        properties: { rate: { type: "string" }, sum: { type: "integer", description: "Tiyn" } },
      },
    },
    fiscalSign: { type: "string" },
    autonomous: { type: "boolean" },
    cause: { type: "string", description: "Why the operator did not answer; only when autonomous" },
    qrUrl: { type: "string", format: "uri" },
  },
};

export const openApi: FastifyDynamicSwaggerOptions = {
  openapi: {
    openapi: "3.1.0",
    info: {
      title: "Kassa register service",
      version: "1",
      description:
        "Sells through the fiscal module. Money is integer tiyn, quantities are decimal strings, times RFC 3339 with offset. Unknown fields are refused by name.",
    },
    components: {
      securitySchemes: {
        pin: { type: "http", scheme: "basic", description: "operator:PIN" },
        token: { type: "http", scheme: "bearer", description: "Token of POST /v1/sessions" },
        cookie: { type: "apiKey", in: "cookie", name: "kassa" },
      },
    },
    security: [{ pin: [] }, { token: [] }, { cookie: [] }],
  },
  refResolver: { buildLocalReference: (json, _baseUri, _fragment, index) => String(json.$id ?? `def-${index}`) },
};

/** Routes that need no sign-in say so in OpenAPI too. */
export const noSecurity: readonly { readonly [name: string]: readonly string[] }[] = [];
