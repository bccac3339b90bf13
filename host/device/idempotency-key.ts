/** The key of a sale, as HTTP's Idempotency-Key and the module take it. */

export const isIdempotencyKey = (key: string): boolean => /^[\x20-\x7e]{1,64}$/.test(key);

/** Facts of IDEMPOTENCY_KEY_INVALID. */
export const idempotencyKeyFacts = { expected: "1 to 64 printable ASCII characters" };
