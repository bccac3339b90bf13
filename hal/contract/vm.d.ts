/** True where integers have 64 bits: money is whole tiyn below 2^53. Node's numbers hold as much. */
export function hasIntegers64(this: void): boolean;
