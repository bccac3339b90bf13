/**
 * The HTTP face: Fastify with our own reading of bodies and our own answers to everything that can be wrong with a
 * request. Routes are in routes/; each says in its schema what OpenAPI shows.
 *
 *   request ─► Host, Origin ─► who (Basic, Bearer, cookie) ─► body ─► route ─► answer
 *                 403               401                     400 413 415   any refusal: problem+json
 */
import swagger from "@fastify/swagger";
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { refuse } from "../../protocol/refusals";
import { type AllowList, checkCaller, isListed } from "./allow-list";
import { openApi, problemSchema } from "./openapi";
import { bodyBytesMax, refusalIn, sendProblem } from "./problem";
import type { Register } from "./register";
import { addDocs } from "./routes/docs";
import { addEvents } from "./routes/events";
import { addJournal } from "./routes/journal";
import { addPaper } from "./routes/paper";
import { addReceipts } from "./routes/receipts";
import { addSessions } from "./routes/sessions";
import { addStatus } from "./routes/status";
import { type Caller, readBasic } from "./sessions";
import { RequestRefusal } from "./shape";

export const cookieName = "kassa";

declare module "fastify" {
  interface FastifyRequest {
    /** Who calls; there on every route that is not open. */
    caller: Caller | undefined;
    /** The token that it came with, when it came with one. */
    token: string | undefined;
    /** When its head was read: what follows, the sign-in at the module too, is not the POS's way to us. */
    arrivedMs: number;
  }
  interface FastifyContextConfig {
    /** Needs no sign-in. */
    readonly open?: true;
  }
}

export interface ServerOptions {
  readonly origins: readonly string[];
  /** The port in `Host`; the one that is listened on when absent. */
  readonly port?: () => number;
}

export async function createServer(register: Register, options: ServerOptions): Promise<FastifyInstance> {
  const app = Fastify({
    bodyLimit: bodyBytesMax,
    exposeHeadRoutes: false,
    forceCloseConnections: true,
    frameworkErrors: (error, request, reply) => void sendError(error, request, reply),
    clientErrorHandler: (error, socket) => {
      const status = error.code === "HPE_HEADER_OVERFLOW" ? "431 Request Header Fields Too Large" : "400 Bad Request";
      socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    },
  });
  const list: AllowList = { port: options.port ?? (() => portOf(app)), origins: options.origins };
  // Bodies are checked by shape.ts and answers written by the routes; schemas are for OpenAPI.
  app.setValidatorCompiler(() => () => true);
  app.setSerializerCompiler(() => data => JSON.stringify(data));
  readJsonOnly(app);
  const methods = rememberMethods(app);
  app.decorateRequest("caller", undefined);
  app.decorateRequest("token", undefined);
  app.decorateRequest("arrivedMs", 0);
  app.addHook("onRequest", async request => {
    request.arrivedMs = Date.now();
  });
  app.addHook("onRequest", (request, reply) => admit(list, request, reply));
  app.addHook("onRequest", request => signIn(register, request));
  app.setErrorHandler(sendError);
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split("?")[0] as string;
    const allowed = methods(path);
    if (allowed.length === 0) {
      return sendProblem(request, reply, refuse("ROUTE_UNKNOWN", { path: path.slice(0, 128) }));
    }
    reply.header("Allow", allowed.join(", "));
    const facts = { got: request.method, expected: allowed.join(", ") };
    return sendProblem(request, reply, refuse("METHOD_NOT_ALLOWED", facts));
  });
  app.addSchema(problemSchema);
  await app.register(swagger, openApi);
  for (const add of [addSessions, addReceipts, addPaper, addStatus, addJournal, addEvents, addDocs]) {
    add(app, register);
  }
  return app;
}

function portOf(app: FastifyInstance): number {
  const address = app.server.address();
  return address === null || typeof address === "string" ? 0 : address.port;
}

/** Host and Origin; answers preflights of pages that KASSA_CORS lists (Fetch standard, CORS protocol). */
async function admit(list: AllowList, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { host, origin } = request.headers;
  reply.header("X-Content-Type-Options", "nosniff").header("Vary", "Origin");
  const refusal = checkCaller(list, host, origin);
  if (refusal !== undefined) {
    throw new RequestRefusal(refusal.code, refusal.facts);
  }
  if (origin !== undefined && isListed(list, origin)) {
    reply.header("Access-Control-Allow-Origin", origin);
    reply.header("Access-Control-Expose-Headers", "Idempotent-Replayed, Location, Paper-Matches, Retry-After");
    if (request.method === "OPTIONS") {
      reply.header("Access-Control-Allow-Methods", "GET, POST, PUT, PATCH, DELETE");
      reply.header("Access-Control-Allow-Headers", "Authorization, Content-Type, Idempotency-Key, Last-Event-ID");
      reply.header("Access-Control-Max-Age", "600").code(204).send();
    }
  }
}

async function signIn(register: Register, request: FastifyRequest): Promise<void> {
  if (request.is404 || request.routeOptions.config.open === true) {
    return;
  }
  const [scheme = "", credentials = ""] = (request.headers.authorization ?? "").split(" ");
  if (scheme.toLowerCase() === "basic") {
    request.caller = await register.sessions.byPin(readBasic(credentials));
    return;
  }
  request.token = scheme.toLowerCase() === "bearer" ? credentials : cookieOf(request.headers.cookie);
  if (request.token === undefined) {
    throw new RequestRefusal("SIGN_IN_NEEDED");
  }
  request.caller = register.sessions.byToken(request.token);
}

function cookieOf(header: string | undefined): string | undefined {
  const pairs = (header ?? "").split(";").map(pair => pair.trim().split("="));
  return pairs.find(([name]) => name === cookieName)?.[1];
}

/** Who calls, on a route that is not open. */
export function callerOf(request: FastifyRequest): Caller {
  if (request.caller === undefined) {
    throw new RequestRefusal("SIGN_IN_NEEDED");
  }
  return request.caller;
}

/** JSON in well-formed UTF-8 and nothing else; an empty body is no body. */
function readJsonOnly(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    "application/json",
    { parseAs: "buffer" },
    async (_request: unknown, body: string | Buffer) => {
      if (body.length === 0) {
        return undefined;
      }
      try {
        return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body as Buffer));
      } catch (error) {
        // The engine's message quotes the body, which may hold a PIN: only the place is told.
        const position = / at position (\d+)/.exec(error instanceof SyntaxError ? error.message : "")?.[1];
        throw new RequestRefusal("JSON_INVALID", position === undefined ? {} : { position: Number(position) });
      }
    },
  );
}

/** The methods of each path, so that a wrong method is not called an unknown address. */
function rememberMethods(app: FastifyInstance): (path: string) => string[] {
  const routes: { readonly pattern: RegExp; readonly method: string }[] = [];
  app.addHook("onRoute", ({ url, method }) => {
    const pattern = new RegExp(`^${url.replace(/\./g, "\\.").replace(/:\w+/g, "[^/]+")}$`);
    routes.push(...[method].flat().map(each => ({ pattern, method: each })));
  });
  return path => routes.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method);
}

function sendError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const refusal = refusalIn(error);
  if (refusal !== undefined) {
    return sendProblem(request, reply, refusal);
  }
  // Our own bug: say so plainly here, and nothing about it to the caller.
  process.stderr.write(`${request.method} ${request.routeOptions.url ?? "?"}: ${(error as Error).stack}\n`);
  const problem = { type: "about:blank", title: "Internal error", status: 500 };
  return reply.code(500).type("application/problem+json").send(JSON.stringify(problem));
}
