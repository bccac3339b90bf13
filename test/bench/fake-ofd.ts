/** An operator that accepts everything at once: answers by the generated code, signs by counting. */
import { create } from "@bufbuild/protobuf";
import { okAnswer } from "../../host/ofd/answer";
import { answerFrame, createFrameReader, payloadOf } from "../../host/ofd/frame";
import { CommandTypeEnum, TicketResponseSchema } from "../../host/ofd/proto/ofd_pb";
import { parseRequest } from "../../host/ofd/request";

export interface FakeOfd {
  /** The whole answer to a whole frame. */
  answer(frame: Buffer): Buffer;
  /** Receipts taken so far. */
  tickets(): number;
}

const firstSign = 100_000_000_001;

export function createFakeOfd(): FakeOfd {
  let tickets = 0;
  let token = 1;

  function ticket(): Uint8Array {
    const ticketNumber = String(firstSign + tickets++);
    const qrCode = Buffer.from(`https://ofd.example/?i=${ticketNumber}&f=010100000001&s=0.00&t=20261124T090000`);
    return okAnswer(CommandTypeEnum.COMMAND_TICKET, { ticket: create(TicketResponseSchema, { ticketNumber, qrCode }) });
  }

  return {
    answer(bytes) {
      const [event] = createFrameReader().push(bytes);
      if (event?.kind !== "frame") throw new Error("the module sent no whole frame");
      const { frame } = event;
      const request = parseRequest(frame.version, payloadOf(frame));
      if (request.kind !== "request") throw new Error(`the module sent no request: ${request.why}`);
      token++;
      const isTicket = request.command === CommandTypeEnum.COMMAND_TICKET;
      return answerFrame(frame, token, isTicket ? ticket() : okAnswer(request.command));
    },
    tickets: () => tickets,
  };
}
