/** GET /v1/journal: an export of the log to keep and to verify (`kassa journal verify`). It never holds secrets. */
import { Readable } from "node:stream";
import type { FastifyInstance } from "fastify";
import { exportJournal } from "../../device/journal-export";
import { responses } from "../openapi";
import type { Register } from "../register";
import { callerOf } from "../server";
import { withSession } from "../sessions";
import { refreshMirror } from "./receipts";

export function addJournal(app: FastifyInstance, register: Register): void {
  const schema = {
    summary: "Export of the fiscal log",
    response: responses({
      200: {
        description: "A CBOR sequence: header, records, signed trailer",
        content: { "application/cbor-seq": { schema: { type: "string", format: "binary" } } },
      },
    }),
  };
  app.get("/v1/journal", { schema }, async (request, reply) => {
    const caller = callerOf(request);
    await refreshMirror(register, caller);
    const { device, mirror } = register;
    // A first command with the session: whoever may not read the log learns it before the download begins.
    const { serial, sequence } = await device.info();
    await withSession(caller, session => device.logPage(session, sequence, 0));
    const pieces = exportJournal(mirroredLog(register), caller.session());
    reply.header("Content-Disposition", `attachment; filename="journal-${serial}-${sequence}.cbor"`);
    reply.header("Cache-Control", "no-store");
    return reply.type("application/cbor-seq").send(Readable.from(pieces));

    /** Records that are mirrored need not go over the line again. */
    function mirroredLog({ device }: Register): Parameters<typeof exportJournal>[0] {
      return {
        ...device,
        async logRecord(session, seq) {
          const item = mirror.forked() ? undefined : mirror.store()?.item(seq);
          return item === undefined ? device.logRecord(session, seq) : { item, firstSeq: seq, lastSeq: sequence };
        },
      };
    }
  });
}
