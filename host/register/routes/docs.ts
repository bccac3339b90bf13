/** /openapi.json, and /docs: the same as a page, with every refusal and its words. No script, nothing from elsewhere. */
import type { FastifyInstance } from "fastify";
import { type RefusalCode, refusalRc } from "../../../protocol/refusals";
import { type Language, sentence, title } from "../../texts/index";
import { languageOf, statusOf } from "../problem";

const open = { config: { open: true }, schema: { hide: true } } as const;

const style = `body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222;background:#fff}
h1{font-size:1.6rem}h2{margin-top:2.5rem}article{border-top:1px solid #ccc;padding:.8rem 0}
code,pre{font-family:ui-monospace,monospace;font-size:.9em}pre{background:#f6f6f4;padding:.8rem;overflow:auto}
.method{display:inline-block;min-width:4.5rem;font-weight:600}td,th{text-align:left;vertical-align:top;padding:.3rem .8rem .3rem 0}
@media(prefers-color-scheme:dark){body{color:#ddd;background:#181818}pre{background:#222}article{border-color:#444}}`;

export function addDocs(app: FastifyInstance): void {
  app.get("/openapi.json", open, async (_request, reply) =>
    reply.type("application/json").send(JSON.stringify(app.swagger(), null, 1)),
  );
  app.get("/docs", open, async (request, reply) => {
    const language = languageOf(request.headers["accept-language"]);
    reply.header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'");
    return reply.type("text/html; charset=utf-8").send(page(app.swagger() as OpenApi, language));
  });
}

interface Operation {
  readonly summary?: string;
  readonly description?: string;
  readonly requestBody?: object;
  readonly parameters?: readonly { name: string; in: string; required?: boolean }[];
  readonly responses?: { readonly [status: string]: { readonly description?: string } };
}
interface OpenApi {
  readonly info: { readonly title: string; readonly description?: string };
  readonly paths: { readonly [path: string]: { readonly [method: string]: Operation } };
}

function page(api: OpenApi, language: Language): string {
  const operations = Object.entries(api.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => showOperation(method, path, operation)),
  );
  const codes = (Object.keys(refusalRc) as RefusalCode[]).map(code => showCode(code, language));
  return `<!doctype html><html lang="${language}"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escaped(api.info.title)}</title><style>${style}</style>
<h1>${escaped(api.info.title)}</h1><p>${escaped(api.info.description ?? "")}</p>
<p><a href="/openapi.json">openapi.json</a> · <a href="#refusals">refusals</a></p>
${operations.join("\n")}
<h2 id="refusals">Refusals</h2><table>${codes.join("\n")}</table></html>`;
}

function showOperation(method: string, path: string, operation: Operation): string {
  const parameters = (operation.parameters ?? []).map(each => `<li><code>${escaped(each.name)}</code> (${each.in})`);
  const body = operation.requestBody === undefined ? "" : showBody(operation.requestBody);
  const statuses = Object.keys(operation.responses ?? {}).filter(status => status !== "default");
  return `<article><h3><span class="method">${method.toUpperCase()}</span> <code>${escaped(path)}</code></h3>
<p>${escaped(operation.summary ?? "")}. ${escaped(operation.description ?? "")} <small>${statuses.join(", ")}</small></p>
${parameters.length === 0 ? "" : `<ul>${parameters.join("")}</ul>`}${body}</article>`;
}

const showBody = (body: object): string =>
  `<details><summary>Body</summary><pre>${escaped(JSON.stringify(body, null, 2))}</pre></details>`;

function showCode(code: RefusalCode, language: Language): string {
  const { nextAction } = sentence({ code, facts: {} }, language);
  const cells = [`<code>${code}</code>`, String(statusOf[code]), escaped(title(code, language)), escaped(nextAction)];
  return `<tr id="${code}">${cells.map(cell => `<td>${cell}</td>`).join("")}</tr>`;
}

const entities: { readonly [character: string]: string } = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const escaped = (text: string): string => text.replace(/[&<>"]/g, character => entities[character] as string);
