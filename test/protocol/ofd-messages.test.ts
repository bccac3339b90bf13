/** Both sides against each other: what the module writes the generated code reads, field by field, and back. */
import { create, equals, fromBinary, toBinary } from "@bufbuild/protobuf";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { RequestSchema, type Response, ResponseSchema } from "../../host/ofd/proto/ofd_pb";
import { type Bytes, concat, slice, utf8 } from "../../protocol/bytes";
import { civil, secondsOf } from "../../protocol/civil";
import { decodeResponse, encodeRequest, encodeService, type OfdResponse } from "../../protocol/ofd-messages";
import { createRandom, type Random } from "../random";
import { encodeSample, expectedRequest, moneyInit, randomSample, timeInit } from "./ofd-samples";

const random = createRandom(53);
const bufferOf = (bytes: Bytes): Buffer => Buffer.from(bytes, "latin1");
const bytesOf = (buffer: Uint8Array): Bytes => Buffer.from(buffer).toString("latin1") as Bytes;

test("2,000 random tickets are read by the generated code, field by field, and written by it byte for byte", () => {
  for (let count = 0; count < 2000; count++) {
    const sample = randomSample(random);
    const payload = bufferOf(encodeSample(sample));
    const expected = expectedRequest(sample);
    assert.ok(equals(RequestSchema, fromBinary(RequestSchema, payload), expected), `ticket ${count}`);
    assert.ok(payload.equals(Buffer.from(toBinary(RequestSchema, expected))), `bytes of ticket ${count}`);
  }
});

test("SYSTEM and INFO are read by the generated code", () => {
  for (const command of [0, 5]) {
    const { service } = randomSample(random);
    const { before, after } = encodeRequest(command, undefined, encodeService(service));
    const message = fromBinary(RequestSchema, bufferOf(concat([before, after])));
    assert.is(message.command, command);
    assert.is(message.ticket, undefined);
    assert.is(message.service?.getRegInfo ?? false, service.getRegInfo ?? false);
  }
});

/** An answer of a server that sends all it knows, some of it, or next to nothing. */
function randomResponse({ below, pick, uint }: Random): Response {
  const some = <Value>(make: () => Value): Value | undefined => (below(2) === 0 ? make() : undefined);
  const text = (): string => pick(["", "OK", "Касса заблокирована", "Ә₸"]);
  const command = pick([0, 1, 5, 127]);
  const moment = () => timeInit({ utcS: below(4102444800), offsetMin: 0 });
  const kkm = () => ({ fnsKkmId: some(text), serialNumber: some(text), kkmId: some(text) });
  const org = () => ({ title: text(), address: text(), iin: text(), oked: text(), addressKz: text() });
  const pos = () => ({
    title: text(),
    address: text(),
    addressKz: text(),
    latitude: below(1e6),
    longitude: below(1e6),
  });
  return create(ResponseSchema, {
    command,
    result: { resultCode: pick([0, 0, 2, 15, 254, 255, 4294967295]), resultText: some(text) },
    ticket: command === 1 ? { ticketNumber: text(), qrCode: some(() => bufferOf(utf8(text()))) } : undefined,
    report: some(() => ({
      report: below(2),
      zxReport: {
        dateTime: moment(),
        shiftNumber: below(2 ** 31),
        operations: [{ operation: 2, count: 3, sum: moneyInit(uint()) }],
        cashSum: moneyInit(uint()),
        revenue: { sum: moneyInit(5), isNegative: false },
        openShiftTime: moment(),
        closeShiftTime: some(moment),
      },
    })),
    service: some(() => ({
      ticketAds: Array.from({ length: below(4) }, () => ({
        info: { type: below(5), version: BigInt(uint()) },
        text: text(),
      })),
      regInfo: { kkm: kkm(), org: org(), pos: some(pos), ofd: some(() => ({ title: "о", titleKz: "қ", url: text() })) },
      bindedTaxation: some(() => ({ type: 101, taxes: [{ type: 100, percent: 16000 }] })),
      lastDocumentInfo: some(() => ({ frShiftNumber: below(1000), printedDocumentNumber: BigInt(uint()) })),
      auxiliary: [{ key: "private", value: "x" }],
    })),
  });
}

const raw = (text: string | undefined): Bytes | undefined => (text === undefined ? undefined : utf8(text));
/** Own properties only: an absent proto2 field would read as its default. */
const own = <Value>(message: object, name: string, value: Value): Value | undefined =>
  Object.hasOwn(message, name) ? value : undefined;

