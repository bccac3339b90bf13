/**
 * The fiscalization card: the JSON that people write (samples/card.json) → the CBOR map that the module takes
 * (protocol/card.ts). Shape and types are checked here, so that a slip of the pen is named; the rest is the module's.
 */
import { cardKey, ofdKey, operatorKey, orgKey, posKey } from "../../protocol/card";
import { encodeCbor } from "./cbor";
import { DeviceRefusal } from "./device-error";

export interface Card {
  readonly ofdId: number;
  readonly token: number;
  readonly rnm: string;
  readonly org: {
    readonly titleRu: string;
    readonly titleKk: string;
    readonly iinBin: string;
    readonly addressRu: string;
    readonly addressKk: string;
    readonly oked: string;
    readonly vatPayer: boolean;
  };
  readonly pos: {
    readonly addressRu: string;
    readonly addressKk: string;
    readonly latitude: number;
    readonly longitude: number;
  };
  readonly ofd: {
    readonly titleRu: string;
    readonly titleKk: string;
    readonly url: string;
    readonly site: string;
    readonly host: string;
    readonly port: number;
  };
  readonly operators: readonly {
    readonly code: number;
    readonly name: string;
    readonly pin: string;
    readonly role: number;
  }[];
  /** Local time minus UTC, minutes. */
  readonly offsetMin: number;
}

type Kind = "integer" | "text" | "truth" | Shape | readonly [Shape];
interface Shape {
  readonly [name: string]: readonly [key: number, kind: Kind];
}

const org: Shape = {
  titleRu: [orgKey.titleRu, "text"],
  titleKk: [orgKey.titleKk, "text"],
  iinBin: [orgKey.iinBin, "text"],
  addressRu: [orgKey.addressRu, "text"],
  addressKk: [orgKey.addressKk, "text"],
  oked: [orgKey.oked, "text"],
  vatPayer: [orgKey.vatPayer, "truth"],
};
const pos: Shape = {
  addressRu: [posKey.addressRu, "text"],
  addressKk: [posKey.addressKk, "text"],
  latitude: [posKey.latitude, "integer"],
  longitude: [posKey.longitude, "integer"],
};
const ofd: Shape = {
  titleRu: [ofdKey.titleRu, "text"],
  titleKk: [ofdKey.titleKk, "text"],
  url: [ofdKey.url, "text"],
  site: [ofdKey.site, "text"],
  host: [ofdKey.host, "text"],
  port: [ofdKey.port, "integer"],
};
const operator: Shape = {
  code: [operatorKey.code, "integer"],
  name: [operatorKey.name, "text"],
  pin: [operatorKey.pin, "text"],
  role: [operatorKey.role, "integer"],
};
const card: Shape = {
  ofdId: [cardKey.ofdId, "integer"],
  token: [cardKey.token, "integer"],
  rnm: [cardKey.rnm, "text"],
  org: [cardKey.org, org],
  pos: [cardKey.pos, pos],
  ofd: [cardKey.ofd, ofd],
  operators: [cardKey.operators, [operator]],
  offsetMin: [cardKey.offsetMin, "integer"],
};

/** Checks a card that came from JSON. FIELD_UNKNOWN, FIELD_MISSING, FIELD_INVALID { field, expected, got }. */
export function checkCard(value: unknown): Card {
  mapOf(value, card, "");
  return value as Card;
}

/** The card as the module takes it. */
export function encodeCard(value: Card): Buffer {
  return encodeCbor(mapOf(value, card, ""));
}

/** An object as a map with the keys of its shape, in their order; every field is there and none other. */
function mapOf(value: unknown, shape: Shape, path: string): Map<number, unknown> {
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    throw invalid(path === "" ? "card" : path, "an object", value);
  }
  const fields = value as Record<string, unknown>;
  const pathOf = (name: string): string => (path === "" ? name : `${path}.${name}`);
  const unknown = Object.keys(fields).find(name => !(name in shape));
  if (unknown !== undefined) {
    throw new DeviceRefusal("FIELD_UNKNOWN", { field: pathOf(unknown) });
  }
  return new Map(
    Object.entries(shape).map(([name, [key, kind]]) => {
      if (fields[name] === undefined) {
        throw new DeviceRefusal("FIELD_MISSING", { field: pathOf(name) });
      }
      return [key, fieldValue(fields[name], kind, pathOf(name))];
    }),
  );
}

function fieldValue(value: unknown, kind: Kind, path: string): unknown {
  if (kind === "integer" || kind === "text" || kind === "truth") {
    const isRight =
      kind === "integer" ? Number.isSafeInteger(value) : typeof value === (kind === "text" ? "string" : "boolean");
    if (!isRight) {
      throw invalid(path, kind, value);
    }
    return value;
  }
  if (!isList(kind)) {
    return mapOf(value, kind, path);
  }
  if (!Array.isArray(value)) {
    throw invalid(path, "a list", value);
  }
  return value.map((item, index) => mapOf(item, kind[0], `${path}[${index}]`));
}

const isList = (kind: Shape | readonly [Shape]): kind is readonly [Shape] => Array.isArray(kind);
const invalid = (field: string, expected: string, got: unknown): DeviceRefusal =>
  new DeviceRefusal("FIELD_INVALID", { field, expected, got: typeof got });
