/** The register service's HTTP interface, as far as commands use it. A problem answer becomes the refusal that it tells. */

import type { Facts, RefusalCode } from "../../protocol/refusals";
import { refusalRc } from "../../protocol/refusals";
import { DeviceAbsent, DeviceRefusal } from "../device/device-error";
import { runningProgram } from "./home";

export interface Receipt {
  readonly id: string;
  readonly documentNumber: number;
  readonly total: number;
  readonly fiscalSign: string;
  readonly autonomous: boolean;
  readonly cause?: string;
  readonly qrUrl: string;
}
export interface TimelineStep {
  readonly step: string;
  readonly sinceAcceptedMs?: number;
}
export interface RegisterClient {
  readonly url: string;
  /** Sells; `body` is the receipt as JSON. */
  sell(body: string, key: string): Promise<Receipt>;
  isPrinted(id: string): Promise<boolean>;
  timeline(id: string): Promise<readonly TimelineStep[]>;
  journal(): Promise<Buffer>;
}

/** `url` without a slash at its end; `user` is "operator:pin". */
export function createRegisterClient(url: string, user: string): RegisterClient {
  const authorization = `Basic ${Buffer.from(user).toString("base64")}`;
  async function call(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = { authorization, ...(init.headers as Record<string, string>) };
    const response = await fetch(url + path, { ...init, headers }).catch(() => {
      throw new DeviceAbsent("no register service answers", url);
    });
    if (!response.ok) {
      throw await refusalOf(response);
    }
    return response;
  }
  const readJson = async <T>(path: string): Promise<T> => (await call(path)).json() as Promise<T>;
  return {
    url,
    async sell(body, key) {
      const headers = { "content-type": "application/json", "idempotency-key": key };
      return (await call("/v1/receipts", { method: "POST", headers, body })).json() as Promise<Receipt>;
    },
    async isPrinted(id) {
      return (await readJson<{ live: { printed: boolean } }>(`/v1/receipts/${id}`)).live.printed;
    },
    async timeline(id) {
      return (await readJson<{ steps: TimelineStep[] }>(`/v1/receipts/${id}/timeline`)).steps;
    },
    journal: async () => Buffer.from(await (await call("/v1/journal")).arrayBuffer()),
  };
}

async function refusalOf(response: Response): Promise<DeviceRefusal> {
  const problem = (await response.json().catch(() => ({}))) as { code?: string; facts?: Facts };
  const isKnown = problem.code !== undefined && problem.code in refusalRc;
  return isKnown
    ? new DeviceRefusal(problem.code as RefusalCode, problem.facts ?? {})
    : new DeviceAbsent(`the register service answers ${response.status}`, response.url);
}

const portByDefault = 7070;

/** Where the register service of this home listens: what it said itself, else what is agreed. */
export async function registerUrl(home: string): Promise<string> {
  const running = await runningProgram(home, "register");
  return `http://127.0.0.1:${Number(running?.port ?? process.env.KASSA_REGISTER_PORT) || portByDefault}`;
}
