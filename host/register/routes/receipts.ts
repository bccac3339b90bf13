/** Receipts: sell, look up, list, timeline, reprint. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { DeviceRefusal } from "../../device/fiscal-device";
import { idempotencyKeyFacts, isIdempotencyKey } from "../../device/idempotency-key";
import { answerJson, answerObject, numberOf, receiptId, refusalOf } from "../answer";
import type { ReceiptRow } from "../mirror-store";
import { answerSchema, responses } from "../openapi";
import { sendProblem } from "../problem";
import { readReceiptRequest, receiptField } from "../receipt-request";
import type { Register } from "../register";
import { callerOf } from "../server";
import { type Caller, withSession } from "../sessions";
import { RequestRefusal } from "../shape";
import { timelineOf } from "../timeline";

const pageMax = 100;
/** A look-up does not wait for a long log to be mirrored. */
const catchUpMaxMs = 2000;

const keyHeader = {
  type: "object",
  required: ["idempotency-key"],
  properties: { "idempotency-key": { type: "string", pattern: "^[\\x20-\\x7e]{1,64}$" } },
};
const idParams = { type: "object", required: ["id"], properties: { id: { type: "string" } } };
const liveSchema = {
  ...answerSchema,
  description: "The stored answer and what became of it",
  properties: {
    ...answerSchema.properties,
    state: { type: "string", enum: ["pending", "online", "autonomous", "refused"] },
    live: {
      type: "object",
      properties: {
        printed: { type: "boolean" },
        delivered: { type: "boolean", description: "The operator has it" },
        ofdSign: { type: "string", description: "The operator's sign of an autonomous receipt" },
        ofdQrUrl: { type: "string" },
      },
    },
  },
};

function keyOf(request: FastifyRequest): string {
  const key = request.headers["idempotency-key"];
  if (key === undefined) {
    throw new RequestRefusal("IDEMPOTENCY_KEY_MISSING");
  }
  if (typeof key !== "string" || !isIdempotencyKey(key)) {
    throw new RequestRefusal("IDEMPOTENCY_KEY_INVALID", idempotencyKeyFacts);
  }
  return key;
}

/**
 * Brings the mirror up to the module's log, if the module is there; else what is mirrored has to do. False when the
 * module's log may be longer than the mirror.
 */
export async function refreshMirror({ mirror }: Register, caller: Caller): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>(resolve => {
    timer = setTimeout(() => resolve(false), catchUpMaxMs);
  });
  try {
    const caughtUp = withSession(caller, session => mirror.catchUp(session)).then(() => true);
    return await Promise.race([caughtUp, late]);
  } catch (error) {
    if (!(error instanceof DeviceRefusal) || (error.code === "SESSION_LOST" && caller.renew === undefined)) {
      throw error;
    }
    return false;
  } finally {
    clearTimeout(timer);
  }
}

/** The row of an id: RECEIPT_UNKNOWN { id } when this register has no such document, BUSY when that is not known yet. */
export async function findReceipt(register: Register, request: FastifyRequest): Promise<ReceiptRow> {
  const isCurrent = await refreshMirror(register, callerOf(request));
  const { id } = request.params as { id: string };
  const number = numberOf(id, register.mirror.serial() ?? "");
  const [row] = number === undefined ? [] : (register.mirror.store()?.find({ number }, 1) ?? []);
  if (row === undefined && number !== undefined && !isCurrent && register.device.state().present) {
    throw new RequestRefusal("BUSY");
  }
  if (row === undefined) {
    throw new RequestRefusal("RECEIPT_UNKNOWN", { id: id.slice(0, 64) });
  }
  return row;
}

/** The stored answer, its names first and in their order, then what is live. */
function shownRow(row: ReceiptRow, serial: string): object {
  const { answer } = row;
  const live = {
    printed: row.printedUtcS !== undefined,
    delivered: answer?.outcome === "online" || row.deliveredUtcS !== undefined,
    ofdSign: row.ofdSign,
    ofdQrUrl: row.ofdQrUrl,
  };
  if (answer === undefined) {
    return { id: receiptId(serial, row.number), key: row.key, documentNumber: row.number, state: "pending", live };
  }
  const refused = answer.outcome === "refused" ? refusalOf(answer).facts : {};
  return { ...answerObject(answer, serial), state: answer.outcome, ...refused, live };
}

const filterNames = ["key", "number", "shift", "sign", "after"] as const;

