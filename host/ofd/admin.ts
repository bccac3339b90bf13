/**
 * The operator's own HTTP, on loopback: registers on and off record, and their documents. `Authorization: Bearer` with
 * the admin token on every call but /health. No answer holds a token.
 *
 *   GET   /health
 *   POST  /devices                          enrolment.ts → 201, 200 known already, 409
 *   GET   /devices/{id}
 *   PATCH /devices/{id}                     { token?, status?, blockText? }
 *   GET   /devices/{id}/documents?after=N   100 at most, with the frame in base64
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { readEnrolment } from "./enrolment";
import type { RegisterStatus } from "./register-state";
import type { Amendment, OfdStore } from "./store/store";

const bodyBytesMax = 64 * 1024;
const statuses: readonly RegisterStatus[] = ["active", "blocked", "disconnected", "deregistered"];

export interface Admin {
  readonly port: number;
  close(): Promise<void>;
}
interface Result {
  readonly status: number;
  readonly body: unknown;
}

export async function startAdmin(options: { store: OfdStore; port: number; token: string }): Promise<Admin> {
  const server = createServer((request, response) => {
    respond(request, options).then(
      result => write(response, result),
      () => write(response, problem(500, "the store does not answer")),
    );
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, "127.0.0.1", () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : options.port);
    });
  });
  return {
    port,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const problem = (status: number, detail: string): Result => ({ status, body: { status, detail } });

function write(response: ServerResponse, { status, body }: Result): void {
  const bytes = Buffer.from(JSON.stringify(body));
  response.writeHead(status, { "content-type": "application/json", "content-length": bytes.length });
  response.end(bytes);
}

async function respond(
  request: IncomingMessage,
  { store, token }: { store: OfdStore; token: string },
): Promise<Result> {
  const url = new URL(request.url ?? "/", "http://127.0.0.1");
  if (url.pathname === "/health") return { status: 200, body: { ok: true } };
  if (!isAllowed(request, token)) return problem(401, "Authorization: Bearer with the admin token is needed");
  const [, area, idText, part] = url.pathname.split("/");
  if (area !== "devices") return problem(404, "no such path");
  if (idText === undefined) return request.method === "POST" ? enrol(store, request) : problem(405, "POST");
  const id = Number(idText);
  if (!Number.isSafeInteger(id)) return problem(404, "no such device");
  if (part === "documents" && request.method === "GET") return listDocuments(store, id, url);
  if (part !== undefined) return problem(404, "no such path");
  if (request.method === "PATCH") return amend(store, id, request);
  return request.method === "GET" ? show(store, id) : problem(405, "GET or PATCH");
}

/** Compared by digest, so that neither time nor length tells anything. */
function isAllowed(request: IncomingMessage, token: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(request.headers.authorization ?? ""), digest(`Bearer ${token}`));
}

async function enrol(store: OfdStore, request: IncomingMessage): Promise<Result> {
  const enrolment = readEnrolment(await readJson(request));
  if (typeof enrolment === "string") return problem(422, enrolment);
  const outcome = await store.enrol(enrolment);
  if (outcome === "idTaken") return problem(409, `device ${enrolment.id} is another register`);
  if (outcome === "inUse") return problem(409, `device ${enrolment.id} has documents: change its token by PATCH`);
  if (outcome === "serialTaken") return problem(409, `serial ${enrolment.serial} is on record under another device`);
  return { status: outcome === "enrolled" ? 201 : 200, body: { id: enrolment.id, outcome } };
}

async function show(store: OfdStore, id: number): Promise<Result> {
  const device = await store.device(id);
  return device === undefined ? problem(404, "no such device") : { status: 200, body: device };
}

async function amend(store: OfdStore, id: number, request: IncomingMessage): Promise<Result> {
  const amendment = readAmendment(await readJson(request));
  if (typeof amendment === "string") return problem(422, amendment);
  return (await store.amend(id, amendment)) ? show(store, id) : problem(404, "no such device");
}

function readAmendment(json: unknown): Amendment | string {
  if (typeof json !== "object" || json === null) return "body: expected an object";
  const { token, status, blockText } = json as Record<string, unknown>;
  const isToken = Number.isSafeInteger(token) && (token as number) >= 1 && (token as number) < 2 ** 32;
  if (token !== undefined && !isToken) return "token: expected 1 … 4294967295";
  if (status !== undefined && !statuses.includes(status as RegisterStatus)) return `status: expected ${statuses}`;
  if (blockText !== undefined && typeof blockText !== "string") return "blockText: expected text";
  return { token, status, blockText } as Amendment;
}

async function listDocuments(store: OfdStore, id: number, url: URL): Promise<Result> {
  const after = Number(url.searchParams.get("after") ?? "-1");
  if (!Number.isSafeInteger(after)) return problem(422, "after: expected a whole number");
  const documents = await store.documents(id, after);
  const body = documents.map(({ frame, ...rest }) => ({ ...rest, frame: Buffer.from(frame).toString("base64") }));
  return { status: 200, body };
}

/** undefined when it is too long or no JSON. */
async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let lengthBytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    lengthBytes += chunk.length;
    if (lengthBytes > bodyBytesMax) return undefined;
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch {
    return undefined;
  }
}
