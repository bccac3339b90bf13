/**
 * Settings: what the fiscalization card told this register, and who may work on it. Kept in the state area; the card
 * itself stands signed in the log. Secrets never stand here in clear: the token lives in books.ts sealed, a PIN only
 * as a verifier that the secure element made.
 */

import type { PrinterProfile } from "../hal/hal";
import { type Bytes, concat, utf8 } from "../protocol/bytes";
import { cardKey, ofdKey, operatorKey, orgKey, posKey } from "../protocol/card";
import {
  type CborMap,
  type CborValue,
  getArray,
  getBool,
  getBytes,
  getMap,
  getText,
  getUint,
} from "../protocol/cbor-read";
import { cborArrayHead, cborBool, cborBytes, cborMap, cborText, cborUint } from "../protocol/cbor-write";
import type { PaperSeller } from "../protocol/paper/pieces";
import { printerKey } from "../protocol/records";
import { type Refusal, refuse } from "../protocol/refusals";
import { ofdIdMax, operatorsMax, pinDigitsMax, pinDigitsMin, textBytesMax, tokenMax } from "./limits";
import { findTextFault } from "./text-check";

export interface Organisation {
  readonly titleRu: Bytes;
  readonly titleKk: Bytes;
  readonly iinBin: Bytes;
  readonly addressRu: Bytes;
  readonly addressKk: Bytes;
  readonly oked: Bytes;
  readonly vatPayer: boolean;
}
export interface Place {
  readonly addressRu: Bytes;
  readonly addressKk: Bytes;
  readonly latitude: number;
  readonly longitude: number;
}
export interface OfdAccess {
  readonly titleRu: Bytes;
  readonly titleKk: Bytes;
  readonly url: Bytes;
  readonly site: Bytes;
  readonly host: Bytes;
  readonly port: number;
}
/** `verifier`: sealed salt and HMAC of code, salt and PIN (sessions.ts). */
export interface Operator {
  readonly code: number;
  readonly name: Bytes;
  readonly role: number;
  readonly verifier: Bytes;
}
export interface Settings {
  readonly revision: number;
  readonly ofdId: number;
  readonly rnm: Bytes;
  readonly org: Organisation;
  readonly pos: Place;
  readonly ofd: OfdAccess;
  readonly offsetMin: number;
  readonly operators: readonly Operator[];
}
/** An operator as the card gives one, before the secure element has made the verifier. */
export interface CardOperator {
  readonly code: number;
  readonly name: Bytes;
  readonly role: number;
  readonly pin: Bytes;
}
export interface Card {
  readonly settings: Settings;
  readonly token: number;
  readonly operators: readonly CardOperator[];
}

type Checked<T> =
  | { readonly kind: "value"; readonly value: T }
  | { readonly kind: "refusal"; readonly refusal: Refusal };

/** A map's texts under the names of its key table; the first that is missing or unfit is refused by name. */
function readTexts(
  map: CborMap | undefined,
  area: string,
  keys: readonly (readonly [name: string, key: number])[],
): Checked<readonly Bytes[]> {
  const texts: Bytes[] = [];
  for (const [name, key] of keys) {
    const text = map === undefined ? undefined : getText(map, key);
    if (text === undefined) {
      return { kind: "refusal", refusal: refuse("FIELD_MISSING", { field: area + "." + name }) };
    }
    const fault = findTextFault(text, textBytesMax);
    if (fault !== undefined) {
      return {
        kind: "refusal",
        refusal: refuse("FIELD_INVALID", { field: area + "." + name, expected: fault, got: "text" }),
      };
    }
    texts.push(text);
  }
  return { kind: "value", value: texts };
}

function missing(field: string): Checked<never> {
  return { kind: "refusal", refusal: refuse("FIELD_MISSING", { field }) };
}
function invalid(field: string, expected: string, got: string | number): Checked<never> {
  return { kind: "refusal", refusal: refuse("FIELD_INVALID", { field, expected, got }) };
}

/** Only decimal digits. */
export function isDigits(text: Bytes, lengthMin: number, lengthMax: number): boolean {
  if (text.length < lengthMin || text.length > lengthMax) {
    return false;
  }
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code < 48 || code > 57) {
      return false;
    }
  }
  return true;
}

