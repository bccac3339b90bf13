/** The table of §6.6 with the corrections of §11, row by row, on the pure decision. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { object } from "../../host/ofd/objections";
import {
  advance,
  type Decision,
  type DocumentFacts,
  type DocumentLookup,
  decide,
  type Intake,
  type RegisterState,
  type StoredDocument,
} from "../../host/ofd/register-state";
import { testEnrolment } from "./ofd-client";

const issued = 1111;
const last = 2222;

/** Document 41 was accepted as seq 0 under token `last`, REQNUM 8; 1000 tiyn are in the drawer. */
const state: RegisterState = {
  id: testEnrolment.id,
  rnm: testEnrolment.rnm,
  serial: testEnrolment.serial,
  profile: testEnrolment.profile,
  status: "active",
  blockText: "",
  issuedToken: issued,
  lastToken: last,
  lastReqnum: 8,
  lastCommand: 1,
  lastSeq: 0,
  nextSeq: 1,
  documentNumber: 41,
  shift: { number: 5, isOpen: true, openedLocalS: 1000, revenueTiyn: 1000 },
  cashTiyn: 1000,
};
const fresh: RegisterState = {
  ...state,
  lastToken: null,
  lastReqnum: null,
  lastCommand: null,
  lastSeq: null,
  nextSeq: 0,
  documentNumber: 0,
};
const stored: StoredDocument = { seq: 0, bodySha: Buffer.alloc(32, 41), offlineNumber: null, secondSign: null };
const documents: DocumentLookup = {
  bySeq: seq => (seq === 0 ? stored : undefined),
  byNumber: number => (number === 41 ? stored : undefined),
};

const facts = (body: number, more: Partial<DocumentFacts> = {}): DocumentFacts => ({
  frame: new Uint8Array(),
  bodySha: Buffer.alloc(32, body),
  documentNumber: body,
  operation: 2,
  totalTiyn: 100,
  cashDeltaTiyn: 100,
  revenueDeltaTiyn: 100,
  localS: 2000,
  objections: [],
  ...more,
});
const ticket = (token: number, reqnum: number, document: DocumentFacts, more: Partial<Intake> = {}): Intake => ({
  deviceId: state.id,
  token,
  reqnum,
  command: 1,
  document,
  ...more,
});
const service = (command: number, token: number, reqnum = 9): Intake => ({
  deviceId: state.id,
  token,
  reqnum,
  command,
});
const blocked: RegisterState = { ...state, status: "blocked", blockText: "Обратитесь в ОФД" };
const offline = { offlineNumber: 777 };
const wrong = object("TOTAL_WRONG", "итог");
const limit = object("LIMIT_EXCEEDED", "предел");

/** "saved", "service", "accepted", or the result code. */
const outcomeOf = (decision: Decision): string | number =>
  decision.kind === "refused" ? decision.code : decision.kind;

const rows: [fact: string, state: RegisterState | undefined, intake: Intake, expected: string | number][] = [
  ["an unknown register", undefined, ticket(issued, 9, facts(42)), 1],
  ["an unknown register that cannot be read", undefined, { ...service(0, issued), malformed: "x" }, 1],
  ["what cannot be read", state, { ...service(0, issued), malformed: "x" }, 3],
  ["what cannot be read, from a blocked register", blocked, { ...service(0, issued), malformed: "x" }, 3],

  ["a new document", state, ticket(issued, 9, facts(42)), "accepted"],
  ["the first document", fresh, ticket(issued, 0, facts(1)), "accepted"],
  ["REQNUM 0 after 65535", { ...state, lastReqnum: 65535 }, ticket(issued, 0, facts(42)), "accepted"],
  ["a document without a number", state, ticket(issued, 9, facts(42, { documentNumber: undefined })), "accepted"],

  ["row 1: a repeat", state, ticket(last, 8, facts(41)), "saved"],
  ["row 1: a repeat of a blocked register", blocked, ticket(last, 8, facts(41)), "saved"],
  ["row 1: a repeat of one struck off", { ...state, status: "deregistered" }, ticket(last, 8, facts(41)), "saved"],
  ["row 2: another document under the pair", state, ticket(last, 8, facts(42)), 9],
  ["row 2: another document made offline under the pair", state, ticket(last, 8, facts(42, offline)), 9],
  ["row 3: the new token with the old REQNUM", state, ticket(issued, 8, facts(42)), 8],
  ["row 4: the old token with a new REQNUM", state, ticket(last, 9, facts(42)), 2],
  ["row 4: a strange token", state, ticket(3333, 9, facts(42)), 2],
  ["row 4: token 0, also when 0 was issued", { ...state, issuedToken: 0 }, ticket(0, 9, facts(42)), 2],
  ["row 4: a strange token under a used number", state, ticket(3333, 9, facts(41)), 2],

  ["SYSTEM", state, service(0, issued), "service"],
  ["INFO with the last REQNUM", state, service(5, issued, 8), "service"],
  ["INFO with the old token", state, service(5, last), 2],
  ["SYSTEM under the last pair", state, service(0, last, 8), 2],
  ["SYSTEM of a blocked register", blocked, service(0, issued), 15],
  ["SYSTEM of a disconnected register", { ...state, status: "disconnected" }, service(0, issued), 19],
  ["SYSTEM of a register struck off", { ...state, status: "deregistered" }, service(0, issued), 18],

  ["an unknown command", state, service(77, issued), 4],
  ["an unknown command of a blocked register", blocked, service(77, issued), 4],
  ["an unknown command with a strange token", state, service(77, 3333), 4],
  ["a command that is not offered", state, service(3, issued), 5],
  ["the reserved command", state, service(127, issued), 5],

  ["blocked comes before the token", blocked, ticket(3333, 9, facts(42)), 15],
  ["a document made offline passes a block", blocked, ticket(issued, 9, facts(42, offline)), "accepted"],
  ["a document made offline needs the token all the same", blocked, ticket(3333, 9, facts(42, offline)), 2],

  ["a known number with the same body", state, ticket(issued, 9, facts(41)), "saved"],
  ["a known number with another body", state, ticket(issued, 9, facts(43, { documentNumber: 41 })), 13],
  ["a lower number", state, ticket(issued, 9, facts(7)), 13],
  ["a lower number, made offline", state, ticket(issued, 9, facts(7, offline)), "accepted"],
  [
    "a known number with another body, made offline",
    state,
    ticket(issued, 9, facts(43, { documentNumber: 41, ...offline })),
    "accepted",
  ],

  ["the buyer is the seller", state, ticket(issued, 9, facts(42, { buyer: "260140999993" })), 17],
  ["more cash out than in", state, ticket(issued, 9, facts(42, { cashDeltaTiyn: -1001 })), 14],
  ["all the cash out", state, ticket(issued, 9, facts(42, { cashDeltaTiyn: -1000 })), "accepted"],
  ["wrong arithmetic", state, ticket(issued, 9, facts(42, { objections: [wrong] })), 13],
  ["wrong arithmetic, offline", state, ticket(issued, 9, facts(42, { objections: [wrong], ...offline })), "accepted"],
  ["past the limits", state, ticket(issued, 9, facts(42, { limitProblem: limit })), 13],
  ["past the limits, made offline", state, ticket(issued, 9, facts(42, { limitProblem: limit, ...offline })), 13],
  ["another РНМ is only a remark", state, ticket(issued, 9, facts(42, { rnm: "999999999999" })), "accepted"],
];

