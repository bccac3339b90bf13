/** Facts about the OFD's frames and messages that hold in Node and in Lua. */
import { assert } from "../../protocol/assert";
import { type Bytes, bytesOf, concat, emptyBytes, slice, utf8 } from "../../protocol/bytes";
import { civil, secondsOf } from "../../protocol/civil";
import { fromHex } from "../../protocol/hex";
import { decodeFrameHeader, encodeFrame, encodeFrameHeader, ofdHeaderBytes } from "../../protocol/ofd-frame";
import {
  decodeResponse,
  encodeRequest,
  encodeService,
  encodeTicketHead,
  encodeTicketItem,
  encodeTicketTail,
  ofdCommand,
  ofdTicketField,
  type ServiceData,
} from "../../protocol/ofd-messages";
import { pbBytes, pbMessage, pbText, pbUint, readField } from "../../protocol/protobuf";
import { encodeVarint, readVarint, varintLength } from "../../protocol/varint";
import { refusal254, systemAnswer, systemRequest, ticketAnswer, ticketRequest } from "../vectors/ofd-frames";

const address = { version: 204, id: 300001, token: 2712847316 };

const regInfo = {
  kkm: { fnsKkmId: utf8("010100000001"), serialNumber: utf8("SN-01"), kkmId: utf8("300001") },
  org: {
    title: utf8("TOO Demo"),
    address: utf8("Astana"),
    iin: utf8("000000000000"),
    oked: utf8("47111"),
    addressKz: utf8("Astana"),
  },
};

function systemFrame(): Bytes {
  const { before, after } = encodeRequest(ofdCommand.system, undefined, encodeService({ regInfo }));
  return encodeFrame({ ...address, reqnum: 7, payload: concat([before, after]) });
}

function ticketFrame(): Bytes {
  const service: ServiceData = { geo: { latitude: 511694, longitude: 714491, source: utf8("manual") }, regInfo };
  const head = encodeTicketHead({
    operation: 2,
    dateTime: { utcS: 1768455000, offsetMin: 300 },
    operator: { code: 1 },
    domain: { type: 0 },
  });
  const item = encodeTicketItem({
    name: utf8("Pen"),
    sectionCode: utf8("1"),
    quantity: 2000,
    price: 65000,
    sum: 130000,
    tax: { percent: 16000, sum: 17931 },
    measureUnitCode: utf8("796"),
    markings: [],
  });
  const tail = encodeTicketTail({
    payments: [{ type: 0, sum: 130000 }],
    amounts: { total: 130000, taken: 150000, change: 20000 },
    shiftNumber: 5,
    printedDocumentNumber: 41,
  });
  const lengthBytes = head.length + item.length + tail.length;
  const own = { field: ofdTicketField, lengthBytes };
  const { before, after } = encodeRequest(ofdCommand.ticket, own, encodeService(service));
  const payloadBytes = before.length + lengthBytes + after.length;
  return concat([encodeFrameHeader({ ...address, reqnum: 8 }, payloadBytes), before, head, item, tail, after]);
}

const payloadOf = (frame: Bytes): Bytes => slice(frame, ofdHeaderBytes, frame.length);
const answerOf = (hex: string) => decodeResponse(payloadOf(fromHex(hex)));

/** command and result of a plain OK. */
const okTicket = concat([pbUint(1, 1), pbMessage(2, [pbUint(1, 0)])]);

