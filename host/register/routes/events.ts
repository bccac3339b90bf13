/** GET /v1/events: server-sent events for the pages. */
import type { FastifyInstance } from "fastify";
import { responses } from "../openapi";
import type { Register } from "../register";
import { callerOf } from "../server";
import { RequestRefusal } from "../shape";

export function addEvents(app: FastifyInstance, { events }: Register): void {
  const schema = {
    summary: "What happens, as it happens (server-sent events)",
    description:
      "receipt, printed, offline, online, blocked, unblocked, queue, paper, device, alarm. Goes on after Last-Event-ID.",
    response: responses({
      200: { description: "The stream", content: { "text/event-stream": { schema: { type: "string" } } } },
    }),
  };
  app.get("/v1/events", { schema }, async (request, reply) => {
    callerOf(request);
    const last = request.headers["last-event-id"];
    const lastEventId = typeof last === "string" && /^[0-9]{1,15}$/.test(last) ? Number(last) : undefined;
    for (const [name, value] of Object.entries(reply.getHeaders())) {
      reply.raw.setHeader(name, value as string);
    }
    if (!events.listen(reply.raw, lastEventId)) {
      throw new RequestRefusal("BUSY");
    }
    reply.hijack();
  });
}
