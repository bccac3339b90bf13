/**
 * The shape of a JSON body as data: what a field takes, for the check by name and for OpenAPI at once, so that the two
 * cannot differ.
 *
 * A value that does not fit throws RequestRefusal with the path of the field: FIELD_UNKNOWN { field },
 * FIELD_MISSING { field }, FIELD_INVALID { field, expected, got }; inside a line of a receipt also `line`, from 1.
 */
import { type Facts, type Refusal, type RefusalCode, refuse } from "../../protocol/refusals";

/** A request that cannot be taken, thrown up to the edge that makes an answer of it (problem.ts). */
export class RequestRefusal extends Error {
  readonly refusal: Refusal;
  constructor(code: RefusalCode, facts: Facts = {}) {
    super(code);
    this.refusal = refuse(code, facts);
  }
}

/** Where a value stands: "lines[2].price", and the line that a person would count. */
export interface Place {
  readonly path: string;
  readonly line?: number;
}

export type JsonSchema = { readonly [key: string]: unknown };

export interface Field<T> {
  readonly schema: JsonSchema;
  readonly optional?: true;
  read(value: unknown, place: Place): T;
}
export type Shape = { readonly [name: string]: Field<unknown> };
type Read<S extends Shape> = { readonly [Name in keyof S]: S[Name] extends Field<infer T> ? T : never };

const lineOf = (place: Place): Facts => (place.line === undefined ? {} : { line: place.line });

export function invalid(place: Place, expected: string, value: unknown): RequestRefusal {
  const field = place.path === "" ? "body" : place.path;
  return new RequestRefusal("FIELD_INVALID", { field, ...lineOf(place), expected, got: shown(value) });
}

/** The value as a fact: short, and never a whole body back. */
function shown(value: unknown): string | number | boolean {
  if (typeof value === "number" || typeof value === "boolean") {
    return value;
  }
  if (Array.isArray(value)) {
    return `a list of ${value.length}`;
  }
  if (value !== null && typeof value === "object") {
    return "an object";
  }
  const text = value === undefined ? "nothing" : String(value);
  return text.length > 64 ? text.slice(0, 64) + "…" : text;
}

export function optional<T>(field: Field<T>): Field<T | undefined> {
  return { ...field, optional: true };
}

/** A text that is not empty. Lone surrogates have no UTF-8 and would be altered silently. */
export function text(description: string, bytesMax: number, example?: string): Field<string> {
  return {
    schema: {
      type: "string",
      minLength: 1,
      // In characters, of which each takes a byte or more.
      maxLength: bytesMax,
      description: `${description} (at most ${bytesMax} bytes of UTF-8)`,
      ...(example === undefined ? {} : { examples: [example] }),
    },
    read(value, place) {
      if (typeof value !== "string" || value === "" || /\p{Surrogate}/u.test(value)) {
        throw invalid(place, "a text that is not empty", value);
      }
      const bytes = Buffer.byteLength(value);
      if (bytes > bytesMax) {
        throw invalid(place, `at most ${bytesMax} bytes of UTF-8`, `${bytes} bytes`);
      }
      return value;
    },
  };
}

/** Digits as a string: a number would lose leading zeros. */
export function digits(description: string, lengthMin: number, lengthMax: number): Field<string> {
  const pattern = new RegExp(`^[0-9]{${lengthMin},${lengthMax}}$`);
  const expected = lengthMin === lengthMax ? `${lengthMin} digits` : `${lengthMin} to ${lengthMax} digits`;
  return {
    schema: { type: "string", pattern: pattern.source, description },
    read(value, place) {
      if (typeof value !== "string" || !pattern.test(value)) {
        throw invalid(place, expected, value);
      }
      return value;
    },
  };
}

/** Tiyn: an integer, never negative, exact in JSON. */
export function money(description: string): Field<number> {
  return integer(`${description} (tiyn)`, 0, Number.MAX_SAFE_INTEGER, "an integer of tiyn from 0 to 9007199254740991");
}

export function integer(description: string, minimum: number, maximum: number, expected?: string): Field<number> {
  return {
    schema: { type: "integer", minimum, maximum, description },
    read(value, place) {
      if (typeof value !== "number" || !Number.isSafeInteger(value) || value < minimum || value > maximum) {
        throw invalid(place, expected ?? `an integer from ${minimum} to ${maximum}`, value);
      }
      return value;
    },
  };
}

export function flag(description: string): Field<boolean> {
  return {
    schema: { type: "boolean", description },
    read(value, place) {
      if (typeof value !== "boolean") {
        throw invalid(place, "true or false", value);
      }
      return value;
    },
  };
}

/** One of the names, read as its number. `otherwise` may refuse other names with a code of its own. */
export function choice<T>(
  description: string,
  choices: { readonly [name: string]: T },
  otherwise?: (name: string, place: Place) => RequestRefusal,
): Field<T> {
  const names = Object.keys(choices);
  return {
    schema: { type: "string", enum: names, description },
    read(value, place) {
      if (typeof value === "string" && Object.hasOwn(choices, value)) {
        return choices[value] as T;
      }
      if (typeof value === "string" && otherwise !== undefined) {
        throw otherwise(value, place);
      }
      throw invalid(place, names.join(", "), value);
    },
  };
}

export function list<T>(description: string, item: Field<T>, countMin: number, countMax: number): Field<T[]> {
  return {
    schema: { type: "array", items: item.schema, minItems: countMin, maxItems: countMax, description },
    read(value, place) {
      if (!Array.isArray(value) || value.length < countMin || value.length > countMax) {
        throw invalid(place, `a list of ${countMin} to ${countMax}`, value);
      }
      return value.map((entry, index) => item.read(entry, { ...place, path: `${place.path}[${index}]` }));
    },
  };
}

export function object<S extends Shape>(description: string, shape: S): Field<Read<S>> {
  const names = Object.keys(shape);
  return {
    schema: {
      type: "object",
      description,
      properties: Object.fromEntries(names.map(name => [name, (shape[name] as Field<unknown>).schema])),
      required: names.filter(name => shape[name]?.optional !== true),
      additionalProperties: false,
    },
    read: (value, place) => readObject(shape, value, place),
  };
}

function readObject<S extends Shape>(shape: S, value: unknown, place: Place): Read<S> {
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    throw invalid(place, "an object", value);
  }
  const at = (name: string): Place => ({ ...place, path: place.path === "" ? name : `${place.path}.${name}` });
  const given = value as { readonly [name: string]: unknown };
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(shape, name)) {
      throw new RequestRefusal("FIELD_UNKNOWN", { field: at(name).path.slice(0, 128), ...lineOf(place) });
    }
  }
  const read: { [name: string]: unknown } = {};
  for (const [name, field] of Object.entries(shape)) {
    if (Object.hasOwn(given, name)) {
      read[name] = field.read(given[name], at(name));
    } else if (field.optional !== true) {
      throw new RequestRefusal("FIELD_MISSING", { field: at(name).path, ...lineOf(place) });
    }
  }
  return read as Read<S>;
}

/** A whole body. */
export function readBody<T>(field: Field<T>, body: unknown): T {
  return field.read(body, { path: "" });
}