export const cases: { name: string; run: () => void }[] = [
  {
    name: "COMMAND_SYSTEM of the reference's example 1 comes out byte for byte",
    run: () => assert(systemFrame() === fromHex(systemRequest), "example 1"),
  },
  {
    name: "COMMAND_TICKET of example 3, written in pieces, comes out byte for byte",
    run: () => assert(ticketFrame() === fromHex(ticketRequest), "example 3"),
  },
  {
    name: "the answers of examples 2, 4 and 5 are read",
    run: () => {
      const system = answerOf(systemAnswer);
      assert(system !== undefined && system.command === 0 && system.resultCode === 0, "example 2");
      assert(system.resultText === utf8("OK") && system.ticketNumber === undefined, "example 2 text");
      const ticket = answerOf(ticketAnswer);
      assert(ticket !== undefined && ticket.ticketNumber === utf8("7000000015"), "example 4");
      const refusal = answerOf(refusal254);
      assert(refusal !== undefined && refusal.resultCode === 254 && refusal.ads.length === 0, "example 5");
      const header = decodeFrameHeader(fromHex(ticketAnswer));
      assert(header !== undefined && header.token === 195948557 && header.sizeBytes === 42, "header of example 4");
      assert(header.id === 300001 && header.reqnum === 8 && header.version === 204, "header of example 4");
    },
  },
  {
    name: "a header is refused when it is short, has another APPCODE or an impossible SIZE",
    run: () => {
      const frame = fromHex(systemAnswer);
      assert(decodeFrameHeader(slice(frame, 0, 17)) === undefined, "17 bytes");
      assert(decodeFrameHeader(concat([bytesOf(0xa3), slice(frame, 1, 28)])) === undefined, "APPCODE");
      const sized = (a: number, d: number) => concat([slice(frame, 0, 4), bytesOf(a, 0, 0, d), slice(frame, 8, 28)]);
      assert(decodeFrameHeader(sized(17, 0)) === undefined, "SIZE 17");
      assert(decodeFrameHeader(sized(18, 0)) !== undefined, "SIZE 18");
      assert(decodeFrameHeader(sized(18, 128)) === undefined, "SIZE past 2^31");
    },
  },
  {
    name: "varints of both machines agree at the borders of their lengths",
    run: () => {
      const borders = [0, 1, 127, 128, 300, 16383, 16384, 2097152, 4294967295, 4294967296, 562949953421312];
      for (const value of [...borders, 9007199254740991]) {
        const bytes = encodeVarint(value);
        const back = readVarint(bytes, 0, bytes.length);
        assert(back !== undefined && back.value === value && back.next === bytes.length, "the value comes back");
        assert(varintLength(value) === bytes.length, "the length is told beforehand");
      }
      assert(encodeVarint(300) === bytesOf(0xac, 0x02), "300 is ac 02");
    },
  },
  {
    name: "a varint past 2^53 is read over, eleven bytes are malformed",
    run: () => {
      const two53 = fromHex("8080808080808010");
      const read = readVarint(two53, 0, 8);
      assert(read !== undefined && read.value === undefined && read.next === 8, "2^53");
      const most = readVarint(fromHex("ffffffffffffffffff01"), 0, 10);
      assert(most !== undefined && most.value === undefined && most.next === 10, "2^64 − 1");
      const padded = readVarint(fromHex("81808080808080808000"), 0, 10);
      assert(padded !== undefined && padded.value === 1, "padding zeros do not count");
      assert(readVarint(fromHex("8080808080808080808000"), 0, 11) === undefined, "eleven bytes");
      assert(readVarint(fromHex("80"), 0, 1) === undefined, "cut");
    },
  },
  {
    name: "a field that runs past its message is malformed",
    run: () => {
      const bytes = concat([pbText(3, utf8("abc")), utf8("d")]);
      assert(readField(bytes, 0, 4) === undefined, "text");
      const field = readField(bytes, 0, 5);
      assert(field !== undefined && field.field === 3 && slice(bytes, field.start, field.end) === utf8("abc"), "whole");
      assert(readField(fromHex("0b"), 0, 1) === undefined, "group");
      assert(readField(fromHex("00"), 0, 1) === undefined, "field 0");
      assert(readField(fromHex("09000000"), 0, 4) === undefined, "64 bits cut");
      assert(readField(fromHex("0affffffffff7f"), 0, 7) === undefined, "a huge length");
    },
  },
  {
    name: "an answer without command, result code or ticket number is garbage",
    run: () => {
      assert(decodeResponse(emptyBytes) === undefined, "empty");
      assert(decodeResponse(pbUint(1, 0)) === undefined, "no result");
      assert(decodeResponse(concat([pbUint(1, 0), pbMessage(2, [pbText(2, utf8("OK"))])])) === undefined, "no code");
      assert(decodeResponse(okTicket) === undefined, "ticket without a number");
      assert(decodeResponse(concat([okTicket, pbMessage(3, [pbText(2, utf8("u"))])])) === undefined, "number absent");
      assert(decodeResponse(concat([okTicket, pbMessage(3, [pbText(1, utf8("7"))])])) !== undefined, "whole");
    },
  },
  {
    name: "unknown fields, codes and wire types are read over",
    run: () => {
      const answer = decodeResponse(
        concat([
          pbUint(1, 77),
          pbMessage(2, [pbUint(1, 4000000000), pbUint(9, 1)]),
          fromHex("ad06aabbccdd"),
          fromHex("a9060102030405060708"),
          pbBytes(99, utf8("x")),
          pbUint(3, 5),
        ]),
      );
      assert(answer !== undefined && answer.command === 77 && answer.resultCode === 4000000000, "read");
    },
  },
  {
    name: "an inner message that lacks what the schema promises is as good as absent",
    run: () => {
      const service = pbMessage(6, [
        pbMessage(4, [pbUint(1, 5)]),
        pbMessage(2, [pbMessage(1, [pbText(3, utf8("9"))])]),
      ]);
      const answer = decodeResponse(concat([pbUint(1, 5), pbMessage(2, [pbUint(1, 0)]), service]));
      assert(answer !== undefined && answer.lastDocument === undefined, "half a last document");
      assert(answer.regInfo !== undefined && answer.regInfo.kkm !== undefined, "half the registration data");
      assert(answer.regInfo.kkm.fnsKkmId === utf8("9") && answer.regInfo.org === undefined, "РНМ alone");
    },
  },
  {
    name: "a list of a hostile answer stays bounded",
    run: () => {
      const ad = pbMessage(1, [pbMessage(1, [pbUint(1, 4), pbUint(2, 1)]), pbText(2, utf8("t"))]);
      const ads: Bytes[] = [];
      for (let count = 0; count < 500; count++) {
        ads.push(ad);
      }
      const answer = decodeResponse(concat([pbUint(1, 0), pbMessage(2, [pbUint(1, 15)]), pbMessage(6, ads)]));
      assert(answer !== undefined && answer.ads.length === 16, "16 texts are kept");
    },
  },
  {
    name: "civil time is that of the calendar, leap days and offsets included",
    run: () => {
      const shown = civil(1768455000, 300);
      assert(shown.year === 2026 && shown.month === 1 && shown.day === 15, "date");
      assert(shown.hour === 10 && shown.minute === 30 && shown.second === 0, "time");
      const leap = civil(1709164799 + 1, 300);
      assert(leap.month === 2 && leap.day === 29 && leap.hour === 5, "29 February 2024");
      assert(civil(0, 0).year === 1970 && civil(951868799, 0).day === 29, "1970, 29 February 2000");
      assert(secondsOf(leap) === 1709164800 + 18000, "the way back");
      assert(secondsOf({ ...leap, year: 2025 }) === undefined, "no 29 February 2025");
      assert(secondsOf({ ...leap, month: 13 }) === undefined && secondsOf({ ...leap, hour: 24 }) === undefined, "no");
    },
  },
];
