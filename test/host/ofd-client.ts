/** A register for tests of the OFD server: writes with the module's codec, speaks real TCP, keeps token and REQNUM. */
import { connect, type Socket } from "node:net";
import type { Enrolment } from "../../host/ofd/store/store";
import { type Bytes, concat, slice, utf8 } from "../../protocol/bytes";
import { decodeFrameHeader, encodeFrame, type OfdHeader, ofdHeaderBytes } from "../../protocol/ofd-frame";
import {
  decodeResponse,
  encodeRequest,
  encodeService,
  encodeTicketHead,
  encodeTicketItem,
  encodeTicketTail,
  type OfdItem,
  type OfdResponse,
  ofdCommand,
  ofdTicketField,
  type ServiceData,
  type TicketTail,
} from "../../protocol/ofd-messages";

export const testToken = 2712847316;
export const testEnrolment: Enrolment = {
  id: 300001,
  token: testToken,
  rnm: "010100000001",
  serial: "KZT00000001",
  profile: {
    org: {
      titleRu: "ТОО «Дала»",
      titleKk: "«Дала» ЖШС",
      iinBin: "260140999993",
      addressRu: "Астана",
      addressKk: "Астана қ.",
      oked: "47111",
      vatPayer: true,
    },
    pos: { addressRu: "пр. Абая, 1", addressKk: "Абай даңғ., 1", latitude: 511282, longitude: 714304 },
    ofd: { titleRu: "Пример", titleKk: "Үлгі", url: "https://check.example.kz" },
  },
};

export interface TicketOptions {
  readonly number?: number;
  readonly shift?: number;
  readonly offlineNumber?: number;
  readonly operation?: number;
  readonly items?: readonly OfdItem[];
  readonly tail?: Partial<TicketTail>;
  readonly utcS?: number;
  readonly rnm?: string;
  readonly service?: Partial<ServiceData>;
}

export const pen: OfdItem = {
  name: utf8("Қалам/Ручка"),
  sectionCode: utf8("1"),
  quantity: 2000,
  price: 65000,
  sum: 130000,
  tax: { percent: 16000, sum: 17931 },
  measureUnitCode: utf8("796"),
  markings: [],
};

export const serviceData = (options: TicketOptions = {}): ServiceData => ({
  geo: { latitude: 511282, longitude: 714304, source: utf8("manual") },
  regInfo: {
    kkm: {
      fnsKkmId: utf8(options.rnm ?? testEnrolment.rnm),
      serialNumber: utf8(testEnrolment.serial),
      kkmId: utf8(String(testEnrolment.id)),
    },
    org: { title: utf8("Дала"), address: utf8("А"), iin: utf8("260140999993"), oked: utf8("1"), addressKz: utf8("А") },
  },
  ...options.service,
});

/** A payload of COMMAND_TICKET: two pens for 1300.00 in cash, unless told otherwise. */
export function ticketPayload(options: TicketOptions = {}): Bytes {
  const utcS = options.utcS ?? Math.floor(Date.now() / 1000);
  const pieces = [
    encodeTicketHead({
      operation: options.operation ?? 2,
      dateTime: { utcS, offsetMin: 300 },
      operator: { code: 1 },
      domain: { type: 0 },
    }),
    ...(options.items ?? [pen]).map(encodeTicketItem),
    encodeTicketTail({
      payments: [{ type: 0, sum: 130000 }],
      amounts: { total: 130000, taken: 150000, change: 20000 },
      offlineTicketNumber: options.offlineNumber,
      shiftNumber: options.shift ?? 1,
      printedDocumentNumber: options.number,
      ...options.tail,
    }),
  ];
  const lengthBytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const own = { field: ofdTicketField, lengthBytes };
  const { before, after } = encodeRequest(ofdCommand.ticket, own, encodeService(serviceData(options)));
  return concat([before, ...pieces, after]);
}

export function servicePayload(command: number, options: TicketOptions = {}): Bytes {
  const { before, after } = encodeRequest(command, undefined, encodeService(serviceData(options)));
  return concat([before, after]);
}

export interface Answer extends OfdResponse {
  readonly header: OfdHeader;
  readonly frame: Bytes;
}

/** Sends the bytes as they are cut, reads one answer; undefined when the server closes without one. */
export async function exchange(port: number, pieces: readonly Bytes[]): Promise<Answer | undefined> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  try {
    for (const [index, piece] of pieces.entries()) {
      socket.write(Buffer.from(piece, "latin1"));
      if (index < pieces.length - 1) await new Promise(resolve => setImmediate(resolve));
    }
    return await readAnswer(socket);
  } finally {
    socket.destroy();
  }
}

export async function readAnswer(socket: Socket): Promise<Answer | undefined> {
  let bytes = "" as Bytes;
  return new Promise((resolve, reject) => {
    const onData = (chunk: Buffer): void => {
      bytes = concat([bytes, chunk.toString("latin1") as Bytes]);
      const header = decodeFrameHeader(bytes);
      if (header === undefined || bytes.length < header.sizeBytes) return;
      socket.off("data", onData);
      const frame = slice(bytes, 0, header.sizeBytes);
      const response = decodeResponse(slice(frame, ofdHeaderBytes, frame.length));
      if (response === undefined) reject(new Error("the server answers garbage"));
      else resolve({ ...response, header, frame });
    };
    socket.on("data", onData);
    socket.once("error", reject);
    socket.once("close", () => resolve(undefined));
  });
}

export interface TestRegister {
  token: number;
  reqnum: number;
  /** The frame of the next request, or under a given pair. */
  frame(payload: Bytes, pair?: { readonly token?: number; readonly reqnum?: number; readonly version?: number }): Bytes;
  /** Sends a frame; takes token and REQNUM over as a register does. */
  send(frame: Bytes): Promise<Answer>;
}

export function createRegister(port: () => number, id = testEnrolment.id): TestRegister {
  const register: TestRegister = {
    token: testToken,
    reqnum: 1,
    frame: (payload, { token, reqnum, version } = {}) =>
      encodeFrame({
        version: version ?? 204,
        id,
        token: token ?? register.token,
        reqnum: reqnum ?? register.reqnum,
        payload,
      }),
    async send(frame) {
      const answer = await exchange(port(), [frame]);
      if (answer === undefined) throw new Error("the server closes without an answer");
      register.reqnum = (answer.header.reqnum + 1) % 65536;
      if (answer.resultCode === 0) register.token = answer.header.token;
      return answer;
    },
  };
  return register;
}
