/** `kassa sell FILE`: sends the receipt in a file to the register service. */
import { randomUUID } from "node:crypto";
import { DeviceRefusal } from "../device/device-error";
import { idempotencyKeyFacts, isIdempotencyKey } from "../device/idempotency-key";
import { type CommandSpec, parseCommand } from "./args";
import { homeFolder } from "./home";
import { readText } from "./input";
import { columns, exitCode, tellResult } from "./output";
import { createRegisterClient, registerUrl } from "./register-client";

const spec: CommandSpec = {
  usage: "sell FILE [--key K] [--url URL] [-u OPERATOR:PIN]",
  about:
    "Sells the receipt in FILE (JSON, POST /v1/receipts). The same key and file again: the same answer, nothing sold twice.",
  options: {
    key: { type: "string", value: "K", about: "idempotency key (default: a new one, which is printed)" },
    url: { type: "string", value: "URL", about: "register service (default: the running one)" },
    user: { type: "string", short: "u", value: "OP:PIN", about: "operator and PIN (default: KASSA_USER, else 1:0000)" },
  },
  positionals: [1, 1],
  example: "kassa sell samples/receipt.json -u 1:0000 --key morning-1",
};

export async function run(args: string[]): Promise<number> {
  const { options, positionals, json } = parseCommand(args, spec);
  const file = positionals[0]!;
  const key = String(options.key ?? randomUUID());
  if (!isIdempotencyKey(key)) {
    throw new DeviceRefusal("IDEMPOTENCY_KEY_INVALID", idempotencyKeyFacts);
  }
  const body = readText(file);
  const url = String(options.url ?? (await registerUrl(homeFolder()))).replace(/\/$/, "");
  const receipt = await createRegisterClient(url, userOf(options.user)).sell(body, key);
  const text = columns([
    ["receipt", `${receipt.id}${receipt.autonomous ? ` (autonomous: ${receipt.cause ?? ""})` : ""}`],
    ["total", formatTenge(receipt.total)],
    ["sign", receipt.fiscalSign],
    ["check", receipt.qrUrl],
    ["key", key],
  ]);
  tellResult(json, { ...receipt, key }, text);
  return exitCode.done;
}

/** The operator that was given, or that of the environment, or the test operator of the emulator. */
export const userOf = (asked: unknown): string => String(asked ?? process.env.KASSA_USER ?? "1:0000");

/** 1329000 → "13 290,00 ₸", with spaces that do not break. */
export function formatTenge(tiyn: number): string {
  const tenge = String(Math.floor(tiyn / 100)).replace(/\B(?=(\d{3})+$)/g, "\u00a0");
  return `${tenge},${String(tiyn % 100).padStart(2, "0")}\u00a0₸`;
}