function readFilter(query: { readonly [name: string]: unknown }) {
  const unknown = Object.keys(query).find(name => !(filterNames as readonly string[]).includes(name));
  if (unknown !== undefined) {
    throw new RequestRefusal("FIELD_UNKNOWN", { field: unknown.slice(0, 64) });
  }
  const whole = (name: (typeof filterNames)[number]): number | undefined => {
    const value = query[name];
    if (value !== undefined && (typeof value !== "string" || !/^[0-9]{1,10}$/.test(value))) {
      throw new RequestRefusal("FIELD_INVALID", {
        field: name,
        expected: "a whole number",
        got: String(value).slice(0, 64),
      });
    }
    return value === undefined ? undefined : Number(value);
  };
  const text = (name: (typeof filterNames)[number]): string | undefined =>
    query[name] === undefined ? undefined : String(query[name]);
  return {
    key: text("key"),
    number: whole("number"),
    shift: whole("shift"),
    sign: text("sign"),
    after: whole("after"),
  };
}

function addSell(app: FastifyInstance, register: Register): void {
  const schema = {
    summary: "Sell",
    description: "Answers when the outcome is known. Repeat with the same key and body: nothing is sold twice.",
    headers: keyHeader,
    body: receiptField.schema,
    response: responses({
      201: answerSchema,
      200: { ...answerSchema, description: "Repeated: the same bytes, and Idempotent-Replayed: true" },
    }),
  };
  app.post("/v1/receipts", { schema }, async (request, reply) => {
    const key = keyOf(request);
    const receipt = readReceiptRequest(request.body);
    const { arrivedMs } = request;
    const { answer, isRepeated } = await register.selling.sell({
      ...receipt,
      key,
      caller: callerOf(request),
      arrivedMs,
    });
    if (isRepeated) {
      reply.header("Idempotent-Replayed", "true");
    }
    if (answer.outcome === "refused") {
      return sendProblem(request, reply, refusalOf(answer));
    }
    const serial = register.device.state().info?.serial ?? register.mirror.serial() ?? "";
    reply.code(isRepeated ? 200 : 201).header("Location", `/v1/receipts/${receiptId(serial, answer.number)}`);
    return reply.type("application/json").send(answerJson(answer, serial));
  });
}

function addList(app: FastifyInstance, register: Register): void {
  const properties = Object.fromEntries(
    filterNames.map(name => [name, { type: name === "key" || name === "sign" ? "string" : "integer" }]),
  );
  const schema = {
    summary: "Find receipts, oldest first, by pages",
    querystring: { type: "object", properties },
    response: responses({
      200: {
        type: "object",
        properties: {
          receipts: { type: "array", items: liveSchema },
          next: { type: "string", description: "Where the next page is; absent on the last" },
        },
      },
    }),
  };
  app.get("/v1/receipts", { schema }, async request => {
    const filter = readFilter(request.query as { [name: string]: unknown });
    await refreshMirror(register, callerOf(request));
    const rows = register.mirror.store()?.find(filter, pageMax + 1) ?? [];
    const page = rows.slice(0, pageMax);
    const serial = register.mirror.serial() ?? "";
    return { receipts: page.map(row => shownRow(row, serial)), next: nextPage(filter, rows, page) };
  });
}

function nextPage(filter: object, rows: readonly ReceiptRow[], page: readonly ReceiptRow[]): string | undefined {
  if (rows.length === page.length) {
    return undefined;
  }
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries({ ...filter, after: page.at(-1)?.number })) {
    if (value !== undefined) {
      query.set(name, String(value));
    }
  }
  return `/v1/receipts?${query}`;
}

export function addReceipts(app: FastifyInstance, register: Register): void {
  addSell(app, register);
  addList(app, register);
  const one = { summary: "One receipt", params: idParams, response: responses({ 200: liveSchema }) };
  app.get("/v1/receipts/:id", { schema: one }, async request =>
    shownRow(await findReceipt(register, request), register.mirror.serial() ?? ""),
  );

  const timeline = {
    summary: "Every step of a receipt with its time",
    params: idParams,
    response: responses({
      200: { type: "object", properties: { steps: { type: "array", items: { type: "object" } } } },
    }),
  };
  app.get("/v1/receipts/:id/timeline", { schema: timeline }, async request => {
    const row = await findReceipt(register, request);
    return {
      id: receiptId(register.mirror.serial() ?? "", row.number),
      steps: timelineOf(row, register.mirror.store()?.steps(row.key) ?? []),
    };
  });

  const reprint = {
    summary: "Print an unprinted original again",
    params: idParams,
    response: responses({ 202: { description: "Handed to the printer", type: "null" } }),
  };
  app.post("/v1/receipts/:id/reprint", { schema: reprint }, async (request, reply): Promise<FastifyReply> => {
    const row = await findReceipt(register, request);
    await withSession(callerOf(request), session => register.device.reprint(session, row.number));
    return reply.code(202).send();
  });
}
