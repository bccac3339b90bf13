/** Signing in and out. The token goes to programs as Bearer, to pages as a cookie that no script can read. */
import type { FastifyInstance } from "fastify";
import { noSecurity, responses } from "../openapi";
import type { Register } from "../register";
import { callerOf, cookieName } from "../server";
import { digits, integer, object, readBody } from "../shape";

const signInField = object("Who signs in", {
  operator: integer("Code of the operator", 1, 9999),
  pin: digits("PIN", 4, 12),
});

const cookie = (value: string, rest: string): string =>
  `${cookieName}=${value}; Path=/; HttpOnly; SameSite=Strict${rest}`;

const openSchema = {
  summary: "Sign in at the module",
  body: signInField.schema,
  security: noSecurity,
  response: responses({
    201: {
      description: "Signed in",
      type: "object",
      properties: {
        token: { type: "string" },
        operator: {
          type: "object",
          properties: { code: { type: "integer" }, name: { type: "string" }, role: { type: "string" } },
        },
        expiresAt: { type: "string", format: "date-time", description: "When nothing is called until then" },
      },
    },
  }),
};

export function addSessions(app: FastifyInstance, { sessions }: Register): void {
  app.post("/v1/sessions", { schema: openSchema, config: { open: true } }, async (request, reply) => {
    const { token, caller } = await sessions.open(readBody(signInField, request.body));
    const expiresAt = new Date(Date.now() + caller.idleS * 1000).toISOString();
    reply.code(201).header("Set-Cookie", cookie(token, "")).header("Cache-Control", "no-store");
    return { token, operator: caller.operator, expiresAt };
  });

  const closeSchema = {
    summary: "Sign out",
    response: responses({ 204: { description: "Signed out", type: "null" } }),
  };
  app.delete("/v1/sessions/current", { schema: closeSchema }, async (request, reply) => {
    callerOf(request);
    if (request.token !== undefined) {
      await sessions.close(request.token);
    }
    return reply.code(204).header("Set-Cookie", cookie("", "; Max-Age=0")).send();
  });
}
