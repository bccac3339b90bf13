/**
 * The paper of a receipt: the very bytes for the printer, and what they look like. `Paper-Matches` says whether the
 * module recorded the same bytes as printed.
 */
import { deflateSync } from "node:zlib";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Bytes } from "../../../protocol/bytes";
import { drawEscpos, textOfEscpos } from "../../../protocol/paper/escpos-read";
import { responses } from "../openapi";
import { drawPaper, type Paper } from "../paper";
import type { Register } from "../register";
import { RequestRefusal } from "../shape";
import { findReceipt } from "./receipts";

const params = { type: "object", required: ["id"], properties: { id: { type: "string" } } };

export function addPaper(app: FastifyInstance, register: Register): void {
  async function paperOf(request: FastifyRequest, reply: FastifyReply): Promise<Paper> {
    const row = await findReceipt(register, request);
    const store = register.mirror.store();
    const paper = store === undefined ? undefined : drawPaper(store, row);
    if (paper === undefined) {
      throw new RequestRefusal("RECEIPT_UNKNOWN", { id: (request.params as { id: string }).id.slice(0, 64) });
    }
    reply.header("Paper-Matches", paper.matches);
    return paper;
  }

  const schemaOf = (summary: string, mediaType: string) => ({
    summary,
    params,
    response: responses({
      200: { description: "The paper", content: { [mediaType]: { schema: { type: "string" } } } },
    }),
  });

  app.get(
    "/v1/receipts/:id/paper.escpos",
    { schema: schemaOf("Paper as sent to the printer", "application/octet-stream") },
    async (request, reply) => {
      const { escpos } = await paperOf(request, reply);
      return reply.type("application/octet-stream").send(escpos);
    },
  );

  app.get("/v1/receipts/:id/paper.txt", { schema: schemaOf("Paper as text", "text/plain") }, async (request, reply) => {
    const { escpos, profile } = await paperOf(request, reply);
    const text = textOfEscpos(escpos.toString("latin1") as Bytes, { columns: profile.columns, profile });
    return reply.type("text/plain; charset=utf-8").send(text);
  });

  app.get(
    "/v1/receipts/:id/paper.png",
    { schema: schemaOf("Paper as a picture", "image/png") },
    async (request, reply) => {
      const { escpos, profile } = await paperOf(request, reply);
      const png = drawEscpos(escpos.toString("latin1") as Bytes, {
        columns: profile.columns,
        deflate: bytes => deflateSync(Buffer.from(bytes, "latin1")).toString("latin1") as Bytes,
      });
      return reply.type("image/png").send(Buffer.from(png, "latin1"));
    },
  );
}