for (const [fact, before, intake, expected] of rows) {
  test(`${fact}: ${expected}`, () => assert.is(outcomeOf(decide(before, intake, documents)), expected));
}

test("another command under the pair of a document is 9", () => {
  const cashMove: RegisterState = { ...state, lastCommand: 6 };
  assert.is(outcomeOf(decide(cashMove, ticket(last, 8, facts(41)), documents)), 9);
});

test("another document under the pair raises an alarm, another command does not", () => {
  const decision = decide(state, ticket(last, 8, facts(42)), documents);
  assert.is(decision.kind === "refused" && decision.alarm, "REPEAT_DIFFERS");
  const other = decide({ ...state, lastCommand: 6 }, ticket(last, 8, facts(42)), documents);
  assert.is(other.kind === "refused" && other.alarm, undefined);
});

test("a repeat's offline number becomes the second sign once, and the document's own never does", () => {
  const decision = decide(state, ticket(last, 8, facts(41, offline)), documents);
  assert.is(decision.kind === "saved" && decision.secondSign, 777);
  const told: DocumentLookup = { ...documents, bySeq: () => ({ ...stored, secondSign: 777 }) };
  const again = decide(state, ticket(last, 8, facts(41, offline)), told);
  assert.is(again.kind === "saved" && again.secondSign, undefined);
  const own: DocumentLookup = { ...documents, bySeq: () => ({ ...stored, offlineNumber: 777 }) };
  const same = decide(state, ticket(last, 8, facts(41, offline)), own);
  assert.is(same.kind === "saved" && same.secondSign, undefined);
});

test("remarks of a document made offline name everything, the standing too", () => {
  const document = facts(7, { ...offline, objections: [wrong], buyer: "260140999993", cashDeltaTiyn: -5000 });
  const decision = decide(blocked, ticket(issued, 9, document), documents);
  assert.equal(decision.kind === "accepted" && decision.remarks.map(({ code }) => code), [
    "NUMBER_OUT_OF_ORDER",
    "BUYER_IS_SELLER",
    "CASH_SHORT",
    "BLOCKED",
    "TOTAL_WRONG",
  ]);
});

test("an accepted document moves token, pair, number, shift and cash", () => {
  const document = facts(42, { shiftNumber: 5 });
  const after = advance(state, ticket(issued, 9, document), document, 4444);
  assert.equal(
    [after.issuedToken, after.lastToken, after.lastReqnum, after.lastSeq, after.nextSeq, after.documentNumber],
    [4444, issued, 9, 1, 2, 42],
  );
  assert.equal(after.shift, { number: 5, isOpen: true, openedLocalS: 1000, revenueTiyn: 1100 });
  assert.is(after.cashTiyn, 1100);
});

test("a shift opens with the first document of its number", () => {
  const document = facts(42, { shiftNumber: 6 });
  const opened = { number: 6, isOpen: true, openedLocalS: 2000, revenueTiyn: 100 };
  assert.equal(advance(state, ticket(issued, 9, document), document, 4444).shift, opened);
  const unnumbered = facts(42);
  const closed: RegisterState = { ...state, shift: { ...state.shift, isOpen: false } };
  assert.equal(advance(closed, ticket(issued, 9, unnumbered), unnumbered, 4444).shift, opened);
});

test("a late document with a lower number leaves the highest one", () => {
  const document = facts(7, offline);
  assert.is(advance(state, ticket(issued, 9, document), document, 4444).documentNumber, 41);
});

test.run();