function readOrg(map: CborMap | undefined): Checked<Organisation> {
  const texts = readTexts(map, "org", [
    ["titleRu", orgKey.titleRu],
    ["titleKk", orgKey.titleKk],
    ["iinBin", orgKey.iinBin],
    ["addressRu", orgKey.addressRu],
    ["addressKk", orgKey.addressKk],
    ["oked", orgKey.oked],
  ]);
  if (texts.kind === "refusal") {
    return texts;
  }
  const vatPayer = map === undefined ? undefined : getBool(map, orgKey.vatPayer);
  if (vatPayer === undefined) {
    return missing("org.vatPayer");
  }
  const [titleRu, titleKk, iinBin, addressRu, addressKk, oked] = texts.value as [
    Bytes,
    Bytes,
    Bytes,
    Bytes,
    Bytes,
    Bytes,
  ];
  if (!isDigits(iinBin, 12, 12)) {
    return invalid("org.iinBin", "12 digits", iinBin.length);
  }
  return { kind: "value", value: { titleRu, titleKk, iinBin, addressRu, addressKk, oked, vatPayer } };
}

function readPlace(map: CborMap | undefined): Checked<Place> {
  const texts = readTexts(map, "pos", [
    ["addressRu", posKey.addressRu],
    ["addressKk", posKey.addressKk],
  ]);
  if (texts.kind === "refusal") {
    return texts;
  }
  const latitude = map === undefined ? undefined : getUint(map, posKey.latitude);
  const longitude = map === undefined ? undefined : getUint(map, posKey.longitude);
  if (latitude === undefined || longitude === undefined) {
    return missing("pos.latitude, pos.longitude");
  }
  const [addressRu, addressKk] = texts.value as [Bytes, Bytes];
  return { kind: "value", value: { addressRu, addressKk, latitude, longitude } };
}

function readOfd(map: CborMap | undefined): Checked<OfdAccess> {
  const texts = readTexts(map, "ofd", [
    ["titleRu", ofdKey.titleRu],
    ["titleKk", ofdKey.titleKk],
    ["url", ofdKey.url],
    ["site", ofdKey.site],
    ["host", ofdKey.host],
  ]);
  if (texts.kind === "refusal") {
    return texts;
  }
  const port = map === undefined ? undefined : getUint(map, ofdKey.port);
  if (port === undefined || port < 1 || port > 65535) {
    return invalid("ofd.port", "1 to 65535", port === undefined ? "nothing" : port);
  }
  const [titleRu, titleKk, url, site, host] = texts.value as [Bytes, Bytes, Bytes, Bytes, Bytes];
  return { kind: "value", value: { titleRu, titleKk, url, site, host, port } };
}

function readCardOperator(value: CborValue): Checked<CardOperator> {
  if (value.kind !== "map") {
    return invalid("operators", "a map each", value.kind);
  }
  const code = getUint(value.entries, operatorKey.code);
  const name = getText(value.entries, operatorKey.name);
  const role = getUint(value.entries, operatorKey.role);
  const pin = getText(value.entries, operatorKey.pin);
  if (code === undefined || name === undefined || role === undefined || pin === undefined) {
    return missing("operators.code, name, role, pin");
  }
  if (code < 1 || code > 9999 || role < 1 || role > 4) {
    return invalid("operators.code", "code 1 to 9999, role 1 to 4", code);
  }
  // Item 1: at least four digits. The PIN itself never stands in a refusal.
  if (!isDigits(pin, pinDigitsMin, pinDigitsMax)) {
    return invalid("operators.pin", "4 to 12 digits", "hidden");
  }
  const fault = findTextFault(name, textBytesMax);
  if (fault !== undefined) {
    return invalid("operators.name", fault, "text");
  }
  return { kind: "value", value: { code, name, role, pin } };
}

