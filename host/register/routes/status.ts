/** The state of the register: for pages, monitors, and the person in front of it. */
import type { FastifyInstance } from "fastify";
import { noSecurity, responses } from "../openapi";
import { languageOf } from "../problem";
import type { Register } from "../register";
import { callerOf } from "../server";
import { withSession } from "../sessions";
import { readShift, readStatus } from "../status";

/** However many pages ask: the module is asked this often at most. */
const freshMs = 250;

export function addStatus(app: FastifyInstance, register: Register): void {
  const { device, alarms } = register;
  let asked: { readonly atMs: number; readonly language: string; readonly status: Promise<object> } | undefined;

  const status = {
    summary: "State of module, shift, queue, printer, memory, clock and link",
    security: noSecurity,
    response: responses({ 200: { type: "object", properties: { state: { enum: ["ready", "blocked", "absent"] } } } }),
  };
  app.get("/v1/status", { schema: status, config: { open: true } }, request => {
    const language = languageOf(request.headers["accept-language"]);
    if (asked === undefined || asked.language !== language || Date.now() - asked.atMs > freshMs) {
      asked = { atMs: Date.now(), language, status: readStatus(device, alarms, language) };
    }
    return asked.status;
  });

  const shift = { summary: "The shift", response: responses({ 200: { type: "object" } }) };
  app.get("/v1/shift", { schema: shift }, request => {
    callerOf(request);
    return readShift(device);
  });

  const health = {
    summary: "The service runs",
    security: noSecurity,
    response: responses({ 200: { type: "object" } }),
  };
  app.get("/health", { schema: health, config: { open: true } }, async () => ({
    status: "ok",
    device: device.state().present ? "present" : "absent",
  }));

  const tryNow = {
    summary: "Try to reach the operator now",
    response: responses({ 202: { description: "Trying", type: "null" } }),
  };
  app.post("/v1/uplink/try", { schema: tryNow }, async (request, reply) => {
    await withSession(callerOf(request), session => device.tryNow(session));
    return reply.code(202).send();
  });
}