function checkAnswer(answer: OfdResponse, message: Response): void {
  const { result, ticket, report, service } = message;
  assert.is(answer.command, message.command);
  assert.is(answer.resultCode, result!.resultCode);
  assert.is(answer.resultText, raw(own(result!, "resultText", result!.resultText)));
  assert.is(answer.ticketNumber, raw(ticket?.ticketNumber));
  assert.is(answer.qrCode, ticket && own(ticket, "qrCode", bytesOf(ticket.qrCode)));
  assert.is(answer.report?.kind, report?.report);
  assert.is(answer.report?.shiftNumber, report?.zxReport?.shiftNumber);
  checkReport(answer, report);
  assert.equal(
    answer.ads,
    (service?.ticketAds ?? []).map(ad => ({
      type: ad.info!.type,
      version: Number(ad.info!.version),
      text: raw(ad.text),
    })),
  );
  const last = service?.lastDocumentInfo;
  assert.equal(
    answer.lastDocument,
    last && { shiftNumber: last.frShiftNumber, documentNumber: Number(last.printedDocumentNumber) },
  );
  const taxation = service?.bindedTaxation;
  assert.equal(answer.taxation, taxation && { type: taxation.type, percents: taxation.taxes.map(tax => tax.percent) });
  checkRegInfo(answer, service);
}

function checkReport({ report: got }: OfdResponse, report: Response["report"]): void {
  const meant = report?.zxReport;
  assert.is(got?.cashSum, meant && Number(meant.cashSum!.bills) * 100 + meant.cashSum!.coins);
  for (const name of ["dateTime", "openShiftTime", "closeShiftTime"] as const) {
    const moment = got?.[name];
    const expected = meant?.[name];
    assert.is(moment === undefined, expected === undefined, name);
    if (moment === undefined || expected === undefined) continue;
    const shown = civil(moment.utcS, moment.offsetMin);
    assert.is(shown.year * 10000 + shown.month * 100 + shown.day, dateNumber(expected.date!));
    assert.equal([shown.hour, shown.minute, shown.second], timeList(expected.time!));
  }
}

const dateNumber = (date: { year: number; month: number; day: number }): number =>
  date.year * 10000 + date.month * 100 + date.day;
const timeList = (time: { hour: number; minute: number; second: number }): number[] => [
  time.hour,
  time.minute,
  time.second,
];

function checkRegInfo({ regInfo: got }: OfdResponse, service: Response["service"]): void {
  const meant = service?.regInfo;
  assert.is(got?.kkm?.fnsKkmId, meant?.kkm && raw(own(meant.kkm, "fnsKkmId", meant.kkm.fnsKkmId)));
  assert.is(got?.org?.title, raw(meant?.org?.title));
  assert.is(got?.org?.addressKz, raw(meant?.org?.addressKz));
  assert.is(got?.pos?.latitude, meant?.pos?.latitude);
  assert.is(got?.pos?.addressKz, raw(meant?.pos?.addressKz));
  assert.is(got?.ofd?.url, raw(meant?.ofd?.url));
  assert.is(got?.ofd?.titleKz, raw(meant?.ofd?.titleKz));
}

test("2,000 random answers of the generated code are read by the module, field by field", () => {
  for (let count = 0; count < 2000; count++) {
    const message = randomResponse(random);
    const answer = decodeResponse(bytesOf(toBinary(ResponseSchema, message)));
    assert.ok(answer, `answer ${count}`);
    checkAnswer(answer, message);
  }
});

test("an answer cut anywhere, or with any byte changed, is read or is garbage, and never throws", () => {
  for (let count = 0; count < 40; count++) {
    const payload = bytesOf(toBinary(ResponseSchema, randomResponse(random)));
    for (let index = 0; index < payload.length; index++) {
      decodeResponse(slice(payload, 0, index));
      const other = random.bytes(1);
      decodeResponse(concat([slice(payload, 0, index), other, slice(payload, index + 1, payload.length)]));
    }
  }
});

test("random bytes are garbage to the module, and never throw", () => {
  for (let count = 0; count < 3000; count++) decodeResponse(random.bytes(random.below(80)));
});

test("civil time agrees with the calendar of the host", () => {
  for (let count = 0; count < 5000; count++) {
    const utcS = random.below(253402300800);
    const shown = civil(utcS, 0);
    assert.is(new Date(utcS * 1000).toISOString().slice(0, 10), isoDate(shown));
    assert.is(secondsOf(shown), utcS);
  }
});

const isoDate = ({ year, month, day }: { year: number; month: number; day: number }): string =>
  `${String(year).padStart(4, "0")}-${String(month).padStart(2, "0")}-${String(day).padStart(2, "0")}`;

test.run();