function readCardOperators(items: readonly CborValue[] | undefined): Checked<readonly CardOperator[]> {
  if (items === undefined || items.length < 1) {
    return missing("operators");
  }
  if (items.length > operatorsMax) {
    return invalid("operators", "at most 16", items.length);
  }
  const operators: CardOperator[] = [];
  for (const item of items) {
    const operator = readCardOperator(item);
    if (operator.kind === "refusal") {
      return operator;
    }
    operators.push(operator.value);
  }
  return { kind: "value", value: operators };
}

/** The card's map, checked field by field. */
export function readCard(map: CborMap): Checked<Card> {
  const ofdId = getUint(map, cardKey.ofdId);
  const token = getUint(map, cardKey.token);
  const rnm = getText(map, cardKey.rnm);
  const offsetMin = getUint(map, cardKey.offsetMin);
  if (ofdId === undefined || ofdId < 1 || ofdId > ofdIdMax) {
    return invalid("ofdId", "1 to 4294967295", ofdId === undefined ? "nothing" : ofdId);
  }
  if (token === undefined || token < 1 || token > tokenMax) {
    return invalid("token", "1 to 4294967295", "hidden");
  }
  // Item 40.2: at least 12 characters, kept as text.
  if (rnm === undefined || !isDigits(rnm, 12, 20)) {
    return invalid("rnm", "12 to 20 digits", rnm === undefined ? "nothing" : rnm.length);
  }
  if (offsetMin === undefined || offsetMin > 840) {
    return invalid("offsetMin", "0 to 840 minutes", offsetMin === undefined ? "nothing" : offsetMin);
  }
  const org = readOrg(getMap(map, cardKey.org));
  const pos = readPlace(getMap(map, cardKey.pos));
  const ofd = readOfd(getMap(map, cardKey.ofd));
  const operators = readCardOperators(getArray(map, cardKey.operators));
  if (org.kind === "refusal") return org;
  if (pos.kind === "refusal") return pos;
  if (ofd.kind === "refusal") return ofd;
  if (operators.kind === "refusal") return operators;
  const settings: Settings = {
    revision: 1,
    ofdId,
    rnm,
    org: org.value,
    pos: pos.value,
    ofd: ofd.value,
    offsetMin,
    operators: [],
  };
  return { kind: "value", value: { settings, token, operators: operators.value } };
}

const pair = (key: number, value: Bytes): readonly [Bytes, Bytes] => [cborUint(key), value];

/** The card's map as the log keeps it: no token, no PIN. */
export function encodeCard(settings: Settings): Bytes {
  const { org, pos, ofd } = settings;
  return cborMap([
    pair(cardKey.ofdId, cborUint(settings.ofdId)),
    pair(cardKey.rnm, cborText(settings.rnm)),
    pair(
      cardKey.org,
      cborMap([
        pair(orgKey.titleRu, cborText(org.titleRu)),
        pair(orgKey.titleKk, cborText(org.titleKk)),
        pair(orgKey.iinBin, cborText(org.iinBin)),
        pair(orgKey.addressRu, cborText(org.addressRu)),
        pair(orgKey.addressKk, cborText(org.addressKk)),
        pair(orgKey.oked, cborText(org.oked)),
        pair(orgKey.vatPayer, cborBool(org.vatPayer)),
      ]),
    ),
    pair(
      cardKey.pos,
      cborMap([
        pair(posKey.addressRu, cborText(pos.addressRu)),
        pair(posKey.addressKk, cborText(pos.addressKk)),
        pair(posKey.latitude, cborUint(pos.latitude)),
        pair(posKey.longitude, cborUint(pos.longitude)),
      ]),
    ),
    pair(
      cardKey.ofd,
      cborMap([
        pair(ofdKey.titleRu, cborText(ofd.titleRu)),
        pair(ofdKey.titleKk, cborText(ofd.titleKk)),
        pair(ofdKey.url, cborText(ofd.url)),
        pair(ofdKey.site, cborText(ofd.site)),
        pair(ofdKey.host, cborText(ofd.host)),
        pair(ofdKey.port, cborUint(ofd.port)),
      ]),
    ),
    pair(cardKey.offsetMin, cborUint(settings.offsetMin)),
  ]);
}

/** Keys of the state area's settings map: the card, and who may work. */
const storedKey = { revision: 1, card: 2, operators: 3 } as const;
const storedOperatorKey = { code: 1, name: 2, role: 3, verifier: 4 } as const;

/** For the state area. */
export function encodeSettings(settings: Settings): Bytes {
  const operators: Bytes[] = [cborArrayHead(settings.operators.length)];
  for (const operator of settings.operators) {
    operators.push(
      cborMap([
        pair(storedOperatorKey.code, cborUint(operator.code)),
        pair(storedOperatorKey.name, cborText(operator.name)),
        pair(storedOperatorKey.role, cborUint(operator.role)),
        pair(storedOperatorKey.verifier, cborBytes(operator.verifier)),
      ]),
    );
  }
  return cborMap([
    pair(storedKey.revision, cborUint(settings.revision)),
    pair(storedKey.card, encodeCard(settings)),
    pair(storedKey.operators, concat(operators)),
  ]);
}

function readStoredOperators(items: readonly CborValue[]): Operator[] {
  const operators: Operator[] = [];
  for (const item of items) {
    if (item.kind === "map") {
      const code = getUint(item.entries, storedOperatorKey.code);
      const name = getText(item.entries, storedOperatorKey.name);
      const role = getUint(item.entries, storedOperatorKey.role);
      const verifier = getBytes(item.entries, storedOperatorKey.verifier);
      if (code !== undefined && name !== undefined && role !== undefined && verifier !== undefined) {
        operators.push({ code, name, role, verifier });
      }
    }
  }
  return operators;
}

/** From the state area; undefined when it is not what encodeSettings wrote. */
export function decodeSettings(map: CborMap): Settings | undefined {
  const revision = getUint(map, storedKey.revision);
  const card = getMap(map, storedKey.card);
  const operators = getArray(map, storedKey.operators);
  if (revision === undefined || card === undefined || operators === undefined) {
    return undefined;
  }
  const org = readOrg(getMap(card, cardKey.org));
  const pos = readPlace(getMap(card, cardKey.pos));
  const ofd = readOfd(getMap(card, cardKey.ofd));
  const ofdId = getUint(card, cardKey.ofdId);
  const rnm = getText(card, cardKey.rnm);
  const offsetMin = getUint(card, cardKey.offsetMin);
  if (org.kind === "refusal" || pos.kind === "refusal" || ofd.kind === "refusal") {
    return undefined;
  }
  if (ofdId === undefined || rnm === undefined || offsetMin === undefined) {
    return undefined;
  }
  return {
    revision,
    ofdId,
    rnm,
    org: org.value,
    pos: pos.value,
    ofd: ofd.value,
    offsetMin,
    operators: readStoredOperators(operators),
  };
}

/** The printer's profile as the fiscalization record keeps it, so that the paper can be drawn again anywhere. */
export function encodePrinter(profile: PrinterProfile): Bytes {
  return cborMap([
    pair(printerKey.name, cborText(utf8(profile.name))),
    pair(printerKey.columns, cborUint(profile.columns)),
    pair(printerKey.letters, cborText(utf8(profile.letters))),
    pair(printerKey.codeTable, cborUint(profile.codeTable)),
    pair(printerKey.qr, cborText(utf8(profile.qr))),
    pair(printerKey.confirms, cborBool(profile.confirms)),
    pair(printerKey.cutter, cborBool(profile.cutter)),
  ]);
}

/** Who sells, as the paper shows it (receipt-content items 56.1 to 56.5, 56.12). */
export function paperSeller(settings: Settings, serial: string): PaperSeller {
  return {
    titleKk: settings.org.titleKk,
    titleRu: settings.org.titleRu,
    iinBin: settings.org.iinBin,
    addressKk: settings.pos.addressKk,
    addressRu: settings.pos.addressRu,
    serial: utf8(serial),
    rnm: settings.rnm,
    kkmId: utf8(`${settings.ofdId}`),
    ofdTitleKk: settings.ofd.titleKk,
    ofdTitleRu: settings.ofd.titleRu,
    ofdSite: settings.ofd.site,
    vatPayer: settings.org.vatPayer,
  };
}
